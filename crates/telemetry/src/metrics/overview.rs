//! What each route and each upstream has come to, in numbers that only grow: whoever looks twice knows rates, shares of
//! errors and percentiles in between.

use super::Metrics;
use super::visit::{DURATION_BOUNDS, SECONDS};
use std::collections::BTreeMap;
use std::time::Duration;

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
        SECONDS.upper.iter().map(|(micros, _)| Duration::from_micros(*micros))
    }

    fn empty(of: Subject) -> Self {
        Overview { of, requests: 0, client_errors: 0, server_errors: 0, durations: [0; DURATION_BOUNDS + 1] }
    }
}

impl Metrics {
    /// All routes and upstreams that have had requests, in the order of their names. Looks at each route, as a scrape does:
    /// not for a worker's thread.
    pub fn overview(&self) -> Vec<Overview> {
        let mut all: BTreeMap<Subject, Overview> = BTreeMap::new();
        self.routes.look(|seen| {
            let route = Some(Subject::Route(seen.route.into()));
            let upstream =
                Some(seen.upstream).filter(|name| !name.is_empty()).map(|name| Subject::Upstream(name.into()));
            for of in route.into_iter().chain(upstream) {
                let one = all.entry(of.clone()).or_insert_with(|| Overview::empty(of));
                one.requests = one.requests.wrapping_add(seen.requests);
                match seen.class {
                    3 => one.client_errors += seen.requests,
                    4 => one.server_errors += seen.requests,
                    _ => {}
                }
                for (sum, bucket) in one.durations.iter_mut().zip(seen.durations) {
                    *sum = sum.wrapping_add(*bucket);
                }
            }
        });
        all.into_values().collect()
    }
}
