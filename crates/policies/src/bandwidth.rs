//! `bandwidth: {rate: 1MiB/s, burst}`: how fast an answer may flow to its client. Each answer by itself, a tunnel's too;
//! requests are not held back.
//!
//! The inner level replaces the outer. A bucket of `burst` bytes is filled by `rate`; what does not fit is sent as soon as it
//! does, in pieces of a twentieth of a second. While nothing is sent nothing more is asked of the service, so no memory
//! fills up.

use crate::build::Building;
use crate::layers::{Layers, Levels};
use bytes::Bytes;
use pintle_core::config::{ByteSize, Grammar, Node, Read, Reader, Shape, Text};
use pintle_core::step::Step;
use pintle_core::timer::Timer;
use pintle_core::{Body, BodyError, BodySource, Frame};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

pub(crate) const LEVELS: Levels = Levels::Innermost;

/// How fast an answer may flow to its client, each by itself. The inner level stands in place of the outer.
///
/// ```yaml
/// routes:
///   - match: /downloads/**
///     policies: [{bandwidth: {rate: 2MiB/s, burst: 8MiB}}]
///     files: {root: downloads}
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(called = "bandwidth", check)]
pub struct Bandwidth {
    /// How much in a second: `1MiB/s`.
    pub rate: ByteRate,
    /// How much may go at once, as at an answer's beginning. Without it as much as the rate gives in a second.
    pub burst: Option<ByteSize>,
}

/// So many bytes in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRate(pub u64);

const EXPECTED: &str = "a rate of bytes such as 1MiB/s";

impl Read for ByteRate {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.as_text() else {
            reader.expected(EXPECTED, node, "");
            return None;
        };
        let rate = match text.strip_suffix("/s") {
            Some(size) => ByteSize::parse(size).map(|size| size.bytes()),
            None => Err("a size and its time: 64KiB/s, 1MiB/s".into()),
        };
        match rate {
            Ok(0) => reader.expected("more than 0", node, "for no limit write `bandwidth: none`"),
            Ok(bytes) => return Some(ByteRate(bytes)),
            Err(help) => reader.expected(EXPECTED, node, help),
        }
        None
    }

    fn shape() -> Shape {
        Shape::Text {
            name: "ByteRate",
            doc: "So many bytes in a second: a whole number, `B`, `KiB`, `MiB`, `GiB` or `TiB`, and `/s`.",
            expected: EXPECTED,
            grammar: Grammar::Pattern("^[0-9]+([KMGT]i)?B/s$"),
        }
    }
}

impl Bandwidth {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.burst == Some(ByteSize(0)) {
            reader.zero(node, "burst");
            return None;
        }
        Some(self)
    }
}

/// Holds answers back.
pub(crate) fn edit(layers: &Layers<'_, Bandwidth>, building: &mut Building<'_, '_>) -> Option<()> {
    if let Some(&Bandwidth { rate: ByteRate(rate), burst }) = layers.innermost() {
        let burst = burst.map_or(rate, ByteSize::bytes);
        building.steps.push(Step::Edit(Box::new(move |_, response| {
            // What fits at once needs no holding back.
            if response.body.length().is_none_or(|length| length > burst) {
                response.body.wrap(|inner| Paced::new(inner, rate, burst, Instant::now()));
            }
        })));
    }
    Some(())
}

/// The most that is given at once, whatever the rate.
const PIECE: u64 = 64 * 1024;

/// Content that flows no faster than it may.
struct Paced {
    inner: Body,
    /// What came and has not gone.
    rest: Bytes,
    rate: u64,
    burst: u64,
    /// What may go, in bytes, as of then.
    holds: u64,
    seen: Instant,
    timer: Timer,
}

impl Paced {
    fn new(inner: Body, rate: u64, burst: u64, now: Instant) -> Self {
        Paced { inner, rest: Bytes::new(), rate, burst, holds: burst, seen: now, timer: Timer::new() }
    }

    /// Takes what came into the bucket since it was last looked at.
    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.seen);
        let came = u128::from(self.rate) * passed.as_nanos() / 1_000_000_000;
        if came > 0 {
            self.holds = u64::try_from(came).map_or(self.burst, |came| self.holds.saturating_add(came).min(self.burst));
            self.seen = now;
        }
    }

    /// How much goes now, and else how long until some does.
    fn allows(&mut self, now: Instant) -> Result<usize, Duration> {
        self.fill(now);
        let piece = (self.rate / 20).clamp(1, PIECE).min(self.burst).min(self.rest.len() as u64);
        if self.holds >= piece {
            return Ok(self.holds.min(self.rest.len() as u64).min(PIECE.max(piece)) as usize);
        }
        let lacking = u128::from(piece - self.holds) * 1_000_000_000;
        let wait = lacking.div_ceil(self.rate.into());
        Err(Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX)))
    }
}

impl BodySource for Paced {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if self.rest.is_empty() {
            match ready!(self.inner.poll_frame(cx)) {
                Some(Ok(Frame::Data(data))) => self.rest = data,
                other => return Poll::Ready(other),
            }
        }
        loop {
            let now = Instant::now();
            match self.allows(now) {
                Ok(count) => {
                    self.holds -= count as u64;
                    return Poll::Ready(Some(Ok(Frame::Data(self.rest.split_to(count)))));
                }
                Err(wait) => {
                    self.timer.set(now + wait);
                    ready!(self.timer.poll(cx));
                }
            }
        }
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said_of;

    #[test]
    fn a_burst_goes_and_then_the_rate() {
        let begin = Instant::now();
        let mut paced = Paced::new(Body::Empty, 100_000, 30_000, begin);
        paced.rest = Bytes::from(vec![0; 1_000_000]);
        let (mut now, mut gone, mut turns) = (begin, 0, 0);
        while !paced.rest.is_empty() {
            match paced.allows(now) {
                Ok(count) => {
                    paced.holds -= count as u64;
                    gone += count as u64;
                    let _ = paced.rest.split_to(count);
                }
                Err(wait) => now += wait,
            }
            turns += 1;
            let most = 30_000 + 100_000 * u64::try_from((now - begin).as_millis() + 1).expect("it fits") / 1000;
            assert!(gone <= most, "{gone} after {:?}", now - begin);
        }
        let took = (now - begin).as_millis();
        assert!((9_690..=9_750).contains(&took), "{took} ms");
        assert!(turns < 500, "{turns}");
    }

    #[test]
    fn it_wants_bytes_and_a_time() {
        let of = |settings: &str| said_of(&[&format!("[{{bandwidth: {settings}}}]")], "{}");
        assert_eq!(
            of("{rate: 1MiB}"),
            ["1:21 expected a rate of bytes such as 1MiB/s, found `1MiB` [a size and its time: 64KiB/s, 1MiB/s]"]
        );
        assert_eq!(
            of("{rate: 0B/s}"),
            ["1:21 expected more than 0, found `0B/s` [for no limit write `bandwidth: none`]"]
        );
        assert_eq!(of("{rate: 1MiB/s, burst: 0B}"), ["1:36 expected more than 0, found `0B`"]);
    }
}
