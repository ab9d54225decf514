//! HTTP/1.1 connections: one request after another, each answered, written and recorded.

use crate::connection::Peer;
use crate::cut::note_failure;
use crate::done::{self, Done};
use crate::gateway::{Answer, Gateway};
use crate::request::{self, Head};
use crate::runtime::Limits;
use crate::socket::Address;
use crate::stop::Stop;
use crate::stream::Stream;
use crate::tunnel::{Toward, Tunnel};
use bytes::BytesMut;
use pintle_core::{Body, Exchange, Interim, Method, Reason, Refusal, StatusCode, Version, grpc, names};
use pintle_http1::server::{Connection, Incoming, Reply, WriteError};
use pintle_http1::{BodyLimits, Form, Host, RequestError, RequestHead};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// A connection on which nothing has been read.
pub(crate) fn connection(stream: Stream) -> Connection<Stream> {
    Connection::new(stream, BytesMut::new()).sending_files(Stream::poll_send_file)
}

/// Serves a connection to its end. Small while it is idle: what a request needs is on the heap for its time.
pub(crate) async fn serve(gateway: &Arc<Gateway>, connection: Connection<Stream>, peer: Peer, address: &Address) {
    let interim = connection.interim();
    let mut stop = Stop::new(gateway);
    let mut now = Instant::now();
    let end_of_age = gateway.limits().end_of_age(now);
    loop {
        if gateway.is_draining() && !connection.has_more() {
            return connection.end().await;
        }
        let idle = gateway.limits().idle_timeout;
        let begun = {
            let mut begun = pin!(connection.begun(idle, now));
            poll_fn(|cx| match begun.as_mut().poll(cx) {
                Poll::Pending => stop.poll_begun(cx).map(|()| false),
                ready => ready,
            })
            .await
        };
        if !begun {
            return connection.end().await;
        }
        match Box::pin(one(gateway, &connection, &peer, address, &interim, &mut stop, end_of_age)).await {
            After::Keep(ended) => now = ended,
            After::Drop => break,
            After::Linger => {
                drop(interim);
                return Box::pin(connection.close()).await;
            }
            After::Reset => {
                connection.with_io(Stream::reset_on_close);
                break;
            }
        }
    }
}

/// What happens to a connection after a request.
enum After {
    /// The next one may come; since when it is awaited.
    Keep(Instant),
    /// The client is gone.
    Drop,
    /// It is to be closed. The client may still be sending: the answer must be readable nevertheless.
    Linger,
    /// The answer was cut and must not look whole.
    Reset,
}

async fn one(
    gateway: &Arc<Gateway>,
    connection: &Connection<Stream>,
    peer: &Peer,
    address: &Address,
    interim: &Arc<dyn Interim>,
    stop: &mut Stop<'_>,
    end_of_age: Option<Instant>,
) -> After {
    let limits = gateway.limits();
    let Some(listener) = gateway.listener_of_requests(address) else { return After::Drop };
    let (bounds, mut waited) = (bounds(&limits), None);
    let incoming = {
        let mut head = pin!(connection.head(&bounds, limits.header_timeout));
        poll_fn(|cx| match head.as_mut().poll(cx) {
            Poll::Pending => {
                // Most heads are here at once.
                waited.get_or_insert_with(Instant::now);
                Poll::Pending
            }
            ready => ready,
        })
        .await
    };
    let (head, refused) = match incoming {
        Incoming::Head(head) => (Some(head), None),
        Incoming::Closed | Incoming::Cut => return After::Drop,
        Incoming::TimedOut => (None, Some(Refusal::new(Reason::RequestTimeout))),
        Incoming::Refused(error) => (None, Some(malformed(error))),
    };
    let now = Instant::now();
    let (mut exchange, keep_alive, accepted) = match head {
        Some(mut head) => {
            let body = connection.body(&head, BodyLimits::default(), limits.body_timeout);
            let keep_alive = head.keep_alive;
            let (mut exchange, accepted) =
                request::accept(parts(&mut head), body, peer, &listener, gateway.instance, now);
            if exchange.request.version >= Version::Http11 {
                exchange.interim = Some(Arc::clone(interim));
            }
            (exchange, keep_alive, accepted)
        }
        None => {
            let (exchange, _) =
                request::accept(Head::unreadable(Version::Http11), Body::Empty, peer, &listener, gateway.instance, now);
            (exchange, false, Err(refused.unwrap_or(Reason::BadRequest.into())))
        }
    };
    exchange.notes.head = waited.map(|since| now.saturating_duration_since(since)).unwrap_or_default();
    if exchange.request.protocol.is_some() {
        exchange.request.body.wrap(|inner| Tunnel::new(inner, gateway, Toward::Service));
    }
    listener.meter.request_started();
    let meter = Arc::clone(&listener.meter);
    let mut found = None;
    let answered = {
        let answer = pin!(gateway.answer(Arc::clone(&listener), &mut exchange, accepted, &mut found));
        stop.before_over(pin!(connection.watch(answer))).await
    };
    let after = match answered {
        Some(Some(answer)) => {
            let keep_alive = keep_alive && end_of_age.is_none_or(|end| Instant::now() < end);
            write(gateway, connection, &mut exchange, answer, keep_alive, &limits, stop).await
        }
        unanswered => {
            let (reason, after) = match unanswered {
                None => (Reason::Unavailable, After::Reset),
                Some(_) => (Reason::ClientClosed, After::Drop),
            };
            done::unanswered(gateway, &exchange, &listener, found.as_deref(), reason);
            after
        }
    };
    meter.request_ended();
    after
}

