//! Meters of listeners and upstreams: some numbers each, on cache lines of their own for each worker.
//!
//! A number has a series from the first scrape that finds it hit. Which have found no room then are told together as
//! `_OTHER` from there on; what they count is never lost.

mod numbers;

use super::OTHER;
use super::budget::Budget;
use super::cell::PerWorker;
use super::held::Held;
use super::visit::{Value, Visit};
pub(super) use numbers::{LISTENER, Number, UPSTREAM};
pub use numbers::{Listener, ListenerMeter, NotMade, Upstream, UpstreamMeter};
use parking_lot::Mutex;
use pintle_core::counters::Kind;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The numbers of one listener or upstream.
pub struct Meter<S, const N: usize> {
    /// Its place among listeners; a name keeps it. 0 for all else.
    slot: u32,
    pub(super) name: Arc<str>,
    cells: PerWorker<N>,
    /// A bit for each number that has found room in the budget, and for each that has not.
    shown: AtomicU32,
    hidden: AtomicU32,
    shared: Arc<Shared<N>>,
    subject: PhantomData<fn() -> S>,
}

/// What all meters of a kind have in common.
struct Shared<const N: usize> {
    budget: Arc<Budget>,
    /// What those counted that are gone and had no series of their own.
    gone: [AtomicU64; N],
}

impl<S, const N: usize> Meter<S, N> {
    fn add(&self, index: usize, amount: u64) {
        self.cells.mine().add(index, amount);
    }

    fn take(&self, index: usize) {
        self.cells.mine().add(index, 1u64.wrapping_neg());
    }

    pub(super) fn slot(&self) -> u32 {
        self.slot
    }

    /// What its numbers come to; none if nothing was ever counted.
    pub(super) fn totals(&self) -> Option<[u64; N]> {
        self.cells.totals()
    }

    /// Whether anything was ever counted.
    pub(super) fn is_hit(&self) -> bool {
        self.cells.totals().is_some()
    }

    /// Whether a number, or a further one about the same subject, has a series: one that was hit does where there is room
    /// for it.
    pub(super) fn shows(&self, index: usize) -> bool {
        let bit = 1 << index;
        if self.shown.load(Ordering::Relaxed) & bit != 0 {
            return true;
        }
        if self.hidden.load(Ordering::Relaxed) & bit != 0 {
            return false;
        }
        if !self.shared.budget.take(1) {
            self.hidden.fetch_or(bit, Ordering::Relaxed);
            return false;
        }
        if self.shown.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            // Another scrape was first.
            self.shared.budget.give(1);
        }
        true
    }
}

impl<S, const N: usize> Drop for Meter<S, N> {
    fn drop(&mut self) {
        self.shared.budget.give(self.shown.get_mut().count_ones() as usize);
        let hidden = *self.hidden.get_mut();
        let Some(totals) = self.cells.totals().filter(|_| hidden != 0) else { return };
        for (index, total) in totals.iter().enumerate().filter(|(index, _)| hidden & (1 << index) != 0) {
            self.shared.gone[index].fetch_add(*total, Ordering::Relaxed);
        }
    }
}

/// All meters of one kind.
pub(super) struct Group<S, const N: usize> {
    /// The label that names a meter.
    label: &'static str,
    numbers: &'static [Number],
    workers: usize,
    shared: Arc<Shared<N>>,
    members: Mutex<Members<S, N>>,
}

struct Members<S, const N: usize> {
    meters: Held<Meter<S, N>>,
    /// The places of names, kept for good: a row that has one never means another.
    slots: HashMap<Box<str>, u32>,
}

/// Those of a kind that there were at one moment.
pub(super) type Alive<S, const N: usize> = Arc<[Arc<Meter<S, N>>]>;

impl<S, const N: usize> Group<S, N> {
    pub(super) fn new(label: &'static str, numbers: &'static [Number], workers: usize, budget: Arc<Budget>) -> Self {
        let members = Mutex::new(Members { slots: HashMap::new(), meters: Held::new() });
        let shared = Arc::new(Shared { budget, gone: [const { AtomicU64::new(0) }; N] });
        Group { label, numbers, workers, shared, members }
    }

