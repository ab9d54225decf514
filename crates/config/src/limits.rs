//! The top-level `limits`: bounds on clients, whatever route they ask for.

use pintle_core::config::{ByteSize, Node, Read, Reader};
use std::time::Duration;

/// Bounds on clients.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "limits", check)]
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
#[read(called = "`header`", instead = "such as `{size: 16KiB}`", check)]
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
#[read(called = "`timeout`", instead = "such as `{idle: 30s}`", check)]
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

impl LimitsConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let counts = [("connections", self.connections), ("streams", self.streams)];
        let zero = counts.into_iter().filter(|(_, count)| *count == 0);
        (zero.inspect(|(key, _)| reader.zero(node, key)).count() == 0).then_some(self)
    }
}

impl HeaderLimits {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let counts = [("size", self.size.bytes()), ("count", self.count.into())];
        let zero = counts.into_iter().filter(|(_, count)| *count == 0);
        (zero.inspect(|(key, _)| reader.zero(node, key)).count() == 0).then_some(self)
    }
}

impl TimeLimits {
    /// Only to drain may take no time at all.
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let times = [("header", self.header), ("body", self.body), ("idle", self.idle)];
        let zero = times.into_iter().filter(|(_, time)| time.is_zero());
        (zero.inspect(|(key, _)| reader.zero(node, key)).count() == 0).then_some(self)
    }
}
