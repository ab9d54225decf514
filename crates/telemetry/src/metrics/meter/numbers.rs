//! What is counted of a listener, and of an upstream.

use super::Meter;
use crate::metrics::families::{
    CONNECTIONS, CONNECTIONS_MADE, CONNECTIONS_REFUSED, HANDSHAKE_FAILURES, HANDSHAKES, REQUESTS_ACTIVE, SESSIONS,
    TUNNEL_BYTES, TUNNELS, UPSTREAM_ATTEMPTS, UPSTREAM_CONNECTIONS, UPSTREAM_CONNECTS, UPSTREAM_EJECTIONS,
    UPSTREAM_FAILURES, UPSTREAM_OVERFLOW, UPSTREAM_QUEUED, UPSTREAM_RETRIES, UPSTREAM_RETRIES_DENIED,
};
use pintle_core::counters::Family;

/// One number of a meter.
pub(in crate::metrics) struct Number {
    pub(super) family: &'static Family,
    /// The values of the family's labels after the first.
    pub(super) values: &'static [&'static str],
}

const fn number(family: &'static Family, values: &'static [&'static str]) -> Number {
    Number { family, values }
}

/// What a [`ListenerMeter`] is about.
pub enum Listener {}

/// What an [`UpstreamMeter`] is about.
pub enum Upstream {}

/// The numbers of a listener.
pub type ListenerMeter = Meter<Listener, { LISTENER.len() }>;

/// The numbers of an upstream.
pub type UpstreamMeter = Meter<Upstream, { UPSTREAM.len() }>;

/// Why there was no TLS session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMade {
    /// It took too long.
    Timeout,
    /// The client went away.
    Closed,
    /// The client's certificate is missing or bad.
    Certificate,
    /// Client and listener have nothing in common: no version, no cipher.
    Incompatible,
    /// The client said no.
    Alert,
    /// Anything else, such as bytes that are no TLS.
    Other,
}

/// What stands in a listener's cells; those of one family stand together.
pub(in crate::metrics) static LISTENER: [Number; 19] = [
    number(&CONNECTIONS, &[]),
    number(&CONNECTIONS_MADE, &[]),
    number(&CONNECTIONS_REFUSED, &[]),
    number(&REQUESTS_ACTIVE, &[]),
    number(&HANDSHAKES, &["ok"]),
    number(&HANDSHAKES, &["failed"]),
    number(&HANDSHAKE_FAILURES, &["timeout"]),
    number(&HANDSHAKE_FAILURES, &["closed"]),
    number(&HANDSHAKE_FAILURES, &["certificate"]),
    number(&HANDSHAKE_FAILURES, &["incompatible"]),
    number(&HANDSHAKE_FAILURES, &["alert"]),
    number(&HANDSHAKE_FAILURES, &["other"]),
    number(&SESSIONS, &["1.2", "false"]),
    number(&SESSIONS, &["1.2", "true"]),
    number(&SESSIONS, &["1.3", "false"]),
    number(&SESSIONS, &["1.3", "true"]),
    number(&TUNNELS, &[]),
    number(&TUNNEL_BYTES, &["received"]),
    number(&TUNNEL_BYTES, &["sent"]),
];

impl ListenerMeter {
    /// A client's connection was accepted.
    pub fn connection_opened(&self) {
        let cells = self.cells.mine();
        cells.add(0, 1);
        cells.add(1, 1);
    }

    /// It ended.
    pub fn connection_closed(&self) {
        self.take(0);
    }

    /// A client's connection was closed at once: there are too many.
    pub fn connection_refused(&self) {
        self.add(2, 1);
    }

    /// A request's head is complete.
    pub fn request_started(&self) {
        self.add(3, 1);
    }

    /// The request is over, whatever became of it.
    pub fn request_ended(&self) {
        self.take(3);
    }

    /// A TLS handshake succeeded: whether with version 1.3, and whether an earlier session was resumed.
    pub fn session_made(&self, is_1_3: bool, resumed: bool) {
        let cells = self.cells.mine();
        cells.add(4, 1);
        cells.add(12 + 2 * usize::from(is_1_3) + usize::from(resumed), 1);
    }

    /// A TLS handshake failed.
    pub fn session_not_made(&self, why: NotMade) {
        let cells = self.cells.mine();
        cells.add(5, 1);
        cells.add(6 + why as usize, 1);
    }

    /// A connection's bytes begin to be carried.
    pub fn tunnel_opened(&self) {
        self.add(16, 1);
    }

    /// So many more were carried.
    pub fn tunnel_bytes(&self, received: u64, sent: u64) {
        let cells = self.cells.mine();
        cells.add(17, received);
        cells.add(18, sent);
    }
}

/// What stands in an upstream's cells.
pub(in crate::metrics) static UPSTREAM: [Number; 10] = [
    number(&UPSTREAM_CONNECTIONS, &[]),
    number(&UPSTREAM_CONNECTS, &["ok"]),
    number(&UPSTREAM_CONNECTS, &["failed"]),
    number(&UPSTREAM_ATTEMPTS, &[]),
    number(&UPSTREAM_FAILURES, &[]),
    number(&UPSTREAM_RETRIES, &[]),
    number(&UPSTREAM_RETRIES_DENIED, &[]),
    number(&UPSTREAM_EJECTIONS, &[]),
    number(&UPSTREAM_QUEUED, &[]),
    number(&UPSTREAM_OVERFLOW, &[]),
];

impl UpstreamMeter {
    /// A connection to an endpoint was made.
    pub fn connection_opened(&self) {
        let cells = self.cells.mine();
        cells.add(0, 1);
        cells.add(1, 1);
    }

    /// It ended.
    pub fn connection_closed(&self) {
        self.take(0);
    }

    /// No connection could be made.
    pub fn connect_failed(&self) {
        self.add(2, 1);
    }

    /// A request goes to an endpoint; `retry` if it is not the request's first attempt.
    pub fn attempt(&self, retry: bool) {
        let cells = self.cells.mine();
        cells.add(3, 1);
        if retry {
            cells.add(5, 1);
        }
    }

    /// An attempt got no answer, or one of a failing service.
    pub fn attempt_failed(&self) {
        self.add(4, 1);
    }

    /// A request was not tried again because the budget was spent.
    pub fn retry_denied(&self) {
        self.add(6, 1);
    }

    /// An endpoint was taken out for failures.
    pub fn ejected(&self) {
        self.add(7, 1);
    }

    /// A request has to wait for a place.
    pub fn queued(&self) {
        self.add(8, 1);
    }

    /// A request got no place.
    pub fn overflowed(&self) {
        self.add(9, 1);
    }
}
