//! One request and its answer on a client connection, as a state machine that is polled: first for the head, then as
//! the source of the answer's body. Every poll also moves the request's content on.

use super::{Bounds, Call, Connection, Home, poll_read};
use crate::body::Decoder;
use crate::outgoing::Outgoing;
use crate::response::{ResponseHead, parse_response};
use crate::write::{write_last_chunk, write_request_head};
use crate::{Connection as Wish, Framing, Parsed};
use bytes::BytesMut;
use pintle_core::{
    Body, BodyError, BodySource, Fault, Fields, Frame, Interim, Method, Protocol, StatusCode, buffer, names,
};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};

/// How long content is held back for a `100 (Continue)` that may never come (RFC 9110 10.1.1).
const CONTINUE: Duration = Duration::from_secs(1);
/// How much of a streamed answer is read at once.
const PIECE: usize = 128 * 1024;
/// How many interim answers a server may send: they wait in memory for a client that reads slowly.
const INTERIMS: u8 = 32;

/// The final answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields without those of the connection.
    pub fields: Fields,
    /// Its content; after 101 what the server sends through the tunnel.
    pub body: Body,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct SendError {
    /// What happened.
    pub fail: Fail,
    /// The request's content, if nothing has been taken from it.
    pub body: Option<Body>,
    /// Whether the connection had carried a request before, and ended without a byte of an answer: the server may have
    /// closed it before it saw the request (RFC 9112 9.3.1).
    pub stale: bool,
}

/// What happened instead of an answer.
#[derive(Debug)]
pub enum Fail {
    /// The server closed or reset the connection before its head was complete.
    Closed(Option<io::Error>),
    /// The head is not HTTP/1.1, or could be read in two ways; says how.
    Malformed(String),
    /// No head in time.
    TimedOut,
    /// The whole request's time is over.
    Deadline,
    /// The request's own content failed.
    Request(BodyError),
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fail::Closed(Some(error)) => write!(f, "connection lost before an answer: {error}"),
            Fail::Closed(None) => f.write_str("connection closed before an answer"),
            Fail::Malformed(how) => write!(f, "malformed answer: {how}"),
            Fail::TimedOut => f.write_str("no answer in time"),
            Fail::Deadline => f.write_str("the request's time was over"),
            Fail::Request(error) => write!(f, "{error}"),
        }
    }
}

/// How far the request's content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    /// Held back until the server says 100 or 101.
    Held,
    /// Going out.
    Going,
    /// The tunnel's client half has ended; the server is still to be told.
    Closing,
    /// All sent.
    Done,
    /// The server takes no more; it may still answer.
    Broken,
}