async fn write(
    gateway: &Arc<Gateway>,
    connection: &Connection<Stream>,
    exchange: &mut Exchange,
    answer: Answer,
    keep_alive: bool,
    limits: &Limits,
    stop: &mut Stop<'_>,
) -> After {
    let Answer { mut response, route, listener, reason } = answer;
    let tunnel = response.status == StatusCode::SWITCHING_PROTOCOLS;
    if tunnel {
        response.body.wrap(|inner| Tunnel::new(inner, gateway, Toward::Client));
    }
    let reply = Reply {
        version: exchange.request.version,
        head_only: exchange.request.method == Method::HEAD,
        keep_alive: keep_alive && !gateway.is_draining() && !closes(reason),
        stall: limits.body_timeout,
        deadline: exchange.deadline,
    };
    // What is left of the request's content is not taken any more, unless the answer's source still sends it on.
    exchange.request.body = Body::Empty;
    let mut sent = 0;
    let result = {
        let respond = connection.respond(response.status, &response.fields, &mut response.body, reply, &mut sent);
        let mut respond = pin!(respond);
        poll_fn(|cx| match respond.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => match stop.poll_over(cx) {
                // A tunnel has been woken to say goodbye by itself.
                Poll::Ready(()) if !tunnel => Poll::Ready(Err(WriteError::Stopped)),
                _ => Poll::Pending,
            },
        })
        .await
    };
    let now = Instant::now();
    // What it holds is free before the request is told of, and what it waited for in vain is noted.
    response.body = Body::Empty;
    let mut reason = reason;
    if tunnel && gateway.is_over() && result.is_ok() {
        reason = Some(note_failure(gateway, &WriteError::Stopped, exchange));
    }
    let after = match result {
        Ok(done) if done.keep_alive => After::Keep(now),
        Ok(_) => After::Linger,
        Err(error) => {
            reason = Some(note_failure(gateway, &error, exchange));
            After::Reset
        }
    };
    let (status, fields) = (response.status, Some(&response.fields));
    let grpc_status = grpc::status(&response.fields);
    let ended = Done { exchange, route: &route, listener: &listener, status, reason, fields, sent, grpc_status };
    done::record(gateway, &ended, now);
    after
}

/// Refusals after which nothing on the connection can be trusted.
fn closes(reason: Option<Reason>) -> bool {
    matches!(
        reason,
        Some(
            Reason::BadRequest
                | Reason::BadPath
                | Reason::RequestTimeout
                | Reason::TargetTooLong
                | Reason::FieldsTooLarge
                | Reason::VersionNotSupported
                | Reason::NotImplemented
                | Reason::BodyTooLarge
                | Reason::Internal
        )
    )
}

/// The bounds of a head.
pub(crate) fn bounds(limits: &Limits) -> pintle_http1::Limits {
    pintle_http1::Limits {
        line: limits.header_size,
        fields_size: limits.header_size,
        fields_count: limits.header_count,
    }
}

/// The refusal of a head that breaks the grammar.
pub(crate) fn malformed(error: RequestError) -> Refusal {
    Refusal::new(error.reason).detail(format!("{} ({})", error.detail, error.rfc))
}

/// The head in the words that all wires share; takes its fields.
pub(crate) fn parts(head: &mut RequestHead) -> Head<'_> {
    let mut fields = std::mem::take(&mut head.fields);
    if head.te_trailers {
        fields.append(names::TE, "trailers");
    }
    Head {
        method: head.method.clone(),
        path: if head.target.form() == Form::Authority { "/" } else { head.target.path() },
        query: head.target.query(),
        host: head.host.as_ref().map_or("", Host::host).into(),
        port: head.host.as_ref().and_then(Host::port),
        version: head.version,
        fields,
        protocol: head.upgrade,
    }
}
