//! `concurrency`: how many requests may be under way at once.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Gateway, RawOrigin, Wire, until};

fn config(policies: &str, url: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nroutes: [{{name: r, match: /**, policies: [{policies}], proxy: \"{url}\"}}]\n"
    )
}

/// Asks, and waits until the service has the request.
async fn under_way(gateway: &Gateway, service: &RawOrigin) -> (Wire, Wire) {
    let mut client = gateway.wire().await;
    client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut served = service.accept().await;
    served.head().await;
    (client, served)
}

// Rule: concurrency-held
#[tokio::test]
async fn a_place_is_held_until_the_answers_last_byte() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config("{concurrency: {max: 1}}", &service.url())).await;
    let (mut client, mut served) = under_way(&gateway, &service).await;
    for refused in [gateway.get("/").await, gateway.h2().await.get("/").await] {
        refused.problem(429, "concurrency_limited");
        assert!(!refused.has("retry-after"));
    }
    served.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab").await;
    assert_eq!(client.head().await.status(), 200);
    assert_eq!(client.read(2).await, "ab");
    gateway.get("/").await.problem(429, "concurrency_limited");
    // A reload lets go of nothing that is under way.
    gateway.change(config("{concurrency: {max: 1}}, {timeout: 1m}", &service.url())).await;
    gateway.get("/").await.problem(429, "concurrency_limited");
    served.write("cd").await;
    assert_eq!(client.read(2).await, "cd");
    let playing = service.play(async |mut wire| {
        wire.head().await;
        wire.write("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
    });
    drop(served);
    until("the place is free", async || (gateway.get("/").await.status == 204).then_some(())).await;
    gateway.wait_metric("pintle_concurrency_requests_total{policy=\"route r\",decision=\"refused\"}", 4.0).await;
    drop(playing);
}

#[tokio::test]
async fn whoever_hangs_up_gives_the_place_back() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config("{concurrency: {max: 1, key: client.ip}}", &service.url())).await;
    let (client, _served) = under_way(&gateway, &service).await;
    gateway.get("/").await.problem(429, "concurrency_limited");
    client.reset();
    let playing = service.play(async |mut wire| {
        wire.head().await;
        wire.write("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
    });
    until("the place is free", async || (gateway.get("/").await.status == 204).then_some(())).await;
    // Over HTTP/2 by resetting the stream alone.
    drop(playing);
}

#[tokio::test]
async fn a_stream_that_is_reset_gives_the_place_back() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config("{concurrency: {max: 1}}", &service.url())).await;
    let h2 = gateway.h2().await;
    let stream = h2.send(&Ask::get("/")).await.expect("a stream");
    let mut served = service.accept().await;
    served.head().await;
    h2.get("/").await.problem(429, "concurrency_limited");
    stream.reset(h2::Reason::CANCEL);
    let playing = service.play(async |mut wire| {
        wire.head().await;
        wire.write("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
    });
    until("the place is free", async || (h2.get("/").await.status == 204).then_some(())).await;
    drop(playing);
}

#[tokio::test]
async fn a_mistake_is_said_with_its_line_and_a_remedy() {
    let of = |settings: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{concurrency: {settings}}}]\n    respond: {{}}\n")
    };
    refused(&of("{max: 0}"), &["pintle.yaml:5:36", "expected more than 0"]).await;
    refused(&of("{key: client.ip}"), &["`max` is missing"]).await;
}
