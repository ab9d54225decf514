//! HTTP/2 connections: streams are answered beside each other, each by a task of its own, so that a failure is one
//! stream's and the frames of many share a write.

mod end;
mod interim;

use crate::connection::Peer;
use crate::done::{self, Ended};
use crate::gateway::{Answer, Gateway};
use crate::http1::note_failure;
use crate::request::{self, Head};
use crate::runtime::Limits;
use crate::socket::Address;
use crate::stream::Stream;
use bytes::{Bytes, BytesMut};
use end::End;
use h2::RecvStream;
use h2::server::SendResponse;
use http::request::Parts;
use interim::{Expected, Interims};
use pintle_core::body::Whose;
use pintle_core::timer::Timer;
use pintle_core::{Body, Exchange, Fields, Method, Reason, Refusal, StatusCode, Version, names};
use pintle_http1::Host;
use pintle_http1::server::WriteError;
use pintle_http2::Coalesce;
use pintle_http2::body::{Incoming, Outgoing, SendError};
use pintle_http2::head::{fields_of, map_of};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Instant;

/// Bytes that a client may send on one stream, and on the connection, before somebody takes them.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Streams that the client may open and reset before they are looked at (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// Streams whose end by our own reset is still remembered.
const RECENT_RESETS: usize = 50;
/// Bytes of an answer that wait in `h2` for one stream.
const SEND_BUFFER: usize = 64 * 1024;

/// What all streams of a connection share.
struct Shared {
    gateway: Arc<Gateway>,
    peer: Peer,
    address: Address,
    open: AtomicUsize,
}

type Connection = h2::server::Connection<Coalesce<Stream>, Bytes>;

/// Serves a connection to its end.
pub(crate) async fn serve(gateway: &Arc<Gateway>, stream: Stream, peer: Peer, address: &Address) {
    let limits = gateway.limits();
    let io = Coalesce::new(stream);
    let Some(mut connection) = handshake(&io, &limits).await else { return };
    let shared =
        Arc::new(Shared { gateway: Arc::clone(gateway), peer, address: address.clone(), open: AtomicUsize::new(0) });
    let mut drained = pin!(gateway.drained());
    drained.as_mut().enable();
    let mut end = End::default();
    if gateway.is_draining() {
        end.leave(&mut connection);
    }
    poll_fn(|cx| {
        if !end.leaving && drained.as_mut().poll(cx).is_ready() {
            end.leave(&mut connection);
        }
        while !end.over
            && let Poll::Ready(accepted) = connection.poll_accept(cx)
        {
            match accepted {
                Some(Ok((request, respond))) => start(&shared, request, respond),
                Some(Err(_)) => end.came(true),
                None => end.came(false),
            }
        }
        match io.poll_send(cx) {
            Poll::Ready(Err(_)) => Poll::Ready(()),
            Poll::Ready(Ok(())) if end.over => Poll::Ready(()),
            _ => end.poll(shared.open.load(Ordering::Relaxed) > 0, &mut connection, &limits, cx),
        }
    })
    .await;
    drop(connection);
    if end.broken {
        // So that a client that still sends can read what was wrong (RFC 9113 5.4.1, as RFC 9112 9.6).
        pintle_http1::server::Connection::new(io, BytesMut::new()).close().await;
    }
}

async fn handshake(io: &Coalesce<Stream>, limits: &Limits) -> Option<Connection> {
    let mut builder = h2::server::Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_size).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_concurrent_reset_streams(RECENT_RESETS)
        .max_send_buffer_size(SEND_BUFFER);
    let mut handshake = pin!(builder.handshake(io.clone()));
    let done = poll_fn(|cx| {
        let done = handshake.as_mut().poll(cx);
        let _ = io.poll_send(cx);
        done
    });
    tokio::time::timeout(limits.header_timeout, done).await.ok()?.ok()
}

fn start(shared: &Arc<Shared>, request: http::Request<RecvStream>, respond: SendResponse<Bytes>) {
    shared.open.fetch_add(1, Ordering::Relaxed);
    let shared = Arc::clone(shared);
    // In a box, so that the task is moved into its place without what its life needs.
    tokio::spawn(Box::pin(async move {
        let open = Open(&shared.open);
        one(&shared, request, respond).await;
        drop(open);
    }));
}

struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn one(shared: &Shared, request: http::Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let gateway = &*shared.gateway;
    let Some(listener) = gateway.listener(&shared.address) else {
        return respond.send_reset(h2::Reason::REFUSED_STREAM);
    };
    let limits = gateway.limits();
    let now = Instant::now();
    let (parts, stream) = request.into_parts();
    let body = body_of(&parts, stream, &limits);
    let read = read(&parts, &limits);
    let (mut exchange, accepted) = match read {
        Ok(head) => request::accept(head, body, &shared.peer, &listener, gateway.instance, now),
        Err(refusal) => {
            let head = Head::unreadable(Version::Http2);
            let (exchange, _) = request::accept(head, Body::Empty, &shared.peer, &listener, gateway.instance, now);
            (exchange, Err(refusal))
        }
    };
    let interims = Arc::new(Interims::default());
    exchange.interim = Some(interims.clone());
    if exchange.request.fields.contains(names::EXPECT) && !exchange.request.body.is_empty() {
        exchange.request.body.wrap(|inner| Expected::new(inner, Arc::clone(&interims)));
    }
    listener.meter.request_started();
    let meter = Arc::clone(&listener.meter);
    let answered = {
        let mut answer = pin!(gateway.answer(Arc::clone(&listener), &mut exchange, accepted));
        poll_fn(|cx| {
            let polled = answer.as_mut().poll(cx);
            interims.take(|status, fields| {
                let _ = respond.send_informational(head_of(status, fields));
            });
            match polled {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                Poll::Pending => respond.poll_reset(cx).map(|_| None),
            }
        })
        .await
    };
    match answered {
        Some(answer) => write(gateway, respond, &mut exchange, answer, &limits).await,
        None => {
            gateway.metrics.refused(Reason::ClientClosed);
            let (route, reason) = (&listener.fallback, Some(Reason::ClientClosed));
            let status = Reason::ClientClosed.status();
            let ended = Ended { exchange: &exchange, route, listener: &listener, status, reason, sent: 0 };
            done::record(gateway, &ended, Instant::now());
        }
    }
    meter.request_ended();
}