pub(super) struct Active<S, H: Home<S>> {
    connection: Connection<S>,
    home: H,
    read: BytesMut,
    parsed: usize,
    out: Outgoing,
    body: Body,
    touched: bool,
    upload: Upload,
    chunked: bool,
    tunnel: bool,
    protocol: Option<Protocol>,
    method: Method,
    decoder: Decoder,
    keep: bool,
    /// Whether content comes fast enough for large reads.
    large: bool,
    /// Interim answers so far.
    interims: u8,
    /// What went wrong with the upload while the answer's taker was busy.
    failed: Option<BodyError>,
    bounds: Bounds,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static, H: Home<S>> Active<S, H> {
    pub(super) fn start(
        connection: Connection<S>,
        call: &Call<'_>,
        body: Body,
        bounds: Bounds,
        home: H,
        now: Instant,
    ) -> Box<Self> {
        let framing = match call.protocol {
            Some(_) => Framing::None,
            None => Framing::for_request(call.method, body.length()),
        };
        let expect = call.fields.contains(names::EXPECT);
        let mut active = Box::new(Active {
            connection,
            home,
            read: BytesMut::new(),
            parsed: 0,
            out: Outgoing::default(),
            touched: false,
            upload: Upload::Going,
            chunked: framing == Framing::Chunked,
            tunnel: false,
            protocol: call.protocol,
            method: call.method.clone(),
            decoder: Decoder::new(Framing::None, bounds.body_limits),
            keep: true,
            large: false,
            interims: 0,
            failed: None,
            body,
            bounds,
        });
        let wish = call.protocol.map_or(Wish::KeepAlive, Wish::Upgrade);
        let (out, host) = (active.out.text(), call.host.as_bytes());
        write_request_head(out, call.method, call.target, host, call.fields, framing, wish);
        match &mut active.body {
            Body::Empty => active.upload = Upload::Done,
            _ if call.protocol.is_some() || expect => active.upload = Upload::Held,
            Body::Full(bytes) => {
                active.out.data(std::mem::take(bytes));
                active.touched = true;
                active.body = Body::Empty;
                active.upload = Upload::Done;
            }
            Body::Stream { .. } => {}
        }
        let wait = if expect { CONTINUE.min(bounds.response) } else { bounds.response };
        active.wait_for(now, wait);
        active
    }

    fn wait_for(&mut self, now: Instant, wait: Duration) {
        let until = now + wait;
        // Past the head the writer to the client watches the deadline.
        self.connection.timer.set(self.bounds.deadline.map_or(until, |deadline| deadline.min(until)));
    }

    /// Moves the request's content on. An error is the content's own; one of the connection only ends the upload.
    fn poll_upload(&mut self, cx: &mut Context<'_>, wait: Duration) -> Poll<Result<(), BodyError>> {
        loop {
            if !self.out.is_empty() && ready!(self.out.poll_write(&mut self.connection.io, cx)).is_err() {
                self.upload = Upload::Broken;
                self.out.clear();
            }
            match self.upload {
                Upload::Held | Upload::Done | Upload::Broken => return Poll::Ready(Ok(())),
                Upload::Closing => {
                    let _ = ready!(Pin::new(&mut self.connection.io).poll_shutdown(cx));
                    self.upload = Upload::Done;
                    continue;
                }
                Upload::Going => {}
            }
            self.touched = true;
            match ready!(self.body.poll_frame(cx)) {
                Some(Ok(Frame::Data(data))) if self.chunked => self.out.chunk(data),
                Some(Ok(Frame::Data(data))) => self.out.data(data),
                Some(Ok(Frame::Trailers(trailers))) => self.end_upload(Some(&trailers)),
                None => self.end_upload(None),
                Some(Err(error)) => return Poll::Ready(Err(error)),
            }
            self.wait_for(Instant::now(), wait);
        }
    }

    fn end_upload(&mut self, trailers: Option<&Fields>) {
        if self.chunked {
            write_last_chunk(self.out.text(), trailers);
        }
        self.body = Body::Empty;
        self.upload = if self.tunnel { Upload::Closing } else { Upload::Done };
    }

    pub(super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        interim: Option<&Arc<dyn Interim>>,
    ) -> Poll<Result<ResponseHead, Fail>> {
        if let Poll::Ready(Err(error)) = self.poll_upload(cx, self.bounds.response) {
            return Poll::Ready(Err(Fail::Request(error)));
        }
        if self.read.capacity() == 0 {
            self.read = buffer::take();
        }
        loop {
            match poll_read(&mut self.connection.io, cx, &mut self.read, buffer::SIZE) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Fail::Closed(None))),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Fail::Closed(Some(error)))),
                Poll::Pending => {
                    if self.read.is_empty() {
                        buffer::give(std::mem::take(&mut self.read));
                    }
                    return self.poll_waited(cx, interim);
                }
            }
            while let Some(head) = self.parse()? {
                if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
                    return Poll::Ready(self.settle(head));
                }
                // What an interim answer says wrongly about its framing makes the final one's end doubtful.
                self.keep &= head.keep_alive;
                self.interims += 1;
                if self.interims > INTERIMS {
                    return Poll::Ready(Err(Fail::Malformed("too many interim answers".into())));
                }
                if head.status == StatusCode::CONTINUE {
                    self.release_upload();
                    if let Poll::Ready(Err(error)) = self.poll_upload(cx, self.bounds.response) {
                        return Poll::Ready(Err(Fail::Request(error)));
                    }
                } else if let Some(interim) = interim {
                    interim.send(head.status, head.fields);
                }
            }
        }
    }

    /// The timer's say while a head is awaited.
    fn poll_waited(
        &mut self,
        cx: &mut Context<'_>,
        interim: Option<&Arc<dyn Interim>>,
    ) -> Poll<Result<ResponseHead, Fail>> {
        ready!(self.connection.timer.poll(cx));
        let now = Instant::now();
        if self.bounds.deadline.is_some_and(|deadline| now >= deadline) {
            return Poll::Ready(Err(Fail::Deadline));
        }
        if self.upload == Upload::Held && self.protocol.is_none() {
            self.release_upload();
            self.wait_for(now, self.bounds.response);
            return self.poll_head(cx, interim);
        }
        Poll::Ready(Err(Fail::TimedOut))
    }

    fn release_upload(&mut self) {
        if self.upload == Upload::Held && self.protocol.is_none() {
            self.upload = Upload::Going;
        }
    }

    /// Parses once for every line that came.
    fn parse(&mut self) -> Result<Option<ResponseHead>, Fail> {
        if memchr::memchr(b'\n', &self.read[self.parsed..]).is_none() {
            self.parsed = self.read.len();
            let limit = self.bounds.limits.fields_size;
            return if self.read.len() > limit {
                Err(Fail::Malformed("its head is too large".into()))
            } else {
                Ok(None)
            };
        }
        match parse_response(&self.read, &self.method, &self.bounds.limits) {
            Ok(Parsed::Complete { head, len }) => {
                let _ = self.read.split_to(len);
                self.parsed = 0;
                Ok(Some(head))
            }
            Ok(Parsed::Partial) => {
                self.parsed = self.read.len();
                Ok(None)
            }
            Err(error) => Err(Fail::Malformed(error.to_string())),
        }
    }

    /// What the final head means for the rest.
    fn settle(&mut self, head: ResponseHead) -> Result<ResponseHead, Fail> {
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            if self.protocol.is_none() {
                return Err(Fail::Malformed("101 to a request that asked for no upgrade".into()));
            }
            self.tunnel = true;
            self.upload = Upload::Going;
            self.decoder = Decoder::new(Framing::UntilClose, self.bounds.body_limits);
        } else {
            if self.upload == Upload::Held {
                self.upload = Upload::Broken;
            }
            self.decoder = Decoder::new(head.framing, self.bounds.body_limits);
        }
        self.keep &= head.keep_alive && !self.tunnel;
        Ok(head)
    }

    pub(super) fn into_answer(mut self: Box<Self>, head: ResponseHead) -> Answer {
        let (status, fields) = (head.status, head.fields);
        let body = match head.framing {
            Framing::None if !self.tunnel => {
                self.finish();
                Body::Empty
            }
            Framing::Length(length) if self.upload == Upload::Done && self.read.len() as u64 >= length => {
                let data = self.read.split_to(length as usize).freeze();
                self.finish();
                Body::full(data)
            }
            framing => {
                let length = if let Framing::Length(length) = framing { Some(length) } else { None };
                self.large = length.is_some_and(|length| length > 2 * buffer::SIZE as u64);
                self.bounds.deadline = None;
                self.wait_for(Instant::now(), self.bounds.idle);
                Body::Stream { source: Box::new(Source { active: Some(self) }), length }
            }
        };
        Answer { status, fields, body }
    }

    pub(super) fn into_error(self: Box<Self>, fail: Fail) -> SendError {
        let stale = self.connection.reused && self.read.is_empty() && matches!(fail, Fail::Closed(_));
        SendError { fail, stale, body: (!self.touched).then_some(self.body) }
    }

    /// Gives the connection back if nothing is left on it in either direction; closes it else.
    fn finish(self: Box<Self>) {
        buffer::give(self.read_rest());
    }

    fn read_rest(mut self: Box<Self>) -> BytesMut {
        let read = std::mem::take(&mut self.read);
        if self.keep && self.upload == Upload::Done && self.out.is_empty() && read.is_empty() {
            let timer = std::mem::take(&mut self.connection.timer);
            self.home.give_back(Connection { timer, reused: true, ..self.connection });
        }
        read
    }
}

