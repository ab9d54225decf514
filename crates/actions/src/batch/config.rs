//! How a batch is configured.

use pintle_core::config::{ByteSize, Diagnostic, Node, Read, Reader, Text};
use pintle_core::json;

/// Runs a batch of requests that the client wrote (OData JSON Format 4.01, section 19), each by its own route and policies as
/// if it had come alone, and answers once. [What a batch may hold](aggregation.md#batches).
///
/// ```yaml
/// upstreams: {orders: {endpoints: [127.0.0.1:9001]}}
/// routes:
///   - match: POST /batch
///     policies: [{timeout: 10s}]
///     batch: {max_requests: 20, parallel: 8}
///   - match: POST /large
///     batch:
///       max_requests: 100
///       limits: {request: 4MiB, answer: 2MiB, total: 32MiB, depth: 32}
///   - {match: /orders/**, proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(called = "`batch`", instead = "write `batch: {}` for what is usual")]
pub struct BatchConfig {
    /// The most requests that a batch may have; 413 beyond it.
    #[read(default = "20")]
    pub max_requests: Requests,
    /// How many of them run at once.
    #[read(default = "8")]
    pub parallel: Parallel,
    /// How large it may be.
    #[read(default = "{}")]
    pub limits: BatchLimits,
}

/// How large a batch may be, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(called = "`limits` of a batch", check)]
pub struct BatchLimits {
    /// The content of the batch; 413 beyond it. `body_limit` and `limits.body` hold besides.
    #[read(default = "1MiB")]
    pub request: ByteSize,
    /// The content of each answer; one that is larger is 502 in the batch, and the others stand.
    #[read(default = "1MiB")]
    pub answer: ByteSize,
    /// All answers as they stand in the batch's: from the first on, in the order of the requests, that does not fit, each is
    /// 502 in its place. They have been run all the same.
    #[read(default = "8MiB")]
    pub total: ByteSize,
    /// How many lists and objects of JSON may stand in each other, in the batch and in each answer; at most 256.
    #[read(default = "64")]
    pub depth: Depth,
}

/// A number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a number of requests from 1 to 1000", range = "1-1000")]
pub struct Requests(pub u16);

/// How many run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a number of requests from 1 to 64", range = "1-64")]
pub struct Parallel(pub u8);

/// How deep JSON may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a depth from 4 to 256", range = "4-256")]
pub struct Depth(pub u16);

impl Text for Requests {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().ok().filter(|count| (1..=1000).contains(count)).map(Requests).ok_or_else(String::new)
    }
}

impl Text for Parallel {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().ok().filter(|count| (1..=64).contains(count)).map(Parallel).ok_or_else(String::new)
    }
}

impl Text for Depth {
    fn parse(text: &str) -> Result<Self, String> {
        // A batch without any content is four deep, with its headers.
        const { assert!(json::Limits::DEEPEST == 256) };
        text.parse().ok().filter(|depth| (4..=256).contains(depth)).map(Depth).ok_or_else(String::new)
    }
}

impl BatchLimits {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let most = ByteSize(64 << 20);
        let sizes = [("request", self.request), ("answer", self.answer), ("total", self.total)];
        let wrong = sizes.into_iter().filter(|(_, size)| size.bytes() == 0 || *size > most).inspect(|(key, size)| {
            let (message, help) = match size.bytes() {
                0 => (format!("`{key}` lets no batch through"), "leave it out for what is usual"),
                _ => (format!("`{key}` is more than the {most} that all requests together may hold"), "write less"),
            };
            let span = node.get(key).map_or(node.span(), Node::span);
            reader.report(Diagnostic::error("batch", message, span).help(help));
        });
        (wrong.count() == 0).then_some(self)
    }
}
