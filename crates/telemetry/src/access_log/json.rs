//! A record as one line of JSON. Keys are flat and follow OpenTelemetry's HTTP semantic conventions where those have a
//! name; what is the gateway's own begins with `pintle.`.
//!
//! Long because the keys stand here with their documentation.

mod parts;

use super::lines::Lines;
use super::{Record, escape};
use crate::stamp::Stamp;
use pintle_core::redact::Names;
use pintle_core::trace::digits;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

/// What stands between a text's key and its first letter, and between any other value's.
macro_rules! before {
    (text) => {
        ":\""
    };
    (value) => {
        ":"
    };
}

macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ident = $key:literal),+ $(,)?) => {
        /// Every key of a record in the order of the line, with its meaning.
        pub const KEYS: &[(&str, &str)] = &[("time", TIME), $(($key, concat!($($doc),+))),+];
        $(
            const $name: &[u8; concat!(",\"", $key, "\"", before!($kind)).len()] =
                bytes(concat!(",\"", $key, "\"", before!($kind)));
        )+
    };
}

/// A text whose length is known, so that copying it is no call.
const fn bytes<const N: usize>(text: &'static str) -> &'static [u8; N] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => bytes,
        None => panic!("the text is shorter"),
    }
}

const TIME: &str = " When the request's head was complete: RFC 3339, UTC, milliseconds. The first key of every line.";

keys! {
    /// The request's id, as in `x-request-id` and in problems.
    REQUEST_ID: text = "pintle.request_id",
    /// The id of the batch that it is a request of.
    OUTER_ID: text = "pintle.batch_request_id",
    /// The trace that it belongs to.
    TRACE_ID: text = "trace_id",
    /// Its span in that trace, if it was recorded as one.
    SPAN_ID: text = "span_id",
    /// The client's address, after PROXY protocol and trusted proxies.
    CLIENT: text = "client.address",
    /// The method.
    METHOD: text = "http.request.method",
    /// `http` or `https`.
    SCHEME: text = "url.scheme",
    /// The host asked for, without port.
    HOST: text = "server.address",
    /// The normalised path, still encoded.
    PATH: text = "url.path",
    /// The query; values of parameters that are credentials by their name are `REDACTED`.
    QUERY: text = "url.query",
    /// The version of HTTP that the client speaks.
    VERSION: text = "network.protocol.version",
    /// The status that the client got.
    STATUS: value = "http.response.status_code",
    /// Bytes of the request's content.
    RECEIVED: value = "http.request.body.size",
    /// Bytes of the answer's content.
    SENT: value = "http.response.body.size",
    /// What the client calls itself.
    USER_AGENT: text = "user_agent.original",
    /// The listener's name.
    LISTENER: text = "pintle.listener",
    /// The route's name.
    ROUTE: text = "pintle.route",
    /// The consumer that the request comes from, if an authentication found one.
    CONSUMER: text = "pintle.consumer",
    /// The route's labels, those of its groups among them: an object. Not flat, as `pintle.parts` is not.
    LABELS: value = "pintle.labels",
    /// The upstream that was asked last.
    UPSTREAM: text = "pintle.upstream",
    /// The endpoint that was asked last.
    ENDPOINT: text = "pintle.endpoint",
    /// How many times an endpoint was tried.
    ATTEMPTS: value = "pintle.attempts",
    /// The status that the upstream answered.
    UPSTREAM_STATUS: value = "pintle.upstream_status",
    /// The status of a gRPC answer.
    GRPC_STATUS: value = "rpc.grpc.status_code",
    /// The part of an aggregate that failed the whole.
    FAILED_PART: text = "pintle.failed_part",
    /// The parts of an aggregate, in the order in which they are written: a list of objects. `name` and `state`: `ok`, `failed`,
    /// `skipped`, or `waiting` where the request ended before that was known. Where calls were made: `upstream`, `duration_ms`,
    /// `calls`, and `attempts`, which counts how many times endpoints were tried for them. Where it is known: `status`. Where
    /// it failed: `reason`, and `message` for the operator alone.
    PARTS: value = "pintle.parts",
    /// Milliseconds from the request's head to the answer's last byte.
    DURATION: value = "pintle.duration_ms",
    /// Milliseconds that the head took to come, if it did not come at once. They are before `time`, and not in the duration.
    HEAD_TIME: value = "pintle.head_ms",
    /// Milliseconds from the request's head to where its policies had let it in.
    POLICIES_TIME: value = "pintle.policies_ms",
    /// Milliseconds that it waited for a place at its upstream, if it did.
    QUEUE_TIME: value = "pintle.queue_ms",
    /// Milliseconds that the connection to the endpoint took, if one was made; TLS included.
    CONNECT: value = "pintle.connect_ms",
    /// The part of that which was TLS.
    TLS: value = "pintle.tls_ms",
    /// Milliseconds from the request's head to the upstream's head.
    FIRST_BYTE: value = "pintle.first_byte_ms",
    /// Milliseconds from the upstream's head to the answer's last byte.
    BODY_TIME: value = "pintle.body_ms",
    /// The policy that refused.
    POLICY: text = "pintle.policy",
    /// Why the gateway answered by itself, or why the answer did not go out whole.
    REASON: text = "pintle.reason",
    /// What happened, for the operator alone.
    MESSAGE: text = "pintle.message",
    /// Of which share of requests like it the line is one, where `sample` took it by chance: 0.1 stands for ten requests.
    SAMPLE: value = "pintle.sample",
    /// `true` where values were cut so that the line fits into a message of syslog.
    CUT: value = "pintle.cut",
}

