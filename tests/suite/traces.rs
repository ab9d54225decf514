//! Traces: what is recorded, what services are told, and what becomes of it when the collector is slow, wrong or away.

pub(crate) mod collector;
mod failing;
mod joined;

use collector::{Collector, Seen};
use parking_lot::Mutex;
use pintle_telemetry::otlp::messages::trace::SpanKind;
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, Received, Reply, Unreachable, WebSocket};
use std::collections::HashMap;
use std::future::ready;

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const PARENT: &str = "00f067aa0ba902b7";

/// A configuration with these traces.
pub(crate) fn config(traces: &str, rest: &str) -> String {
    format!(
        "listeners: [{{name: main, address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
telemetry: {{traces: {{{traces}}}}}
{rest}"
    )
}

pub(crate) fn to(service: &Origin) -> String {
    format!("routes: [{{name: api, match: /**, labels: {{team: shop}}, proxy: \"{}\"}}]", service.url())
}

fn parent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

/// What a service was told: trace, span and flags.
pub(crate) fn told(request: &Received) -> (String, String, String) {
    let parent = request.get("traceparent").expect("a parent").to_owned();
    let parts: Vec<&str> = parent.split('-').collect();
    assert_eq!((parts.len(), parts[0]), (4, "00"), "{parent}");
    (parts[1].into(), parts[2].into(), parts[3].into())
}

/// Asks once over each version of HTTP.
async fn both(gateway: &Gateway, ask: impl Fn(&str) -> Ask) -> [Answer; 2] {
    [gateway.ask(ask("/1.1")).await, gateway.h2().await.ask(ask("/2")).await]
}

// Rule: trace-parent
#[tokio::test]
async fn a_request_is_a_span_and_each_attempt_one_within_it() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    for protocol in ["grpc", "http"] {
        let traces = format!(
            "otlp: {{url: \"{}\", protocol: {protocol}}}, service: edge, resource: {{deployment.environment.name: test}}",
            collector.url()
        );
        let gateway = Gateway::start(config(&traces, &to(&service))).await;
        let ask = |version: &str| {
            Ask::get(&format!("/{protocol}{version}?q=1&token=hidden"))
                .header("traceparent", &parent("00"))
                .header("tracestate", "a=b")
                .header("user-agent", "test")
        };
        for (answer, version) in both(&gateway, ask).await.iter().zip(["1.1", "2"]) {
            let seen = collector.server(&format!("/{protocol}/{version}")).await;
            assert_eq!(
                (seen.span.name.as_str(), seen.trace(), seen.parent()),
                ("GET api", TRACE.into(), PARENT.into())
            );
            assert_eq!((seen.span.flags, seen.span.trace_state.as_str(), seen.failed()), (0x301, "a=b", false));
            for (key, value) in [
                ("http.request.method", "GET"),
                ("url.scheme", "http"),
                ("url.query", "q=1&token=REDACTED"),
                ("server.address", "localhost"),
                ("client.address", "127.0.0.1"),
                ("network.protocol.version", version),
                ("user_agent.original", "test"),
                ("http.route", "api"),
                ("http.response.status_code", "200"),
                ("error.type", ""),
                ("pintle.listener", "main"),
                ("pintle.labels.team", "shop"),
                ("pintle.request_id", answer.get("x-request-id").expect("an id")),
            ] {
                assert_eq!(seen.get(key), value, "{key}");
            }
            assert_eq!(
                (seen.of("service.name"), seen.of("deployment.environment.name")),
                ("edge".into(), "test".into())
            );
            let [attempt] = &*collector.within(&seen) else { panic!("{:?}", collector.within(&seen)) };
            assert!(attempt.is(SpanKind::Client) && attempt.trace() == TRACE);
            assert_eq!(attempt.get("server.port"), service.address().port().to_string());
            assert_eq!(
                (attempt.get("http.response.status_code"), attempt.get("http.request.resend_count")),
                ("200".into(), String::new())
            );
            assert!(seen.span.start_time_unix_nano <= attempt.span.start_time_unix_nano);
            assert!(attempt.span.end_time_unix_nano <= seen.span.end_time_unix_nano);
            let got = told(
                &service.received().into_iter().find(|got| got.target.contains(&seen.get("url.path"))).expect("it"),
            );
            assert_eq!(got, (TRACE.into(), attempt.id(), "01".into()));
            let line = gateway.log_of(answer).await;
            assert_eq!((line["trace_id"].as_str(), line["span_id"].as_str()), (Some(TRACE), Some(&*seen.id())));
        }
    }
}

