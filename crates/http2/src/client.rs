//! The client side: one connection that many requests share, and a request with its answer on it.

mod pending;
mod source;
mod tunnel;

use crate::Coalesce;
use crate::body::{Incoming, Outgoing};
use crate::head::{fields_of, map_of};
use bytes::Bytes;
use h2::client::SendRequest;
use parking_lot::Mutex;
use pending::Pending;
use pintle_core::body::Whose;
use pintle_core::timer::Timer;
use pintle_core::{Body, BodyError, Fields, Interim, Method, Protocol, Scheme, StatusCode, names};
use source::Source;
use std::any::Any;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tunnel::Settled;

/// Bytes that a server may send on one stream, and on the connection, before its takers took any.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Streams on one connection, where the server allows more.
const STREAMS: usize = 100;
/// How long content is held back for a `100 (Continue)` that may never come (RFC 9110 10.1.1).
const CONTINUE: Duration = Duration::from_secs(1);

/// A connection to a server; clones share it.
#[derive(Clone, Debug)]
pub struct Client {
    send: SendRequest<Bytes>,
    load: Arc<Load>,
}

/// What is under way on a connection.
#[derive(Debug)]
struct Load {
    open: AtomicUsize,
    /// When the last stream ended.
    idle_since: Mutex<Instant>,
    /// A stream had no answer in time: the server may be gone without a word, so no more are opened.
    silent: AtomicBool,
    settled: Settled,
    /// When no further stream is to be opened.
    until: OnceLock<Instant>,
}

/// What to send.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    /// `:authority`.
    pub host: &'a str,
    /// `:scheme`.
    pub scheme: Scheme,
    /// Header fields without those of the connection.
    pub fields: &'a Fields,
    /// What the stream is to become (RFC 8441); only where [`Client::takes_tunnels`].
    pub protocol: Option<Protocol>,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Until the answer's head.
    pub response: Duration,
    /// Between two pieces of content.
    pub idle: Duration,
    /// When all must be over.
    pub deadline: Option<Instant>,
}

/// The final answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status; 101, as HTTP/1.1 has it, where the stream has become what was asked for.
    pub status: StatusCode,
    /// Its header fields.
    pub fields: Fields,
    /// Its content.
    pub body: Body,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Fail {
    /// The server has certainly not worked on the request (RFC 9113 8.7); the content is given back if untouched.
    Unprocessed(Option<Body>),
    /// The connection or the stream ended before an answer.
    Closed(String),
    /// The answer breaks the protocol.
    Malformed(String),
    /// Something on the connection breaks the protocol, and has ended it; whether that was the answer is not known.
    Broken(String),
    /// No head in time.
    TimedOut,
    /// The whole request's time is over.
    Deadline,
    /// The request's own content failed.
    Request(BodyError),
}

