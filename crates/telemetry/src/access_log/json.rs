//! A record as one line of JSON. Keys are flat and follow OpenTelemetry's HTTP semantic conventions where those have a
//! name; what is the gateway's own begins with `pintle.`.

use super::{Record, escape};
use crate::stamp::Stamp;
use pintle_core::redact::Names;
use pintle_core::trace::digits;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $name:ident = $key:literal),+ $(,)?) => {
        /// Every key of a record in the order of the line, with its meaning.
        pub const KEYS: &[(&str, &str)] = &[("time", TIME), $(($key, concat!($($doc),+))),+];
        $(const $name: &[u8] = concat!(",\"", $key, "\":").as_bytes();)+
    };
}

const TIME: &str = " When the request's head was complete: RFC 3339, UTC, milliseconds. The first key of every line.";

keys! {
    /// The request's id, as in `x-request-id` and in problems.
    REQUEST_ID = "pintle.request_id",
    /// The trace that it belongs to.
    TRACE_ID = "trace_id",
    /// Its span in that trace, if it was recorded as one.
    SPAN_ID = "span_id",
    /// The client's address, after PROXY protocol and trusted proxies.
    CLIENT = "client.address",
    /// The method.
    METHOD = "http.request.method",
    /// `http` or `https`.
    SCHEME = "url.scheme",
    /// The host asked for, without port.
    HOST = "server.address",
    /// The normalised path, still encoded.
    PATH = "url.path",
    /// The query; values of parameters that are credentials by their name are `REDACTED`.
    QUERY = "url.query",
    /// The version of HTTP that the client speaks.
    VERSION = "network.protocol.version",
    /// The status that the client got.
    STATUS = "http.response.status_code",
    /// Bytes of the request's content.
    RECEIVED = "http.request.body.size",
    /// Bytes of the answer's content.
    SENT = "http.response.body.size",
    /// What the client calls itself.
    USER_AGENT = "user_agent.original",
    /// The listener's name.
    LISTENER = "pintle.listener",
    /// The route's name.
    ROUTE = "pintle.route",
    /// The route's labels, those of its groups among them: an object. The one value that is not flat.
    LABELS = "pintle.labels",
    /// The upstream that was asked last.
    UPSTREAM = "pintle.upstream",
    /// The endpoint that was asked last.
    ENDPOINT = "pintle.endpoint",
    /// How many times an endpoint was tried.
    ATTEMPTS = "pintle.attempts",
    /// The status that the upstream answered.
    UPSTREAM_STATUS = "pintle.upstream_status",
    /// The status of a gRPC answer.
    GRPC_STATUS = "rpc.grpc.status_code",
    /// Milliseconds from the request's head to the answer's last byte.
    DURATION = "pintle.duration_ms",
    /// Milliseconds from the request's head to the upstream's head.
    FIRST_BYTE = "pintle.first_byte_ms",
    /// Milliseconds that the connection to the endpoint took, if one was made.
    CONNECT = "pintle.connect_ms",
    /// Why the gateway answered by itself.
    REASON = "pintle.reason",
    /// What happened, for the operator alone.
    MESSAGE = "pintle.message",
}

/// Appends the record's line.
pub(super) fn write(out: &mut Vec<u8>, stamp: &mut Stamp, record: &Record<'_>) {
    out.extend_from_slice(b"{\"time\":\"");
    out.extend_from_slice(stamp.rfc3339(record.time));
    out.push(b'"');
    text(out, REQUEST_ID, record.request_id);
    optional(out, TRACE_ID, record.trace_id);
    if let Some(span) = record.span_id {
        out.extend_from_slice(SPAN_ID);
        out.push(b'"');
        out.extend_from_slice(&digits(span));
        out.push(b'"');
    }
    request(out, record);
    number(out, STATUS, record.status.into());
    number(out, RECEIVED, record.received);
    number(out, SENT, record.sent);
    if let Some(agent) = record.user_agent {
        out.extend_from_slice(USER_AGENT);
        out.push(b'"');
        escape::json_bytes(out, agent);
        out.push(b'"');
    }
    text(out, LISTENER, record.listener);
    if !record.route.is_empty() {
        text(out, ROUTE, record.route);
    }
    labels(out, record.labels);
    optional(out, UPSTREAM, record.upstream);
    optional(out, ENDPOINT, record.endpoint);
    if record.attempts > 0 {
        number(out, ATTEMPTS, record.attempts.into());
    }
    if let Some(status) = record.upstream_status {
        number(out, UPSTREAM_STATUS, status.into());
    }
    if let Some(status) = record.grpc_status {
        number(out, GRPC_STATUS, status.into());
    }
    millis(out, DURATION, Some(record.duration));
    millis(out, FIRST_BYTE, record.first_byte);
    millis(out, CONNECT, record.connect);
    optional(out, REASON, record.reason);
    optional(out, MESSAGE, record.internal);
    out.extend_from_slice(b"}\n");
}

/// What the client sent in its head.
fn request(out: &mut Vec<u8>, record: &Record<'_>) {
    out.extend_from_slice(CLIENT);
    out.push(b'"');
    address(out, record.client);
    out.push(b'"');
    text(out, METHOD, record.method);
    text(out, SCHEME, record.scheme);
    text(out, HOST, record.host);
    text(out, PATH, record.path);
    if let Some(query) = record.query {
        out.extend_from_slice(QUERY);
        out.push(b'"');
        redacted(out, query, escape::json_whole);
        out.push(b'"');
    }
    text(out, VERSION, record.version);
}

/// Writes a query without its credentials, cut to its bound.
pub(super) fn redacted(out: &mut Vec<u8>, query: &str, put: fn(&mut Vec<u8>, &str)) {
    let (query, more) = escape::cut(query);
    Names::known().query(query, |piece| put(out, piece));
    if more {
        put(out, "…");
    }
}

pub(super) fn text(out: &mut Vec<u8>, key: &[u8], value: &str) {
    out.extend_from_slice(key);
    out.push(b'"');
    escape::json(out, value);
    out.push(b'"');
}

pub(super) fn labels(out: &mut Vec<u8>, labels: &BTreeMap<String, String>) {
    let mut mark = b'{';
    for (name, value) in labels {
        if mark == b'{' {
            out.extend_from_slice(LABELS);
        }
        out.extend_from_slice(&[mark, b'"']);
        escape::json(out, name);
        out.extend_from_slice(b"\":\"");
        escape::json(out, value);
        out.push(b'"');
        mark = b',';
    }
    if mark == b',' {
        out.push(b'}');
    }
}

pub(super) fn optional(out: &mut Vec<u8>, key: &[u8], value: Option<&str>) {
    if let Some(value) = value {
        text(out, key, value);
    }
}

pub(super) fn number(out: &mut Vec<u8>, key: &[u8], value: u64) {
    out.extend_from_slice(key);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Milliseconds with three decimals.
pub(super) fn millis(out: &mut Vec<u8>, key: &[u8], value: Option<Duration>) {
    let Some(value) = value else { return };
    let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
    number(out, key, micros / 1000);
    let rest = (micros % 1000) as u32;
    let digit = |of: u32| b'0' + (of % 10) as u8;
    out.extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10), digit(rest)]);
}

/// Writes an address; those of IPv4 without the standard library's formatting, which costs ten times as much.
pub(super) fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (index, octet) in address.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                out.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
            }
        }
        // Writing to memory does not fail.
        IpAddr::V6(address) => drop(write!(out, "{address}")),
    }
}
