//! What an upstream does when an attempt fails, as its user writes it.

use pintle_core::StatusCode;
use pintle_core::config::{ByteSize, Node, Read, Reader, Share, Text};
use std::time::Duration;

/// When a request is tried again: at another instance, if there is another one, and never once the client has got a byte
/// of the final answer. What was never sent (`connect`) may always be tried again; all else only for methods that may be repeated
/// (RFC 9110 9.2.2).
///
/// ```yaml
/// upstreams:
///   orders:
///     endpoints: [127.0.0.1:9001, 127.0.0.1:9011]
///     retry: {attempts: 3, on: [connect, reset, timeout, 502, 503, 504], backoff: 25ms, budget: 20%, body: 64KiB}
///   stock:
///     endpoints: [127.0.0.1:9003]
///     retry: {on: [connect, reset], unsafe_methods: true}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "retry", instead = "such as `{attempts: 2}`", check)]
pub struct RetryConfig {
    /// How many times a request is tried in all.
    #[read(default = "3")]
    pub attempts: u32,
    /// After what: `connect` (nothing was sent), `reset` (the connection ended before an answer), `timeout` (no answer
    /// within `timeout.response`), or a status of an answer (of gRPC, UNAVAILABLE counts as 503 and DEADLINE_EXCEEDED as 504).
    /// With 503 an instance that answers so with Retry-After is left alone for that time, a minute at most, while there are others.
    #[read(default = "[connect, reset, timeout]")]
    pub on: Vec<RetryOn>,
    /// How long to wait before the first further try, give or take a half; twice as long before each one after it. Where
    /// nothing was sent and there is another instance, it is tried at once.
    #[read(default = "25ms")]
    pub backoff: Duration,
    /// How many further tries there may be for the requests of the last 10 s; three a second there may always be.
    #[read(default = "20%")]
    pub budget: Share,
    /// How much of a request's content is kept for a further try. A request with more is tried once.
    #[read(default = "64KiB")]
    pub body: ByteSize,
    /// Tries again whatever the method: for services that do nothing twice.
    #[read(default = "false")]
    pub unsafe_methods: bool,
}

impl RetryConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.attempts == 0 {
            reader.zero(node, "attempts");
            return None;
        }
        Some(self)
    }

    pub(crate) fn is_on(&self, on: RetryOn) -> bool {
        self.on.contains(&on)
    }
}

/// After what a request is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "`connect`, `reset`, `timeout`, or a status from 400 to 599")]
pub enum RetryOn {
    /// Nothing was sent.
    Connect,
    /// The connection ended before an answer.
    Reset,
    /// No answer in time.
    Timeout,
    /// An answer with this status.
    Status(StatusCode),
}

impl Text for RetryOn {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "connect" => Ok(RetryOn::Connect),
            "reset" => Ok(RetryOn::Reset),
            "timeout" => Ok(RetryOn::Timeout),
            "5xx" => Err("list the statuses: [500, 502, 503, 504]".into()),
            "error" => Err("that is `connect` and `reset`".into()),
            "refused" | "connect-failure" => Err("that is `connect`".into()),
            _ => {
                let status = text.parse().ok().filter(|status| (400..=599).contains(status));
                let status = status.and_then(|status: u16| StatusCode::from_u16(status).ok());
                status.map(RetryOn::Status).ok_or_else(String::new)
            }
        }
    }
}

/// The circuit breaker: where enough of the latest requests failed in the end (no answer, or a status from 500 on), nobody is
/// asked for a while, and clients get 503 with Retry-After. Then one request goes through, and what becomes of it decides.
///
/// ```yaml
/// upstreams:
///   orders:
///     endpoints: [127.0.0.1:9001]
///     breaker: {open_at: 50%, of: 20, within: 10s, for: 15s}
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(called = "breaker", instead = "such as `{open_at: 50%}`", check)]
pub struct BreakerConfig {
    /// The share of failures at which it opens.
    #[read(default = "50%")]
    pub open_at: Share,
    /// The least number of requests in `within` before it may open.
    #[read(default = "20")]
    pub of: u32,
    /// The time over which requests and failures are counted.
    #[read(default = "10s")]
    pub within: Duration,
    /// How long it stays open.
    #[read(default = "15s", key = "for")]
    pub time: Duration,
}

impl BreakerConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let zero = [
            ("open_at", self.open_at.millionths() == 0),
            ("of", self.of == 0),
            ("within", self.within.is_zero()),
            ("for", self.time.is_zero()),
        ];
        let zero = zero.into_iter().filter(|(_, zero)| *zero);
        (zero.inspect(|(key, _)| reader.zero(node, key)).count() == 0).then_some(self)
    }
}
