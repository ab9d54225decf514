//! Bodies over HTTP/2: taking one from a stream, and giving one to it as fast as its flow control allows.

use crate::head::{fields_of, map_of};
use bytes::Bytes;
use h2::{RecvStream, SendStream};
use pintle_core::body::Whose;
use pintle_core::timer::Timer;
use pintle_core::{Body, BodyError, BodySource, Fault, Fields, Frame, grpc, trailers};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// The content that comes in by a stream. The window is opened again as frames are taken, so a slow taker slows the
/// sender.
pub struct Incoming {
    stream: RecvStream,
    whose: Whose,
    wait: Option<Duration>,
    timer: Timer,
    waiting: bool,
    data_done: bool,
}

impl Incoming {
    /// Content of `whose`, with at most `wait` between its pieces, where that has a bound.
    pub fn new(stream: RecvStream, whose: Whose, wait: Option<Duration>) -> Self {
        Incoming { stream, whose, wait, timer: Timer::new(), waiting: false, data_done: false }
    }

    /// Waits anew: something went the other way.
    pub(crate) fn wait_anew(&mut self) {
        self.waiting = false;
    }

    fn error(&self, error: &h2::Error) -> BodyError {
        let fault = match self.whose {
            // A client that is found out so has been answered by `h2`, and is gone.
            Whose::Upstream if error.is_library() => Fault::Malformed,
            _ if error.is_reset() || error.is_go_away() => Fault::Reset,
            _ => Fault::Closed,
        };
        BodyError { whose: self.whose, fault }
    }

    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        while !self.data_done {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    if !data.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::Data(data))));
                    }
                }
                // A reset with NO_ERROR after a whole answer only says that the rest is not wanted (RFC 9113 8.1).
                Some(Err(error)) => return Poll::Ready(Some(Err(self.error(&error)))),
                None => self.data_done = true,
            }
        }
        match ready!(self.stream.poll_trailers(cx)) {
            Ok(Some(map)) => match fields_of(&map) {
                Ok(mut fields) => {
                    fields.retain(|name, _| !trailers::is_forbidden(name.as_str()));
                    Poll::Ready((!fields.is_empty()).then_some(Ok(Frame::Trailers(fields))))
                }
                Err(_) => Poll::Ready(Some(Err(BodyError { whose: self.whose, fault: Fault::Malformed }))),
            },
            Ok(None) => Poll::Ready(None),
            Err(error) => Poll::Ready(Some(Err(self.error(&error)))),
        }
    }
}

impl BodySource for Incoming {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if let Poll::Ready(frame) = self.poll_stream(cx) {
            self.waiting = false;
            return Poll::Ready(frame);
        }
        let Some(wait) = self.wait else { return Poll::Pending };
        if !self.waiting {
            self.waiting = true;
            self.timer.set(Instant::now() + wait);
        }
        ready!(self.timer.poll(cx));
        Poll::Ready(Some(Err(BodyError { whose: self.whose, fault: Fault::TimedOut })))
    }
}

/// The most content of one DATA frame: with its head of 9 bytes it fills a TLS record (RFC 8446 5.1), where a full
/// frame would need a second one for the rest.
const FRAME: usize = 16 * 1024 - 9;

/// Why content did not go out whole.
#[derive(Debug)]
pub enum SendError {
    /// The other side reset the stream, or the connection is gone.
    Reset(Option<h2::Reason>),
    /// The other side took nothing for too long.
    Stalled,
    /// The content failed where it comes from; the stream is to be reset.
    Body(BodyError),
}

/// Gives a body to a stream, piece by piece.
pub struct Outgoing {
    stream: SendStream<Bytes>,
    piece: Bytes,
    wait: Duration,
    timer: Timer,
    waiting: bool,
    ended: bool,
    /// Bytes of content that went out.
    pub content: u64,
    /// The gRPC status that the trailers told.
    pub grpc_status: Option<u32>,
}

