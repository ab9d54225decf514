//! Counters and gauges of any name, for rooms that have numbers of their own.

use super::cell::PerWorker;
use super::held::Held;
use super::text::{self, Family, Kind};
use super::{Budget, OTHER};
use parking_lot::Mutex;
use pintle_core::counters::Count;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A number that only grows.
pub struct Counter(Sum);

/// A number that goes up and down.
pub struct Gauge(Sum);

/// One number of all workers.
struct Sum {
    cells: PerWorker<1>,
    /// Where it is counted; none if it shares the series `_OTHER`.
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

/// All of them.
pub(super) struct Named {
    workers: usize,
    budget: Arc<Budget>,
    families: Mutex<BTreeMap<&'static str, Members>>,
}

struct Members {
    help: &'static str,
    series: Series,
}

/// The series of a family by their labels, written out.
enum Series {
    Counters(Held<Counter>),
    Gauges(Held<Gauge>),
}

impl Named {
    pub(super) fn new(workers: usize, budget: Arc<Budget>) -> Self {
        Named { workers, budget, families: Mutex::new(BTreeMap::new()) }
    }

    pub(super) fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Arc<Counter> {
        let mut families = self.families.lock();
        let empty = || Members { help, series: Series::Counters(Held::new()) };
        match &mut families.entry(name).or_insert_with(empty).series {
            Series::Counters(held) => self.get(held, labels, Counter),
            // A name of two kinds is a mistake in this program; it costs the second one its place in the text.
            Series::Gauges(_) => Arc::new(Counter(self.sum(None))),
        }
    }

    pub(super) fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Arc<Gauge> {
        let mut families = self.families.lock();
        let empty = || Members { help, series: Series::Gauges(Held::new()) };
        match &mut families.entry(name).or_insert_with(empty).series {
            Series::Gauges(held) => self.get(held, labels, Gauge),
            Series::Counters(_) => Arc::new(Gauge(self.sum(None))),
        }
    }

    fn get<T>(&self, held: &mut Held<T>, labels: &[(&str, &str)], make: fn(Sum) -> T) -> Arc<T> {
        let mut text = String::new();
        text::pairs(&mut text, labels);
        if let Some(found) = held.get(&text) {
            return found;
        }
        // One without labels is there once, whatever the bound.
        if labels.is_empty() {
            return held.add(&text, make(self.sum(None)));
        }
        if self.budget.take(1) {
            return held.add(&text, make(self.sum(Some(self.budget.clone()))));
        }
        let others: Vec<_> = labels.iter().map(|&(name, _)| (name, OTHER)).collect();
        text.clear();
        text::pairs(&mut text, &others);
        held.get(&text).unwrap_or_else(|| held.add(&text, make(self.sum(None))))
    }

    fn sum(&self, budget: Option<Arc<Budget>>) -> Sum {
        Sum { cells: PerWorker::new(self.workers), budget }
    }

    pub(super) fn render(&self, out: &mut String) {
        // Only loads of a configuration want this lock; counting does not.
        for (&name, Members { help, series }) in self.families.lock().iter() {
            match series {
                Series::Counters(held) => {
                    let family = Family { name, help, kind: Kind::Counter };
                    render(out, &family, held, |out, counter| text::end(out, counter.get()));
                }
                Series::Gauges(held) => {
                    let family = Family { name, help, kind: Kind::Gauge };
                    render(out, &family, held, |out, gauge| text::end_signed(out, gauge.get()));
                }
            }
        }
    }
}

fn render<T>(out: &mut String, family: &Family, held: &Held<T>, end: fn(&mut String, &T)) {
    let mut is_open = false;
    for (labels, series) in held.named() {
        if !is_open {
            text::header(out, family);
            is_open = true;
        }
        out.push_str(family.name);
        if !labels.is_empty() {
            out.push('{');
            out.push_str(labels);
            out.push('}');
        }
        end(out, &series);
    }
}