async fn write(
    gateway: &Gateway,
    mut respond: SendResponse<Bytes>,
    exchange: &mut Exchange,
    answer: Answer,
    limits: &Limits,
) {
    let Answer { mut response, route, listener, mut reason } = answer;
    let status = response.status;
    let head_only = exchange.request.method == Method::HEAD;
    let bodiless = head_only || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let mut head = head_of(status, &response.fields);
    if let Some(length) = response.body.length()
        && !(bodiless && length == 0)
        && status != StatusCode::NO_CONTENT
    {
        head.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    }
    exchange.request.body = Body::Empty;
    let end = bodiless || response.body.is_empty();
    let (mut sent, mut failed) = (0, None);
    match respond.send_response(head, end) {
        Err(_) => failed = Some(WriteError::Client),
        Ok(_) if end => {}
        Ok(stream) => {
            let mut out = Outgoing::new(stream, limits.body_timeout);
            let result = pump(&mut out, &mut response.body, exchange.deadline).await;
            sent = out.content;
            if let Err(error) = result {
                // A stream that was cut must not look whole (RFC 9113 8.1).
                out.reset(h2::Reason::INTERNAL_ERROR);
                failed = Some(error);
            }
        }
    }
    drop(response);
    if let Some(error) = failed {
        reason = Some(note_failure(&error, exchange));
    }
    let ended = Ended { exchange, route: &route, listener: &listener, status, reason, sent };
    done::record(gateway, &ended, Instant::now());
}

async fn pump(out: &mut Outgoing, body: &mut Body, deadline: Option<Instant>) -> Result<(), WriteError> {
    let mut timer = Timer::new();
    if let Some(deadline) = deadline {
        timer.set(deadline);
    }
    poll_fn(|cx| match out.poll(body, cx) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
        Poll::Ready(Err(SendError::Body(error))) => Poll::Ready(Err(WriteError::Body(error))),
        Poll::Ready(Err(SendError::Stalled)) => Poll::Ready(Err(WriteError::Stalled)),
        Poll::Ready(Err(SendError::Reset(_))) => Poll::Ready(Err(WriteError::Client)),
        Poll::Pending => timer.poll(cx).map(|()| Err(WriteError::Deadline)),
    })
    .await
}

fn head_of(status: StatusCode, fields: &Fields) -> http::Response<()> {
    let mut head = http::Response::new(());
    *head.status_mut() = status;
    *head.headers_mut() = map_of(fields);
    head
}

fn body_of(parts: &Parts, stream: RecvStream, limits: &Limits) -> Body {
    if stream.is_end_stream() {
        return Body::Empty;
    }
    let length = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    Body::stream(Incoming::new(stream, Whose::Client, limits.body_timeout), length)
}

/// Checks what `h2` leaves to its user (RFC 9113 8.2, 8.3) and takes the head over.
fn read<'a>(parts: &'a Parts, limits: &Limits) -> Result<Head<'a>, Refusal> {
    let malformed = |detail: &'static str| Refusal::new(Reason::BadRequest).detail(detail);
    if parts.headers.len() > limits.header_count {
        return Err(Reason::FieldsTooLarge.into());
    }
    let mut fields = fields_of(&parts.headers).map_err(malformed)?;
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let host = fields.get(names::HOST).map(<[u8]>::to_vec);
    if fields.get_all(names::HOST).nth(1).is_some() {
        return Err(malformed("several Host fields (RFC 9110 7.2)"));
    }
    let authority = match (authority, &host) {
        (Some(authority), Some(host)) if !host.eq_ignore_ascii_case(authority.as_bytes()) => {
            return Err(malformed("`:authority` and Host differ (RFC 9113 8.3.1)"));
        }
        (Some(authority), _) => authority.as_bytes(),
        (None, Some(host)) => host,
        (None, None) => return Err(malformed("neither `:authority` nor Host (RFC 9113 8.3.1)")),
    };
    let authority = Host::parse(authority).ok_or(malformed("`:authority` is no host with an optional port"))?;
    if parts.method != Method::CONNECT && !matches!(parts.uri.scheme_str(), Some("http" | "https")) {
        return Err(malformed("`:scheme` is neither http nor https (RFC 9113 8.3.1)"));
    }
    fields.remove(names::HOST);
    fields.remove(names::CONTENT_LENGTH);
    if let Some(query) = parts.uri.query()
        && !query.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(malformed("the query holds bytes that must be encoded (RFC 3986 3.4)"));
    }
    if fields.list(names::EXPECT).any(|expected| !expected.eq_ignore_ascii_case(b"100-continue")) {
        return Err(Reason::ExpectationFailed.into());
    }
    if parts.uri.path() == "*" && parts.method != Method::OPTIONS {
        return Err(malformed("`*` is a target of OPTIONS alone (RFC 9113 8.3.1)"));
    }
    Ok(Head {
        method: parts.method.clone(),
        path: if parts.method == Method::CONNECT { "/" } else { parts.uri.path() },
        query: parts.uri.query(),
        host: authority.host().to_owned().into(),
        port: authority.port(),
        version: Version::Http2,
        fields,
        protocol: None,
    })
}
