//! What one upstream or listener has come to by itself, for who shows it and is no scraper.

use super::meter::{ListenerMeter, UpstreamMeter};

/// What requests to an upstream have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that were sent to an endpoint, retries included.
    pub attempts: u64,
    /// Attempts that got no answer, or one of a failing service.
    pub failures: u64,
    /// Attempts after the first one of a request.
    pub retries: u64,
}

impl UpstreamMeter {
    /// What its attempts have come to.
    pub fn tally(&self) -> Tally {
        let Some([_, _, _, attempts, failures, retries, ..]) = self.totals() else { return Tally::default() };
        Tally { attempts, failures, retries }
    }
}

impl ListenerMeter {
    /// Connections that clients have made.
    pub fn made(&self) -> u64 {
        self.totals().map_or(0, |[_, made, ..]| made)
    }

    /// Requests that are under way. Cells are read one after the other, so that it may be below zero for a moment.
    pub fn active(&self) -> i64 {
        self.totals().map_or(0, |[_, _, _, active, ..]| active as i64)
    }
}

#[cfg(test)]
mod tests {
    use crate::Metrics;

    #[test]
    fn a_tally_is_what_was_counted() {
        let metrics = Metrics::new(2, 100);
        let (upstream, listener) = (metrics.upstream("orders"), metrics.listener("public"));
        assert_eq!((upstream.tally(), listener.active(), listener.made()), (Default::default(), 0, 0));
        upstream.attempt(false);
        upstream.attempt(true);
        upstream.attempt_failed();
        listener.connection_opened();
        listener.request_started();
        listener.request_started();
        listener.request_ended();
        let tally = upstream.tally();
        assert_eq!((tally.attempts, tally.failures, tally.retries), (2, 1, 1));
        assert_eq!((listener.active(), listener.made()), (1, 1));
    }
}
