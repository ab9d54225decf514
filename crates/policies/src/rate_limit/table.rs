//! The debts of all keys of a limit, in a table of fixed size: sets of eight slots, each a fingerprint of its key and the
//! moment at which its bucket will be full again.
//!
//! Memory is bounded however many keys there are. A key without a slot takes the one of its set that is least in debt;
//! nearly always that is one in none, whose key loses nothing. So whoever sends many keys to have a debt forgotten has to
//! bring each of the seven others of its set into a greater debt first. Fingerprints are salted by the process: nobody
//! outside knows which keys share a set. Two keys that share a fingerprint (one pair in 2^64) share a debt.
//!
//! A key that has a slot is found and charged without a lock, by compare-and-swap of its moment. A slot is taken under a
//! lock, or two threads that see a key for the first time would give it two. Where a slot is charged in the moment in which
//! another key takes it, the request counts for the key before or after: it is charged in either case.

use super::gcra::{Gcra, Ticks, Verdict};
use parking_lot::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Slots of a set: two cache lines.
const WAYS: usize = 8;

/// Sets of a page, which is 4 KiB.
const SETS: usize = 32;

/// Pages of a table: 262,144 slots, 4 MiB once all are in use. Up to half of them hold well over 100,000 keys with hardly
/// ever nine in a set.
const PAGES: usize = 1024;

/// So many threads take slots at a time without meeting, most likely.
const LOCKS: usize = 64;

/// A slot by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    page: usize,
    set: usize,
    way: usize,
}

impl Place {
    /// The page, and the slot within it.
    pub(crate) fn parts(self) -> (usize, usize) {
        (self.page, self.set * WAYS + self.way)
    }
}

/// Slots of a page.
pub(crate) const PAGE: usize = SETS * WAYS;

/// How many pages there are at most.
pub(crate) const MOST_PAGES: usize = PAGES;

#[derive(Default)]
struct Slot {
    /// 0 where nobody has taken it.
    fingerprint: AtomicU64,
    tat: AtomicU64,
}

type Page = [[Slot; WAYS]; SETS];

/// The debts by key.
pub(crate) struct Table {
    /// Made when a key of theirs is first seen: a limit that hardly anybody meets costs next to nothing.
    pages: Box<[OnceLock<Box<Page>>]>,
    /// Held by who takes a slot, one for many pages.
    taking: [Mutex<()>; LOCKS],
}

/// A key's slot.
pub(crate) struct Found<'t> {
    slot: &'t Slot,
    /// Where it is.
    pub(crate) place: Place,
    /// Whether the key has just taken it.
    pub(crate) is_new: bool,
}

impl Table {
    /// A table without keys.
    pub(crate) fn new() -> Self {
        Table { pages: (0..PAGES).map(|_| OnceLock::new()).collect(), taking: [const { Mutex::new(()) }; LOCKS] }
    }

    /// The slot of a key, taken for it if it had none.
    pub(crate) fn find(&self, fingerprint: u64, now: Ticks) -> Found<'_> {
        let fingerprint = fingerprint.max(1);
        let at = fingerprint as usize / WAYS;
        let (page, set) = (at / SETS % PAGES, at % SETS);
        let slots = &self.pages[page].get_or_init(Default::default)[set];
        let found = |way: usize, is_new| Found { slot: &slots[way], place: Place { page, set, way }, is_new };
        let has = || slots.iter().position(|slot| slot.fingerprint.load(Relaxed) == fingerprint);
        if let Some(way) = has() {
            return found(way, false);
        }
        let _taking = self.taking[page % LOCKS].lock();
        if let Some(way) = has() {
            return found(way, false);
        }
        let debt = |slot: &Slot| match slot.fingerprint.load(Relaxed) {
            0 => (0, 0),
            _ => (1, slot.tat.load(Relaxed).saturating_sub(now)),
        };
        let victim = slots.iter().enumerate().min_by_key(|(_, slot)| debt(slot));
        let (way, slot) = victim.expect("a set has slots");
        let tat = slot.tat.load(Relaxed);
        slot.fingerprint.store(fingerprint, Relaxed);
        // Whoever found it between the two has charged the slot already, and that stands.
        let _ = slot.tat.compare_exchange(tat, 0, Relaxed, Relaxed);
        found(way, true)
    }

    /// The slot at a place, where there is a key of that fingerprint in it.
    pub(crate) fn at(&self, place: Place, fingerprint: u64) -> Option<Found<'_>> {
        let slot = &self.pages.get(place.page)?.get()?[place.set][place.way];
        (slot.fingerprint.load(Relaxed) == fingerprint.max(1)).then_some(Found { slot, place, is_new: false })
    }

    /// The debt of a key, which is not given a slot for that.
    pub(crate) fn debt(&self, fingerprint: u64, now: Ticks) -> Ticks {
        let fingerprint = fingerprint.max(1);
        let at = fingerprint as usize / WAYS;
        let Some(page) = self.pages[at / SETS % PAGES].get() else { return 0 };
        let mut slots = page[at % SETS].iter();
        let found = slots.find(|slot| slot.fingerprint.load(Relaxed) == fingerprint);
        found.map_or(0, |slot| slot.tat.load(Relaxed).saturating_sub(now))
    }
}

impl Found<'_> {
    /// Decides a request of the key, and charges it if it goes. `charge` is the debt that it makes then, `most` the
    /// longest that there can be: a jump of the clock costs no more time than that.
    pub(crate) fn decide(&self, limit: &Gcra, now: Ticks, cost: u32, charge: Ticks, most: Ticks) -> Verdict {
        let mut tat = self.slot.tat.load(Relaxed);
        loop {
            // What no debt can be was written by a clock that has gone back since; it is to end now, not then.
            let bounded = tat.min(now.saturating_add(most));
            let (verdict, new) = limit.decide(bounded, now, cost, charge);
            let new = new.unwrap_or(bounded);
            if new == tat {
                return verdict;
            }
            match self.slot.tat.compare_exchange_weak(tat, new, Relaxed, Relaxed) {
                Ok(_) => return verdict,
                Err(other) => tat = other,
            }
        }
    }

    /// Changes the debt by what was taken elsewhere since `since`, more or less than was thought. What could come back
    /// since then has; the debt is `most` at the most.
    pub(crate) fn correct(&self, since: Ticks, now: Ticks, by: i64, most: Ticks) {
        let mut tat = self.slot.tat.load(Relaxed);
        loop {
            let new = tat.max(since).saturating_add_signed(by).min(now.saturating_add(most));
            match self.slot.tat.compare_exchange_weak(tat, new, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(other) => tat = other,
            }
        }
    }
}

#[cfg(test)]
mod tests;
