//! HTTP/2 connections: streams are answered beside each other, each by a task of its own, so that a failure is one
//! stream's and the frames of many share a write.

mod answer;
mod end;
mod head;
mod interim;

use crate::connection::Peer;
use crate::done;
use crate::gateway::Gateway;
use crate::request::{self, Head};
use crate::runtime::Limits;
use crate::socket::Address;
use crate::stop::Stop;
use crate::stream::Stream;
use crate::tunnel::{Toward, Tunnel};
use answer::write;
use bytes::{Bytes, BytesMut};
use end::End;
use h2::RecvStream;
use h2::server::SendResponse;
use head::{body_of, head_of, read};
use interim::{Expected, Interims};
use pintle_core::timer::Timer;
use pintle_core::{Body, Reason, Version, names};
use pintle_http2::Coalesce;
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
    let mut stop = Stop::new(gateway);
    let (mut end, mut age) = (End::default(), Timer::new());
    if let Some(over) = limits.end_of_age(Instant::now()) {
        age.set(over);
    }
    if gateway.is_draining() {
        end.leave(&mut connection);
    }
    poll_fn(|cx| {
        if !end.leaving && (stop.poll_begun(cx).is_ready() || age.poll(cx).is_ready()) {
            end.leave(&mut connection);
        }
        if end.leaving && !end.over && stop.poll_over(cx).is_ready() {
            end.hurry();
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
        .max_send_buffer_size(SEND_BUFFER)
        .enable_connect_protocol();
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
    let gateway = &shared.gateway;
    let Some(listener) = gateway.listener_of_requests(&shared.address) else {
        return respond.send_reset(h2::Reason::REFUSED_STREAM);
    };
    let limits = gateway.limits();
    let now = Instant::now();
    let (parts, stream) = request.into_parts();
    let (mut exchange, accepted) = match read(&parts, &stream, &limits) {
        Ok(head) => {
            let body = body_of(&parts, stream, head.protocol, &limits);
            request::accept(head, body, &shared.peer, &listener, gateway.instance, now)
        }
        Err(refusal) => {
            let head = Head::unreadable(Version::Http2);
            let (exchange, _) = request::accept(head, Body::Empty, &shared.peer, &listener, gateway.instance, now);
            (exchange, Err(refusal))
        }
    };
    let interims = Arc::new(Interims::default());
    exchange.interim = Some(interims.clone());
    if exchange.request.protocol.is_some() {
        exchange.request.body.wrap(|inner| Tunnel::new(inner, gateway, Toward::Service));
    } else if exchange.request.fields.contains(names::EXPECT) && !exchange.request.body.is_empty() {
        exchange.request.body.wrap(|inner| Expected::new(inner, Arc::clone(&interims)));
    }
    listener.meter.request_started();
    let meter = Arc::clone(&listener.meter);
    let mut found = None;
    let answered = {
        let mut answer = pin!(gateway.answer(Arc::clone(&listener), &mut exchange, accepted, &mut found));
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
            let reason = if gateway.is_over() { Reason::Unavailable } else { Reason::ClientClosed };
            done::unanswered(gateway, &exchange, &listener, found.as_deref(), reason);
        }
    }
    meter.request_ended();
}
