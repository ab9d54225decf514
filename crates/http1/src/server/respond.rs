//! Writing an answer: its head with the first of its content in one write, then piece by piece as the client takes it.

mod files;

use super::{Connection, Content, Shared};
use crate::write::{write_last_chunk, write_response_head};
use crate::{Connection as Wish, Framing};
use parking_lot::Mutex;
use pintle_core::{Body, BodyError, Fields, Frame, Method, Protocol, StatusCode, Version};
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};

/// What decides how an answer is written.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// The request's version.
    pub version: Version,
    /// Whether the request was HEAD: the head speaks of content that does not follow.
    pub head_only: bool,
    /// Whether the connection may be kept.
    pub keep_alive: bool,
    /// How long the client may take nothing.
    pub stall: Duration,
    /// When the whole answer must be out.
    pub deadline: Option<Instant>,
}

/// An answer that went out whole.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Whether the connection may carry another request.
    pub keep_alive: bool,
    /// Bytes of content.
    pub content: u64,
}

/// Why an answer did not go out whole; the connection must be closed so that this shows.
#[derive(Debug)]
pub enum WriteError {
    /// The client is gone.
    Client,
    /// The client took nothing for too long.
    Stalled,
    /// The request's whole time is over.
    Deadline,
    /// The gateway's time to stop is over.
    Stopped,
    /// The content failed where it comes from.
    Body(BodyError),
}

struct Writing {
    reply: Reply,
    chunked: bool,
    bodiless: bool,
    tunnel: bool,
    started: bool,
    waiting: bool,
    ended: bool,
    /// Whether content may go out from a file.
    from_files: bool,
    content: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    /// Writes the answer; `content` counts what went out, also if it fails. The body is taken as fast as the client
    /// reads.
    pub async fn respond(
        &self,
        status: StatusCode,
        fields: &Fields,
        body: &mut Body,
        reply: Reply,
        content: &mut u64,
    ) -> Result<Sent, WriteError> {
        let mut writing = Writing::start(&mut self.shared.lock(), status, fields, body, reply);
        let result = poll_fn(|cx| writing.poll(&self.shared, body, cx)).await;
        *content = writing.content;
        let shared = &mut *self.shared.lock();
        shared.out.clear();
        shared.timer.clear();
        result.map(|()| Sent { keep_alive: writing.reply.keep_alive, content: writing.content })
    }
}

impl Writing {
    fn start<S>(shared: &mut Shared<S>, status: StatusCode, fields: &Fields, body: &Body, mut reply: Reply) -> Self {
        let tunnel = status == StatusCode::SWITCHING_PROTOCOLS;
        let bodiless = reply.head_only || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
        if matches!(shared.content, Content::Awaited | Content::Coming) {
            // What is left of the request's content would be read as the next request. Past the head no 100 may follow.
            shared.content = Content::Coming;
            reply.keep_alive = false;
        }
        if tunnel {
            reply.keep_alive = false;
        }
        let framing = if tunnel {
            Framing::None
        } else {
            let method = if reply.head_only { &Method::HEAD } else { &Method::GET };
            Framing::for_response(reply.version, method, status, body.length())
        };
        if framing == Framing::UntilClose {
            reply.keep_alive = false;
        }
        let wish = match reply.keep_alive {
            _ if tunnel => Wish::Upgrade(Protocol::WebSocket),
            true => Wish::KeepAlive,
            false => Wish::Close,
        };
        write_response_head(shared.out.text(), reply.version, status, fields, framing, wish);
        shared.timer.clear();
        let chunked = framing == Framing::Chunked;
        Writing {
            reply,
            chunked,
            bodiless,
            tunnel,
            started: false,
            waiting: false,
            ended: bodiless,
            from_files: !chunked && !tunnel,
            content: 0,
        }
    }

    /// The lock is only held while the connection itself is used: the body may be an upstream's answer that also moves
    /// this connection's request content on.
    fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        shared: &Mutex<Shared<S>>,
        body: &mut Body,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), WriteError>> {
        // The head waits for the first of the content only if that is here already.
        if !self.started {
            self.started = true;
            if !self.bodiless {
                let _ = self.poll_take(shared, body, cx)?;
            }
        }
        loop {
            let written = self.poll_out(&mut shared.lock(), cx);
            match written {
                Poll::Ready(result) => result?,
                Poll::Pending => {
                    body.poll_aside(cx);
                    return Poll::Pending;
                }
            }
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            if self.from_files {
                ready!(self.poll_files(shared, body, cx))?;
            }
            if self.poll_take(shared, body, cx)?.is_pending() {
                return self.poll_quiet(&mut shared.lock(), cx);
            }
        }
    }

    /// Writes what waits to be written.
    fn poll_out<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        shared: &mut Shared<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), WriteError>> {
        if shared.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        match shared.out.poll_write(&mut shared.io, cx) {
            Poll::Ready(Ok(())) => {
                self.waiting = false;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(_)) => Poll::Ready(Err(WriteError::Client)),
            Poll::Pending => {
                // A slow client is none that stands still.
                self.waiting &= !shared.out.moved();
                self.poll_stalled(shared, cx)
            }
        }
    }

    /// Takes the next piece of content.
    fn poll_take<S>(
        &mut self,
        shared: &Mutex<Shared<S>>,
        body: &mut Body,
        cx: &mut Context<'_>,
    ) -> Result<Poll<()>, WriteError> {
        let Poll::Ready(frame) = body.poll_frame(cx) else { return Ok(Poll::Pending) };
        let out = &mut shared.lock().out;
        match frame {
            Some(Ok(Frame::Data(data))) => {
                self.content += data.len() as u64;
                if self.chunked {
                    out.chunk(data);
                } else {
                    out.data(data);
                }
                return Ok(Poll::Ready(()));
            }
            Some(Ok(Frame::Trailers(trailers))) if self.chunked => write_last_chunk(out.text(), Some(&trailers)),
            None if self.chunked => write_last_chunk(out.text(), None),
            Some(Ok(Frame::Trailers(_))) | None => {}
            Some(Err(error)) => return Err(WriteError::Body(error)),
        }
        self.ended = true;
        Ok(Poll::Ready(()))
    }

    fn poll_stalled<S>(&mut self, shared: &mut Shared<S>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if !self.waiting {
            self.waiting = true;
            let stall = Instant::now() + self.reply.stall;
            shared.timer.set(self.deadline().map_or(stall, |deadline| deadline.min(stall)));
        }
        ready!(shared.timer.poll(cx));
        let over = self.deadline().is_some_and(|deadline| Instant::now() >= deadline);
        Poll::Ready(Err(if over { WriteError::Deadline } else { WriteError::Stalled }))
    }

    /// Nothing to write: the deadline may come, or the client may go. A tunnel's end shows in its own streams.
    fn poll_quiet<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        shared: &mut Shared<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), WriteError>> {
        if self.tunnel {
            return Poll::Pending;
        }
        if shared.poll_gone(cx).is_ready() {
            return Poll::Ready(Err(WriteError::Client));
        }
        match self.deadline() {
            Some(deadline) if shared.gone.is_none() => {
                shared.timer.set(deadline);
                ready!(shared.timer.poll(cx));
                Poll::Ready(Err(WriteError::Deadline))
            }
            _ => Poll::Pending,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.tunnel { None } else { self.reply.deadline }
    }
}
