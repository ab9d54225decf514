//! The end of a request: its one record in the log, and its counts.

use crate::gateway::Gateway;
use crate::runtime::{Listener, Route};
use pintle_core::{Exchange, Reason, StatusCode, names};
use pintle_telemetry::Record;
use std::time::{Instant, SystemTime};

/// What became of a request.
pub(crate) struct Ended<'a> {
    pub(crate) exchange: &'a Exchange,
    pub(crate) route: &'a Route,
    pub(crate) listener: &'a Listener,
    /// The status that the client got, or would have got.
    pub(crate) status: StatusCode,
    /// Why the gateway answered by itself, or why the answer did not go out whole.
    pub(crate) reason: Option<Reason>,
    /// Bytes of content that the client was sent.
    pub(crate) sent: u64,
    /// The status of a gRPC answer.
    pub(crate) grpc_status: Option<u32>,
}

/// The record of a request that nobody answered.
pub(crate) fn unanswered(gateway: &Gateway, exchange: &Exchange, listener: &Listener, reason: Reason) {
    gateway.metrics.refused(reason);
    let (route, status, reason) = (&listener.fallback, reason.status(), Some(reason));
    record(gateway, &Ended { exchange, route, listener, status, reason, sent: 0, grpc_status: None }, Instant::now());
}

/// Writes the record.
pub(crate) fn record(gateway: &Gateway, ended: &Ended<'_>, now: Instant) {
    let Ended { exchange, route, listener, status, reason, sent, grpc_status } = ended;
    let duration = now.saturating_duration_since(exchange.started);
    route.meter.count(&listener.meter, &exchange.request.method, *status, duration);
    if !gateway.log.is_on() {
        return;
    }
    let (request, notes) = (&exchange.request, &exchange.notes);
    gateway.log.write(&Record {
        time: SystemTime::now(),
        request_id: &exchange.id,
        trace_id: request.fields.get_str(names::TRACEPARENT).and_then(|parent| parent.get(3..35)),
        client: exchange.client.ip,
        method: request.method.as_str(),
        scheme: request.scheme.as_str(),
        host: request.target.host(),
        path: request.target.path(),
        query: request.target.query(),
        version: request.version.as_str(),
        status: status.as_u16(),
        route: &exchange.route.name,
        labels: &exchange.route.labels,
        listener: &listener.name,
        upstream: notes.upstream.as_deref(),
        endpoint: notes.endpoint.as_deref(),
        attempts: notes.attempts,
        upstream_status: notes.upstream_status,
        grpc_status: grpc_status.or_else(|| notes.grpc_status()),
        reason: reason.map(Reason::code),
        received: notes.received(),
        sent: *sent,
        duration,
        first_byte: notes.first_byte,
        connect: notes.connect,
        user_agent: request.fields.get(names::USER_AGENT),
        referer: request.fields.get(names::REFERER),
        internal: notes.internal.as_deref(),
    });
}
