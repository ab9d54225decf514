//! The server side of one HTTP/1.1 connection: reads heads one after another (pipelined ones wait their turn in the
//! buffer), hands out each request's content as it is asked for, notices a client that goes away, writes answers.
//!
//! The content's source and the writer share the connection: both are polled by the one task that serves it, so the lock
//! is never waited for. An idle connection holds no buffer.

mod body;
mod close;
mod respond;

pub use respond::{Reply, Sent, WriteError};

use crate::body::Decoder;
use crate::client::poll_read;
use crate::outgoing::Outgoing;
use crate::write::write_response_head;
use crate::{BodyLimits, Connection as Wish, Framing, Limits, Parsed, RequestError, RequestHead, parse_request};
use body::RequestBody;
use bytes::BytesMut;
use parking_lot::Mutex;
use pintle_core::timer::Timer;
use pintle_core::{Body, Fields, Interim, StatusCode, Stretch, Version, buffer};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};

/// What a client that closed its sending side may still hope for: it may have only half-closed the connection, which
/// nothing but an attempt to write tells apart. Scripts do that, and their answers are quick.
const CLOSE_GRACE: Duration = Duration::from_millis(500);

/// Sends of a stretch of a file as much as a stream takes, without reading it, and says how much: 0 where the file has
/// nothing to give there any more. None where the stream cannot do it.
pub type SendFile<S> = fn(&mut S, &mut Context<'_>, Stretch<'_>) -> Option<Poll<io::Result<usize>>>;

/// A connection from a client.
pub struct Connection<S> {
    shared: Arc<Mutex<Shared<S>>>,
}

pub(crate) struct Shared<S> {
    pub(crate) io: S,
    pub(crate) read: BytesMut,
    pub(crate) timer: Timer,
    pub(crate) out: Outgoing,
    pub(crate) decoder: Decoder,
    pub(crate) content: Content,
    pub(crate) send_file: SendFile<S>,
    parsed: usize,
    gone: Option<Instant>,
}

/// Where the current request's content stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// There is none, or all of it was taken.
    Done,
    /// The client waits for 100 (Continue) before it sends any.
    Awaited,
    /// Some of it is still to come.
    Coming,
    /// There is none, unless the connection becomes a tunnel: what follows the head is the tunnel's then, else the next
    /// request.
    Offered,
}

/// What came instead of, or as, the next request.
#[derive(Debug)]
pub enum Incoming {
    /// A request's head.
    Head(Box<RequestHead>),
    /// The client closed the connection, or was silent for too long, between two requests.
    Closed,
    /// The client closed or reset the connection within a head.
    Cut,
    /// The head did not come in time: 408.
    TimedOut,
    /// The head is refused; the connection must be closed after the answer.
    Refused(RequestError),
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    /// A connection on which `read` has already been read.
    pub fn new(io: S, read: BytesMut) -> Self {
        let shared = Shared {
            io,
            read,
            timer: Timer::new(),
            out: Outgoing::default(),
            decoder: Decoder::new(Framing::None, BodyLimits::default()),
            content: Content::Done,
            send_file: |_, _, _| None,
            parsed: 0,
            gone: None,
        };
        Connection { shared: Arc::new(Mutex::new(shared)) }
    }

    /// The same with a way to send files past the buffers.
    #[must_use]
    pub fn sending_files(self, send_file: SendFile<S>) -> Self {
        self.shared.lock().send_file = send_file;
        self
    }

    /// Waits until the next request begins to arrive; false when the client closes instead or nothing comes in `idle`.
    /// Apart from [`Connection::head`], so that an idle connection's future is small.
    pub async fn begun(&self, idle: Duration, now: Instant) -> bool {
        if self.has_more() {
            return true;
        }
        let begun = self.more(now + idle).await;
        self.shared.lock().timer.clear();
        begun
    }

    /// Reads the next head; `header` is the time for all of it.
    pub async fn head(&self, limits: &Limits, header: Duration) -> Incoming {
        let mut waiting = false;
        poll_fn(|cx| {
            let shared = &mut *self.shared.lock();
            let polled = shared.poll_head(cx, limits);
            if polled.is_ready() || waiting {
                return polled;
            }
            // Most heads come whole: only others need a timer.
            waiting = true;
            shared.timer.set(Instant::now() + header);
            shared.timer.poll(cx).map(|()| Incoming::TimedOut)
        })
        .await
    }

