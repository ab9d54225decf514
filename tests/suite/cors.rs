//! `cors`: which pages of other origins may read answers.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, Reply};

const SHOP: &str = "{origins: [\"https://shop.example.com\", \"https://*.partner.example\"], methods: [GET, PUT], \
    headers: [x-a], expose: [etag], credentials: true, max_age: 10m}";

async fn service() -> Origin {
    let reply = Reply::text("ok").header("access-control-allow-origin", "*").header("vary", "accept");
    Origin::answering(reply.header("access-control-allow-credentials", "true")).await
}

fn by(settings: &str, url: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: \"GET,PUT /**\", policies: [{{cors: {settings}}}], proxy: \"{url}\"}}]\n"
    )
}

fn preflight(target: &str, origin: &str, method: &str) -> Ask {
    Ask::new("OPTIONS", target).header("origin", origin).header("access-control-request-method", method)
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

// Rule: cors-preflight
#[tokio::test]
async fn a_preflight_is_answered_by_the_gateway() {
    let service = service().await;
    let gateway = Gateway::start(by(SHOP, &service.url())).await;
    for origin in ["https://shop.example.com", "https://a.b.partner.example"] {
        for answer in
            both(&gateway, preflight("/x", origin, "PUT").header("access-control-request-headers", "x-a")).await
        {
            assert_eq!(answer.status, 204, "{answer:?}");
            for (name, value) in [
                ("access-control-allow-origin", origin),
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-methods", "GET, PUT"),
                ("access-control-allow-headers", "x-a"),
                ("access-control-max-age", "600"),
                ("vary", "origin"),
            ] {
                assert_eq!(answer.fields.all(name), [value], "{name}");
            }
            assert!(!answer.has("access-control-expose-headers") && answer.body.is_empty());
        }
    }
    for answer in both(&gateway, preflight("/x", "https://evil.test", "PUT")).await {
        answer.problem(403, "cross_site");
        assert!(!answer.has("access-control-allow-origin"), "{answer:?}");
    }
    assert_eq!(service.hits(), 0);
    // One that asks for a method of no route is none of this route's.
    for answer in both(&gateway, preflight("/x", "https://shop.example.com", "DELETE")).await {
        answer.problem(405, "method_not_allowed");
    }
}

// Rule: cors-answer
#[tokio::test]
async fn answers_say_who_may_read_and_the_service_does_not() {
    let service = service().await;
    let gateway = Gateway::start(by(SHOP, &service.url())).await;
    for answer in both(&gateway, Ask::get("/x").header("origin", "https://shop.example.com")).await {
        assert_eq!(answer.fields.all("access-control-allow-origin"), ["https://shop.example.com"]);
        assert_eq!(answer.fields.all("access-control-allow-credentials"), ["true"]);
        assert_eq!(answer.get("access-control-expose-headers"), Some("etag"));
        assert_eq!(answer.fields.all("vary").join(", "), "accept, origin");
    }
    // What pages may not read is for browsers to keep from them; the request goes on.
    for ask in [Ask::get("/x").header("origin", "https://evil.test"), Ask::get("/x")] {
        for answer in both(&gateway, ask).await {
            assert_eq!((answer.status, answer.fields.all("vary").join(", ")), (200, "accept, origin".into()));
            assert!(!answer.has("access-control-allow-origin") && !answer.has("access-control-allow-credentials"));
        }
    }
    assert_eq!(service.hits(), 6);
}

// Rule: cors-place
#[tokio::test]
async fn preflights_are_answered_before_anybody_is_asked_for_and_refusals_can_be_read() {
    let config = "routes:
  - match: /in/**
    policies: [{cors: {origins: \"https://shop.example.com\"}}, {authorize: {allow: 'false'}}]
    respond: {body: ok}
listeners: [{address: 127.0.0.1:0, policies: [{cors: {origins: \"*\"}}]}]
";
    let gateway = Gateway::start(config).await;
    for answer in both(&gateway, preflight("/in/x", "https://shop.example.com", "POST")).await {
        assert_eq!(answer.status, 204);
    }
    for answer in both(&gateway, Ask::get("/in/x").header("origin", "https://shop.example.com")).await {
        answer.problem(403, "forbidden");
        assert_eq!(answer.get("access-control-allow-origin"), Some("https://shop.example.com"));
    }
    for answer in both(&gateway, Ask::get("/nowhere").header("origin", "https://anybody.test")).await {
        answer.problem(404, "no_route");
        assert_eq!((answer.get("access-control-allow-origin"), answer.get("vary")), (Some("*"), None));
    }
    for answer in both(&gateway, preflight("/nowhere", "https://anybody.test", "PUT")).await {
        assert_eq!(answer.status, 204);
    }
}

#[tokio::test]
async fn a_request_under_way_keeps_its_rules_over_a_reload_and_hang_ups_leave_nothing() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by(SHOP, &service.url())).await;
    let ask = || Ask::get("/x").header("origin", "https://shop.example.com");
    let mut h1 = gateway.wire().await;
    h1.write(ask().to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&ask(), true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;
    gateway.change(by("{origins: \"https://other.example.com\"}", &service.url())).await;
    for held in [&mut first, &mut second] {
        held.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    }
    let origin = Some("https://shop.example.com");
    assert_eq!(h1.answer().await.get("access-control-allow-origin"), origin);
    assert_eq!(stream.try_answer().await.expect("an answer").get("access-control-allow-origin"), origin);
    // The next is by the new rules, and one that hangs up takes nothing along.
    let mut gone = gateway.wire().await;
    gone.write(Ask::get("/gone").header("origin", "https://other.example.com").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    drop(gone);
    upstream.ended().await;
    for answer in both(&gateway, preflight("/x", "https://shop.example.com", "GET")).await {
        answer.problem(403, "cross_site");
    }
    for answer in both(&gateway, preflight("/x", "https://other.example.com", "GET")).await {
        assert_eq!(answer.status, 204);
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{cors: {settings}}}]\n    respond: {{body: ok}}\n")
    };
    refused(&route("{origins: '*', credentials: true}"), &["pintle.yaml:5:33", "takes `*` for a name", "list what"])
        .await;
    refused(&route("{origins: ['https://a.test', '*']}"), &["pintle.yaml:5:52", "stands alone"]).await;
    refused(&route("{origins: 'https://a.test/x'}"), &["pintle.yaml:5:33", "no path: https://a.test"]).await;
    refused(&route("{origins: 'https://a.test', max_age: 600}"), &["pintle.yaml:5:60", "600s"]).await;
    refused(&route("{origin: 'https://a.test'}"), &["pintle.yaml:5:24", "origins"]).await;
}
