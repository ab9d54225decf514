//! What spans say of a request: one for itself, and within it one for each policy that may wait, for waiting to be sent, and for
//! each time that it was; for each part of an aggregate that made calls one, too. Names are those of OpenTelemetry's conventions for HTTP where those have one; what is the gateway's
//! own begins with `pintle.`.

mod attempt;
mod part;

use crate::Ended;
use crate::otlp::messages::KeyValue;
use crate::otlp::messages::trace::{HAS_IS_REMOTE, IS_REMOTE, Span, SpanKind, SpanStatus, StatusCode};
use pintle_core::redact::Names;
use pintle_core::{Exchange, Method, Reason, names};
use std::fmt::Display;
use std::time::{Duration, Instant, SystemTime};

/// A value longer than this is cut: a span stays small whatever a client sends.
const LONGEST: usize = 1024;
/// How much of `tracestate` goes along, as it goes on to services.
const STATE: usize = 512;
/// Tries, and waits, that have a span of their own; far more than any configuration allows to be sensible.
const MOST: usize = 32;

/// The numbers of parts that are no attempts ([`pintle_core::Trace::part`]): beyond 32 bits.
const WAIT: u64 = 1 << 32;
const LOOKUP: u64 = 2 << 32;
const QUEUE: u64 = 3 << 32;

/// Whether a request failed as the conventions have it for who answers: by no fault of the client.
pub(super) fn failed(ended: &Ended<'_>) -> bool {
    // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
    let grpc = matches!(ended.grpc_status, Some(2 | 4 | 12 | 13 | 14 | 15));
    // An answer that began well and did not go out whole; who hung up has got what it wanted.
    let cut = ended.reason.is_some_and(|reason| reason != Reason::ClientClosed) && !ended.status.is_client_error();
    grpc || cut || ended.status.is_server_error()
}

/// All spans of a request.
pub(super) fn of(ended: &Ended<'_>, names: &Names) -> Vec<Span> {
    let told = Told { ended, clock: Clock::new(ended.over) };
    let notes = &ended.exchange.notes;
    let mut spans = Vec::with_capacity(1 + notes.waits.len() + notes.tries.len());
    spans.push(told.request(names));
    told.waits(&mut spans);
    told.before_sending(&mut spans);
    let attempted = attempt::Attempted::of_request(ended);
    spans.extend(notes.tries.iter().enumerate().take(MOST).map(|(at, one)| told.attempt(&attempted, at, one)));
    told.parts(&mut spans);
    spans
}

/// What all spans of a request have in common.
struct Told<'a> {
    ended: &'a Ended<'a>,
    clock: Clock,
}

/// Turns moments into what clocks show.
struct Clock {
    at: Instant,
    nanos: u64,
}

impl Clock {
    fn new(over: Instant) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // It is over a moment ago.
        let ago = over.elapsed();
        Clock { at: over, nanos: since.saturating_sub(ago).as_nanos() as u64 }
    }

    fn nanos(&self, moment: Instant) -> u64 {
        let ago = self.at.saturating_duration_since(moment).as_nanos() as u64;
        let later = moment.saturating_duration_since(self.at).as_nanos() as u64;
        self.nanos.saturating_sub(ago).saturating_add(later)
    }
}

