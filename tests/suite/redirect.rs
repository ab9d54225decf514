//! `redirect`: the client is sent elsewhere.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Gateway};

fn to(place: &str) -> String {
    format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: /**, redirect: {{to: {place}}}}}]\n")
}

// Rule: redirect-parts
#[tokio::test]
async fn a_redirect_changes_what_it_names() {
    let config = "routes:
  - {match: /secure/**, redirect: {scheme: https}}
  - {match: /port/**, redirect: {scheme: https, port: 8443, status: 307}}
  - {match: /to/**, redirect: {to: 'https://b.test/x?y=z', status: 302}}";
    let gateway = Gateway::plain(config).await;
    let cases = [
        ("/secure/a?b=c", 308, "https://a.test/secure/a?b=c"),
        ("/port/a", 307, "https://a.test:8443/port/a"),
        ("/to/a?b=c", 302, "https://b.test/x?y=z"),
    ];
    for (target, status, location) in cases {
        let ask = Ask::get(target).host("a.test:8080");
        for answer in [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await] {
            assert_eq!((answer.status, answer.get("location")), (status, Some(location)), "{target}");
        }
    }
}

#[tokio::test]
async fn what_a_client_says_cannot_choose_another_host() {
    let config = "routes:
  - {match: /next, redirect: {to: '/${request.query.to}'}}
  - {match: /host, redirect: {host: '${request.query.to}'}}";
    let gateway = Gateway::plain(config).await;
    let h2 = gateway.h2().await;
    let evil = "?to=/evil.test/%0d%0aset-cookie:%20a=b";
    let ask = Ask::get(&format!("/next{evil}"));
    for answer in [gateway.ask(ask.clone()).await, h2.ask(ask).await] {
        let location = answer.get("location").expect("a place");
        assert!(location.starts_with("/%2Fevil.test%2F%0D%0A") && !answer.has("set-cookie"), "{answer:?}");
    }
    // What is no host, and what the client left out, is the client's mistake.
    for target in [format!("/host{evil}"), "/host".to_owned(), "/next".to_owned()] {
        gateway.get(&target).await.problem(400, "bad_value");
        h2.get(&target).await.problem(400, "bad_value");
    }
}

// Rule: policies-around-all
#[tokio::test]
async fn policies_stand_around_it() {
    let policies = "[{body_limit: 4B}, {headers: {response: {set: {x-a: b}}}}]";
    let gateway = Gateway::plain(format!("routes: [{{match: /**, policies: {policies}, redirect: {{to: /b}}}}]")).await;
    let h2 = gateway.h2().await;
    for answer in [gateway.ask(Ask::post("/", "four")).await, h2.ask(Ask::post("/", "four")).await] {
        assert_eq!((answer.status, answer.get("location"), answer.get("x-a")), (308, Some("/b"), Some("b")));
    }
    for answer in [gateway.ask(Ask::post("/", "fives")).await, h2.ask(Ask::post("/", "fives")).await] {
        answer.problem(413, "body_too_large");
        assert_eq!((answer.has("location"), answer.get("x-a")), (false, Some("b")));
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |redirect: &str| format!("{START}routes:\n  - match: /**\n    redirect: {redirect}\n");
    refused(&route("{status: 301}"), &["pintle.yaml:5:", "does not say where to", "give `to`, or any of scheme"]).await;
    refused(&route("{to: /a, port: 1}"), &["pintle.yaml:5:", "`to` is the whole place"]).await;
    refused(&route("{to: /a, status: 304}"), &["pintle.yaml:5:", "expected 301, 302, 303, 307 or 308, found `304`"])
        .await;
    refused(&route("{host: 'a b'}"), &["pintle.yaml:5:", "is no host"]).await;
    refused(&route("{to: '/${path.id}'}"), &["pintle.yaml:5:", "id"]).await;
}

#[tokio::test]
async fn a_request_under_way_keeps_its_place_over_a_reload() {
    let gateway = Gateway::start(to("/old")).await;
    let mut h1 = gateway.wire().await;
    h1.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf").await;
    let h2 = gateway.h2().await;
    let mut stream = h2.open(&Ask::post("/", "halfhalf"), false).await.expect("a stream");
    // Answered while their content still comes.
    assert_eq!(h1.answer_to("POST").await.get("location"), Some("/old"));
    assert_eq!(stream.head().await.expect("a head").get("location"), Some("/old"));
    gateway.change(to("/new")).await;
    assert_eq!(gateway.get("/").await.get("location"), Some("/new"));
    assert_eq!(h2.get("/").await.get("location"), Some("/new"));
    let _ = h1.try_write("half").await;
    assert!(h1.to_end().await.0.is_empty(), "one request has one answer");
}

#[tokio::test]
async fn a_client_that_hangs_up_disturbs_nobody() {
    let gateway = Gateway::start(to("/b")).await;
    let mut client = gateway.wire().await;
    client.write("POST /by-1 HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf").await;
    client.reset();
    let h2 = gateway.h2().await;
    let mut stream = h2.open(&Ask::post("/by-2", "halfhalf"), false).await.expect("a stream");
    stream.write("half").await;
    stream.reset(h2::Reason::CANCEL);
    assert_eq!(h2.get("/").await.get("location"), Some("/b"));
    assert_eq!(gateway.get("/").await.get("location"), Some("/b"));
}