/// The answer's body.
struct Source<S, H: Home<S>> {
    /// None once it has ended.
    active: Option<Box<Active<S, H>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static, H: Home<S>> BodySource for Source<S, H> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let Some(active) = &mut self.active else { return Poll::Ready(None) };
        let result = ready!(active.poll_frame(cx));
        if !matches!(result, Some(Ok(_)))
            && let Some(active) = self.active.take()
            && result.is_none()
        {
            active.finish();
        }
        Poll::Ready(result)
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        if let Some(active) = &mut self.active
            && let Poll::Ready(Err(error)) = active.poll_upload(cx, active.bounds.idle)
        {
            active.failed = Some(error);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static, H: Home<S>> Active<S, H> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if let Poll::Ready(Err(error)) = self.poll_upload(cx, self.bounds.idle) {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            match self.decoder.decode(&mut self.read) {
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Ok(None) if self.decoder.is_done() => return Poll::Ready(None),
                Ok(None) => {}
                Err(_) => return Poll::Ready(Some(Err(BodyError::upstream(Fault::Malformed)))),
            }
            // What was handed out has mostly been written by now, so that its room can be used again.
            if self.read.capacity() == 0 && !self.read.try_reclaim(buffer::SIZE) {
                self.read = buffer::take();
            }
            let room = if self.large { PIECE } else { buffer::SIZE };
            match poll_read(&mut self.connection.io, cx, &mut self.read, room) {
                Poll::Ready(Ok(0)) if self.decoder.close().is_ok() => return Poll::Ready(None),
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Some(Err(BodyError::upstream(Fault::Closed)))),
                Poll::Ready(Ok(read)) => {
                    self.large = read >= buffer::SIZE / 2;
                    self.wait_for(Instant::now(), self.bounds.idle);
                }
                Poll::Pending => {
                    if self.read.is_empty() {
                        buffer::give(std::mem::take(&mut self.read));
                    }
                    ready!(self.connection.timer.poll(cx));
                    return Poll::Ready(Some(Err(BodyError::upstream(Fault::TimedOut))));
                }
            }
        }
    }
}
