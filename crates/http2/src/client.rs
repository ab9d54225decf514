//! The client side: one connection that many requests share, and a request with its answer on it.

use crate::Coalesce;
use crate::body::{Incoming, Outgoing, SendError as BodySendError};
use crate::head::{fields_of, map_of};
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use pintle_core::body::Whose;
use pintle_core::timer::Timer;
use pintle_core::{Body, BodyError, BodySource, Fault, Fields, Frame, Interim, Method, Scheme, StatusCode};
use std::any::Any;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes that a server may send on one stream, and on the connection, before its takers took any.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Streams on one connection, where the server allows more.
const STREAMS: usize = 100;

/// A connection to a server; clones share it.
#[derive(Clone, Debug)]
pub struct Client {
    send: SendRequest<Bytes>,
    open: Arc<AtomicUsize>,
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
    /// Its status.
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
        tokio::spawn(poll_fn(move |cx| {
            let done = Pin::new(&mut connection).poll(cx);
            match io.poll_send(cx) {
                Poll::Ready(Err(_)) => Poll::Ready(()),
                _ => done.map(|_| ()),
            }
        }));
        Ok(Client { send, open: Arc::default() })
    }

    /// Whether another request fits on the connection: false once it is gone or full.
    pub fn has_room(&mut self) -> bool {
        let open = poll_once(|cx| self.send.poll_ready(cx));
        !matches!(open, Poll::Ready(Err(_)))
            && self.open.load(Ordering::Relaxed) < STREAMS.min(self.send.current_max_send_streams())
    }

    /// Whether the connection still stands.
    pub fn is_open(&mut self) -> bool {
        !matches!(poll_once(|cx| self.send.poll_ready(cx)), Poll::Ready(Err(_)))
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
        let request = request_of(call).map_err(Fail::Malformed)?;
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
        let slot = Slot::new(&self.open);
        let upload = (!body.is_empty()).then(|| Outgoing::new(stream, bounds.idle));
        let kept = if body.is_empty() { Some(Body::Empty) } else { None };
        let mut pending = Pending { response, upload, timer: Timer::new(), bounds };
        pending.wait();
        let head = poll_fn(|cx| pending.poll(&mut body, interim, cx)).await.map_err(|fail| match fail {
            Fail::Unprocessed(_) => Fail::Unprocessed(kept),
            fail => fail,
        })?;
        let (parts, stream) = head.into_parts();
        let fields = fields_of(&parts.headers).map_err(|rule| Fail::Malformed(rule.into()))?;
        let upload = pending.upload;
        let body = if stream.is_end_stream() && upload.is_none() {
            Body::Empty
        } else {
            let length = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
            let incoming = Incoming::new(stream, Whose::Upstream, bounds.idle);
            Body::stream(Source { incoming, upload, body, failed: None, _slot: slot, _held: Box::new(held) }, length)
        };
        Ok(Answer { status: parts.status, fields, body })
    }
}

fn request_of(call: &Call<'_>) -> Result<http::Request<()>, String> {
    let target = if call.target == "*" { "/" } else { call.target };
    let uri = http::Uri::builder().scheme(call.scheme.as_str()).authority(call.host).path_and_query(target).build();
    let mut request = http::Request::new(());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = uri.map_err(|error| format!("{}{} cannot be asked for: {error}", call.host, call.target))?;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = map_of(call.fields);
    Ok(request)
}

fn poll_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(std::task::Waker::noop()))
}

/// Counts a stream as open.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Slot(Arc::clone(open))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request whose head of an answer is awaited.
struct Pending {
    response: ResponseFuture,
    upload: Option<Outgoing>,
    timer: Timer,
    bounds: Bounds,
}

impl Pending {
    fn wait(&mut self) {
        let until = Instant::now() + self.bounds.response;
        self.timer.set(self.bounds.deadline.map_or(until, |deadline| deadline.min(until)));
    }

    fn poll(
        &mut self,
        body: &mut Body,
        interim: Option<&Arc<dyn Interim>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<http::Response<h2::RecvStream>, Fail>> {
        if let Some(upload) = &mut self.upload {
            let before = upload.content;
            match upload.poll(body, cx) {
                Poll::Ready(Ok(())) => self.upload = None,
                Poll::Ready(Err(BodySendError::Body(error))) => {
                    upload.reset(h2::Reason::CANCEL);
                    return Poll::Ready(Err(Fail::Request(error)));
                }
                // The server takes no more; its answer or its reset tells the rest.
                Poll::Ready(Err(_)) => self.upload = None,
                Poll::Pending if upload.content != before => self.wait(),
                Poll::Pending => {}
            }
        }
        while let Some(interim) = interim
            && let Poll::Ready(Some(Ok(head))) = self.response.poll_informational(cx)
        {
            if let Ok(fields) = fields_of(head.headers())
                && head.status() != StatusCode::CONTINUE
            {
                interim.send(head.status(), fields);
            }
        }
        match Pin::new(&mut self.response).poll(cx) {
            Poll::Ready(Ok(head)) => Poll::Ready(Ok(head)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(fail_of(&error))),
            Poll::Pending => {
                ready!(self.timer.poll(cx));
                let over = self.bounds.deadline.is_some_and(|deadline| Instant::now() >= deadline);
                Poll::Ready(Err(if over { Fail::Deadline } else { Fail::TimedOut }))
            }
        }
    }
}

fn fail_of(error: &h2::Error) -> Fail {
    match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => Fail::Unprocessed(None),
        Some(h2::Reason::PROTOCOL_ERROR) if error.is_reset() && error.is_library() => {
            Fail::Malformed(error.to_string())
        }
        _ => Fail::Closed(error.to_string()),
    }
}

/// The answer's body, which also moves the request's content on.
struct Source {
    incoming: Incoming,
    upload: Option<Outgoing>,
    body: Body,
    failed: Option<BodyError>,
    _slot: Slot,
    _held: Box<dyn Any + Send>,
}

impl BodySource for Source {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        self.poll_aside(cx);
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        self.incoming.poll_frame(cx)
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        let Some(upload) = &mut self.upload else { return };
        match upload.poll(&mut self.body, cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.upload = None,
            Poll::Ready(Err(BodySendError::Body(error))) => {
                upload.reset(h2::Reason::CANCEL);
                self.upload = None;
                self.failed = Some(error);
            }
            Poll::Ready(Err(BodySendError::Stalled)) => {
                self.upload = None;
                self.failed = Some(BodyError::upstream(Fault::TimedOut));
            }
            Poll::Ready(Err(BodySendError::Reset(_))) => self.upload = None,
        }
    }
}
