//! `body_limit: 1MiB | none`: how much content a request may have. Without it the top-level `limits.body` holds.
//!
//! The inner level replaces the outer, and any of them replaces `limits.body`, either way. Content whose declared length
//! is over the limit is refused with 413 before any of it is read; content of unknown length ends with the same reason
//! where it passes the limit. A tunnel (WebSocket) has no content.

use crate::build::Building;
use crate::layers::{Layers, Levels};
use pintle_core::config::{ByteSize, Read};
use pintle_core::step::Step;
use pintle_core::{Body, BodyError, BodySource, Exchange, Fault, Frame, Reason, Refusal};
use std::task::{Context, Poll, ready};

pub(crate) const LEVELS: Levels = Levels::Innermost;

/// The most content that a request may have; 413 beyond it. It stands in place of `limits.body`, whether it is more or
/// less, and `none` is no limit at all. The inner level stands in place of the outer.
///
/// ```yaml
/// policies: {uploads: {body_limit: 2GiB}}
/// routes:
///   - {match: POST /files/**, policies: [uploads], proxy: orders}
///   - {match: POST /login, policies: [{body_limit: 4KiB}], proxy: users}
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(transparent)]
pub struct BodyLimit(pub ByteSize);

/// Refuses or bounds what is too large.
pub(crate) fn check(layers: &Layers<'_, BodyLimit>, building: &mut Building<'_, '_>) -> Option<()> {
    let limit = match layers.innermost() {
        Some(BodyLimit(limit)) => Some(*limit),
        None if layers.is_off() => None,
        None => building.around.defaults.body_limit,
    };
    if let Some(limit) = limit {
        building.steps.push(Step::Check(Box::new(move |exchange| bound(exchange, limit))));
    }
    Some(())
}

fn bound(exchange: &mut Exchange, limit: ByteSize) -> Result<(), Refusal> {
    match exchange.request.body.length() {
        Some(length) if length <= limit.bytes() => Ok(()),
        _ if exchange.request.protocol.is_some() => Ok(()),
        Some(length) => Err(Refusal::new(Reason::BodyTooLarge)
            .detail(format!("The limit is {limit}."))
            .internal(format!("{length} bytes were announced, the limit is {limit}"))),
        None => {
            exchange.request.body.wrap(|inner| Bounded { inner, left: limit.bytes() });
            Ok(())
        }
    }
}

/// Content that may not go on past a number of bytes.
struct Bounded {
    inner: Body,
    left: u64,
}

impl BodySource for Bounded {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let frame = ready!(self.inner.poll_frame(cx));
        if let Some(Ok(Frame::Data(data))) = &frame {
            match self.left.checked_sub(data.len() as u64) {
                Some(left) => self.left = left,
                None => {
                    self.inner = Body::Empty;
                    return Poll::Ready(Some(Err(BodyError::client(Fault::TooLarge))));
                }
            }
        }
        Poll::Ready(frame)
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}

#[cfg(test)]
mod tests;
