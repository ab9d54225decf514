//! A limit that several replicas keep together: each decides by itself at once, and what all took is exchanged in the
//! background. Knows neither the store nor when it is asked; `replicated.rs` does.
//!
//! Each replica has the debts of all keys in a table of its own, as if all requests came to it. What it does not see
//! yet, it expects: it knows how much every replica is asked for (`asked`), so of each request that it lets through it
//! charges itself not the cost alone but the share of all that goes with it: with a tenth of the demand, ten times as
//! much. With the next exchange it learns what the others really took, and the debt is corrected by the difference. So
//! each replica's debt follows what all of them took, whatever the estimate was worth, and what was let through in excess
//! is paid back. A replica that is alone charges and corrects nothing, and decides exactly as an unshared limit does.
//!
//! How far it is off: after an exchange, nothing that was taken before it. In between, each replica may take what its
//! estimate leaves it. A key that comes to a replica for the first time finds a whole burst there.

use super::gcra::{Gcra, PER_NANO, Ticks, Verdict};
use super::table::{MOST_PAGES, PAGE, Place, Table};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// A key's name in the store, the same at every replica: half of a SHA-256.
pub(crate) type KeyName = [u64; 2];

/// How long ago a demand counts for less than half.
const MEMORY: f64 = 0.5;

/// A share is at least so much, as a part of [`ONE`].
const LEAST: u32 = 1 << 8;
/// A share of all.
const ONE: u32 = 1 << 16;

/// What is kept of a key beside its debt.
struct Ledger {
    name: [AtomicU64; 2],
    /// What was let through, and what was asked for, since the last report.
    taken: AtomicU32,
    asked: AtomicU32,
    /// What was charged for others since then.
    extra: AtomicU64,
    /// The part of the limit that is this replica's, as a part of [`ONE`].
    share: AtomicU32,
    /// The key's limit, which may be its consumer's own.
    each: AtomicU64,
    whole: AtomicU64,
    known: Mutex<Known>,
}

/// What the last exchange told.
#[derive(Clone, Copy, Default)]
struct Known {
    /// When the report went out; 0 before the first.
    at: Ticks,
    taken: u64,
    asked: u64,
    /// Demand in cost a second, here and elsewhere.
    here: f64,
    elsewhere: f64,
}

impl Default for Ledger {
    fn default() -> Self {
        Ledger {
            name: Default::default(),
            taken: AtomicU32::new(0),
            asked: AtomicU32::new(0),
            extra: AtomicU64::new(0),
            share: AtomicU32::new(ONE),
            each: AtomicU64::new(1),
            whole: AtomicU64::new(1),
            known: Mutex::default(),
        }
    }
}

impl Ledger {
    fn begin(&self, name: KeyName) {
        *self.known.lock() = Known::default();
        self.share.store(ONE, Relaxed);
        self.taken.store(0, Relaxed);
        self.asked.store(0, Relaxed);
        self.extra.store(0, Relaxed);
        for (kept, half) in self.name.iter().zip(name) {
            kept.store(half, Relaxed);
        }
    }

    fn name(&self) -> KeyName {
        [self.name[0].load(Relaxed), self.name[1].load(Relaxed)]
    }
}

/// What a replica reports of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    place: Place,
    fingerprint: u64,
    /// The key.
    pub(crate) name: KeyName,
    /// What was let through, and asked for, since the last report.
    pub(crate) taken: u32,
    pub(crate) asked: u32,
    extra: u64,
    /// When it was made.
    at: Ticks,
    /// How long the store has to remember it.
    pub(crate) whole: Ticks,
}

/// What all replicas together have reported of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) taken: u64,
    pub(crate) asked: u64,
}

/// The debts of a limit that is shared, as one replica knows them.
pub(crate) struct Shared {
    table: Table,
    ledgers: Box<[OnceLock<Box<[Ledger]>>]>,
    /// The keys with something to report. As many as there are slots at the most, since each stands here once.
    due: Mutex<Vec<(u64, Place)>>,
    /// Woken when there is something to report.
    wake: Arc<Notify>,
}

impl Shared {
    /// No keys. `wake` is woken when there is something to report, and was nothing.
    pub(crate) fn new(wake: Arc<Notify>) -> Self {
        Shared {
            table: Table::new(),
            ledgers: (0..MOST_PAGES).map(|_| OnceLock::new()).collect(),
            due: Mutex::default(),
            wake,
        }
    }

    /// The debt of a key.
    pub(crate) fn debt(&self, fingerprint: u64, now: Ticks) -> Ticks {
        self.table.debt(fingerprint, now)
    }

