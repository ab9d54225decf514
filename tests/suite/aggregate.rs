//! `aggregate`: one request from the client, several calls, one answer.

mod answers;
mod bounds;
mod calls;
mod failing;
mod injection;
mod matrix;
mod midway;
mod played;
mod soak;
mod stream;

use crate::check::{START, refused};
use crate::example::example;
use pintle_testkit::{Answer, Ask, Folder, Gateway, Origin, Received, Reply, pintle};
use std::net::SocketAddr;

/// A configuration with these services under their names, and these routes.
fn config(services: &[(&str, SocketAddr)], routes: &str) -> String {
    let upstreams: Vec<String> =
        services.iter().map(|(name, address)| format!("  {name}: {{endpoints: [\"{address}\"]}}\n")).collect();
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nupstreams:\n{}routes:\n{routes}",
        upstreams.concat()
    )
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

/// A service that answers each path by a text of JSON, and 404 to others.
async fn service(answers: &'static [(&'static str, &'static str)]) -> Origin {
    Origin::start(async move |request: Received| {
        let path = request.target.split('?').next().unwrap_or_default();
        match answers.iter().find(|(known, _)| *known == path) {
            Some((_, text)) => Reply::new(200).header("content-type", "application/json").body(*text),
            None => Reply::new(404).header("content-type", "application/json").body(r#"{"none":true}"#),
        }
    })
    .await
}

#[tokio::test]
async fn the_example_loads_as_it_stands() {
    let folder = Folder::new();
    folder.write("pintle.yaml", example("06-aggregate.yaml"));
    let ended = pintle(folder.path(), &["check", "pintle.yaml"]).await;
    assert_eq!((ended.code, ended.stderr.contains("warning")), (Some(0), false), "{ended:?}");
}

#[tokio::test]
async fn the_example_means_what_its_comments_say() {
    let users = service(&[
        ("/users/ann", r#"{"name":"Ann","tier":"gold"}"#),
        ("/users/bob", r#"{"name":"Bob","tier":"none"}"#),
        ("/search", r#"{"users":[1]}"#),
    ])
    .await;
    let orders = service(&[
        ("/orders", r#"{"items":[{"item":7},{"item":8},{"item":7},{"item":9}]}"#),
        ("/items/7", r#"{"seven":7.0}"#),
        ("/items/8", r#"{"eight":8}"#),
        ("/search", r#"{"orders":[2]}"#),
    ])
    .await;
    let rewards = service(&[("/tiers", r#"{"points":12}"#)]).await;
    let mut text = example("06-aggregate.yaml").replace("127.0.0.1:8080", "127.0.0.1:0");
    for (from, origin) in [("127.0.0.1:9002", &users), ("127.0.0.1:9001", &orders), ("127.0.0.1:9003", &rewards)] {
        text = text.replace(from, &origin.address().to_string());
    }
    let gateway = Gateway::start(text).await;
    for answer in
        both(&gateway, Ask::get("/home/ann").header("authorization", "Bearer a").header("cookie", "b=c")).await
    {
        let wanted = r#"{"name":"Ann","greeting":"Hello Ann!","orders":[{"item":7},{"item":8},{"item":7},{"item":9}],"items":[{"seven":7.0},{"eight":8},{"seven":7.0},null],"tier":{"points":12}}"#;
        assert_eq!((answer.status, &*answer.text()), (200, wanted), "{answer:?}");
        assert_eq!(answer.get("gateway-partial"), Some("items; reason=status; status=404"));
        let asked = rewards.last();
        assert_eq!((&*asked.method, &*asked.body), ("POST", &br#"{"tier":"gold","user":"ann"}"#[..]));
        assert_eq!((asked.get("authorization"), asked.has("cookie")), (Some("Bearer a"), false));
    }
    assert!(orders.received().iter().any(|asked| asked.target == "/orders?user=ann&limit=5"));
    let hits = rewards.hits();
    for answer in both(&gateway, Ask::get("/home/bob")).await {
        assert_eq!((answer.status, answer.json()["tier"].is_null()), (200, true), "{answer:?}");
    }
    assert_eq!(rewards.hits(), hits, "a part that is skipped calls nobody");
    for answer in both(&gateway, Ask::get("/home/nobody")).await {
        assert_eq!((answer.status, &*answer.text()), (404, r#"{"none":true}"#));
    }
    for answer in both(&gateway, Ask::get("/search?q=a%26b")).await {
        assert_eq!((answer.status, &*answer.text()), (200, r#"{"users":[1],"orders":[2]}"#));
        assert_eq!(users.last().target, "/search?q=a%26b");
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |parts: &str| format!("{START}routes:\n  - match: /**\n    aggregate:\n      parts: {parts}\n");
    refused(&route("{}"), &["pintle.yaml:6:14", "an aggregate without parts", "name at least one"]).await;
    refused(
        &route("{a: {call: \"GET http://a.test/${parts.b.body}\"}, b: {call: \"GET http://a.test/${parts.a.body}\"}}"),
        &["pintle.yaml:6:15", "parts wait for each other: `a` → `b` → `a`"],
    )
    .await;
    refused(&route("{a: {call: GET http://a.test/a, cache: {ttl: 1s}}}"), &["pintle.yaml:6:46", "cache"]).await;
}
