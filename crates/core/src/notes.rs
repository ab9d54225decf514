//! What is said about a request when it is over: filled in as it goes, read once by `engine/done.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Notes on one request for its log record and metrics.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// The upstream that was asked last.
    pub upstream: Option<Arc<str>>,
    /// The endpoint that was asked last.
    pub endpoint: Option<Arc<str>>,
    /// How many times an endpoint was tried.
    pub attempts: u32,
    /// The status that the upstream answered, which may differ from what the client got.
    pub upstream_status: Option<u16>,
    /// Whether a connection was made for this request (false: a kept one was used).
    pub connected: bool,
    /// How long making that connection took, TLS included.
    pub connect: Option<Duration>,
    /// From the request's start to the upstream's head.
    pub first_byte: Option<Duration>,
    /// Bytes of the request's content that came, where it came whole.
    pub received: u64,
    /// Counts them where it streams.
    pub receiving: Option<Arc<AtomicU64>>,
    /// The gRPC status where it is in the content, known once that has been seen; `u32::MAX` until then.
    pub grpc_status: Option<Arc<AtomicU32>>,
    /// What happened, for the operator alone.
    pub internal: Option<String>,
}

impl Notes {
    /// The gRPC status that the content has shown.
    pub fn grpc_status(&self) -> Option<u32> {
        let seen = self.grpc_status.as_ref()?.load(Ordering::Relaxed);
        (seen != u32::MAX).then_some(seen)
    }

    /// Bytes of the request's content that came so far.
    pub fn received(&self) -> u64 {
        self.receiving.as_ref().map_or(self.received, |counter| counter.load(Ordering::Relaxed))
    }
}
