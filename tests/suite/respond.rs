//! `respond`: the gateway answers by itself.

use crate::check::{START, refused};
use h2::client::Builder;
use pintle_testkit::{Ask, Gateway, H2Client, H2Stream};
use serde_json::json;

/// More than the window of [`narrow`], many times.
const LENGTH: usize = 64 * 1024;

/// A configuration that answers everything with a long text of one letter.
fn long(letter: &str) -> String {
    let text = letter.repeat(LENGTH);
    format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: /**, respond: {{body: {text}}}}}]\n")
}

/// A client that takes few bytes at a time, and the stream of a request whose answer has begun.
async fn narrow(gateway: &Gateway) -> (H2Client, H2Stream) {
    let mut settings = Builder::new();
    settings.initial_window_size(1000);
    let client = H2Client::over(gateway.wire().await, &settings).await;
    let mut stream = client.open(&Ask::get("/midway"), true).await.expect("a stream");
    assert_eq!(stream.head().await.expect("a head").status, 200);
    (client, stream)
}

// Rule: respond-kind
#[tokio::test]
async fn an_answer_of_the_gateways_own_is_text_or_json() {
    let config = "routes:
  - {match: /text, respond: {status: 418, body: short}}
  - {match: /tree, respond: {body: {a: 1, b: [x, true, null]}}}";
    let gateway = Gateway::plain(config).await;
    let h2 = gateway.h2().await;
    for text in [gateway.get("/text").await, h2.get("/text").await] {
        assert_eq!((text.status, text.text().as_str()), (418, "short"));
    }
    for tree in [gateway.get("/tree").await, h2.get("/tree").await] {
        assert_eq!(tree.json(), json!({"a": 1, "b": ["x", true, null]}));
        assert_eq!(tree.get("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn what_a_client_says_stays_a_value() {
    let config = "routes:
  - match: /u/{id}
    respond: {headers: {x-id: '${path.id}', x-q: '${request.query.q}'}, body: {id: '${path.id}', q: '${request.query.q}'}}";
    let gateway = Gateway::plain(config).await;
    let h2 = gateway.h2().await;
    let target = "/u/a%20b?q=%22%7D%0d%0ax-evil:%201";
    for answer in [gateway.get(target).await, h2.get(target).await] {
        assert_eq!(answer.json(), json!({"id": "a b", "q": "\"}\r\nx-evil: 1"}));
        assert_eq!(answer.get("x-id"), Some("a b"));
        assert!(!answer.has("x-q") && !answer.has("x-evil"), "{answer:?}");
    }
    // What the client left out is its mistake.
    gateway.get("/u/a").await.problem(400, "bad_value");
    h2.get("/u/a").await.problem(400, "bad_value");
}

// Rule: policies-around-all
#[tokio::test]
async fn policies_stand_around_it() {
    let policies = "[{body_limit: 4B}, {headers: {response: {set: {x-a: b}}}}]";
    let gateway =
        Gateway::plain(format!("routes: [{{match: /**, policies: {policies}, respond: {{body: ok}}}}]")).await;
    let h2 = gateway.h2().await;
    for answer in [gateway.ask(Ask::post("/", "four")).await, h2.ask(Ask::post("/", "four")).await] {
        assert_eq!((answer.text().as_str(), answer.get("x-a")), ("ok", Some("b")));
    }
    for answer in [gateway.ask(Ask::post("/", "fives")).await, h2.ask(Ask::post("/", "fives")).await] {
        answer.problem(413, "body_too_large");
        assert_eq!(answer.get("x-a"), Some("b"));
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |respond: &str| format!("{START}routes:\n  - match: /**\n    respond: {respond}\n");
    let none = ["pintle.yaml:5:34", "an answer with this status has no content", "leave `body` out"];
    refused(&route("{status: 204, body: a}"), &none).await;
    refused(&route("{status: 101}"), &["pintle.yaml:5:23", "an answer with 1xx is not the last one"]).await;
    refused(&route("{status: 600}"), &["pintle.yaml:5:23", "expected a status from 200 to 599, found `600`"]).await;
    refused(&route("{headers: {content-length: 5}}"), &["pintle.yaml:5:", "belongs to the connection"]).await;
    refused(&route("{body: '${path.id}'}"), &["pintle.yaml:5:", "id"]).await;
}

#[tokio::test]
async fn an_answer_under_way_stays_what_it_was_over_a_reload() {
    let gateway = Gateway::start(long("a")).await;
    let (client, mut stream) = narrow(&gateway).await;
    let mut h1 = gateway.h1().await;
    assert_eq!(h1.get("/").await.text(), "a".repeat(LENGTH));
    gateway.change(long("b")).await;
    let mut got = Vec::new();
    while let Some(data) = stream.data().await {
        got.extend(data.expect("data"));
    }
    assert!(got.len() == LENGTH && got.iter().all(|byte| *byte == b'a'), "{} bytes", got.len());
    assert_eq!(client.get("/").await.text(), "b".repeat(LENGTH));
    assert_eq!(h1.get("/").await.text(), "b".repeat(LENGTH));
}

#[tokio::test]
async fn a_client_that_hangs_up_midway_disturbs_nobody() {
    let gateway = Gateway::start(long("a")).await;
    let (client, stream) = narrow(&gateway).await;
    stream.reset(h2::Reason::CANCEL);
    let line = gateway.wait_log(|line| line["url.path"] == "/midway").await;
    assert_eq!(line["pintle.reason"], "client_closed");
    assert_eq!(client.get("/").await.text(), "a".repeat(LENGTH));

    let mut wire = gateway.wire().await;
    wire.write("POST /by-1 HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf").await;
    wire.reset();
    assert_eq!(gateway.get("/").await.text(), "a".repeat(LENGTH));
}
