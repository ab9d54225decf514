use super::request::{append, of, split};
use crate::otlp::messages::trace::Span;
use prost::Message;

fn span(name: &str) -> Span {
    Span { name: name.into(), ..Span::default() }
}

/// `ExportTraceServiceRequest`, read by messages that say the same in another way.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<Resources>,
}

#[derive(Clone, PartialEq, Message)]
struct Resources {
    #[prost(message, optional, tag = "1")]
    resource: Option<crate::otlp::messages::Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<Scopes>,
}

#[derive(Clone, PartialEq, Message)]
struct Scopes {
    #[prost(message, optional, tag = "1")]
    scope: Option<crate::otlp::messages::Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
    #[prost(string, tag = "3")]
    schema: String,
}

#[test]
fn a_request_is_its_spans_with_whose_they_are() {
    let mut spans = Vec::new();
    let names: Vec<String> = (0..200).map(|number| "x".repeat(number)).collect();
    names.iter().for_each(|name| append(&mut spans, &span(name)));
    let resource = crate::otlp::messages::Resource {
        attributes: vec![crate::otlp::messages::KeyValue::text("service.name", "edge")],
    };
    let read = Request::decode(&*of(&resource.encode_to_vec(), &spans)).expect("a request");
    let [Resources { resource: Some(told), scopes }] = &*read.resources else { panic!("{read:?}") };
    assert_eq!(*told, resource);
    assert_eq!((scopes[0].scope.as_ref().expect("a scope").name.as_str(), scopes.len()), ("pintle", 1));
    assert!(scopes[0].schema.starts_with("https://opentelemetry.io/schemas/"));
    assert_eq!(scopes[0].spans.iter().map(|span| &span.name).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
}

#[test]
fn parts_end_where_spans_do() {
    let mut spans = Vec::new();
    for length in [0, 1, 100, 300, 20_000, 5] {
        append(&mut spans, &span(&"x".repeat(length)));
    }
    for most in [1, 50, 500, 1_000_000] {
        let parts: Vec<_> = split(&spans, most).collect();
        assert_eq!(parts.iter().map(|(_, count)| count).sum::<u64>(), 6, "{most}");
        assert_eq!(parts.concat_all(), spans, "{most}");
    }
    assert_eq!(split(&[], 10).count(), 0);
}

trait Concat {
    fn concat_all(&self) -> Vec<u8>;
}

impl Concat for Vec<(&[u8], u64)> {
    fn concat_all(&self) -> Vec<u8> {
        self.iter().flat_map(|(part, _)| part.iter().copied()).collect()
    }
}

mod of_requests {
    use super::super::spans;
    use crate::Ended;
    use crate::otlp::messages::Value;
    use crate::otlp::messages::trace::{Span, SpanKind};
    use pintle_core::exchange::{Captures, Client, RouteFacts};
    use pintle_core::kept::Kept;
    use pintle_core::notes::{Came, Chosen, Connect, Notes, Try, Wait};
    use pintle_core::redact::Names;
    use pintle_core::{Body, Exchange, Fields, Method, Reason, Request, Scheme, StatusCode, Target, Trace, Version};
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    fn exchange(method: &[u8], route: &str, notes: Notes, started: Instant) -> Exchange {
        let request = Request {
            method: Method::from_bytes(method).expect("a method"),
            target: Target::new("shop.test", Some(8080), "/a", Some("q=1&token=planted")),
            scheme: Scheme::Http,
            version: Version::Http11,
            fields: Fields::new(),
            body: Body::Empty,
            protocol: None,
        };
        let client = Client {
            ip: IpAddr::from([192, 0, 2, 1]),
            port: 1,
            peer: None,
            local: None,
            peer_is_trusted: false,
            tls: None,
        };
        Exchange {
            request,
            client,
            id: "id".into(),
            trace: Trace::begin(*b"0af7651916cd43dd8448eb211c80319c", 1),
            listener: "main".into(),
            route: Arc::new(RouteFacts { name: route.into(), ..RouteFacts::default() }),
            captures: Captures::default(),
            identity: pintle_core::Identity::default(),
            rehearsed: false,
            started,
            deadline: None,
            notes,
            kept: Kept::default(),
            unrouted: None,
            interim: None,
            inside: None,
        }
    }

    fn ended<'e>(exchange: &'e Exchange, status: u16, reason: Option<Reason>, over: Instant) -> Ended<'e> {
        let status = StatusCode::from_u16(status).expect("a status");
        Ended { exchange, listener: "main", status, reason, sent: 7, grpc_status: None, over }
    }

    fn get(span: &Span, key: &str) -> Option<String> {
        let found = span.attributes.iter().find(|one| one.key == key)?;
        Some(match found.value.clone()?.value? {
            Value::Text(text) => text,
            Value::Int(number) => number.to_string(),
            Value::Double(number) => number.to_string(),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn each_wait_and_each_try_is_a_part_of_the_request() {
        let started = Instant::now();
        let at = |millis| started + Duration::from_millis(millis);
        let one = |endpoint: &str, began, over, came| {
            let mut one = Try::new(endpoint.into(), Chosen { by: "round_robin", among: 2 }, at(began));
            (one.over, one.came) = (Some(at(over)), came);
            one
        };
        let mut first = one("[::1]:9001", 20, 30, Came::Answer(200));
        first.connect = Some(Connect { took: Duration::from_millis(5), tls: Duration::from_millis(3) });
        let wait =
            Wait { policy: "cache", began: at(1), inward: Some(at(3)), outward: Some(at(30)), over: Some(at(31)) };
        let notes = Notes {
            upstream: Some("orders".into()),
            lookup: Duration::from_millis(4),
            queue: Duration::from_millis(10),
            waits: [wait].into_iter().collect(),
            tries: [first].into_iter().collect(),
            ..Notes::default()
        };
        let mut exchange = exchange(b"GET", "GET /a", notes, started);
        let all = spans::of(&ended(&exchange, 200, None, at(40)), Names::known());
        let names: Vec<_> = all.iter().map(|span| &*span.name).collect();
        assert_eq!(names, ["GET /a", "cache", "queue", "lookup", "GET"]);
        let begin = all[0].start_time_unix_nano;
        let times: Vec<_> = all
            .iter()
            .map(|s| ((s.start_time_unix_nano - begin) / 1_000_000, (s.end_time_unix_nano - begin) / 1_000_000))
            .collect();
        assert_eq!(times, [(0, 40), (1, 31), (10, 20), (6, 10), (20, 40)]);
        assert!(all[1..].iter().all(|span| span.parent_span_id == all[0].span_id && span.trace_id == all[0].trace_id));
        let mut ids: Vec<_> = all.iter().map(|span| &span.span_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all.len());
        assert_eq!(get(&all[0], "url.query").as_deref(), Some("q=1&token=REDACTED"));
        assert_eq!(get(&all[1], "pintle.own_ms").as_deref(), Some("3"));
        let last = &all[4];
        assert_eq!(
            (get(last, "server.address").as_deref(), get(last, "server.port").as_deref()),
            (Some("::1"), Some("9001"))
        );
        assert_eq!(
            (get(last, "pintle.connect_ms").as_deref(), get(last, "pintle.tls_ms").as_deref()),
            (Some("5"), Some("3"))
        );
        assert_eq!((last.kind, last.events[0].name.as_str()), (i32::from(SpanKind::Client), "pintle.first_byte"));
        assert_eq!((last.events[0].time_unix_nano - begin) / 1_000_000, 30);

        // Of several tries the pauses are known, and of several waits their sum alone.
        let failed = one("unix:/run/a.sock", 20, 22, Came::Failed(Reason::ConnectFailed, Some("refused".into())));
        exchange.notes.tries = [failed, one("10.0.0.1:80", 32, 38, Came::Answer(503))].into_iter().collect();
        let all = spans::of(&ended(&exchange, 503, None, at(40)), Names::known());
        let names: Vec<_> = all.iter().map(|span| &*span.name).collect();
        assert_eq!(names, ["GET /a", "cache", "GET", "GET"]);
        assert_eq!(get(&all[0], "pintle.queue_ms").as_deref(), Some("10"));
        assert_eq!(
            (get(&all[2], "error.type").as_deref(), get(&all[2], "server.address").as_deref()),
            (Some("connect_failed"), Some("/run/a.sock"))
        );
        assert_eq!(all[2].status.as_ref().expect("a failure").message, "refused");
        assert_eq!(
            (get(&all[3], "pintle.pause_ms").as_deref(), get(&all[3], "error.type").as_deref()),
            (Some("10"), Some("503"))
        );
        assert_eq!(get(&all[0], "error.type").as_deref(), Some("503"));
    }

    #[test]
    fn names_are_few_and_only_faults_fail() {
        let now = Instant::now();
        for (method, route, name) in [
            (&b"GET"[..], "orders", "GET orders"),
            (b"GET", "GET /orders/{id}", "GET /orders/{id}"),
            (b"POST", "GETS", "POST GETS"),
            (b"DELETE", "", "DELETE"),
            (b"XYZZY", "orders", "HTTP orders"),
        ] {
            let exchange = exchange(method, route, Notes::default(), now);
            let all = spans::of(&ended(&exchange, 200, None, now), Names::known());
            assert_eq!((all.len(), &*all[0].name), (1, name));
            let original = get(&all[0], "http.request.method_original");
            assert_eq!(original.is_some(), method == b"XYZZY");
        }
        let exchange = exchange(b"GET", "", Notes::default(), now);
        for (status, reason, failed) in [
            (200, None, false),
            (404, Some(Reason::NoRoute), false),
            (500, None, true),
            (503, Some(Reason::Overflow), true),
            (200, Some(Reason::UpstreamClosed), true),
            (200, Some(Reason::ClientClosed), false),
        ] {
            assert_eq!(spans::failed(&ended(&exchange, status, reason, now)), failed, "{status} {reason:?}");
        }
        for (grpc, failed) in [(0, false), (5, false), (13, true), (14, true)] {
            let ended = Ended { grpc_status: Some(grpc), ..ended(&exchange, 200, None, now) };
            assert_eq!(spans::failed(&ended), failed, "{grpc}");
        }
    }
}
