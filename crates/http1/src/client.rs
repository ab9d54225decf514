//! The client side of one HTTP/1.1 connection: sends a request, reads its answer, and gives the connection back when
//! both are through. Sending and reading go on side by side, so early answers, uploads and tunnels are all one form.

mod answer;
mod exchange;

pub use answer::{Answer, Fail, SendError};

use crate::{BodyLimits, Limits};
use bytes::BytesMut;
use exchange::Active;
use pintle_core::timer::Timer;
use pintle_core::{Body, Fields, Interim, Method, Protocol};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection to a server with no request under way.
#[derive(Debug)]
pub struct Connection<S> {
    io: S,
    timer: Timer,
    /// When it was last given back.
    pub idle_since: Instant,
    /// When no further request is to go over it; none is never. Whoever keeps it sees to that.
    pub until: Option<Instant>,
    /// Whether it has carried a request before: then a close before the answer says nothing about the request.
    pub reused: bool,
}

/// Takes back a connection whose exchange ended well.
pub trait Home<S>: Send + 'static {
    /// The connection may carry another request. Where it may not, the home is only dropped.
    fn give_back(self, connection: Connection<S>);
}

/// What to send; field names and values have been checked.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    /// The Host field's value.
    pub host: &'a str,
    /// Header fields without those of the connection.
    pub fields: &'a Fields,
    /// What the connection is to become.
    pub protocol: Option<Protocol>,
}

/// How long to wait for what, and how much to accept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Until the answer's head, counted anew as long as the request's content still goes out.
    pub response: Duration,
    /// Between two pieces of content in either direction.
    pub idle: Duration,
    /// When all must be over.
    pub deadline: Option<Instant>,
    /// Bounds of the answer's head.
    pub limits: Limits,
    /// Bounds of its chunks and trailers.
    pub body_limits: BodyLimits,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    /// A new connection.
    pub fn new(io: S, now: Instant) -> Self {
        Connection { io, timer: Timer::new(), idle_since: now, until: None, reused: false }
    }

    /// Whether the server has neither closed it nor sent anything while it was idle. Never waits; costs no system call
    /// while nothing has happened.
    pub fn is_open(&mut self) -> bool {
        let mut byte = [0u8; 1];
        let mut buffer = ReadBuf::new(&mut byte);
        Pin::new(&mut self.io).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer).is_pending()
    }

    /// Sends a request and waits for the head of its answer. Cancelled by dropping the future, which closes the
    /// connection.
    pub async fn send<H: Home<S>>(
        self,
        call: &Call<'_>,
        body: Body,
        bounds: Bounds,
        interim: Option<&Arc<dyn Interim>>,
        home: H,
        now: Instant,
    ) -> Result<Answer, SendError> {
        let mut active = Active::start(self, call, body, bounds, home, now);
        match std::future::poll_fn(|cx| active.poll_head(cx, interim)).await {
            Ok(head) => Ok(active.into_answer(head)),
            Err(fail) => Err((*active).into_error(fail)),
        }
    }
}

/// Reads into `buffer`, which gets at least `room` bytes of room.
pub(crate) fn poll_read<S: AsyncRead + Unpin>(
    io: &mut S,
    cx: &mut Context<'_>,
    buffer: &mut BytesMut,
    room: usize,
) -> Poll<std::io::Result<usize>> {
    if buffer.capacity() - buffer.len() < room / 2 {
        buffer.reserve(room);
    }
    tokio_util::io::poll_read_buf(Pin::new(io), cx, buffer)
}
