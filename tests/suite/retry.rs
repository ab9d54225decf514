//! `retry`: what is tried again, where, how often, and what never is.

use crate::check::{START, refused};
use crate::example::nobody;
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Received, Reply, Wire};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

fn config(endpoints: &[SocketAddr], keys: &str) -> String {
    let endpoints: Vec<String> = endpoints.iter().map(|address| format!("\"{address}\"")).collect();
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
upstreams: {{shop: {{endpoints: [{}], balance: round_robin, {keys}}}}}
routes: [{{match: /**, proxy: shop}}]\n",
        endpoints.join(", ")
    )
}

/// A service that answers each request by its number.
async fn counting(answer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Origin {
    let count = AtomicUsize::new(0);
    Origin::start(move |_: Received| std::future::ready(answer(count.fetch_add(1, Ordering::Relaxed)))).await
}

// Rule: retry-status
#[tokio::test]
async fn an_answer_that_is_named_is_tried_again_where_that_does_no_harm() {
    for (method, keys, wanted) in [
        ("GET", "retry: {on: [503]}", 200),
        ("PUT", "retry: {on: [503]}", 200),
        ("POST", "retry: {on: [503]}", 503),
        ("POST", "retry: {on: [503], unsafe_methods: true}", 200),
        ("GET", "retry: {on: [502]}", 503),
        ("GET", "retry: {on: [503], attempts: 1}", 503),
        ("GET", "", 503),
    ] {
        let service = counting(|count| if count == 0 { Reply::new(503).body("no") } else { Reply::text("ok") }).await;
        let gateway = Gateway::start(config(&[service.address()], keys)).await;
        let ask = Ask::new(method, "/a").body(if method == "GET" { "" } else { "content" });
        let answer = gateway.ask(ask).await;
        assert_eq!(answer.status, wanted, "{method} {keys}");
        let log = gateway.log_of(&answer).await;
        assert_eq!(log["pintle.attempts"], if wanted == 200 { 2 } else { 1 }, "{method} {keys}");
        assert!(service.received().iter().all(|got| method == "GET" || got.body == "content"));
    }
}

#[tokio::test]
async fn the_last_answer_is_the_clients_whatever_it_is() {
    let service = counting(|count| Reply::new(503).body(format!("number {count}"))).await;
    let gateway = Gateway::start(config(&[service.address()], "retry: {on: [503], attempts: 2, backoff: 1ms}")).await;
    for answer in [gateway.get("/").await, gateway.h2().await.get("/").await] {
        assert_eq!(answer.status, 503);
        assert!(answer.text().starts_with("number "), "{answer:?}");
    }
    assert_eq!(service.hits(), 4);
    gateway.wait_metric("pintle_upstream_retries_total{upstream=\"shop\"}", 2.0).await;
}

// Rule: retry-elsewhere
#[tokio::test]
async fn another_try_goes_elsewhere() {
    let bad = Origin::answering(Reply::new(502)).await;
    let good = Origin::answering(Reply::text("ok")).await;
    let gateway =
        Gateway::start(config(&[bad.address(), good.address()], "retry: {on: [502], attempts: 2, budget: 100%}")).await;
    let mut client = gateway.h1().await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.status, 200);
    }
    assert_eq!((bad.hits(), good.hits()), (10, 20));
}

/// Takes a request and ends the connection without an answer.
async fn cut(service: &RawOrigin) -> (String, Vec<u8>) {
    let mut wire = service.accept().await;
    let (head, body, _) = wire.request().await;
    wire.reset();
    (head.method().to_owned(), body)
}

async fn serve(service: &RawOrigin) -> (Vec<u8>, Wire) {
    let mut wire = service.accept().await;
    let (_, body, _) = wire.request().await;
    wire.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    (body, wire)
}

// Rule: retry-sent
#[tokio::test]
async fn a_connection_that_is_cut_is_tried_again_with_the_same_content() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(
        &[service.address()],
        "connections: {keep: 0}, retry: {on: [reset], body: 1KiB, budget: 100%}",
    ))
    .await;
    let small = "x".repeat(1000);
    let (h2, mut h1) = (gateway.h2().await, gateway.h1().await);
    for chunked in [false, true] {
        let ask = || {
            let ask = Ask::new("PUT", "/").body(&small);
            if chunked { ask.chunked() } else { ask }
        };
        let twice = async {
            assert_eq!(cut(&service).await.1, small.as_bytes());
            serve(&service).await
        };
        let (answer, (again, _wire)) = tokio::join!(h1.ask(ask()), twice);
        assert_eq!((answer.status, &again[..]), (200, small.as_bytes()));
        let twice = async {
            assert_eq!(cut(&service).await.1, small.as_bytes());
            serve(&service).await
        };
        let (answer, (again, _wire)) = tokio::join!(h2.ask(ask()), twice);
        assert_eq!((answer.status, &again[..]), (200, small.as_bytes()));
    }
    // More than that is sent once.
    let large = "x".repeat(2000);
    let (answer, _) = tokio::join!(gateway.ask(Ask::new("PUT", "/").body(&large)), cut(&service));
    answer.problem(502, "upstream_closed");
    assert!(!service.was_asked().await);
}

// Rule: retry-sent
#[tokio::test]
async fn a_post_that_was_sent_is_not_sent_again() {
    let service = RawOrigin::start().await;
    let gateway =
        Gateway::start(config(&[service.address()], "retry: {on: [connect, reset, timeout, 502, 503]}")).await;
    for ask in [Ask::post("/", "x"), Ask::new("PATCH", "/").body("x"), Ask::post("/", "")] {
        let (answer, _) = tokio::join!(gateway.ask(ask), cut(&service));
        answer.problem(502, "upstream_closed");
        assert!(!service.was_asked().await);
    }
}

// Rule: retry-timeout
#[tokio::test]
async fn one_that_says_nothing_is_tried_again_if_that_is_wanted() {
    let service = RawOrigin::start().await;
    let keys = "timeout: {response: 100ms}, retry: {on: [timeout], attempts: 2}";
    let gateway = Gateway::start(config(&[service.address()], keys)).await;
    let twice = async {
        let mut silent = service.accept().await;
        silent.request().await;
        let served = serve(&service).await;
        silent.ended().await;
        served
    };
    let (answer, _served) = tokio::join!(gateway.get("/"), twice);
    assert_eq!(answer.status, 200);
}

// Rule: retry-begun
#[tokio::test]
async fn nothing_is_tried_again_once_the_client_has_a_byte() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(&[service.address()], "retry: {on: [reset, timeout]}")).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    client.head().await;
    upstream.reset();
    assert_eq!(client.to_end().await.0, "half");
    let h2 = gateway.h2().await;
    let mut stream = h2.open(&Ask::get("/"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    assert_eq!(stream.head().await.expect("a head").status, 200);
    upstream.reset();
    while let Some(data) = stream.data().await {
        if data.is_err() {
            break;
        }
    }
    assert!(!service.was_asked().await);
}

#[tokio::test]
async fn the_whole_requests_time_holds_over_all_tries() {
    let service = counting(|_| Reply::new(503)).await;
    let text = config(&[service.address()], "retry: {on: [503], attempts: 50, backoff: 40ms, budget: 100%}")
        .replace("proxy: shop", "policies: [{timeout: 300ms}], proxy: shop");
    let gateway = Gateway::start(text).await;
    assert_eq!(gateway.get("/").await.status, 503, "what there was is better than a 504");
    assert!((2..10).contains(&service.hits()), "{}", service.hits());
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_the_tries() {
    let service = counting(|_| Reply::new(503)).await;
    let keys = "retry: {on: [503], backoff: 1h}";
    let gateway = Gateway::start(config(&[service.address()], keys)).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/h1").to_h1()).await;
    service.wait_hits(1).await;
    drop(client);
    gateway.wait_log(|line| line["url.path"] == "/h1" && line["pintle.reason"] == "client_closed").await;
    let client = gateway.h2().await;
    let stream = client.open(&Ask::get("/h2"), true).await.expect("a stream");
    service.wait_hits(2).await;
    stream.reset(h2::Reason::CANCEL);
    gateway.wait_log(|line| line["url.path"] == "/h2" && line["pintle.reason"] == "client_closed").await;
}

#[tokio::test]
async fn a_request_under_way_keeps_its_upstream_over_a_reload() {
    let service = counting(|count| if count < 3 { Reply::new(503) } else { Reply::text("ok") }).await;
    let text = config(&[service.address()], "retry: {on: [503], attempts: 10, backoff: 100ms, budget: 100%}");
    let gateway = Gateway::start(&text).await;
    let (mut h1, h2) = (gateway.h1().await, gateway.h2().await);
    let change = async {
        service.wait_hits(1).await;
        gateway.change(config(&[service.address()], "")).await;
    };
    let (one, two, ()) = tokio::join!(h1.get("/1"), h2.get("/2"), change);
    assert_eq!((one.status, two.status), (200, 200));
}

// Rule: retry-budget
#[tokio::test]
async fn a_service_that_is_down_gets_no_storm() {
    let failing = Origin::answering(Reply::new(503)).await;
    let (one, _) = nobody();
    let (two, _) = nobody();
    for (endpoints, keys) in [
        (vec![failing.address()], "retry: {on: [connect, reset, 503], attempts: 5, backoff: 1ms}"),
        (vec![one.address(), two.address()], "retry: {on: [connect, reset, 503], attempts: 5, backoff: 1ms}"),
        // What holds without a word.
        (vec![one.address(), two.address()], ""),
    ] {
        let gateway = Gateway::start(config(&endpoints, keys)).await;
        const REQUESTS: usize = 600;
        let h2 = gateway.h2().await;
        let by_h1 = async || {
            let mut h1 = gateway.h1().await;
            for _ in 0..REQUESTS / 4 {
                assert!(matches!(h1.get("/").await.status, 502 | 503));
            }
        };
        let by_h2 = async || {
            for _ in 0..REQUESTS / 4 {
                assert!(matches!(h2.get("/").await.status, 502 | 503));
            }
        };
        tokio::join!(by_h1(), by_h1(), by_h2(), by_h2());
        let metrics = gateway.ask_admin(Ask::get("/metrics")).await.text();
        let value = |name: &str| -> f64 {
            let of = |line: &str| line.strip_prefix(name).and_then(|rest| rest.trim().parse().ok());
            metrics.lines().find_map(of).unwrap_or_else(|| panic!("{name} in {metrics}"))
        };
        let attempts = value("pintle_upstream_attempts_total{upstream=\"shop\"}");
        assert!(attempts <= 1.2 * REQUESTS as f64, "{attempts} attempts for {REQUESTS} requests: {keys}");
        assert!(attempts > REQUESTS as f64, "some were tried again: {keys}");
        assert!(value("pintle_upstream_retries_denied_total{upstream=\"shop\"}") > 0.0, "{keys}");
    }
}

#[tokio::test]
async fn mistakes_have_their_lines_and_remedies() {
    let retry = |value: &str| {
        format!(
            "{START}upstreams:\n  a:\n    endpoints: [127.0.0.1:9001]\n    retry: {value}\nroutes: [{{match: /**, proxy: a}}]\n"
        )
    };
    refused(&retry("3"), &["pintle.yaml:6:12", "such as `{attempts: 2}`"]).await;
    refused(&retry("{attempts: 0}"), &["pintle.yaml:6:23", "more than 0"]).await;
    refused(
        &retry("{on: [5xx, error, 200]}"),
        &["list the statuses", "that is `connect` and `reset`", "pintle.yaml:6:30"],
    )
    .await;
    refused(&retry("{budget: 0.2, body: 64}"), &["pintle.yaml:6:21", "pintle.yaml:6:32", "64KiB"]).await;
}

// Rule: upstream-queue
#[tokio::test]
async fn a_queue_has_its_own_time() {
    let service = RawOrigin::start().await;
    let keys = "connections: {max: 1, queue: 10, wait: 100ms}";
    let gateway = Gateway::start(config(&[service.address()], keys)).await;
    let client = gateway.h2().await;
    let held = client.open(&Ask::get("/held"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.request().await;
    client.get("/waits").await.problem(503, "overflow");
    gateway.get("/waits").await.problem(503, "overflow");
    upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(held.try_answer().await.expect("an answer").status, 204);
}