// Rule: trace-attempt
#[tokio::test]
async fn each_further_attempt_has_a_span_that_its_service_knows() {
    let collector = Collector::start().await;
    // Of each path the first two tries fail.
    let asked: Mutex<HashMap<String, u32>> = Mutex::default();
    let service = Origin::start(move |got: Received| {
        let mut asked = asked.lock();
        let count = asked.entry(got.target.clone()).or_default();
        *count += 1;
        ready(Reply::new(if *count > 2 || got.target == "/well" { 200 } else { 503 }))
    })
    .await;
    let upstream = format!(
        "upstreams: {{api: {{endpoints: [\"{}\"], retry: {{attempts: 3, on: [503], backoff: 10ms, budget: 100%}}}}}}
routes: [{{match: /**, proxy: api}}]",
        service.address()
    );
    let traces = format!("otlp: \"{}\"", collector.url());
    let gateway = Gateway::start(config(&traces, &upstream)).await;
    // What retries the budget grants hangs on how many requests there are.
    let mut client = gateway.h1().await;
    for _ in 0..20 {
        client.get("/well").await;
    }
    for (number, answer) in both(&gateway, |path| Ask::get(path).header("x-a", "b")).await.iter().enumerate() {
        assert_eq!(answer.status, 200);
        let path = ["/1.1", "/2"][number];
        let seen = collector.server(path).await;
        let attempts = collector.within(&seen);
        let statuses: Vec<_> = attempts.iter().map(|one| one.get("http.response.status_code")).collect();
        assert_eq!(statuses, ["503", "503", "200"]);
        assert_eq!(attempts.iter().map(Seen::failed).collect::<Vec<_>>(), [true, true, false]);
        let counts: Vec<_> = attempts.iter().map(|one| one.get("http.request.resend_count")).collect();
        assert_eq!(counts, ["", "1", "2"]);
        assert!(attempts[1].get("pintle.pause_ms").parse::<f64>().expect("a pause") > 1.0);
        let got: Vec<Received> = service.received().into_iter().filter(|got| got.target == path).collect();
        let spans: Vec<_> = got.iter().map(|got| told(got).1).collect();
        assert_eq!(spans, attempts.iter().map(Seen::id).collect::<Vec<_>>());
        assert!(got.iter().all(|one| one.get("x-a") == Some("b") && one.fields.0.len() == got[0].fields.0.len()));
        assert!(!seen.failed());
    }
}

#[tokio::test]
async fn attempts_that_find_nobody_and_refusals_are_told() {
    let collector = Collector::start().await;
    let rest = format!(
        "routes:
  - {{name: down, match: /down, proxy: \"http://{}\"}}
  - {{name: here, match: GET /here, respond: {{}}}}",
        Unreachable::new().address()
    );
    let gateway = Gateway::start(config(&format!("otlp: \"{}\"", collector.url()), &rest)).await;
    assert_eq!(gateway.get("/down").await.status, 502);
    let seen = collector.server("/down").await;
    assert!(seen.failed() && seen.get("error.type") == "connect_failed", "{seen:?}");
    let attempts = collector.within(&seen);
    assert!(!attempts.is_empty());
    assert!(attempts.iter().all(|one| one.failed() && one.get("error.type") == "connect_failed"), "{attempts:?}");

    // Who asks wrongly is no error of the gateway's, and nobody's attempt.
    let answer = gateway.ask(Ask::new("POST", "/here")).await;
    assert_eq!(answer.status, 405);
    let seen = collector.server("/here").await;
    assert_eq!((seen.failed(), seen.get("error.type"), &*seen.span.name), (false, "method_not_allowed".into(), "POST"));
    assert!(collector.within(&seen).is_empty());
    // A head that cannot be read has a trace as well.
    let mut wire = gateway.wire().await;
    wire.write("GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n").await;
    let line = gateway.wait_log(|line| line["pintle.reason"] == "bad_request").await;
    assert_eq!(line["trace_id"], line["pintle.request_id"]);
    collector.wait("its span", |seen| seen.trace() == line["trace_id"].as_str().unwrap_or_default()).await;
}

// Rule: trace-sample
#[tokio::test]
async fn a_share_of_new_traces_is_taken_and_services_are_told() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    let traces = format!("otlp: \"{}\", sample: 50%", collector.url());
    let gateway = Gateway::start(config(&traces, &to(&service))).await;
    let mut client = gateway.h1().await;
    for _ in 0..64 {
        assert_eq!(client.get("/").await.status, 200);
    }
    let (mut taken, mut left) = (Vec::new(), 0);
    for got in service.received() {
        let (trace, span, flags) = told(&got);
        // By the end of the trace's id, as everyone does.
        let is_low = trace.as_bytes()[16] < b'8';
        assert_eq!(flags, if is_low { "01" } else { "00" }, "{trace}");
        if is_low { taken.push((trace, span)) } else { left += 1 }
    }
    assert!(taken.len() > 5 && left > 5, "{} and {left}", taken.len());
    for (trace, span) in &taken {
        collector.wait("its span", |seen| seen.trace() == *trace && seen.id() == *span).await;
    }
    assert_eq!(collector.spans().len(), 2 * taken.len());
}

// Rule: trace-parent
#[tokio::test]
async fn only_who_is_trusted_decides() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    let of = |traces: &str, more: &str| {
        let traces = format!("otlp: \"{}\", {traces}", collector.url());
        config(&traces, &to(&service)).replace("address: 127.0.0.1:0}]", &format!("address: 127.0.0.1:0{more}}}]"))
    };
    let flags = async |gateway: &Gateway, sent: &str| {
        gateway.ask(Ask::get("/").header("traceparent", &parent(sent))).await;
        told(&service.last()).2
    };
    let gateway = Gateway::start(of("sample: 0%", "")).await;
    assert_eq!(flags(&gateway, "01").await, "00");
    gateway.change(of("sample: 0%, parent: any", "")).await;
    assert_eq!((flags(&gateway, "01").await, flags(&gateway, "00").await), ("01".into(), "00".into()));
    gateway.change(of("sample: 100%", "")).await;
    assert_eq!((flags(&gateway, "01").await, flags(&gateway, "00").await), ("01".into(), "01".into()));
    gateway.change(of("sample: 50%", ", trusted_proxies: [127.0.0.1]")).await;
    assert_eq!((flags(&gateway, "01").await, flags(&gateway, "00").await), ("01".into(), "00".into()));
    // Without a collector nobody decides: what the client says goes on.
    gateway.change(config("propagate: [w3c]", &to(&service))).await;
    assert_eq!((flags(&gateway, "01").await, flags(&gateway, "00").await), ("01".into(), "00".into()));
}

#[tokio::test]
async fn errors_are_recorded_in_any_case_if_asked_for() {
    let collector = Collector::start().await;
    let service = Origin::start(async |got: Received| Reply::new(if got.target == "/bad" { 500 } else { 404 })).await;
    let traces = format!("otlp: \"{}\", sample: 0%, errors: true", collector.url());
    let gateway = Gateway::start(config(&traces, &to(&service))).await;
    assert_eq!(gateway.get("/missing").await.status, 404);
    assert_eq!(gateway.get("/bad").await.status, 500);
    let seen = collector.server("/bad").await;
    assert!(seen.failed() && seen.span.flags == 0x100);
    assert_eq!(seen.get("error.type"), "500");
    assert_eq!(told(&service.last()).2, "00");
    assert_eq!(collector.spans().len(), 2, "the request's and its attempt's");
    let line = gateway.wait_log(|line| line["url.path"] == "/missing").await;
    assert!(line["span_id"].is_null() && line["trace_id"].is_string());
}

// Rule: trace-b3, trace-propagate
#[tokio::test]
async fn b3_is_taken_and_given_if_asked_for() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    let traces = format!("otlp: \"{}\", parent: any, propagate: [w3c, b3, b3multi]", collector.url());
    let gateway = Gateway::start(config(&traces, &to(&service))).await;
    let [..] =
        both(&gateway, |path| Ask::get(path).header("b3", &format!("{TRACE}-{PARENT}-1")).header("baggage", "k=v"))
            .await;
    for (path, got) in ["/1.1", "/2"].into_iter().zip(service.received()) {
        let seen = collector.server(path).await;
        assert_eq!((seen.trace(), seen.parent()), (TRACE.into(), PARENT.into()));
        let [attempt] = &*collector.within(&seen) else { panic!("{seen:?}") };
        assert_eq!(told(&got), (TRACE.into(), attempt.id(), "01".into()));
        assert_eq!(got.get("b3"), Some(&*format!("{TRACE}-{}-1", attempt.id())));
        assert_eq!((got.get("x-b3-traceid"), got.get("x-b3-spanid")), (Some(TRACE), Some(&*attempt.id())));
        assert_eq!((got.get("x-b3-sampled"), got.get("baggage")), (Some("1"), Some("k=v")));
    }
}

#[tokio::test]
async fn a_span_ends_with_its_tunnel_and_with_a_client_that_hangs_up() {
    let collector = Collector::start().await;
    let service = RawOrigin::start().await;
    let rest = format!("routes: [{{match: /**, proxy: \"http://{}\"}}]", service.address());
    let gateway = Gateway::start(config(&format!("otlp: \"{}\"", collector.url()), &rest)).await;

    let mut wire = gateway.wire().await;
    wire.write("GET /hangs HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut playing = service.accept().await;
    playing.head().await;
    drop(wire);
    let seen = collector.server("/hangs").await;
    assert_eq!((seen.get("error.type"), seen.failed()), ("client_closed".into(), false));
    let [attempt] = &*collector.within(&seen) else { panic!("{seen:?}") };
    assert_eq!(attempt.get("error.type"), "client_closed");

    let stream = gateway.h2().await.open(&Ask::get("/resets"), true).await.expect("a stream");
    let mut playing = service.accept().await;
    playing.head().await;
    drop(stream);
    assert_eq!(collector.server("/resets").await.get("error.type"), "client_closed");

    let upgrade = WebSocket::upgrade("/chat");
    let (mut client, (mut there, _)) =
        tokio::join!(async { WebSocket::connect(gateway.wire().await, upgrade).await.0 }, async {
            WebSocket::accept(service.accept().await).await
        });
    client.say("well").await;
    assert_eq!(there.hear_text().await, "well");
    assert!(collector.spans().iter().all(|seen| seen.get("url.path") != "/chat"));
    tokio::join!(client.close(), there.echo());
    assert_eq!(collector.server("/chat").await.get("http.response.status_code"), "101");
}

// Rule: trace-secrets
#[tokio::test]
async fn no_secret_reaches_a_collector() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    let traces =
        format!("otlp: {{url: \"{}\", headers: {{x-api-key: {{env: OTLP_KEY}}}}, compression: gzip}}", collector.url());
    let telemetry =
        config(&traces, &to(&service)).replace("telemetry: {", "telemetry: {access_log: {redact: [partner]}, ");
    let setup = || Gateway::with(&telemetry);
    let gateway = setup().env("OTLP_KEY", "the-collectors").start().await;
    let ask = |path: &str| {
        Ask::get(&format!("{path}?api_key=planted-1&x=1&id_token=planted-2&partner=planted-7"))
            .header("authorization", "Bearer planted-3")
            .header("cookie", "session=planted-4")
            .header("x-api-key", "planted-5")
            .header("referer", "https://a/?token=planted-6")
    };
    let [..] = both(&gateway, ask).await;
    assert_eq!(
        collector.server("/1.1").await.get("url.query"),
        "api_key=REDACTED&x=1&id_token=REDACTED&partner=REDACTED"
    );
    collector.server("/2").await;
    let all = format!("{:?}", collector.spans());
    assert!(!all.contains("planted"), "{all}");
    let got = collector.origin.last();
    assert_eq!((got.get("x-api-key"), got.get("grpc-encoding")), (Some("the-collectors"), Some("gzip")));
    assert!(!gateway.stderr().contains("the-collectors"));
    // One that cannot be had is told before anything serves.
    let said = setup().fails().await;
    assert!(said.stderr.contains("`OTLP_KEY` is not set"), "{}", said.stderr);
}
