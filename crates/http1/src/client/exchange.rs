//! One request and its answer on a client connection, as a state machine that is polled: first for the head, then as
//! the source of the answer's body. Every poll also moves the request's content on.

mod source;
mod upload;

use super::answer::{Answer, Fail, SendError};
use super::{Bounds, Call, Connection, Home, poll_read};
use crate::body::Decoder;
use crate::outgoing::Outgoing;
use crate::response::{ResponseHead, parse_response};
use crate::websocket::Accept;
use crate::write::write_request_head;
use crate::{Connection as Wish, Framing, Parsed};
use bytes::BytesMut;
use pintle_core::{Body, BodyError, Fault, Interim, Method, Protocol, StatusCode, buffer, names};
use source::Source;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use upload::Upload;

/// How long content is held back for a `100 (Continue)` that may never come (RFC 9110 10.1.1).
const CONTINUE: Duration = Duration::from_secs(1);
/// How many interim answers a server may send: they wait in memory for a client that reads slowly.
const INTERIMS: u8 = 32;

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
    /// What the server must say for the key that it gets.
    accept: Option<Box<Accept>>,
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
        // A tunnel has no content that an expectation could be about.
        let expect = call.protocol.is_none() && call.fields.contains(names::EXPECT);
        let key = call.protocol.and_then(|_| call.fields.get(names::SEC_WEBSOCKET_KEY));
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
            accept: key.and_then(Accept::of).map(Box::new),
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
        if self.upload == Upload::Going && self.out.is_empty() {
            // Who waits for content has nothing to answer yet: it is the client that is late.
            return Poll::Ready(Err(Fail::Request(BodyError::client(Fault::TimedOut))));
        }
        Poll::Ready(Err(Fail::TimedOut))
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
            if let Some(accept) = self.accept.take()
                && head.fields.get(names::SEC_WEBSOCKET_ACCEPT) != Some(accept.as_bytes())
            {
                return Err(Fail::Malformed("101 without the right Sec-WebSocket-Accept (RFC 6455 4.1)".into()));
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

    pub(super) fn into_error(self, fail: Fail) -> SendError {
        let stale = self.connection.reused && self.read.is_empty() && matches!(fail, Fail::Closed(_));
        SendError { fail, stale, body: (!self.touched).then_some(self.body) }
    }

    /// Gives the connection back if nothing is left on it in either direction; closes it else.
    #[expect(clippy::boxed_local, reason = "out of its box it would be copied, for each request")]
    fn finish(mut self: Box<Self>) {
        let read = std::mem::take(&mut self.read);
        if self.keep && self.upload == Upload::Done && self.out.is_empty() && read.is_empty() {
            let timer = std::mem::take(&mut self.connection.timer);
            self.home.give_back(Connection { timer, reused: true, ..self.connection });
        }
        buffer::give(read);
    }
}
