//! What a service compressed, decompressed as it flows. What is broken, not whole, or grows beyond all measure is cut.

use super::answer::without_digests;
use super::coding::Coding;
use super::counts::Counts;
use super::decode::{Decoder, Failed};
use bytes::{Buf, Bytes};
use pintle_core::{Body, BodyError, BodySource, Fault, Fields, Frame};
use std::sync::Arc;
use std::task::{Context, Poll};

/// So much comes out at a time: less than a tenth of a millisecond's work.
const PIECE: usize = 32 * 1024;

/// So much may come out whatever came in, and after it [`MOST_RATIO`] times what came in: what grows more is no content
/// but an attack on who reads it. Text grows by 3 to 20 times.
const FREE: u64 = 16 * 1024 * 1024;

/// See [`FREE`].
const MOST_RATIO: u64 = 200;

pub(super) struct Undoing {
    inner: Body,
    /// None past its end.
    decoder: Option<Decoder>,
    coding: Coding,
    input: Bytes,
    /// Whether the decoder may have more to give without more input.
    more: bool,
    /// Bytes that were made in this turn.
    worked: usize,
    taken: u64,
    given: u64,
    trailers: Option<Fields>,
    counts: Arc<Counts>,
}

impl Undoing {
    /// The body comes back where as much memory is held as may be.
    pub(super) fn new(inner: Body, coding: Coding, counts: Arc<Counts>) -> Result<Self, Body> {
        let Some(decoder) = Decoder::new(coding) else { return Err(inner) };
        let (decoder, input) = (Some(decoder), Bytes::new());
        let (more, worked, taken, given, trailers) = (false, 0, 0, 0, None);
        Ok(Undoing { inner, decoder, coding, input, more, worked, taken, given, trailers, counts })
    }

    /// What comes of the input that is at hand, if anything does.
    fn decode(&mut self) -> Result<Option<Bytes>, Fault> {
        let Some(decoder) = &mut self.decoder else { return Ok(None) };
        let mut out = Vec::with_capacity(PIECE);
        let taken = decoder.decode(&self.input, &mut out).map_err(|failed| match failed {
            Failed::Malformed => Fault::Malformed,
            Failed::TooLarge => Fault::TooLarge,
        })?;
        self.input.advance(taken);
        self.worked += out.len();
        self.more = out.len() == out.capacity();
        (self.taken, self.given) = (self.taken + taken as u64, self.given + out.len() as u64);
        self.counts.undone[self.coding as usize].moved(taken as u64, out.len() as u64);
        if self.given > FREE && self.given > MOST_RATIO * self.taken {
            return Err(Fault::TooLarge);
        }
        Ok((!out.is_empty()).then(|| out.into()))
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame, BodyError>>> {
        self.decoder = None;
        self.inner = Body::Empty;
        self.counts.cut();
        Poll::Ready(Some(Err(error)))
    }
}

impl BodySource for Undoing {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        loop {
            let Some(decoder) = &self.decoder else {
                return Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::Trailers(trailers))));
            };
            if !self.input.is_empty() || self.more {
                if self.worked >= PIECE {
                    self.worked = 0;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match self.decode() {
                    Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::Data(data)))),
                    Ok(None) => continue,
                    Err(fault) => return self.fail(BodyError::upstream(fault)),
                }
            }
            let ended = decoder.is_whole();
            match self.inner.poll_frame(cx) {
                Poll::Ready(Some(Ok(Frame::Data(data)))) => self.input = data,
                Poll::Ready(Some(Err(error))) => {
                    self.decoder = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(_) if !ended => return self.fail(BodyError::upstream(Fault::Malformed)),
                Poll::Ready(Some(Ok(Frame::Trailers(mut trailers)))) => {
                    without_digests(&mut trailers);
                    self.trailers = Some(trailers).filter(|trailers| !trailers.is_empty());
                    self.decoder = None;
                }
                Poll::Ready(None) => self.decoder = None,
                Poll::Pending => {
                    self.worked = 0;
                    return Poll::Pending;
                }
            }
        }
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}