    /// The meter of that name.
    pub(super) fn get(&self, name: &str) -> Arc<Meter<S, N>> {
        self.find(name, |_| 0)
    }

    /// The same, with a place of its own: for the few whose names routes' series have as well.
    pub(super) fn get_placed(&self, name: &str) -> Arc<Meter<S, N>> {
        self.find(name, |slots| {
            let next = slots.len() as u32;
            *slots.entry(name.into()).or_insert(next)
        })
    }

    fn find(&self, name: &str, place: impl FnOnce(&mut HashMap<Box<str>, u32>) -> u32) -> Arc<Meter<S, N>> {
        let Members { meters, slots } = &mut *self.members.lock();
        meters.get(name).unwrap_or_else(|| {
            let meter = Meter {
                slot: place(slots),
                name: name.into(),
                cells: PerWorker::new(self.workers),
                shown: AtomicU32::new(0),
                hidden: AtomicU32::new(0),
                shared: Arc::clone(&self.shared),
                subject: PhantomData,
            };
            meters.add(name, meter)
        })
    }

    /// Whether somebody holds the one of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.lock().meters.get(name).is_some()
    }

    /// The same by its place.
    pub(super) fn has_slot(&self, slot: u32) -> bool {
        self.alive().iter().any(|meter| meter.slot == slot)
    }

    pub(super) fn alive(&self) -> Alive<S, N> {
        self.members.lock().meters.alive().into()
    }

    /// What tells all series of these meters, family by family.
    pub(super) fn parts(&self, meters: &Alive<S, N>) -> Vec<Part<S, N>> {
        let mut parts = Vec::new();
        let mut first = 0;
        for numbers in self.numbers.chunk_by(|a, b| a.family.name == b.family.name) {
            let (label, meters, shared) = (self.label, Arc::clone(meters), Arc::clone(&self.shared));
            parts.push(Part { label, first, numbers, meters, at: 0, others: [0; N], shared });
            first += numbers.len();
        }
        parts
    }
}

/// One family of all meters of a kind, as it is told.
pub(super) struct Part<S, const N: usize> {
    label: &'static str,
    /// The place of its first number among all.
    first: usize,
    numbers: &'static [Number],
    meters: Alive<S, N>,
    at: usize,
    /// What those come to that have no series of their own.
    others: [u64; N],
    shared: Arc<Shared<N>>,
}

impl<S, const N: usize> Part<S, N> {
    /// Tells the series of the next so many meters; false after the last one.
    pub(super) fn step(&mut self, most: usize, to: &mut dyn Visit) -> bool {
        let end = (self.at + most).min(self.meters.len());
        for meter in &self.meters[self.at..end] {
            let Some(totals) = meter.cells.totals() else { continue };
            for (number, index) in self.numbers.iter().zip(self.first..) {
                let is_hit = totals[index] != 0 || number.family.kind == Kind::Gauge;
                if is_hit && meter.shows(index) {
                    number.tell(self.label, &meter.name, totals[index], to);
                } else {
                    self.others[index] = self.others[index].wrapping_add(totals[index]);
                }
            }
        }
        self.at = end;
        if end < self.meters.len() {
            return true;
        }
        for (number, index) in self.numbers.iter().zip(self.first..) {
            // What is gone has no level any more.
            let gone = match number.family.kind {
                Kind::Gauge => 0,
                _ => self.shared.gone[index].load(Ordering::Relaxed),
            };
            let total = self.others[index].wrapping_add(gone);
            if total != 0 {
                number.tell(self.label, OTHER, total, to);
            }
        }
        false
    }
}

impl Number {
    fn tell(&self, label: &'static str, name: &str, total: u64, to: &mut dyn Visit) {
        let mut labels: SmallVec<[(&str, &str); 4]> = SmallVec::new();
        labels.push((label, name));
        labels.extend(self.family.labels[1..].iter().copied().zip(self.values.iter().copied()));
        let value = match self.family.kind {
            Kind::Gauge => Value::Level(total as i64),
            _ => Value::Count(total),
        };
        to.sample(self.family, &labels, value);
    }
}