impl Client {
    /// Starts HTTP/2 on `io`; the connection is driven by a task of its own on this runtime.
    pub async fn start<S>(io: S) -> Result<Self, h2::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = Coalesce::new(io);
        let mut handshake = pin!(
            h2::client::Builder::new()
                .initial_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_header_list_size(64 * 1024)
                .enable_push(false)
                .handshake(io.clone())
        );
        let (send, mut connection) = poll_fn(|cx| {
            let done = handshake.as_mut().poll(cx);
            let _ = io.poll_send(cx);
            done
        })
        .await?;
        let settled = Settled::new(connection.ping_pong());
        tokio::spawn(poll_fn(move |cx| {
            let done = Pin::new(&mut connection).poll(cx);
            match io.poll_send(cx) {
                Poll::Ready(Err(_)) => Poll::Ready(()),
                _ => done.map(|_| ()),
            }
        }));
        let load = Load {
            open: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            silent: AtomicBool::new(false),
            settled,
            until: OnceLock::new(),
        };
        Ok(Client { send, load: Arc::new(load) })
    }

    /// Has no further request go over it from then on.
    pub fn retire_at(&self, until: Instant) {
        let _ = self.load.until.set(until);
    }

    /// Whether that time has come.
    pub fn is_old(&self) -> bool {
        self.load.until.get().is_some_and(|until| Instant::now() >= *until)
    }

    /// Whether another request fits on the connection: false once it is gone, full or old.
    pub fn has_room(&mut self) -> bool {
        if self.is_old() {
            return false;
        }
        let open = poll_once(|cx| self.send.poll_ready(cx));
        !matches!(open, Poll::Ready(Err(_)))
            && !self.load.silent.load(Ordering::Relaxed)
            && self.load.open.load(Ordering::Relaxed) < STREAMS.min(self.send.current_max_send_streams())
    }

    /// Whether the connection still stands, for all that is known.
    pub fn is_open(&mut self) -> bool {
        !self.load.silent.load(Ordering::Relaxed)
            && !matches!(poll_once(|cx| self.send.poll_ready(cx)), Poll::Ready(Err(_)))
    }

    /// How many streams are open on it.
    pub fn open_streams(&self) -> usize {
        self.load.open.load(Ordering::Relaxed)
    }

    /// Since when no stream is open on it; none while there is one.
    pub fn idle_since(&self) -> Option<Instant> {
        (self.load.open.load(Ordering::Relaxed) == 0).then(|| *self.load.idle_since.lock())
    }

    /// Sends a request and waits for the head of its answer. `held` lives until the answer's body ends.
    pub async fn send(
        mut self,
        call: &Call<'_>,
        mut body: Body,
        bounds: Bounds,
        interim: Option<&Arc<dyn Interim>>,
        held: impl Any + Send,
    ) -> Result<Answer, Fail> {
        let request = request_of(call, &body).map_err(Fail::Malformed)?;
        if poll_fn(|cx| self.send.poll_ready(cx)).await.is_err() {
            return Err(Fail::Unprocessed(Some(body)));
        }
        let sent = self.send.send_request(request, body.is_empty());
        let (response, stream) = match sent {
            Ok(sent) => sent,
            Err(error) if !error.is_io() && !error.is_go_away() && !error.is_reset() => {
                return Err(Fail::Malformed(error.to_string()));
            }
            Err(_) => return Err(Fail::Unprocessed(Some(body))),
        };
        let slot = Slot::new(&self.load);
        let upload = (!body.is_empty()).then(|| Outgoing::new(stream, bounds.idle));
        let kept = if body.is_empty() { Some(Body::Empty) } else { None };
        let tunnel = call.protocol.is_some();
        let holds = upload.is_some() && (tunnel || call.fields.contains(names::EXPECT));
        let mut pending = Pending { response, upload, holds, tunnel, interims: 0, timer: Timer::new(), bounds };
        pending.wait(if holds && !tunnel { CONTINUE.min(bounds.response) } else { bounds.response });
        let head = poll_fn(|cx| pending.poll(&mut body, interim, cx)).await.map_err(|fail| match fail {
            Fail::Unprocessed(_) => Fail::Unprocessed(kept),
            Fail::TimedOut => {
                self.load.silent.store(true, Ordering::Relaxed);
                Fail::TimedOut
            }
            fail => fail,
        })?;
        let (parts, stream) = head.into_parts();
        let mut fields = fields_of(&parts.headers).map_err(|rule| Fail::Malformed(rule.into()))?;
        if tunnel && parts.status.is_success() {
            fields.remove(names::CONTENT_LENGTH);
            let incoming = Incoming::new(stream, Whose::Upstream, Some(bounds.idle));
            let source =
                Source { incoming, upload: pending.upload, body, failed: None, _slot: slot, _held: Box::new(held) };
            return Ok(Answer { status: StatusCode::SWITCHING_PROTOCOLS, fields, body: Body::stream(source, None) });
        }
        // What was held back until now is not wanted.
        let upload = if pending.holds { None } else { pending.upload };
        let body = if stream.is_end_stream() && upload.is_none() {
            Body::Empty
        } else {
            let length = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
            let incoming = Incoming::new(stream, Whose::Upstream, Some(bounds.idle));
            Body::stream(Source { incoming, upload, body, failed: None, _slot: slot, _held: Box::new(held) }, length)
        };
        Ok(Answer { status: parts.status, fields, body })
    }
}

fn request_of(call: &Call<'_>, body: &Body) -> Result<http::Request<()>, String> {
    let target = if call.target == "*" { "/" } else { call.target };
    let uri = http::Uri::builder().scheme(call.scheme.as_str()).authority(call.host).path_and_query(target).build();
    let mut request = http::Request::new(());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = uri.map_err(|error| format!("{}{} cannot be asked for: {error}", call.host, call.target))?;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = map_of(call.fields);
    if let Some(protocol) = call.protocol {
        tunnel::ask(&mut request, protocol);
        return Ok(request);
    }
    // Said as over HTTP/1.1 (RFC 9110 8.6): of an empty body only where the method leads one to expect content.
    if let Some(length) = body.length()
        && (length > 0 || matches!(*call.method, Method::POST | Method::PUT | Method::PATCH))
    {
        request.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    }
    Ok(request)
}

fn poll_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(std::task::Waker::noop()))
}

/// Counts a stream as open.
struct Slot(Arc<Load>);

impl Slot {
    fn new(load: &Arc<Load>) -> Self {
        load.open.fetch_add(1, Ordering::Relaxed);
        Slot(Arc::clone(load))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            *self.0.idle_since.lock() = Instant::now();
        }
    }
}
