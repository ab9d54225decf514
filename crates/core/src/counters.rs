//! Counters for rooms that know no metrics: whoever builds them says where theirs are kept. Knows what a metric is
//! called, and neither cells nor the text of a scrape.

use std::sync::Arc;

/// A metric: what it is called, what it is, and the names of the labels that tell its series apart.
#[derive(Debug)]
pub struct Family {
    /// Its name after Prometheus' conventions: base units, `_total` at the end of a counter's.
    pub name: &'static str,
    /// What it counts or measures, for somebody who does not know the program.
    pub help: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

/// What kind of metric a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// How many values were at most so large.
    Histogram,
}

impl Family {
    /// A number that only grows.
    pub const fn counter(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Family { name, help, kind: Kind::Counter, labels }
    }

    /// A number that goes up and down.
    pub const fn gauge(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Family { name, help, kind: Kind::Gauge, labels }
    }

    /// How many values were at most so large.
    pub const fn histogram(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Family { name, help, kind: Kind::Histogram, labels }
    }
}

/// A number that only grows.
pub trait Count: Send + Sync {
    /// Adds so many. Costs an addition, and waits for nothing.
    fn add(&self, count: u64);
}

/// Gives counters by their families.
pub trait Counters {
    /// The counter of a family with these values of its labels, the same one for whoever asks again while somebody holds
    /// it.
    fn counter(&self, family: &'static Family, values: &[&str]) -> Arc<dyn Count>;
}

/// Counts nothing: for chains that no request will run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uncounted;

impl Count for Uncounted {
    fn add(&self, _: u64) {}
}

impl Counters for Uncounted {
    fn counter(&self, _: &'static Family, _: &[&str]) -> Arc<dyn Count> {
        Arc::new(Uncounted)
    }
}
