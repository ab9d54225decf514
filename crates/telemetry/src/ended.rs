//! A request that is over, as whoever serves it hands it to all that tell of requests.

use pintle_core::{Exchange, Reason, StatusCode};
use std::time::{Duration, Instant};

/// What became of a request. What happened on its way is in the exchange's notes.
#[derive(Clone, Copy)]
pub struct Ended<'a> {
    /// The request and all that is known of it.
    pub exchange: &'a Exchange,
    /// The listener's name.
    pub listener: &'a str,
    /// The status that the client got, or would have got.
    pub status: StatusCode,
    /// Why the gateway answered by itself, or why the answer did not go out whole.
    pub reason: Option<Reason>,
    /// Bytes of content that the client was sent.
    pub sent: u64,
    /// The status of a gRPC answer.
    pub grpc_status: Option<u32>,
    /// When the last byte had gone, or nobody read any more.
    pub over: Instant,
}

impl Ended<'_> {
    /// From the head to the end.
    pub fn duration(&self) -> Duration {
        self.over.saturating_duration_since(self.exchange.started)
    }

    /// Whether it is one that an operator looks for: an error of a service or of the gateway, an answer that was cut, or
    /// one that the gateway gave in place of a service's.
    pub fn is_error(&self) -> bool {
        self.reason.is_some() || self.status.is_server_error() || !matches!(self.grpc_status, None | Some(0))
    }
}
