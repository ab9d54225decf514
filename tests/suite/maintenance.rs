//! `maintenance`: a route or a group that is closed for a while.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Folder, Gateway, Origin, RawOrigin, pintle};

fn closed(service: &str, how: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
routes:
  - match: /g/**
    maintenance: {how}
    policies: [{{headers: {{response: {{set: {{x-group: yes}}}}}}}}, {{body_limit: 3B}}]
    routes:
      - {{match: /a, proxy: \"{service}\"}}
      - {{match: /open, maintenance: false, proxy: \"{service}\"}}
  - {{match: /b, proxy: \"{service}\"}}
"
    )
}

// Rule: maintenance-closed, maintenance-inherited
#[tokio::test]
async fn a_closed_group_answers_503_and_calls_no_service() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(closed(&service.url(), "{retry_after: 10m}")).await;
    for answer in [gateway.get("/g/a").await, gateway.h2().await.get("/g/a").await] {
        answer.problem(503, "maintenance");
        assert_eq!(answer.get("retry-after"), Some("600"));
        assert_eq!(answer.get("x-group"), Some("yes"), "policies outside run");
        assert_eq!(gateway.log_of(&answer).await["pintle.reason"], "maintenance");
    }
    gateway.ask(Ask::post("/g/a", "12345")).await.problem(413, "body_too_large");
    assert_eq!(service.hits(), 0);
    // A route of the group is open again, and others never were closed.
    for target in ["/g/open", "/b"] {
        assert_eq!(gateway.get(target).await.status, 200, "{target}");
        assert_eq!(gateway.h2().await.get(target).await.status, 200, "{target}");
    }
}

#[tokio::test]
async fn a_post_to_a_closed_route_gets_its_answer() {
    let service = Origin::echo().await;
    let config = format!("routes: [{{match: /, maintenance: true, proxy: \"{}\"}}]", service.url());
    let gateway = Gateway::plain(config).await;
    let ask = Ask::post("/", vec![b'a'; 200_000]);
    let answer = gateway.ask(ask.clone()).await;
    answer.problem(503, "maintenance");
    assert!(!answer.has("retry-after"));
    gateway.h2().await.ask(ask).await.problem(503, "maintenance");
    assert_eq!(service.hits(), 0);
}

// Rule: maintenance-closed
#[tokio::test]
async fn testers_are_let_through() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(closed(&service.url(), "{unless: \"request.cookies.tester == 'me'\"}")).await;
    for (cookie, status) in [("tester=me", 200), ("tester=you", 503), ("a=b", 503)] {
        let ask = Ask::get("/g/a").header("cookie", cookie);
        assert_eq!(gateway.ask(ask.clone()).await.status, status, "{cookie}");
        assert_eq!(gateway.h2().await.ask(ask).await.status, status, "{cookie}");
    }
    assert_eq!(service.hits(), 2);
    let local = Gateway::start(closed(&service.url(), "{unless: client.ip == '127.0.0.1'}")).await;
    assert_eq!(local.get("/g/a").await.status, 200);
}

#[tokio::test]
async fn what_is_under_way_ends_when_a_route_closes_and_it_opens_again() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(closed(&service.url(), "false")).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/g/a").to_h1()).await;
    let mut held = service.accept().await;
    held.request().await;
    gateway.change(closed(&service.url(), "true")).await;
    gateway.get("/g/a").await.problem(503, "maintenance");
    gateway.h2().await.get("/g/a").await.problem(503, "maintenance");
    held.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(client.answer().await.text(), "ok");
    gateway.change(closed(&service.url(), "false")).await;
    client.write(Ask::get("/g/a").to_h1()).await;
    held.request().await;
    held.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nagain").await;
    assert_eq!(client.answer().await.text(), "again");
}

#[tokio::test]
async fn who_hangs_up_at_a_closed_route_harms_nobody() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(closed(&service.url(), "true")).await;
    let mut client = gateway.wire().await;
    client.write("POST /g/a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\na").await;
    client.head().await;
    client.reset();
    let line = gateway.wait_log(|line| line["url.path"] == "/g/a").await;
    assert_eq!(line["http.response.status_code"], 503);
    assert_eq!(gateway.get("/b").await.status, 200);
}

#[tokio::test]
async fn a_mistake_has_its_place_and_a_remedy() {
    let with = |maintenance: &str| {
        format!("{START}routes:\n  - match: /a\n    maintenance: {maintenance}\n    respond: {{body: ok}}\n")
    };
    refused(&with("yes"), &["pintle.yaml:5:18", "expected `true` or `false`", "did you mean `true`?"]).await;
    refused(&with("{retry_after: 10}"), &["pintle.yaml:5:32", "duration"]).await;
    refused(&with("{unless: client.ipp == ''}"), &["pintle.yaml:5:34", "did you mean `ip`?"]).await;
    refused(&with("{unless: client.ip}"), &["pintle.yaml:5:27", "true or false is wanted"]).await;
    refused(&with("{until: 10m}"), &["pintle.yaml:5:19", "until"]).await;
}

#[tokio::test]
async fn an_explanation_tells_of_it_and_of_the_policies_of_defaults() {
    let folder = Folder::new();
    let route =
        "{match: /a, maintenance: {retry_after: 1m, unless: \"request.headers['x-t'] == 'y'\"}, respond: {body: ok}}";
    folder.write("pintle.yaml", format!("{START}defaults: {{policies: [{{timeout: 7s}}]}}\nroutes: [{route}]\n"));
    let question = ["explain", "-c", "pintle.yaml", "GET http://127.0.0.1:8080/a"];
    let closed = pintle(folder.path(), &question).await;
    for part in ["maintenance", "503", "retry-after: 60", "timeout: 7s", "of `defaults`"] {
        assert!(closed.stdout.contains(part), "no {part:?} in {closed:?}");
    }
    let open = pintle(folder.path(), &[&question[..], &["-H", "x-t: y"]].concat()).await;
    assert!(open.stdout.contains("200") && !open.stdout.contains("retry-after"), "{open:?}");
}