/// How a line is written.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    /// Whose values are left out.
    pub(super) names: &'a Names,
    /// A text longer than this is cut.
    pub(super) longest: usize,
    /// Whether that is shorter than usual.
    pub(super) is_cut: bool,
    /// Whether what the configuration added is left out: labels and fields.
    pub(super) is_bare: bool,
    /// The share that the record is one of, as JSON.
    pub(super) sample: Option<&'a str>,
}

/// Appends the record, but for the bracket at its end.
pub(super) fn write(out: &mut Lines, stamp: &mut Stamp, record: &Record<'_>, manner: Manner<'_>) {
    let most = manner.longest;
    let text = |out: &mut Lines, value: &str| text(out, value, most);
    out.put(b"{\"time\":\"");
    out.put(stamp.rfc3339(record.time));
    out.push(b'"');
    out.put(REQUEST_ID);
    text(out, record.request_id);
    if let Some(id) = record.outer_id {
        out.put(OUTER_ID);
        text(out, id);
    }
    if let Some(id) = record.trace_id {
        out.put(TRACE_ID);
        text(out, id);
    }
    if let Some(span) = record.span_id {
        out.put(SPAN_ID);
        out.put(&digits(span));
        out.push(b'"');
    }
    request(out, record, manner);
    out.put(STATUS);
    out.number(record.status.into());
    out.put(RECEIVED);
    out.number(record.received);
    out.put(SENT);
    out.number(record.sent);
    if let Some(agent) = record.user_agent {
        out.put(USER_AGENT);
        escape::json_bytes(out, agent, most);
        out.push(b'"');
    }
    out.put(LISTENER);
    text(out, record.listener);
    if !record.route.is_empty() {
        out.put(ROUTE);
        text(out, record.route);
    }
    if let Some(consumer) = record.consumer {
        out.put(CONSUMER);
        text(out, consumer);
    }
    if !record.labels.is_empty() && !manner.is_bare {
        labels(out, LABELS, record.labels, most);
    }
    service(out, record, most);
    if !record.parts.is_empty() {
        parts::write(out, record, manner);
    }
    times(out, record);
    if let Some(policy) = record.policy {
        out.put(POLICY);
        text(out, policy);
    }
    if let Some(reason) = record.reason {
        out.put(REASON);
        text(out, reason);
    }
    if let Some(message) = record.internal {
        out.put(MESSAGE);
        text(out, message);
    }
    if let Some(sample) = manner.sample {
        out.put(SAMPLE);
        out.append(sample.as_bytes());
    }
    if manner.is_cut {
        out.put(CUT);
        out.put(b"true");
    }
}

