//! The end of a request: its one record in the log, and its counts.

use crate::gateway::Gateway;
use crate::runtime::{Listener, Route};
use pintle_core::{Exchange, Fields, Reason, StatusCode, names};
use pintle_telemetry::metrics::Counted;
use pintle_telemetry::why::{Decision, Way};
use pintle_telemetry::{Ended, Record};
use std::time::{Instant, SystemTime};

/// What became of a request, and who served it.
pub(crate) struct Done<'a> {
    pub(crate) exchange: &'a Exchange,
    pub(crate) route: &'a Route,
    pub(crate) listener: &'a Listener,
    /// The status that the client got, or would have got.
    pub(crate) status: StatusCode,
    /// Why the gateway answered by itself, or why the answer did not go out whole.
    pub(crate) reason: Option<Reason>,
    /// The fields of its answer, where it got one.
    pub(crate) fields: Option<&'a Fields>,
    /// Bytes of content that the client was sent.
    pub(crate) sent: u64,
    /// The status of a gRPC answer.
    pub(crate) grpc_status: Option<u32>,
}

/// The record of a request that nobody answered.
pub(crate) fn unanswered(
    gateway: &Gateway,
    exchange: &Exchange,
    listener: &Listener,
    found: Option<&Route>,
    reason: Reason,
) {
    gateway.metrics.refused(exchange.notes.policy, reason);
    let (route, status, reason) = (found.unwrap_or(&listener.fallback), reason.status(), Some(reason));
    let done = Done { exchange, route, listener, status, reason, fields: None, sent: 0, grpc_status: None };
    record(gateway, &done, Instant::now());
}

/// Tells of it to all who keep something of requests.
pub(crate) fn record(gateway: &Gateway, done: &Done<'_>, over: Instant) {
    let Done { exchange, route, listener, status, reason, fields, sent, grpc_status } = *done;
    let grpc_status = grpc_status.or_else(|| exchange.notes.grpc_status());
    let ended = Ended { exchange, listener: &listener.name, status, reason, sent, grpc_status, over };
    if gateway.metrics.is_on() {
        route.meter.count(&listener.meter, &Counted::from(&ended));
        if !exchange.notes.parts.is_empty() {
            route.meter.count_parts(&exchange.notes.parts, over);
        }
    }
    let has_spans = gateway.traces.record(&ended);
    if gateway.log.is_on() && !exchange.notes.unlogged {
        log(gateway, &ended, has_spans, fields);
    }
    if gateway.why.is_on() {
        why(gateway, &ended);
    }
}

fn why(gateway: &Gateway, ended: &Ended<'_>) {
    let exchange = ended.exchange;
    let (request, notes, client) = (&exchange.request, &exchange.notes, &exchange.client);
    gateway.why.keep(&Decision {
        way: Way::Request {
            version: request.version,
            method: request.method.as_str(),
            scheme: request.scheme,
            target: &request.target,
            head: request.fields.came(),
            status: ended.status.as_u16(),
            grpc_status: ended.grpc_status,
        },
        id: &exchange.id,
        trace: Some(exchange.trace.id()),
        listener: ended.listener,
        route: &exchange.route.name,
        consumer: exchange.identity.name(),
        client: client.ip,
        peer: client.peer,
        tls: client.tls.as_deref(),
        began: exchange.started,
        over: ended.over,
        notes,
        reason: ended.reason,
        internal: notes.internal.as_deref(),
        detail: &notes.detail,
        received: notes.received(),
        sent: ended.sent,
    });
}

fn log(gateway: &Gateway, ended: &Ended<'_>, has_spans: bool, fields: Option<&Fields>) {
    let exchange = ended.exchange;
    let (request, notes) = (&exchange.request, &exchange.notes);
    let since = |moment: Instant| moment.saturating_duration_since(exchange.started);
    let connect = notes.connect();
    let (now, duration) = (SystemTime::now(), ended.duration());
    gateway.log.write(&Record {
        time: now.checked_sub(duration).unwrap_or(now),
        request_id: &exchange.id,
        outer_id: notes.outer.as_deref(),
        trace_id: Some(exchange.trace.id()),
        span_id: has_spans.then(|| exchange.trace.span()),
        client: exchange.client.ip,
        method: request.method.as_str(),
        scheme: request.scheme.as_str(),
        host: request.target.host(),
        path: request.target.path(),
        query: request.target.query(),
        version: request.version.as_str(),
        status: ended.status.as_u16(),
        route: &exchange.route.name,
        consumer: exchange.identity.name(),
        labels: &exchange.route.labels,
        listener: ended.listener,
        upstream: notes.upstream.as_deref(),
        endpoint: notes.endpoint(),
        attempts: notes.attempts(),
        policy: notes.policy,
        upstream_status: notes.upstream_status,
        grpc_status: ended.grpc_status,
        parts: &notes.parts,
        reason: ended.reason.map(Reason::code),
        received: notes.received(),
        sent: ended.sent,
        duration,
        head: notes.head,
        policies: notes.action.map(since),
        queue: notes.queue,
        first_byte: notes.answered.map(since),
        connect: connect.map(|connect| connect.took),
        tls: connect.map(|connect| connect.tls).filter(|tls| !tls.is_zero()),
        user_agent: request.fields.get(names::USER_AGENT),
        referer: request.fields.get(names::REFERER),
        internal: notes.internal.as_deref(),
        request: Some((exchange, fields)),
    });
}
