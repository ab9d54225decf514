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
        let [_, _, _, attempts, failures, retries, ..] = self.totals().unwrap_or_default();
        Tally { attempts, failures, retries }
    }
}

impl ListenerMeter {
    /// Connections that clients have made.
    pub fn made(&self) -> u64 {
        self.totals().unwrap_or_default()[1]
    }

    /// Requests that are under way.
    pub fn active(&self) -> u64 {
        self.totals().unwrap_or_default()[2]
    }
}