/// What the client sent in its head.
#[inline]
fn request(out: &mut Lines, record: &Record<'_>, manner: Manner<'_>) {
    let most = manner.longest;
    out.put(CLIENT);
    address(out, record.client);
    out.push(b'"');
    out.put(METHOD);
    text(out, record.method, most);
    out.put(SCHEME);
    text(out, record.scheme, most);
    out.put(HOST);
    text(out, record.host, most);
    out.put(PATH);
    text(out, record.path, most);
    if let Some(query) = record.query {
        out.put(QUERY);
        redacted(out, query, manner, escape::json_whole);
        out.push(b'"');
    }
    out.put(VERSION);
    text(out, record.version, most);
}

/// Who was asked.
#[inline]
fn service(out: &mut Lines, record: &Record<'_>, most: usize) {
    if let Some(upstream) = record.upstream {
        out.put(UPSTREAM);
        text(out, upstream, most);
    }
    if let Some(endpoint) = record.endpoint {
        out.put(ENDPOINT);
        text(out, endpoint, most);
    }
    if record.attempts > 0 {
        out.put(ATTEMPTS);
        out.number(record.attempts.into());
    }
    if let Some(status) = record.upstream_status {
        out.put(UPSTREAM_STATUS);
        out.number(status.into());
    }
    if let Some(status) = record.grpc_status {
        out.put(GRPC_STATUS);
        out.number(status.into());
    }
}

/// Where the time went.
#[inline]
fn times(out: &mut Lines, record: &Record<'_>) {
    out.put(DURATION);
    millis(out, record.duration);
    if !record.head.is_zero() {
        out.put(HEAD_TIME);
        millis(out, record.head);
    }
    if let Some(policies) = record.policies {
        out.put(POLICIES_TIME);
        millis(out, policies);
    }
    if !record.queue.is_zero() {
        out.put(QUEUE_TIME);
        millis(out, record.queue);
    }
    if let Some(connect) = record.connect {
        out.put(CONNECT);
        millis(out, connect);
    }
    if let Some(tls) = record.tls {
        out.put(TLS);
        millis(out, tls);
    }
    if let Some(first_byte) = record.first_byte {
        out.put(FIRST_BYTE);
        millis(out, first_byte);
        out.put(BODY_TIME);
        millis(out, record.duration.saturating_sub(first_byte));
    }
}

/// Writes a query without its credentials, cut to its bound.
pub(super) fn redacted(out: &mut Lines, query: &str, manner: Manner<'_>, put: fn(&mut Lines, &str)) {
    let (query, more) = escape::cut(query, manner.longest);
    manner.names.query(query, |piece| put(out, piece));
    if more {
        put(out, "…");
    }
}

/// Writes a text and the quote at its end.
#[inline]
pub(super) fn text(out: &mut Lines, value: &str, most: usize) {
    escape::json(out, value, most);
    out.push(b'"');
}

pub(super) fn labels<const N: usize>(out: &mut Lines, key: &[u8; N], labels: &BTreeMap<String, String>, most: usize) {
    let mut mark = b'{';
    out.put(key);
    for (name, value) in labels {
        out.put(&[mark, b'"']);
        escape::json(out, name, most);
        out.put(b"\":\"");
        text(out, value, most);
        mark = b',';
    }
    out.push(b'}');
}

/// Milliseconds with three decimals.
#[inline]
pub(super) fn millis(out: &mut Lines, value: Duration) {
    let (secs, nanos) = (value.as_secs(), value.subsec_nanos());
    out.number(secs.saturating_mul(1000).saturating_add((nanos / 1_000_000).into()));
    out.push(b'.');
    out.three(nanos / 1000 % 1000);
}

pub(super) fn address(out: &mut Lines, address: IpAddr) {
    match address {
        IpAddr::V4(address) => out.ipv4(address),
        // Writing to memory does not fail.
        IpAddr::V6(address) => drop(write!(out, "{address}")),
    }
}
