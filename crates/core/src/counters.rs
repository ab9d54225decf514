//! Counters for rooms that know no metrics: whoever builds them says where theirs are kept. Knows neither cells nor the
//! text of a scrape.

use std::sync::Arc;

/// A number that only grows.
pub trait Count: Send + Sync {
    /// Adds so many. Costs an addition, and waits for nothing.
    fn add(&self, count: u64);
}

/// Gives counters by their names.
pub trait Counters {
    /// The counter of that name and these labels, the same one for whoever asks again while somebody holds it. `name`
    /// ends in `_total`; a name has one help text and one set of label names throughout the program.
    fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Arc<dyn Count>;
}

/// Counts nothing: for chains that no request will run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uncounted;

impl Count for Uncounted {
    fn add(&self, _: u64) {}
}

impl Counters for Uncounted {
    fn counter(&self, _: &'static str, _: &'static str, _: &[(&str, &str)]) -> Arc<dyn Count> {
        Arc::new(Uncounted)
    }
}