    /// Decides a request, and takes note of it. `name` is asked for where the key is new here. `alone` is whether the store
    /// is gone: then others take what they take, and nothing is expected of them.
    pub(crate) fn decide(
        &self,
        fingerprint: u64,
        name: impl FnOnce() -> KeyName,
        limit: &Gcra,
        now: Ticks,
        cost: u32,
        alone: bool,
    ) -> Verdict {
        let found = self.table.find(fingerprint, now);
        let ledger = self.ledger(found.place);
        if found.is_new {
            ledger.begin(name());
        }
        let plain = limit.charge(cost);
        let share = if alone { ONE } else { ledger.share.load(Relaxed) };
        let charge = match share {
            ONE => plain,
            share => (u128::from(plain) * u128::from(ONE) / u128::from(share)) as u64,
        };
        // A debt over the whole: what others took in excess, and what was just charged for them.
        let verdict = found.decide(limit, now, cost, charge, most(limit.whole).max(charge));
        if cost > 0 && verdict != Verdict::Never {
            if let Verdict::Goes(_) = verdict {
                ledger.taken.fetch_add(cost, Relaxed);
                ledger.extra.fetch_add(charge - plain, Relaxed);
            }
            ledger.each.store(limit.each, Relaxed);
            ledger.whole.store(limit.whole, Relaxed);
            if ledger.asked.fetch_add(cost, Relaxed) == 0 {
                let mut due = self.due.lock();
                due.push((fingerprint, found.place));
                if due.len() == 1 {
                    self.wake.notify_one();
                }
            }
        }
        verdict
    }

    fn ledger(&self, place: Place) -> &Ledger {
        let (page, slot) = place.parts();
        &self.ledgers[page].get_or_init(|| (0..PAGE).map(|_| Ledger::default()).collect())[slot]
    }

    /// What there is to report, of so many keys at the most; who has waited longest comes first.
    pub(crate) fn report(&self, now: Ticks, most: usize) -> Vec<Report> {
        let due: Vec<_> = {
            let mut due = self.due.lock();
            let count = most.min(due.len());
            due.drain(..count).collect()
        };
        let report = |(fingerprint, place): (u64, Place)| {
            let ledger = self.ledger(place);
            // Asked is taken last: from then on the key is due again.
            let (name, taken, extra) = (ledger.name(), ledger.taken.swap(0, Relaxed), ledger.extra.swap(0, Relaxed));
            let (asked, whole) = (ledger.asked.swap(0, Relaxed), ledger.whole.load(Relaxed));
            // Its slot may be another key's by now.
            self.table.at(place, fingerprint)?;
            Some(Report { place, fingerprint, name, taken, asked, extra, at: now, whole })
        };
        due.into_iter().filter_map(report).collect()
    }

    /// How many keys there are to report.
    pub(crate) fn due(&self) -> usize {
        self.due.lock().len()
    }

    /// What the store answered to a report: the totals with it.
    pub(crate) fn learn(&self, report: &Report, totals: Totals, now: Ticks) {
        let Some(found) = self.table.at(report.place, report.fingerprint) else { return };
        let ledger = self.ledger(report.place);
        if ledger.name() != report.name {
            return;
        }
        let (each, whole) = (ledger.each.load(Relaxed), ledger.whole.load(Relaxed));
        let mut known = ledger.known.lock();
        let before = std::mem::replace(&mut known.at, report.at);
        let since = |total: u64, last: u64, own: u32| match total.checked_sub(last + u64::from(own)) {
            Some(others) => others,
            // The store has forgotten: it counts from nothing again.
            None => total.saturating_sub(own.into()),
        };
        let taken = since(totals.taken, known.taken, report.taken);
        let asked = since(totals.asked, known.asked, report.asked);
        (known.taken, known.asked) = (totals.taken, totals.asked);
        if before == 0 {
            // What was taken before this replica knew of the key says nothing of now.
            return;
        }
        known.weigh(seconds(report.at.saturating_sub(before)), report.asked, asked);
        ledger.share.store(known.share(each), Relaxed);
        let others = i128::from(taken) * i128::from(each) - i128::from(report.extra);
        if others != 0 {
            let others = others.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            found.correct(before, now, others, most(whole));
        }
    }
}

/// The longest debt: what all replicas together can take in excess of a burst before they know of each other is paid
/// back, and no more than that is held against anyone.
fn most(whole: Ticks) -> Ticks {
    whole.saturating_mul(2).max(whole.saturating_add(PER_NANO * 1_000_000_000))
}

fn seconds(time: Ticks) -> f64 {
    time as f64 / (PER_NANO as f64 * 1e9)
}

impl Known {
    /// Takes what was asked for in so many seconds into the demand.
    fn weigh(&mut self, seconds: f64, here: u32, elsewhere: u64) {
        let seconds = seconds.max(0.001);
        let new = 1.0 - (-seconds / MEMORY).exp();
        self.here += (f64::from(here) / seconds - self.here) * new;
        self.elsewhere += (elsewhere as f64 / seconds - self.elsewhere) * new;
    }

    /// This replica's share of a limit: by its part of the demand where that is more than the limit; else what the
    /// others leave.
    fn share(&self, each: Ticks) -> u32 {
        let left = 1.0 - self.elsewhere * seconds(each);
        let all = self.here + self.elsewhere;
        let share = if all > 0.0 { (self.here / all).max(left) } else { 1.0 };
        ((share * f64::from(ONE)) as u32).clamp(LEAST, ONE)
    }
}

#[cfg(test)]
mod tests;
