//! Content that is compressed as it flows.
//!
//! One piece at a time is taken from the source, and the next one only when what came of it is asked for: so the taker's
//! pace is the source's. Where the source has nothing more at hand, what waits in the encoder goes out. A worker's turn
//! takes at most the work of [`most_at_once`], some 200 us; then the others of the worker have theirs. That costs a wake
//! for each 32 KiB, about a microsecond; a thread of its own would cost two hand-overs and the encoder's warm cache.
//!
//! What is cut stays cut: the encoder's end is written after the source's own, never else.

use super::answer::without_digests;
use super::coding::Coding;
use super::counts::Counts;
use super::encode::{Then, most_at_once};
use super::lent::Lent;
use bytes::Bytes;
use pintle_core::{Body, BodyError, BodySource, Fault, Fields, Frame};
use std::sync::Arc;
use std::task::{Context, Poll};

/// As much as this in hand goes out, though there may be more to compress.
const ENOUGH: usize = 8 * 1024;

pub(super) struct Compressing {
    inner: Body,
    /// None past its end; so a client that takes the last of it slowly holds no encoder.
    encoder: Option<Lent>,
    coding: Coding,
    /// Of the last piece, what was not compressed yet.
    input: Bytes,
    out: Vec<u8>,
    /// Whether the encoder may hold something back.
    waits: bool,
    /// Bytes that were compressed in this turn.
    worked: usize,
    trailers: Option<Fields>,
    counts: Arc<Counts>,
}

impl Compressing {
    pub(super) fn new(inner: Body, encoder: Lent, coding: Coding, counts: Arc<Counts>) -> Self {
        let (input, out) = (Bytes::new(), Vec::new());
        let encoder = Some(encoder);
        Compressing { inner, encoder, coding, input, out, waits: false, worked: 0, trailers: None, counts }
    }

    fn encode(&mut self, input: &[u8], then: Then) -> Result<(), BodyError> {
        let before = self.out.len();
        let encoder = self.encoder.as_mut();
        encoder.and_then(|encoder| encoder.encode(input, then, &mut self.out)).ok_or(BROKEN)?;
        self.waits = then == Then::Go;
        self.worked += input.len();
        self.counts.compressed[self.coding as usize].moved(input.len() as u64, (self.out.len() - before) as u64);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        self.encode(&[], Then::Finish)?;
        self.encoder = None;
        Ok(())
    }

    fn take(&mut self) -> Poll<Option<Result<Frame, BodyError>>> {
        Poll::Ready(Some(Ok(Frame::Data(std::mem::take(&mut self.out).into()))))
    }
}

/// An encoder's own failure; none is known.
const BROKEN: BodyError = BodyError::gateway(Fault::Malformed);

impl BodySource for Compressing {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let most = most_at_once(self.coding);
        loop {
            if self.out.len() >= ENOUGH || self.encoder.is_none() && !self.out.is_empty() {
                return self.take();
            }
            if self.encoder.is_none() {
                return Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::Trailers(trailers))));
            }
            if self.worked >= most {
                // It would gather up to 128 KiB of small pieces, and then work through all of them at once.
                if self.coding == Coding::Zstd && self.waits {
                    self.encode(&[], Then::Flush)?;
                }
                self.worked = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if !self.input.is_empty() {
                let piece = self.input.split_to(self.input.len().min(most - self.worked));
                self.encode(&piece, Then::Go)?;
                continue;
            }
            match self.inner.poll_frame(cx) {
                Poll::Ready(Some(Ok(Frame::Data(data)))) => self.input = data,
                Poll::Ready(Some(Ok(Frame::Trailers(mut trailers)))) => {
                    without_digests(&mut trailers);
                    self.trailers = Some(trailers).filter(|trailers| !trailers.is_empty());
                    self.finish()?;
                }
                Poll::Ready(None) => self.finish()?,
                Poll::Ready(Some(Err(error))) => {
                    self.encoder = None;
                    self.out = Vec::new();
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Pending => {
                    self.worked = 0;
                    if self.waits {
                        self.encode(&[], Then::Flush)?;
                    }
                    return if self.out.is_empty() { Poll::Pending } else { self.take() };
                }
            }
        }
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}