impl Outgoing {
    /// Sends to `stream`, whose taker may stand still for `wait`.
    pub fn new(stream: SendStream<Bytes>, wait: Duration) -> Self {
        Outgoing {
            stream,
            piece: Bytes::new(),
            wait,
            timer: Timer::new(),
            waiting: false,
            ended: false,
            content: 0,
            grpc_status: None,
        }
    }

    /// Ends the stream with these trailers, whatever of the content is still to come; false where it takes none, because
    /// it is over or because content before them waits for room.
    pub fn end_with(&mut self, trailers: &Fields) -> bool {
        let ends = !self.ended && self.piece.is_empty() && self.stream.send_trailers(map_of(trailers)).is_ok();
        if ends {
            self.grpc_status = grpc::status(trailers);
        }
        ends
    }

    /// Whether content is awaited from where it comes: the taker has all that there was.
    pub fn awaits_content(&self) -> bool {
        !self.ended && self.piece.is_empty()
    }

    /// Resets the stream.
    pub fn reset(&mut self, reason: h2::Reason) {
        self.stream.send_reset(reason);
    }

    /// Moves the body on; ready when all of it is handed over.
    pub fn poll(&mut self, body: &mut Body, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        loop {
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            if !self.piece.is_empty() {
                ready!(self.poll_piece(body, cx))?;
            }
            match body.poll_frame(cx) {
                Poll::Ready(Some(Ok(Frame::Data(data)))) => {
                    // What ends here ends with its last frame.
                    if body.is_empty() && self.send_last(&data)? {
                        return Poll::Ready(Ok(()));
                    }
                    self.piece = data;
                    self.stream.reserve_capacity(self.piece.len());
                }
                Poll::Ready(Some(Ok(Frame::Trailers(trailers)))) => {
                    self.grpc_status = grpc::status(&trailers);
                    self.stream.send_trailers(map_of(&trailers)).map_err(|_| SendError::Reset(None))?;
                    self.ended = true;
                }
                Poll::Ready(None) => {
                    self.stream.send_data(Bytes::new(), true).map_err(|_| SendError::Reset(None))?;
                    self.ended = true;
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(SendError::Body(error))),
                Poll::Pending => {
                    ready!(self.poll_reset(cx))?;
                    return Poll::Pending;
                }
            }
        }
    }

    /// A whole small body goes out at once: `h2` queues it if the window is too small.
    fn send_last(&mut self, data: &Bytes) -> Result<bool, SendError> {
        const SMALL: usize = 16 * 1024;
        if data.len() > SMALL {
            return Ok(false);
        }
        self.content += data.len() as u64;
        self.stream.send_data(data.clone(), true).map_err(|_| SendError::Reset(None))?;
        self.ended = true;
        Ok(true)
    }

    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        match self.stream.poll_reset(cx) {
            Poll::Ready(Ok(reason)) => Poll::Ready(Err(SendError::Reset(Some(reason)))),
            Poll::Ready(Err(_)) => Poll::Ready(Err(SendError::Reset(None))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_piece(&mut self, body: &mut Body, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        while !self.piece.is_empty() {
            // `h2` tells room only once: what is left of it must be asked for first.
            let polled = match self.stream.capacity() {
                0 => self.stream.poll_capacity(cx),
                room => Poll::Ready(Some(Ok(room))),
            };
            let room = match polled {
                Poll::Ready(Some(Ok(room))) => room,
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Err(SendError::Reset(None))),
                Poll::Pending => {
                    body.poll_aside(cx);
                    if let Poll::Ready(reset) = self.poll_reset(cx) {
                        return Poll::Ready(reset);
                    }
                    if !self.waiting {
                        self.waiting = true;
                        self.timer.set(Instant::now() + self.wait);
                    }
                    ready!(self.timer.poll(cx));
                    return Poll::Ready(Err(SendError::Stalled));
                }
            };
            self.waiting = false;
            let part = self.piece.split_to(room.min(self.piece.len()).min(FRAME));
            self.content += part.len() as u64;
            self.stream.send_data(part, false).map_err(|_| SendError::Reset(None))?;
        }
        Poll::Ready(Ok(()))
    }
}
