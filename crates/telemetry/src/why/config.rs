//! The configuration's `telemetry.why`.

use pintle_core::config::{ByteSize, Node, Read, Reader};

/// The last requests, kept in memory for `pintle why` and for `/why` at the admin address: what came, which configuration
/// answered it, and what happened on its way. What went wrong has half of the room for itself.
///
/// ```yaml
/// telemetry:
///   why: {memory: 16MiB, requests: 50000}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "`none` or a map")]
pub enum WhyConfig {
    /// None are kept.
    #[read(none)]
    Off,
    /// So many are kept.
    #[read(map)]
    On(WhyBounds),
}

/// How many requests are kept: whichever bound is reached first, the oldest go.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "why", instead = "such as `{requests: 50000}`", check)]
pub struct WhyBounds {
    /// How much memory they may take, from `1MiB` to `4GiB`; it is taken as requests come. A request takes about as much as
    /// its head, of which at most 4 KiB are kept.
    #[read(default = "4MiB")]
    pub memory: ByteSize,
    /// How many there may be, at least 100.
    #[read(default = "10000")]
    pub requests: u32,
}

const LEAST: ByteSize = ByteSize(1 << 20);
const MOST: ByteSize = ByteSize(4 << 30);
const LEAST_REQUESTS: u32 = 100;

impl WhyBounds {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let is_memory = (LEAST..=MOST).contains(&self.memory);
        let is_count = self.requests >= LEAST_REQUESTS;
        let mut wrong = |key, expected: String| {
            reader.expected(&expected, node.get(key).unwrap_or(node), "`why: none` keeps no requests");
        };
        if !is_memory {
            wrong("memory", format!("a size from {LEAST} to {MOST}"));
        }
        if !is_count {
            wrong("requests", format!("a whole number from {LEAST_REQUESTS}"));
        }
        (is_memory && is_count).then_some(self)
    }
}

impl Default for WhyConfig {
    fn default() -> Self {
        WhyConfig::On(WhyBounds { memory: ByteSize(4 << 20), requests: 10_000 })
    }
}
