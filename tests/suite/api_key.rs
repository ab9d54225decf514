//! `api_key` and `consumers`: a key says who it is, the service does not see it, and one that is revoked is good for nothing.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, Reloaded, until};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use tokio::task::{LocalSet, spawn_local};

/// `printf %s abc | sha256sum`, and of `abcd`.
pub(crate) const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
pub(crate) const ABCD: &str = "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589";

/// A configuration with acme, whose key is `abc`, and ops, whose key is `abcd`.
fn config(policies: &str, url: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
consumers:
  - {{name: acme, groups: [partners], api_keys: [{{sha256: {ABC}}}]}}
  - {{name: ops, api_keys: [{{sha256: {ABCD}}}]}}
routes: [{{name: r, match: /**, policies: [{policies}], proxy: \"{url}\"}}]
"
    )
}

async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

/// What is known of a request that is over.
async fn why(gateway: &Gateway, id: &str) -> Value {
    until("the request to be kept", async || {
        let ask = Ask::get(&format!("/why/{id}")).header("accept", "application/json");
        let answer = gateway.ask_admin(ask).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await
}

// Rule: credentials-off
#[tokio::test]
async fn a_key_passes_and_the_service_does_not_see_it() {
    let service = Origin::echo().await;
    let policy = "{api_key: {header: X-Api-Key, forward: {x-partner: '${consumer.name} of ${consumer.groups[0]}'}}}";
    let gateway = Gateway::start(config(policy, &service.url())).await;
    let ask = Ask::get("/").header("x-api-key", "abc").header("x_api_key", "abc").header("x-partner", "ops");
    for answer in both(&gateway, ask).await {
        assert_eq!(answer.status, 200, "{answer:?}");
        let got = service.last();
        assert_eq!(got.get("x-partner"), Some("acme of partners"), "{got:?}");
        assert!(!got.has("x-api-key") && !got.has("x_api_key"), "{got:?}");
        assert_eq!(gateway.log_of(&answer).await["pintle.consumer"], "acme");
    }
    gateway.change(config("{api_key: {query: k}}", &service.url())).await;
    for answer in both(&gateway, Ask::get("/a?x=1&k=abc&y=%20")).await {
        assert_eq!((answer.status, &*service.last().target), (200, "/a?x=1&y=%20"));
    }
    gateway.change(config("{api_key: {cookie: k}}", &service.url())).await;
    for answer in both(&gateway, Ask::get("/").header("cookie", "a=1; k=abc; b=2")).await {
        assert_eq!((answer.status, service.last().get("cookie")), (200, Some("a=1; b=2")));
    }
}

#[tokio::test]
async fn without_a_key_or_with_a_wrong_one_it_is_401_and_no_service_is_asked() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{api_key: {header: x-api-key}}", &service.url())).await;
    for answer in both(&gateway, Ask::get("/")).await {
        answer.problem(401, "no_credentials");
        assert_eq!(answer.get("www-authenticate"), Some("ApiKey header=\"x-api-key\""));
        assert!(gateway.log_of(&answer).await.get("pintle.consumer").is_none());
    }
    let twice = Ask::get("/").header("x-api-key", "abc").header("x-api-key", "abc");
    for ask in [Ask::get("/").header("x-api-key", "hunter2"), Ask::get("/").header("x-api-key", ""), twice] {
        for answer in both(&gateway, ask).await {
            answer.problem(401, "bad_credentials");
        }
    }
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn a_key_is_never_in_a_line_whatever_it_is_called() {
    let service = Origin::echo().await;
    for (policy, ask) in [
        ("{api_key: {header: x-partner-ref}}", Ask::get("/a").header("x-partner-ref", "hunter2")),
        ("{api_key: {query: ref}}", Ask::get("/a?ref=hunter2&page=2")),
        ("{api_key: {cookie: ref}}", Ask::get("/a").header("cookie", "ref=hunter2; theme=dark")),
        ("{any: [{api_key: {query: ref}}, {api_key: {header: x-ref}}]}", Ask::get("/a?ref=hunter2")),
    ] {
        let fields = "{h: request.headers, c: request.cookies, q: request.query, who: consumer.name}";
        let config = config(policy, &service.url());
        let gateway = Gateway::start(format!("{config}telemetry: {{access_log: {{fields: {fields}}}}}\n")).await;
        for answer in both(&gateway, ask).await {
            assert_eq!(answer.status, 401, "{answer:?}");
            let line = gateway.log_of(&answer).await.to_string();
            assert!(!line.contains("hunter2"), "{line}");
            let id = answer.get("x-request-id").expect("an id");
            let why = why(&gateway, id).await.to_string();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}

#[tokio::test]
async fn the_consumer_is_known_to_log_fields_expressions_and_why() {
    let service = Origin::echo().await;
    let rest = "telemetry: {access_log: {fields: {who: consumer.name, groups: consumer.groups}}}\n";
    let policies = "{api_key: {header: x-api-key, optional: true}}";
    let gateway = Gateway::start(config(policies, &service.url()) + rest).await;
    for answer in both(&gateway, Ask::get("/").header("x-api-key", "abc")).await {
        let line = gateway.log_of(&answer).await;
        assert_eq!(
            (&line["who"], &line["groups"], &line["pintle.consumer"]),
            (&json!("acme"), &json!(["partners"]), &json!("acme"))
        );
        let id = answer.get("x-request-id").expect("an id");
        let why = why(&gateway, id).await;
        assert_eq!(why["outcome"]["consumer"], "acme", "{why}");
    }
    for answer in both(&gateway, Ask::get("/")).await {
        assert_eq!(gateway.log_of(&answer).await["who"], json!(null));
    }
}

// Rule: consumer-revoked
#[tokio::test]
async fn a_key_that_is_revoked_in_a_file_under_load_is_refused_and_nobody_else_notices() {
    LocalSet::new().run_until(revoked_under_load()).await;
}

async fn revoked_under_load() {
    let service = Origin::echo().await;
    let line = |name: &str, key: &str| format!("{{\"name\": \"{name}\", \"api_keys\": [{{\"sha256\": \"{key}\"}}]}}\n");
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0}}]
consumers: [people.jsonl]
routes: [{{match: /**, policies: [{{api_key: {{header: x-api-key}}}}], proxy: \"{}\"}}]
",
        service.url()
    );
    let whole = line("acme", ABC) + &line("ops", ABCD);
    let gateway = Gateway::with(config).file("people.jsonl", &whole).start().await;
    let (stop, served) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let mut clients = Vec::new();
    for _ in 0..3 {
        let (mut client, stop, served) = (gateway.h1().await, Rc::clone(&stop), Rc::clone(&served));
        clients.push(spawn_local(async move {
            while !stop.get() {
                let answer = client.ask(Ask::get("/").header("x-api-key", "abcd")).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                served.set(served.get() + 1);
            }
        }));
    }
    let mut asks = gateway.h1().await;
    for _ in 0..3 {
        gateway.file("people.jsonl", line("ops", ABCD));
        while asks.ask(Ask::get("/").header("x-api-key", "abc")).await.status == 200 {}
        gateway.file("people.jsonl", &whole);
        while asks.ask(Ask::get("/").header("x-api-key", "abc")).await.status == 401 {}
    }
    assert!(served.get() > 10);
    stop.set(true);
    for client in clients {
        client.await.expect("nobody noticed");
    }
    // A bad line changes nothing, and is said with its number.
    gateway.file("people.jsonl", whole + "{\"name\": \"x\"");
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("it was taken") };
    assert!(said.contains("people.jsonl:3:") && said.contains("no consumer"), "{said}");
    assert_eq!(asks.ask(Ask::get("/").header("x-api-key", "abc")).await.status, 200);
}

#[tokio::test]
async fn a_request_under_way_goes_on_when_its_key_is_revoked() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config("{api_key: {header: x-api-key}}", &service.url())).await;
    let ask = Ask::get("/").header("x-api-key", "abc");
    let mut h1 = gateway.wire().await;
    h1.write(ask.to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&ask, true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;
    gateway.change(config("{api_key: {header: x-api-key}}", &service.url()).replace(ABC, &"0".repeat(64))).await;
    for wire in [&mut first, &mut second] {
        wire.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    }
    assert_eq!(h1.answer().await.text(), "ok");
    assert_eq!(stream.try_answer().await.expect("an answer").text(), "ok");
    for answer in both(&gateway, ask).await {
        assert_eq!(answer.status, 401);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_is_told_of_with_its_consumer() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config("{api_key: {header: x-api-key}}", &service.url())).await;
    let ask = Ask::get("/").header("x-api-key", "abc");
    let mut h1 = gateway.wire().await;
    h1.write(ask.to_h1()).await;
    let _first = service.accept().await;
    drop(h1);
    let h2 = gateway.h2().await;
    let stream = h2.open(&ask, true).await.expect("a stream");
    let second = service.accept().await;
    stream.reset(h2::Reason::CANCEL);
    until("two lines", async || {
        let lines = gateway.log_lines();
        let gone = lines.iter().filter(|line| line["pintle.reason"] == "client_closed");
        (gone.filter(|line| line["pintle.consumer"] == "acme").count() == 2).then_some(())
    })
    .await;
    drop(second);
}

#[tokio::test]
async fn a_service_that_hangs_up_is_502_with_the_consumer_in_the_log() {
    let service = RawOrigin::start().await.play(async |mut wire| {
        wire.request().await;
    });
    let gateway = Gateway::start(config("{api_key: {header: x-api-key}}", service.url())).await;
    for answer in both(&gateway, Ask::get("/").header("x-api-key", "abc")).await {
        answer.problem(502, "upstream_closed");
        assert_eq!(gateway.log_of(&answer).await["pintle.consumer"], "acme");
    }
}

// Rule: consumer-one
#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |policy: &str| {
        format!("{START}routes:\n  - match: /**\n    policies:\n      - {policy}\n    respond: {{body: ok}}\n")
    };
    refused(&route("api_key: {}"), &["pintle.yaml:6:", "is not said", "`header`, `query` and `cookie`"]).await;
    refused(&route("api_key: {header: x-a, query: a}"), &["pintle.yaml:6:", "in one place", "any:"]).await;
    refused(&route("api_key: {header: x-a, forward: {x-u: '${consumer.nam}'}}"), &["pintle.yaml:6:", "nam"]).await;
    let consumers = |text: &str| format!("{START}consumers:\n{text}");
    let plain = consumers("  - {name: acme, api_keys: [hunter2]}\n");
    refused(&plain, &["pintle.yaml:4:", "found plain text", "pintle hash api-key"]).await;
    let two = format!(
        "  - {{name: acme, api_keys: [{{sha256: {ABC}}}]}}\n  - {{name: ops, api_keys: [{{sha256: {ABC}}}]}}\n"
    );
    refused(&consumers(&two), &["pintle.yaml:5:", "`acme` and `ops` have the same key"]).await;
    refused(&consumers("  - {name: acme}\n  - {name: acme}\n"), &["pintle.yaml:5:", "two consumers are named"]).await;
    refused(&consumers("  - nothing.jsonl\n"), &["pintle.yaml:4:", "cannot read", "nothing.jsonl"]).await;
}
