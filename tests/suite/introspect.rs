//! `introspect`: who has a token that its service calls active comes in, and nobody else.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, Received, Reply, Unreachable, until};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs()
}

/// A configuration whose one route asks the service at `asked`.
fn by(asked: &str, more: &str, url: &str) -> String {
    let comma = if more.is_empty() { "" } else { ", " };
    let settings =
        format!("{{url: \"{asked}/introspect\", client_id: \"g w\", client_secret: {{env: SECRET}}{comma}{more}}}");
    let route = format!("{{match: /**, policies: [{{introspect: {settings}}}], proxy: \"{url}\"}}");
    format!("listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nroutes: [{route}]\n")
}

async fn start(config: String) -> Gateway {
    Gateway::with(config).env("SECRET", "pass+word").start().await
}

fn bearer(token: &str) -> Ask {
    Ask::get("/").header("authorization", &format!("Bearer {token}"))
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

/// A service that says of a token what its name says (RFC 7662 2.2).
async fn service() -> Origin {
    Origin::start(async |request: Received| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let token = body.strip_prefix("token=").and_then(|rest| rest.split('&').next()).unwrap_or_default();
        match token {
            "good" => Reply::json(&json!({
                "active": true, "sub": "u1", "scope": "a b", "iss": "https://login.example.com/", "aud": ["shop"],
                "exp": now() + 600,
            })),
            "short" => Reply::json(&json!({"active": true, "sub": "u1", "exp": now() + 2})),
            "plain" => Reply::json(&json!({"active": true, "sub": "u1"})),
            "over" => Reply::json(&json!({"active": true, "exp": now() - 1})),
            "later" => Reply::json(&json!({"active": true, "nbf": now() + 600})),
            "text" => Reply::json(&json!({"active": "true"})),
            "twice" => Reply::new(200).body(r#"{"active":false,"active":true}"#),
            "broken" => Reply::new(200).body("{"),
            "error" => Reply::new(500),
            "stranger" => Reply::new(401),
            "moved" => Reply::new(302).header("location", "/elsewhere"),
            "huge" => Reply::new(200).body(format!(r#"{{"active":true,"a":"{}"}}"#, "x".repeat(70_000))),
            _ => Reply::json(&json!({"active": false})),
        }
    })
    .await
}

#[tokio::test]
async fn what_the_service_says_of_a_token_counts() {
    let (asked, behind) = (service().await, Origin::echo().await);
    let forward = r#"forward: {x-user: "${claims.sub}", x-scope: "${claims.scope}"}"#;
    let gateway = start(by(&asked.url(), forward, &behind.url())).await;
    for answer in both(&gateway, bearer("good").header("x-user", "root").header("x_user", "root")).await {
        assert_eq!(answer.status, 200, "{answer:?}");
        let got = behind.last();
        assert_eq!((got.get("x-user"), got.get("x-scope"), got.has("x_user")), (Some("u1"), Some("a b"), false));
    }
    let question = asked.last();
    // RFC 7662 2.1, RFC 6749 2.3.1.
    assert_eq!((&*question.method, &*question.target), ("POST", "/introspect"));
    assert_eq!(question.get("authorization"), Some("Basic Zyt3OnBhc3MlMkJ3b3Jk"));
    assert_eq!(&question.body[..], b"token=good&token_type_hint=access_token");
    for (token, reason) in
        [("bad", "bad_token"), ("text", "bad_token"), ("over", "token_expired"), ("later", "token_expired")]
    {
        for answer in both(&gateway, bearer(token)).await {
            answer.problem(401, reason);
            let challenge = answer.get("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
        }
    }
    // A form's own marks are a token's too: none of them ends it.
    for token in ["good&active=true", "good%26x", "a+b=="] {
        assert_eq!(gateway.ask(bearer(token)).await.status, 401, "{token}");
    }
    for answer in both(&gateway, Ask::get("/")).await {
        answer.problem(401, "no_credentials");
        assert_eq!(answer.get("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(behind.hits(), 2);
}

// Rule: introspect-remembered
#[tokio::test]
async fn an_answer_is_remembered_for_a_time_that_is_bounded() {
    let (asked, behind) = (service().await, Origin::echo().await);
    let gateway = start(by(&asked.url(), "auth: post", &behind.url())).await;
    for token in ["good", "bad"] {
        let before = asked.hits();
        for _ in 0..3 {
            both(&gateway, bearer(token)).await;
        }
        assert_eq!(asked.hits(), before + 1, "{token}");
    }
    let said = b"token=bad&token_type_hint=access_token&client_id=g+w&client_secret=pass%2Bword";
    assert_eq!(&asked.last().body[..], &said[..]);
    gateway.wait_metric("pintle_introspect_tokens_total{result=\"remembered\"}", 5.0).await;
    // Never past its end, whatever `cache` says.
    assert_eq!(gateway.ask(bearer("short")).await.status, 200);
    let before = asked.hits();
    until("it is asked about anew", async || {
        gateway.ask(bearer("short")).await;
        (asked.hits() > before).then_some(())
    })
    .await;
    let gateway = start(by(&asked.url(), "cache: 0s", &behind.url())).await;
    let before = asked.hits();
    for _ in 0..2 {
        assert!(both(&gateway, bearer("good")).await.iter().all(|answer| answer.status == 200));
    }
    assert_eq!(asked.hits(), before + 4);
}

// Rule: introspect-away
#[tokio::test]
async fn where_the_service_says_nothing_nobody_comes_in() {
    let (asked, behind, away) = (service().await, Origin::echo().await, Unreachable::new());
    let gateway = start(by(&asked.url(), "", &behind.url())).await;
    for token in ["twice", "broken", "error", "stranger", "moved", "huge"] {
        for answer in both(&gateway, bearer(token)).await {
            answer.problem(503, "auth_unavailable");
            let line = gateway.log_of(&answer).await;
            assert!(line["pintle.message"].as_str().is_some_and(|why| why.contains("introspect: http://")), "{line}");
        }
    }
    gateway.wait_metric("pintle_introspect_tokens_total{result=\"no_answer\"}", 12.0).await;
    let gateway = start(by(&format!("http://{}", away.address()), "", &behind.url())).await;
    for answer in both(&gateway, bearer("good")).await {
        answer.problem(503, "auth_unavailable");
    }
    let silent = RawOrigin::start().await;
    let gateway = start(by(&silent.url(), "timeout: 50ms", &behind.url())).await;
    for answer in both(&gateway, bearer("good")).await {
        answer.problem(503, "auth_unavailable");
    }
    assert_eq!(behind.hits(), 0);
}

#[tokio::test]
async fn more_may_be_asked_of_the_answer() {
    let (asked, behind) = (service().await, Origin::echo().await);
    for (more, good, plain) in [
        ("audience: [other, shop]", 200, 401),
        ("audience: other", 401, 401),
        ("issuer: \"https://login.example.com/\"", 200, 401),
        ("issuer: \"https://login.example.com\"", 401, 401),
        ("require: [scope]", 200, 401),
        ("", 200, 200),
    ] {
        let gateway = start(by(&asked.url(), more, &behind.url())).await;
        for (token, status) in [("good", good), ("plain", plain)] {
            for answer in both(&gateway, bearer(token)).await {
                assert_eq!(answer.status, status, "{more}: {token}");
            }
        }
    }
}

#[tokio::test]
async fn a_reload_and_a_client_that_hangs_up_leave_others_alone() {
    let (asked, behind) = (RawOrigin::start().await, Origin::echo().await);
    let config = by(&asked.url(), "", &behind.url());
    let gateway = start(config.clone()).await;
    let mut one = gateway.wire().await;
    one.write(bearer("good").to_h1()).await;
    let mut question = asked.accept().await;
    question.request().await;
    let mut gone = gateway.wire().await;
    gone.write(Ask::get("/gone").header("authorization", "Bearer gone").to_h1()).await;
    let mut unheard = asked.accept().await;
    unheard.request().await;
    drop(gone);
    gateway.wait_log(|line| line["url.path"] == "/gone" && line["pintle.reason"] == "client_closed").await;
    let two = gateway.h2().await;
    let stream = two.send(&bearer("other")).await.expect("a stream");
    let mut second = asked.accept().await;
    second.request().await;
    gateway.change(config.replace("introspect:", "timeout: 5m}, {introspect:")).await;
    for question in [&mut question, &mut second] {
        question.write("HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"active\":true}").await;
    }
    assert_eq!(one.head().await.status(), 200);
    assert_eq!(stream.try_answer().await.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_mistake_is_told_with_its_place_and_a_remedy() {
    let with = |settings: &str| {
        format!(
            "{START}routes:\n  - match: /**\n    policies: [{{introspect: {settings}}}]\n    respond: {{body: ok}}\n"
        )
    };
    let who = "client_id: gw, client_secret: {env: SECRET}";
    for (settings, parts) in [
        (format!("{{{who}}}"), ["pintle.yaml:5:", "url"]),
        (format!("{{url: \"ftp://a/\", {who}}}"), ["pintle.yaml:5:", "it begins with `https://`"]),
        (
            format!("{{url: \"http://login.example.com/i\", {who}}}"),
            ["would be asked in cleartext", "danger_plain_http"],
        ),
        (format!("{{url: \"https://login.example.com/i\", {who}, cache: 1d}}"), ["taken for too long", "at most 1h"]),
        (format!("{{url: \"https://login.example.com/i\", {who}, via: nowhere}}"), ["pintle.yaml:5:", "nowhere"]),
        ("{url: \"https://a/i\", client_id: gw, client_secret: hunter2}".into(), ["plain text", "pintle.yaml:5:"]),
    ] {
        refused(&with(&settings), &parts).await;
    }
    let failed = Gateway::with(by("http://127.0.0.1:9", "", "http://127.0.0.1:9")).fails().await;
    assert!(failed.stderr.contains("`SECRET` is not set"), "{failed:?}");
}