impl Told<'_> {
    fn exchange(&self) -> &Exchange {
        self.ended.exchange
    }

    /// A span from one moment to another, part of the request.
    fn part(&self, number: u64, name: &str, kind: SpanKind, from: Instant, to: Instant) -> Span {
        let trace = &self.exchange().trace;
        Span {
            trace_id: trace.number().to_be_bytes().to_vec(),
            span_id: trace.part(number).to_be_bytes().to_vec(),
            trace_state: String::new(),
            parent_span_id: trace.span().to_be_bytes().to_vec(),
            name: name.to_owned(),
            kind: kind.into(),
            start_time_unix_nano: self.clock.nanos(from),
            end_time_unix_nano: self.clock.nanos(to),
            attributes: Vec::new(),
            events: Vec::new(),
            status: None,
            flags: u32::from(trace.flags()) | HAS_IS_REMOTE,
        }
    }

    /// The request itself.
    fn request(&self, names: &Names) -> Span {
        let (ended, exchange) = (self.ended, self.exchange());
        let (trace, route) = (&exchange.trace, &*exchange.route.name);
        let method = method(&exchange.request.method);
        let mut span = self.part(0, "", SpanKind::Server, exchange.started, ended.over);
        span.name = span_name(method, route);
        span.span_id = trace.span().to_be_bytes().to_vec();
        span.parent_span_id = trace.parent().map(|parent| parent.to_be_bytes().to_vec()).unwrap_or_default();
        if trace.parent().is_some() {
            span.flags |= IS_REMOTE;
        }
        if trace.has_state() {
            let state = exchange.request.fields.joined(names::TRACESTATE).unwrap_or_default();
            span.trace_state = cut(&String::from_utf8_lossy(&state), STATE).to_owned();
        }
        span.attributes = self.attributes(method, names);
        if failed(ended) {
            let message = exchange.notes.internal.as_deref().unwrap_or_default();
            span.status = Some(error(message));
        }
        span
    }

    fn attributes(&self, method: &str, names: &Names) -> Vec<KeyValue> {
        let (ended, exchange) = (self.ended, self.exchange());
        let (request, notes, route) = (&exchange.request, &exchange.notes, &exchange.route);
        let mut all = Attributes::default();
        all.text("http.request.method", method);
        if method == OTHER {
            all.text("http.request.method_original", request.method.as_str());
        }
        all.text("url.scheme", request.scheme.as_str());
        all.text("url.path", request.target.path());
        if let Some(query) = request.target.query() {
            let mut shown = String::with_capacity(query.len());
            names.query(query, |piece| shown.push_str(piece));
            all.text("url.query", &shown);
        }
        all.text("server.address", request.target.host());
        if let Some(port) = request.target.port() {
            all.int("server.port", port.into());
        }
        all.shown("client.address", exchange.client.ip);
        all.text("network.protocol.version", request.version.as_str());
        if let Some(agent) = request.fields.get(names::USER_AGENT) {
            all.text("user_agent.original", &String::from_utf8_lossy(agent));
        }
        all.text("http.route", &route.name);
        all.int("http.response.status_code", ended.status.as_u16().into());
        if let Some(status) = ended.grpc_status {
            all.int("rpc.grpc.status_code", status.into());
        }
        match ended.reason {
            Some(reason) => all.text("error.type", reason.code()),
            None if failed(ended) => all.text("error.type", ended.status.as_str()),
            None => {}
        }
        all.int("http.request.body.size", notes.received() as i64);
        all.int("http.response.body.size", ended.sent as i64);
        all.text("pintle.request_id", &exchange.id);
        all.text("pintle.listener", ended.listener);
        all.text("pintle.route", &route.name);
        all.text("pintle.consumer", exchange.identity.name().unwrap_or_default());
        for (name, value) in &route.labels {
            all.text(&format!("pintle.labels.{name}"), value);
        }
        all.text("pintle.upstream", notes.upstream.as_deref().unwrap_or_default());
        all.text("pintle.policy", notes.policy.unwrap_or_default());
        all.text("pintle.reason", ended.reason.map_or("", Reason::code));
        all.millis("pintle.head_ms", notes.head);
        all.millis("pintle.queue_ms", notes.queue);
        all.millis("pintle.lookup_ms", notes.lookup);
        all.0
    }

    /// The policies that may wait. A span of one covers what stands inside of it; how long it took by itself is said.
    fn waits(&self, spans: &mut Vec<Span>) {
        for (number, wait) in self.exchange().notes.waits.iter().enumerate().take(MOST) {
            let over = wait.over.unwrap_or(self.ended.over);
            let mut span = self.part(WAIT + number as u64, wait.policy, SpanKind::Internal, wait.began, over);
            let mut all = Attributes::default();
            all.text("pintle.policy", wait.policy);
            all.millis("pintle.own_ms", wait.own(self.ended.over));
            span.attributes = all.0;
            spans.push(span);
        }
    }

    /// Looking the upstream's names up and waiting for a place at it. Of several waits only their sum is known, which the
    /// request's own span says.
    fn before_sending(&self, spans: &mut Vec<Span>) {
        let notes = &self.exchange().notes;
        if notes.tries.len() > 1 {
            return;
        }
        let mut over = notes.tries.first().map_or(self.ended.over, |first| first.began);
        for (number, name, took) in [(QUEUE, "queue", notes.queue), (LOOKUP, "lookup", notes.lookup)] {
            if let Some(began) = over.checked_sub(took).filter(|_| !took.is_zero()) {
                let mut span = self.part(number, name, SpanKind::Internal, began, over);
                let mut all = Attributes::default();
                all.text("pintle.upstream", notes.upstream.as_deref().unwrap_or_default());
                span.attributes = all.0;
                spans.push(span);
                over = began;
            }
        }
    }
}

/// Attributes as they come together. What is empty is left out.
#[derive(Default)]
struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn text(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.0.push(KeyValue::text(key, cut(value, LONGEST)));
        }
    }

    fn shown(&mut self, key: &str, value: impl Display) {
        self.text(key, &value.to_string());
    }

    fn int(&mut self, key: &str, value: i64) {
        self.0.push(KeyValue::int(key, value));
    }

    fn millis(&mut self, key: &str, value: Duration) {
        if !value.is_zero() {
            let value = crate::otlp::messages::Value::Double(value.as_secs_f64() * 1000.0);
            self.0.push(KeyValue::new(key, value));
        }
    }
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn error(message: &str) -> SpanStatus {
    SpanStatus { message: cut(message, LONGEST).to_owned(), code: StatusCode::Error.into() }
}

/// What the conventions call a method that they do not know.
const OTHER: &str = "_OTHER";

fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

/// Few words: the method, and the route, which often says the method itself.
fn span_name(method: &str, route: &str) -> String {
    let method = if method == OTHER { "HTTP" } else { method };
    match route {
        "" => method.to_owned(),
        route if route.split(' ').next() == Some(method) => route.to_owned(),
        route => format!("{method} {route}"),
    }
}
