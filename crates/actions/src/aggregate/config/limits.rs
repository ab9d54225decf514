//! The bounds of an aggregate.

use pintle_core::config::{ByteSize, Node, Read, Reader};

/// The most calls that any plan may make.
const MOST_CALLS: u32 = 10_000;

/// What all requests together may hold in memory.
const MOST_HELD: ByteSize = ByteSize(64 << 20);

/// Bounds on what one request may ask of services and hold in memory. What is beyond one fails its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(called = "limits", check)]
pub struct PlanLimits {
    /// Calls that may come of one request, with `at_most` of each `for_each`: a plan that could make more is refused when it
    /// loads. At most 10,000.
    #[read(default = "1000")]
    pub calls: u32,
    /// The content of one answer.
    #[read(default = "1MiB")]
    pub part: ByteSize,
    /// The content of all answers together.
    #[read(default = "8MiB")]
    pub total: ByteSize,
    /// How many lists and objects of an answer may stand in each other, at most 256.
    #[read(default = "64")]
    pub depth: u32,
    /// The client's content, where an expression names `request.body`; 413 beyond it.
    #[read(default = "1MiB")]
    pub request: ByteSize,
}

impl PlanLimits {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let most = pintle_core::json::Limits::DEEPEST as u32;
        let zero = [
            ("calls", self.calls == 0),
            ("part", self.part.bytes() == 0),
            ("total", self.total.bytes() == 0),
            ("depth", self.depth == 0),
            ("request", self.request.bytes() == 0),
        ];
        let mut good = true;
        for (key, _) in zero.into_iter().filter(|(_, is_zero)| *is_zero) {
            reader.zero(node, key);
            good = false;
        }
        if self.calls > MOST_CALLS {
            reader.expected("at most 10000", node.get("calls").unwrap_or(node), "");
            good = false;
        }
        for (key, size) in [("part", self.part), ("total", self.total), ("request", self.request)] {
            if size > MOST_HELD {
                reader.expected(
                    "at most 64MiB",
                    node.get(key).unwrap_or(node),
                    "all requests together hold no more in memory",
                );
                good = false;
            }
        }
        if self.depth > most {
            reader.expected("at most 256", node.get("depth").unwrap_or(node), "");
            good = false;
        }
        good.then_some(self)
    }
}
