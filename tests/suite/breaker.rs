//! `breaker`: a service that fails too often is left alone for a while.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Received, Reply, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

async fn service(status: &Arc<AtomicU16>) -> Origin {
    let status = Arc::clone(status);
    Origin::start(move |_: Received| std::future::ready(Reply::new(status.load(Ordering::Relaxed)))).await
}

fn config(url: &str, breaker: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
upstreams: {{shop: {{endpoints: [\"{url}\"], {breaker}}}}}
routes: [{{match: /**, proxy: shop}}]\n"
    )
}

// Rule: breaker
#[tokio::test]
async fn it_opens_and_closes_by_one_request_that_goes_well() {
    let status = Arc::new(AtomicU16::new(500));
    let service = service(&status).await;
    let text = config(&service.address().to_string(), "breaker: {open_at: 50%, of: 10, within: 1h, for: 200ms}");
    let gateway = Gateway::start(&text).await;
    let mut client = gateway.h1().await;
    for _ in 0..10 {
        assert_eq!(client.get("/").await.status, 500);
    }
    let refused = client.get("/").await;
    refused.problem(503, "breaker_open");
    assert_eq!(refused.get("retry-after"), Some("1"));
    gateway.h2().await.get("/").await.problem(503, "breaker_open");
    gateway.wait_metric("pintle_upstream_breaker_open{upstream=\"shop\"}", 1.0).await;
    assert_eq!(gateway.ask_admin(Ask::get("/status")).await.json()["upstreams"][0]["breaker_open"], true);
    let line = gateway.log_of(&refused).await;
    assert_eq!(line["pintle.reason"], "breaker_open");
    // A trial that fails keeps it open, through a reload of something else.
    until("a trial", async || (client.get("/").await.status == 500).then_some(())).await;
    gateway.change(format!("{text}limits: {{connections: 900}}\n")).await;
    let hits = service.hits();
    status.store(204, Ordering::Relaxed);
    until("a trial that goes well", async || (client.get("/").await.status == 204).then_some(())).await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.status, 204);
    }
    assert_eq!(service.hits() - hits, 21, "one trial, and then all");
}

#[tokio::test]
async fn no_answer_is_a_failure_and_a_clients_hanging_up_is_none() {
    let service = RawOrigin::start().await;
    let text = config(&service.address().to_string(), "breaker: {of: 3, for: 1h}");
    let gateway = Gateway::start(text).await;
    for _ in 0..5 {
        let mut client = gateway.wire().await;
        client.write(Ask::get("/").to_h1()).await;
        let mut upstream = service.accept().await;
        upstream.request().await;
        drop(client);
        upstream.ended().await;
    }
    for _ in 0..3 {
        let (answer, ()) = tokio::join!(gateway.get("/"), async {
            let mut upstream = service.accept().await;
            upstream.request().await;
        });
        answer.problem(502, "upstream_closed");
    }
    gateway.get("/").await.problem(503, "breaker_open");
    assert!(!service.was_asked().await);
}

#[tokio::test]
async fn a_client_that_stops_sending_is_no_failure_of_the_service() {
    for protocol in ["http1", "http2"] {
        let service = Origin::echo().await;
        let keys = format!("protocol: {protocol}, timeout: {{response: 200ms}}, breaker: {{of: 1, for: 1h}}");
        let gateway = Gateway::start(config(&service.address().to_string(), &keys)).await;
        let mut h1 = gateway.wire().await;
        h1.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc").await;
        h1.answer_to("POST").await.problem(408, "request_timeout");
        let h2 = gateway.h2().await;
        let mut stream = h2.open(&Ask::new("POST", "/"), false).await.expect("a stream");
        stream.write("abc").await;
        stream.try_answer().await.expect("an answer").problem(408, "request_timeout");
        assert_eq!(gateway.get("/").await.status, 200, "{protocol}");
        assert_eq!(h2.get("/").await.status, 200, "{protocol}");
    }
}

#[tokio::test]
async fn what_another_try_saves_is_no_failure() {
    let bad = Origin::answering(Reply::new(503)).await;
    let good = Origin::answering(Reply::text("ok")).await;
    let endpoints = format!("{}\", \"{}", bad.address(), good.address());
    let keys = "balance: round_robin, retry: {on: [503], budget: 100%}, breaker: {of: 2, open_at: 10%}";
    let gateway = Gateway::start(config(&endpoints, keys)).await;
    let mut client = gateway.h1().await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.status, 200);
    }
    assert!(bad.hits() >= 5);
}

#[tokio::test]
async fn mistakes_have_their_lines() {
    let breaker = |value: &str| {
        format!(
            "{START}upstreams:\n  a:\n    endpoints: [127.0.0.1:9001]\n    breaker: {value}\nroutes: [{{match: /**, proxy: a}}]\n"
        )
    };
    refused(&breaker("on"), &["pintle.yaml:6:14", "such as `{open_at: 50%}`"]).await;
    refused(&breaker("{open_at: 0.5}"), &["pintle.yaml:6:24", "a share"]).await;
    refused(&breaker("{open_at: 0%, of: 0, for: 0s}"), &["pintle.yaml:6:24", "pintle.yaml:6:32", "pintle.yaml:6:40"])
        .await;
}
