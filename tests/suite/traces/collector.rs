//! A collector played by hand: takes what the gateway exports, over gRPC or HTTP, and keeps its spans.

use flate2::read::GzDecoder;
use pintle_telemetry::otlp::messages::trace::{Span, SpanKind, StatusCode};
use pintle_telemetry::otlp::messages::{KeyValue, Resource, Scope, Value};
use pintle_testkit::{Origin, Received, Reply, until};
use prost::Message;
use std::io::Read;

/// `ExportTraceServiceRequest`.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<Resources>,
}

#[derive(Clone, PartialEq, Message)]
struct Resources {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<Scopes>,
}

#[derive(Clone, PartialEq, Message)]
struct Scopes {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

/// A span as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) span: Span,
    resource: Vec<KeyValue>,
}

/// A running collector.
pub(crate) struct Collector {
    pub(crate) origin: Origin,
}

impl Collector {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        Collector { origin: Origin::start(async |request| taken(&request)).await }
    }

    /// Its URL: it speaks gRPC and HTTP at the same port.
    pub(crate) fn url(&self) -> String {
        self.origin.url()
    }

    /// The spans so far.
    pub(crate) fn spans(&self) -> Vec<Seen> {
        self.origin.received().iter().flat_map(spans).collect()
    }

    /// Waits for a span like that.
    pub(crate) async fn wait(&self, what: &str, is: impl Fn(&Seen) -> bool) -> Seen {
        until(what, async || self.spans().into_iter().find(&is)).await
    }

    /// Waits for the span of the request of that path.
    pub(crate) async fn server(&self, path: &str) -> Seen {
        let is = |seen: &Seen| seen.is(SpanKind::Server) && seen.get("url.path") == path;
        self.wait(&format!("the span of {path}"), is).await
    }

    /// The spans within another one, in the order of their beginnings.
    pub(crate) fn within(&self, outer: &Seen) -> Vec<Seen> {
        let mut all = self.spans();
        all.retain(|seen| seen.span.parent_span_id == outer.span.span_id);
        all.sort_by_key(|seen| seen.span.start_time_unix_nano);
        all
    }
}

/// The answer of one that takes everything.
pub(crate) fn taken(request: &Received) -> Reply {
    match is_grpc(request) {
        true => Reply::new(200)
            .header("content-type", "application/grpc")
            .body(&b"\0\0\0\0\0"[..])
            .trailer("grpc-status", "0"),
        false => Reply::new(200).header("content-type", "application/x-protobuf"),
    }
}

fn is_grpc(request: &Received) -> bool {
    request.get("content-type") == Some("application/grpc")
}

/// What a request holds, encoded as it was before it was framed or made smaller.
pub(crate) fn message(request: &Received) -> Vec<u8> {
    let (zipped, message) = match is_grpc(request) {
        true => (request.body[0] == 1, &request.body[5..]),
        false => (request.get("content-encoding") == Some("gzip"), &request.body[..]),
    };
    let mut plain = Vec::new();
    match zipped {
        true => drop(GzDecoder::new(message).read_to_end(&mut plain).expect("gzip")),
        false => plain.extend_from_slice(message),
    }
    plain
}

/// The spans of a request.
pub(crate) fn spans(request: &Received) -> Vec<Seen> {
    let request = Request::decode(&*message(request)).expect("a request");
    let mut all = Vec::new();
    for Resources { resource, scopes } in request.resources {
        let resource = resource.unwrap_or_default().attributes;
        let of = |span| Seen { span, resource: resource.clone() };
        all.extend(scopes.into_iter().flat_map(|scope| scope.spans).map(of));
    }
    all
}

impl Seen {
    /// An attribute as text; empty if it is not there.
    pub(crate) fn get(&self, key: &str) -> String {
        text(&self.span.attributes, key)
    }

    /// One of whose it is.
    pub(crate) fn of(&self, key: &str) -> String {
        text(&self.resource, key)
    }

    pub(crate) fn is(&self, kind: SpanKind) -> bool {
        self.span.kind == i32::from(kind)
    }

    pub(crate) fn failed(&self) -> bool {
        self.span.status.as_ref().is_some_and(|status| status.code == i32::from(StatusCode::Error))
    }

    pub(crate) fn trace(&self) -> String {
        hex(&self.span.trace_id)
    }

    pub(crate) fn id(&self) -> String {
        hex(&self.span.span_id)
    }

    pub(crate) fn parent(&self) -> String {
        hex(&self.span.parent_span_id)
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|one| one.key == key).and_then(|one| one.value.clone()?.value);
    match found {
        Some(Value::Text(text)) => text,
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Double(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