    /// The content of the request with this head; to be taken once. `limits` bound its trailers, `wait` the time between
    /// its bytes.
    pub fn body(&self, head: &RequestHead, limits: BodyLimits, wait: Duration) -> Body {
        let shared = &mut *self.shared.lock();
        let framing = if head.upgrade.is_some() { Framing::UntilClose } else { head.framing };
        let length = match framing {
            Framing::None | Framing::Length(0) => return Body::Empty,
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::UntilClose => None,
        };
        if let Some(length) = length
            && shared.read.len() as u64 >= length
        {
            return Body::Full(shared.read.split_to(length as usize).freeze());
        }
        shared.decoder = Decoder::new(framing, limits);
        shared.content = match head.upgrade {
            Some(_) => Content::Offered,
            None if head.expect_continue => Content::Awaited,
            None => Content::Coming,
        };
        shared.timer.clear();
        // A tunnel may be silent in one direction for as long as it likes; the other side's idle time is for both.
        let wait = head.upgrade.is_none().then_some(wait);
        Body::stream(RequestBody::new(Arc::clone(&self.shared), wait), length)
    }

    /// Takes interim answers for the request under way.
    pub fn interim(&self) -> Arc<dyn Interim> {
        Arc::new(Interims(Arc::clone(&self.shared)))
    }

    /// Runs `work` to its end, unless the client goes away before: then `work` is dropped and there is nothing.
    pub async fn watch<T>(&self, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            self.shared.lock().poll_gone(cx).map(|()| None)
        })
        .await
    }

    /// Looks at what has been read and not yet understood.
    pub fn peek<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(&self.shared.lock().read)
    }

    /// Waits for more bytes until `deadline`; false when there will be none.
    pub async fn more(&self, deadline: Instant) -> bool {
        self.shared.lock().timer.set(deadline);
        poll_fn(|cx| {
            let shared = &mut *self.shared.lock();
            match shared.poll_fill(cx) {
                Poll::Ready(read) => Poll::Ready(read.is_ok_and(|read| read > 0)),
                Poll::Pending => shared.timer.poll(cx).map(|()| false),
            }
        })
        .await
    }

    /// The stream and what has been read of it, to go on in another protocol. None while a body is in use.
    pub fn into_parts(self) -> Option<(S, BytesMut)> {
        let shared = Arc::into_inner(self.shared)?.into_inner();
        Some((shared.io, shared.read))
    }

    /// Something to do with the stream below, as setting an option.
    pub fn with_io<T>(&self, work: impl FnOnce(&mut S) -> T) -> T {
        work(&mut self.shared.lock().io)
    }

    /// Whether bytes of a next request are already here.
    pub fn has_more(&self) -> bool {
        !self.shared.lock().read.is_empty()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Shared<S> {
    /// Reads once; holds a buffer only if something came.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.read.capacity() == 0 && !self.read.try_reclaim(buffer::SIZE) {
            self.read = buffer::take();
        }
        let read = poll_read(&mut self.io, cx, &mut self.read, buffer::SIZE);
        if self.read.is_empty() {
            buffer::give(std::mem::take(&mut self.read));
        }
        read
    }

    fn poll_head(&mut self, cx: &mut Context<'_>, limits: &Limits) -> Poll<Incoming> {
        loop {
            // A parse is worth it only when a line has come to its end.
            if self.parsed < self.read.len() {
                let whole_line = memchr::memchr(b'\n', &self.read[self.parsed..]).is_some();
                self.parsed = self.read.len();
                if whole_line || self.read.len() > limits.line {
                    match parse_request(&self.read, limits) {
                        Ok(Parsed::Complete { head, len }) => {
                            let _ = self.read.split_to(len);
                            self.parsed = 0;
                            self.timer.clear();
                            self.content = Content::Done;
                            self.gone = None;
                            return Poll::Ready(Incoming::Head(Box::new(head)));
                        }
                        Ok(Parsed::Partial) => {}
                        Err(error) => return Poll::Ready(Incoming::Refused(error)),
                    }
                }
            }
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0)) if self.read.is_empty() => return Poll::Ready(Incoming::Closed),
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Incoming::Cut),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return self.timer.poll(cx).map(|()| Incoming::TimedOut),
            }
        }
    }

    /// Ready when the client has gone. Meanwhile keeps what it pipelines, up to a buffer's size, and writes interim
    /// answers.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.out.is_empty() && matches!(self.out.poll_write(&mut self.io, cx), Poll::Ready(Err(_))) {
            return Poll::Ready(());
        }
        if self.gone.is_none() {
            // Content is read by its taker, who sees the client's end then.
            if self.content == Content::Coming {
                return Poll::Pending;
            }
            loop {
                if self.read.len() >= buffer::SIZE {
                    return Poll::Pending;
                }
                match self.poll_fill(cx) {
                    Poll::Ready(Ok(0)) => break,
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
            let end = Instant::now() + CLOSE_GRACE;
            self.gone = Some(end);
            self.timer.set(end);
        }
        self.timer.poll(cx)
    }
}

struct Interims<S>(Arc<Mutex<Shared<S>>>);

impl<S: Send> Interim for Interims<S> {
    fn send(&self, status: StatusCode, fields: Fields) {
        // Written by the next poll of the task that also runs whoever sends this.
        let shared = &mut *self.0.lock();
        write_response_head(shared.out.text(), Version::Http11, status, &fields, Framing::None, Wish::KeepAlive);
    }
}
