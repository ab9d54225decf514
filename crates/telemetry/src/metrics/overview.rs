//! What each route and each upstream has come to, in numbers that only grow: whoever looks twice knows rates, shares of
//! errors and percentiles in between.

use super::Metrics;
use super::route::BOUNDS;
use std::time::Duration;

const DURATION_BOUNDS: usize = BOUNDS.len();

/// What requests have come to, of one route or by one upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// What they have in common.
    pub of: Subject,
    /// All that are over.
    pub requests: u64,
    /// Those answered by a 4xx.
    pub client_errors: u64,
    /// Those answered by a 5xx.
    pub server_errors: u64,
    /// How many took at most as long as each of [`Overview::bounds`] and longer than the one before; the last one has
    /// those that took longer than any.
    pub durations: [u64; DURATION_BOUNDS + 1],
}

/// A route or an upstream, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A route; the empty name is for requests that no route took.
    Route(Box<str>),
    /// An upstream that was the last one asked.
    Upstream(Box<str>),
}

impl Overview {
    /// The upper bounds of durations.
    pub fn bounds() -> impl Iterator<Item = Duration> {
        BOUNDS.iter().map(|(micros, _)| Duration::from_micros(*micros))
    }
}

impl Metrics {
    /// All routes and upstreams that have had requests, in the order of their names. Looks at each route, as a scrape does:
    /// not for a worker's thread.
    pub fn overview(&self) -> Vec<Overview> {
        let mut all = Vec::new();
        self.routes.look(|route, classes, buckets| {
            let mut durations = [0; DURATION_BOUNDS + 1];
            durations.copy_from_slice(buckets);
            all.push(Overview {
                of: Subject::Route(route.into()),
                requests: classes.iter().sum(),
                client_errors: classes[3],
                server_errors: classes[4],
                durations,
            });
        });
        all
    }
}
