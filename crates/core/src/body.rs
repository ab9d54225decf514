//! A message's content as it flows: nothing, all of it at once, or a source that is asked for the next frame.

use crate::Fields;
use bytes::Bytes;
use std::fmt;
use std::fs::File;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// A piece of a body, in order: data, and at most one set of trailers at the end.
#[derive(Debug)]
pub enum Frame {
    /// Content; never empty.
    Data(Bytes),
    /// Trailer fields (RFC 9110 6.5); nothing follows.
    Trailers(Fields),
}

/// Where a streamed body comes from. Dropping it before its end cancels what feeds it.
pub trait BodySource: Send {
    /// The next frame, `None` at the end. After `None` or an error it is not asked again.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>>;

    /// Called while the taker cannot take: moves on what the source does beside giving frames (an upstream's answer may
    /// still be sending the request). Its failures show in the next frame.
    fn poll_aside(&mut self, _cx: &mut Context<'_>) {}

    /// What of a file comes next, for a taker that can send it from there unread (`sendfile`); none where frames come next.
    /// Others never ask, and get the same bytes as frames: whoever stands around a source and reads along does not pass
    /// this on. Ready once to read there needs no wait for a disk, as far as that can be told.
    fn poll_stretch(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<Stretch<'_>, BodyError>>> {
        Poll::Ready(None)
    }

    /// Says how many bytes of the stretch that was given last were sent from the file: no frame has them then.
    fn sent(&mut self, _bytes: usize) {}
}

/// A stretch of a file, never empty. The file may be shorter by now.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'f> {
    /// The file; its own position means nothing.
    pub file: &'f File,
    /// Where the stretch begins.
    pub at: u64,
    /// How many bytes it has.
    pub length: usize,
}

/// A body.
#[derive(Default)]
pub enum Body {
    /// No content.
    #[default]
    Empty,
    /// All of it, here.
    Full(Bytes),
    /// Content that comes as it comes.
    Stream {
        /// Where it comes from.
        source: Box<dyn BodySource>,
        /// Its length in bytes, where that is known beforehand.
        length: Option<u64>,
    },
}

impl Body {
    /// A body of these bytes.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        if bytes.is_empty() { Body::Empty } else { Body::Full(bytes) }
    }

    /// A streamed body; `length` where it is known beforehand.
    pub fn stream(source: impl BodySource + 'static, length: Option<u64>) -> Self {
        Body::Stream { source: Box::new(source), length }
    }

    /// The length in bytes, where it is known beforehand.
    pub fn length(&self) -> Option<u64> {
        match self {
            Body::Empty => Some(0),
            Body::Full(bytes) => Some(bytes.len() as u64),
            Body::Stream { length, .. } => *length,
        }
    }

    /// Whether it is known that there is no content.
    pub fn is_empty(&self) -> bool {
        matches!(self, Body::Empty)
    }

    /// The next frame, `None` at the end; may be asked again after the end.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        match self {
            Body::Empty => Poll::Ready(None),
            Body::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Body::Empty;
                Poll::Ready(Some(Ok(Frame::Data(bytes))))
            }
            Body::Stream { source, .. } => {
                let frame = std::task::ready!(source.poll_frame(cx));
                if !matches!(frame, Some(Ok(_))) {
                    *self = Body::Empty;
                }
                Poll::Ready(frame)
            }
        }
    }

    /// See [`BodySource::poll_aside`].
    pub fn poll_aside(&mut self, cx: &mut Context<'_>) {
        if let Body::Stream { source, .. } = self {
            source.poll_aside(cx);
        }
    }

    /// See [`BodySource::poll_stretch`].
    pub fn poll_stretch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Stretch<'_>, BodyError>>> {
        match self {
            Body::Stream { source, .. } => source.poll_stretch(cx),
            Body::Empty | Body::Full(_) => Poll::Ready(None),
        }
    }

    /// See [`BodySource::sent`].
    pub fn sent(&mut self, bytes: usize) {
        if let Body::Stream { source, .. } = self {
            source.sent(bytes);
        }
    }

    /// The next frame, `None` at the end.
    pub async fn frame(&mut self) -> Option<Result<Frame, BodyError>> {
        poll_fn(|cx| self.poll_frame(cx)).await
    }

    /// Puts `around(source)` in place of a streamed body's source; bodies that are here already become a source too.
    pub fn wrap<S: BodySource + 'static>(&mut self, around: impl FnOnce(Body) -> S) {
        let length = self.length();
        let inner = std::mem::take(self);
        *self = Body::Stream { source: Box::new(around(inner)), length };
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Empty => f.write_str("Empty"),
            Body::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Body::Stream { length, .. } => write!(f, "Stream({length:?})"),
        }
    }
}

/// Why a body ended before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyError {
    /// Whose fault it was.
    pub whose: Whose,
    /// What happened.
    pub fault: Fault,
}

/// Who a failure belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The client that sent the request.
    Client,
    /// The service behind.
    Upstream,
    /// The gateway itself.
    Gateway,
}

/// What went wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ended before the body did.
    Closed,
    /// The stream was reset (HTTP/2), or its taker asked to stop.
    Reset,
    /// Nothing came for longer than allowed.
    TimedOut,
    /// The framing was wrong.
    Malformed,
    /// More came than is allowed.
    TooLarge,
}

impl BodyError {
    /// A client's fault.
    pub const fn client(fault: Fault) -> Self {
        BodyError { whose: Whose::Client, fault }
    }

    /// An upstream's fault.
    pub const fn upstream(fault: Fault) -> Self {
        BodyError { whose: Whose::Upstream, fault }
    }

    /// The gateway's own doing.
    pub const fn gateway(fault: Fault) -> Self {
        BodyError { whose: Whose::Gateway, fault }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.whose {
            Whose::Client => "the client's body",
            Whose::Upstream => "the upstream's body",
            Whose::Gateway => "the body",
        };
        let fault = match self.fault {
            Fault::Closed => "ended before its end",
            Fault::Reset => "was reset",
            Fault::TimedOut => "stood still for too long",
            Fault::Malformed => "was wrongly framed",
            Fault::TooLarge => "was larger than allowed",
        };
        write!(f, "{whose} {fault}")
    }
}

impl std::error::Error for BodyError {}
