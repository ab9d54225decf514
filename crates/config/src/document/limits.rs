//! What the program takes on: its threads, and the bounds on what clients may send and hold.

use pintle_core::config::{ByteSize, Node, Read, Reader, Text};
use std::time::Duration;

/// How many workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a number of workers from 1 to 1024, or `auto`", range = "1-1024", or = "auto")]
pub enum Workers {
    /// One a core.
    Auto,
    /// So many.
    Count(usize),
}

impl Text for Workers {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Workers::Auto),
            text => match text.parse() {
                Ok(count @ 1..=1024) => Ok(Workers::Count(count)),
                _ => Err("from 1 to 1024; `auto` is one a core".into()),
            },
        }
    }
}

impl Workers {
    /// How many that are on this machine.
    pub fn count(self) -> usize {
        match self {
            Workers::Auto => std::thread::available_parallelism().map_or(1, usize::from),
            Workers::Count(count) => count,
        }
    }
}

/// Bounds on what clients may send and hold, over all listeners.
///
/// ```yaml
/// limits:
///   connections: 50000
///   header: {size: 16KiB, count: 64}
///   timeout: {header: 5s, body: 30s, idle: 2m, age: 1h, drain: 1m}
///   body: 1MiB
///   streams: 64
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "limits", check)]
pub struct LimitsConfig {
    /// Open connections, over all workers; further ones are closed at once.
    #[read(default = "20000")]
    pub connections: u32,
    /// How large a request's head may be.
    #[read(default = "{}")]
    pub header: HeaderLimits,
    /// How long clients may take.
    #[read(default = "{}")]
    pub timeout: TimeLimits,
    /// How large a request's content may be; 413 beyond it. The policy `body_limit` stands in its place for its routes.
    #[read(default = "10MiB")]
    pub body: ByteSize,
    /// Requests under way at once on one HTTP/2 connection (RFC 9113 5.1.2).
    #[read(default = "128")]
    pub streams: u32,
}

/// Bounds on a request's head.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "`header`", instead = "such as `{size: 16KiB}`", check)]
pub struct HeaderLimits {
    /// Bytes of the request line and all header fields; 431 or 414 beyond it.
    #[read(default = "32KiB")]
    pub size: ByteSize,
    /// How many header fields; 431 beyond it (RFC 6585 5).
    #[read(default = "100")]
    pub count: u32,
}

/// How long clients may take.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "`timeout`", instead = "such as `{idle: 30s}`", check)]
pub struct TimeLimits {
    /// For a head, from its first byte; 408 beyond it.
    #[read(default = "10s")]
    pub header: Duration,
    /// Between two pieces of content: 408 for a request that stalls, and who takes nothing of an answer is cut off.
    #[read(default = "30s")]
    pub body: Duration,
    /// For a connection that is kept open without a request; then it is closed.
    #[read(default = "60s")]
    pub idle: Duration,
    /// For a client's connection from its beginning, give or take a tenth, so that not all end at once: after it an answer
    /// over HTTP/1.1 says `connection: close`, and over HTTP/2 the client is told to open no more streams (RFC 9113 6.8).
    /// What is under way goes on. The default is no limit. So that clients spread anew over the gateways that there are.
    pub age: Option<Duration>,
    /// For what is under way when the gateway is to stop; then it is cut off.
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
        let age = self.age.map(|age| ("age", age));
        let times = [("header", self.header), ("body", self.body), ("idle", self.idle)];
        let zero = times.into_iter().chain(age).filter(|(_, time)| time.is_zero());
        (zero.inspect(|(key, _)| reader.zero(node, key)).count() == 0).then_some(self)
    }
}
