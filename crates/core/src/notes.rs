//! What is said about a request when it is over: filled in as it goes, read once by `engine/done.rs`. Moments are kept as
//! they are; what they come to is worked out by whoever tells it.

mod parts;

pub use parts::{CallNote, MOST_CALLS, PartNote, PartNotes};

use crate::Reason;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Notes on one request for its log record, its metrics, its trace, and for who asks why.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// The configuration by which its route was found; 0 where none was sought.
    pub version: u64,
    /// The id of the request that it is inside of.
    pub outer: Option<Arc<str>>,
    /// How long the head took to come once its first byte was here.
    pub head: Duration,
    /// When the policies on the way in were through; none where there are none, or one of them refused.
    pub action: Option<Instant>,
    /// The policies that may wait, in the order in which they began.
    pub waits: SmallVec<[Wait; 0]>,
    /// The policy that refused.
    pub policy: Option<&'static str>,
    /// The upstream that was asked last.
    pub upstream: Option<Arc<str>>,
    /// How long its names took to be looked up.
    pub lookup: Duration,
    /// How long the request waited for a place at it.
    pub queue: Duration,
    /// Each time that an endpoint was tried, in order.
    pub tries: SmallVec<[Try; 1]>,
    /// The parts of an aggregate, in the order in which they are written.
    pub parts: PartNotes,
    /// Whether the budget for retries was spent when another try was wanted.
    pub budget_spent: bool,
    /// The status that the upstream answered, which may differ from what the client got.
    pub upstream_status: Option<u16>,
    /// When the upstream's head was here.
    pub answered: Option<Instant>,
    /// Bytes of the request's content that came, where it came whole.
    pub received: u64,
    /// Counts them where it streams.
    pub receiving: Option<Arc<AtomicU64>>,
    /// The gRPC status where it is in the content, known once that has been seen; `u32::MAX` until then.
    pub grpc_status: Option<Arc<AtomicU32>>,
    /// What the client reads beyond the reason, where the gateway answers.
    pub detail: Cow<'static, str>,
    /// What happened, for the operator alone.
    pub internal: Option<String>,
    /// It is none of those that the access log tells of.
    pub unlogged: bool,
}

/// A policy that may wait, around the rest of its chain.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// Its place in the run order.
    pub policy: &'static str,
    /// When it began.
    pub began: Instant,
    /// When it let the request in, the last time that it did; none if it answered by itself.
    pub inward: Option<Instant>,
    /// When the answer came back to it.
    pub outward: Option<Instant>,
    /// When it was through.
    pub over: Option<Instant>,
}

/// A try to get an answer from an endpoint.
#[derive(Clone, Debug)]
pub struct Try {
    /// The endpoint, by its address.
    pub endpoint: Arc<str>,
    /// Why that one.
    pub choice: Chosen,
    /// When it began.
    pub began: Instant,
    /// How the connection was made, where none was kept.
    pub connect: Option<Connect>,
    /// When it was over: with the answer's head, or without one. None while it is under way.
    pub over: Option<Instant>,
    /// What it came to.
    pub came: Came,
}

/// Why an endpoint was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The way: a word of `balance`, `hash`, `sticky`, `sticky_gone` where the one that a cookie names
    /// takes no part, `only` where there is one alone, `none_left` where all were out.
    pub by: &'static str,
    /// How many there were to choose from.
    pub among: u32,
}

/// How long making a connection took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect {
    /// All of it.
    pub took: Duration,
    /// The part of it that was TLS.
    pub tls: Duration,
}

/// What a try came to.
#[derive(Clone, Debug, Default)]
pub enum Came {
    /// It is under way, or was when the request ended.
    #[default]
    Nothing,
    /// An answer of that status.
    Answer(u16),
    /// None, for that reason; what happened is for the operator alone.
    Failed(Reason, Option<Box<str>>),
}

impl Notes {
    /// How many times an endpoint was tried.
    pub fn attempts(&self) -> u32 {
        self.tries.len() as u32
    }

    /// The endpoint that was tried last.
    pub fn endpoint(&self) -> Option<&str> {
        self.tries.last().map(|last| &*last.endpoint)
    }

    /// How the last try's connection was made, if one was made for it.
    pub fn connect(&self) -> Option<Connect> {
        self.tries.last().and_then(|last| last.connect)
    }

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

impl Try {
    /// One that begins.
    pub fn new(endpoint: Arc<str>, choice: Chosen, began: Instant) -> Self {
        Try { endpoint, choice, began, connect: None, over: None, came: Came::Nothing }
    }
}

impl Wait {
    /// How long it took by itself, without what stands inside of it, up to `now` if it is not through.
    pub fn own(&self, now: Instant) -> Duration {
        let over = self.over.unwrap_or(now);
        let inside = match (self.inward, self.outward) {
            (Some(inward), outward) => outward.unwrap_or(over).saturating_duration_since(inward),
            (None, _) => Duration::ZERO,
        };
        over.saturating_duration_since(self.began).saturating_sub(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policys_own_time_is_without_what_is_inside() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let wait = |inward, outward, over| Wait { policy: "cache", began, inward, outward, over };
        let own = |wait: Wait| wait.own(at(100)).as_millis();
        assert_eq!(own(wait(Some(at(2)), Some(at(9)), Some(at(10)))), 3);
        assert_eq!(own(wait(None, None, Some(at(10)))), 10, "it answered by itself");
        assert_eq!(own(wait(Some(at(2)), None, None)), 2, "what is inside is under way");
        assert_eq!(own(wait(None, None, None)), 100, "it is under way");
    }
}
