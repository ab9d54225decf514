//! Counters and gauges of any family, for rooms that have numbers of their own.

use super::OTHER;
use super::budget::Budget;
use super::cell::PerWorker;
use super::held::Held;
use super::visit::{Value, Visit};
use parking_lot::Mutex;
use pintle_core::counters::{Count, Family};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A number that only grows.
pub struct Counter(Sum);

/// A number that goes up and down.
pub struct Gauge(Sum);

/// One number of all workers.
struct Sum {
    cells: PerWorker<1>,
    /// The values of its family's labels.
    values: Box<[Box<str>]>,
    /// Where it is counted; none if it shares the series `_OTHER`, or is there whatever the bound.
    budget: Option<Arc<Budget>>,
}

impl Drop for Sum {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.give(1);
        }
    }
}

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds so many.
    pub fn add(&self, count: u64) {
        self.0.cells.mine().add(0, count);
    }

    /// What it has come to, over all workers.
    pub fn get(&self) -> u64 {
        self.0.cells.totals().map_or(0, |[total]| total)
    }
}

impl Count for Counter {
    fn add(&self, count: u64) {
        Counter::add(self, count);
    }
}

impl Gauge {
    /// Adds so many; any thread may take away what another added.
    pub fn add(&self, count: i64) {
        self.0.cells.mine().add(0, count as u64);
    }

    /// Sets it. For a gauge that one thread alone changes.
    pub fn set(&self, value: i64) {
        self.add(value.wrapping_sub(self.get()));
    }

    /// What it is, over all workers.
    pub fn get(&self) -> i64 {
        self.0.cells.totals().map_or(0, |[total]| total as i64)
    }
}

/// All of them, by their families' names.
pub(super) struct Named {
    workers: usize,
    budget: Arc<Budget>,
    counters: Mutex<Families<Counter>>,
    gauges: Mutex<Families<Gauge>>,
}

/// The series of families, by the values of their labels.
type Families<T> = BTreeMap<&'static str, (&'static Family, Held<T>)>;

/// A family's series at one moment.
pub(super) struct Part {
    family: &'static Family,
    series: Series,
    at: usize,
}

enum Series {
    Counters(Vec<Arc<Counter>>),
    Gauges(Vec<Arc<Gauge>>),
}

impl Named {
    pub(super) fn new(workers: usize, budget: Arc<Budget>) -> Self {
        Named { workers, budget, counters: Mutex::default(), gauges: Mutex::default() }
    }

    pub(super) fn counter(&self, family: &'static Family, values: &[&str]) -> Arc<Counter> {
        self.get(&self.counters, family, values, Counter)
    }

    pub(super) fn gauge(&self, family: &'static Family, values: &[&str]) -> Arc<Gauge> {
        self.get(&self.gauges, family, values, Gauge)
    }

    fn get<T>(
        &self,
        families: &Mutex<Families<T>>,
        family: &'static Family,
        values: &[&str],
        make: fn(Sum) -> T,
    ) -> Arc<T> {
        debug_assert_eq!(values.len(), family.labels.len(), "{}", family.name);
        let mut families = families.lock();
        let (_, held) = families.entry(family.name).or_insert_with(|| (family, Held::new()));
        let key = values.join("\0");
        if let Some(found) = held.get(&key) {
            return found;
        }
        let sum = |values: &[&str], budget| Sum {
            cells: PerWorker::new(self.workers),
            values: values.iter().map(|value| Box::from(*value)).collect(),
            budget,
        };
        // One without labels is there once, whatever the bound.
        if values.is_empty() {
            return held.add(&key, make(sum(values, None)));
        }
        if self.budget.take(1) {
            return held.add(&key, make(sum(values, Some(Arc::clone(&self.budget)))));
        }
        let others: SmallVec<[&str; 4]> = values.iter().map(|_| OTHER).collect();
        let key = others.join("\0");
        held.get(&key).unwrap_or_else(|| held.add(&key, make(sum(&others, None))))
    }

    /// All series that there are now.
    pub(super) fn parts(&self) -> Vec<Part> {
        // Only loads of a configuration want these locks; counting does not.
        let counters = self.counters.lock();
        let counters = counters.values().map(|(family, held)| (*family, Series::Counters(held.alive())));
        let gauges = self.gauges.lock();
        let gauges = gauges.values().map(|(family, held)| (*family, Series::Gauges(held.alive())));
        counters.chain(gauges).map(|(family, series)| Part { family, series, at: 0 }).collect()
    }
}

impl Part {
    /// Tells the next so many series; false after the last one.
    pub(super) fn step(&mut self, most: usize, to: &mut dyn Visit) -> bool {
        let count = match &self.series {
            Series::Counters(counters) => counters.len(),
            Series::Gauges(gauges) => gauges.len(),
        };
        let end = (self.at + most).min(count);
        for index in self.at..end {
            let (sum, value) = match &self.series {
                Series::Counters(counters) => (&counters[index].0, Value::Count(counters[index].get())),
                Series::Gauges(gauges) => (&gauges[index].0, Value::Level(gauges[index].get())),
            };
            let values = sum.values.iter().map(|value| &**value);
            let labels: SmallVec<[(&str, &str); 4]> = self.family.labels.iter().copied().zip(values).collect();
            to.sample(self.family, &labels, value);
        }
        self.at = end;
        end < count
    }
}
