//! `limits` as its user writes it: what clients may take.

use pintle_core::config::{ByteSize, Read};
use std::time::Duration;

/// Bounds on clients.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "limits")]
pub struct LimitsConfig {
    /// Open connections, over all workers.
    #[read(default = "20000")]
    pub connections: u32,
    /// A request's head.
    #[read(default = "{}")]
    pub header: HeaderLimits,
    /// How long to wait.
    #[read(default = "{}")]
    pub timeout: TimeLimits,
    /// A request's content.
    #[read(default = "10MiB")]
    pub body: ByteSize,
    /// Concurrent streams of an HTTP/2 connection.
    #[read(default = "128")]
    pub streams: u32,
}

/// Bounds on a request's head.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "header")]
pub struct HeaderLimits {
    /// Bytes of all of it.
    #[read(default = "32KiB")]
    pub size: ByteSize,
    /// Fields.
    #[read(default = "100")]
    pub count: u32,
}

/// How long clients may take.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "timeout")]
pub struct TimeLimits {
    /// For a head, from its first byte.
    #[read(default = "10s")]
    pub header: Duration,
    /// Between two pieces of content.
    #[read(default = "30s")]
    pub body: Duration,
    /// For a kept connection without a request.
    #[read(default = "60s")]
    pub idle: Duration,
    /// For what is under way when the gateway is to stop.
    #[read(default = "30s")]
    pub drain: Duration,
}
