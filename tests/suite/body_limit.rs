//! `body_limit`: how much content a request may have.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin};

/// A configuration whose one route bounds content.
fn bounded(limit: &str, url: &str) -> String {
    let route = format!("{{match: /**, policies: [{{body_limit: {limit}}}], proxy: \"{url}\"}}");
    format!("listeners: [{{address: 127.0.0.1:0}}]\nlimits: {{body: 16B}}\nroutes: [{route}]\n")
}

#[tokio::test]
async fn content_up_to_the_limit_passes_and_no_more() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(bounded("4B", &service.url())).await;
    let h2 = gateway.h2().await;
    for ask in [Ask::get("/"), Ask::post("/", ""), Ask::post("/", "four"), Ask::post("/", "four").chunked()] {
        assert_eq!(gateway.ask(ask.clone()).await.status, 200, "{ask:?}");
        assert_eq!(h2.ask(ask.clone()).await.status, 200, "{ask:?}");
    }
    let passed = service.hits();
    for ask in [Ask::post("/", "fives"), Ask::post("/", "fives").chunked()] {
        gateway.ask(ask.clone()).await.problem(413, "body_too_large");
        h2.ask(ask).await.problem(413, "body_too_large");
    }
    assert_eq!(service.hits(), passed);
}

// Rule: body-limit-either-way
#[tokio::test]
async fn it_replaces_the_limit_of_all_requests_either_way() {
    let service = Origin::echo().await;
    for (limit, length, status) in [("8B", 9, 413), ("32B", 17, 200), ("32B", 33, 413), ("none", 1000, 200)] {
        let gateway = Gateway::start(bounded(limit, &service.url())).await;
        let ask = Ask::post("/", vec![b'x'; length]);
        assert_eq!(gateway.ask(ask.clone()).await.status, status, "{length} with {limit}");
        assert_eq!(gateway.h2().await.ask(ask).await.status, status, "{length} with {limit}");
    }
}

#[tokio::test]
async fn the_gateways_own_answers_are_for_small_content_too() {
    let config = "listeners: [{address: 127.0.0.1:0, policies: [{body_limit: 4B}]}]
routes: [{match: /a, respond: {body: ok}}]\n";
    let gateway = Gateway::start(config).await;
    let h2 = gateway.h2().await;
    assert_eq!(gateway.ask(Ask::post("/a", "four")).await.text(), "ok");
    for target in ["/a", "/no-route"] {
        gateway.ask(Ask::post(target, "fives")).await.problem(413, "body_too_large");
        h2.ask(Ask::post(target, "fives")).await.problem(413, "body_too_large");
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |limit: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{body_limit: {limit}}}]\n    respond: {{body: ok}}\n")
    };
    refused(&route("10"), &["pintle.yaml:5:29", "10B"]).await;
    refused(&route("{max: 1MiB}"), &["pintle.yaml:5:29", "expected a size"]).await;
}

#[tokio::test]
async fn a_request_under_way_keeps_its_limit_over_a_reload() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(bounded("8B", &service.url())).await;
    let mut h1 = gateway.wire().await;
    h1.write("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n").await;
    let mut first = service.accept().await;
    let first_head = first.head().await;
    let h2 = gateway.h2().await;
    let mut stream = h2.open(&Ask::post("/", "halfhalf").chunked(), false).await.expect("a stream");
    stream.write("half").await;
    let mut second = service.accept().await;
    let second_head = second.head().await;

    gateway.change(bounded("4B", &service.url())).await;
    gateway.ask(Ask::post("/", "fives")).await.problem(413, "body_too_large");
    h1.write("4\r\nhalf\r\n0\r\n\r\n").await;
    stream.write("half").await;
    stream.finish();
    for (held, head) in [(&mut first, first_head), (&mut second, second_head)] {
        assert_eq!(held.content(&head).await.0, b"halfhalf");
        held.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    }
    assert_eq!(h1.answer_to("POST").await.status, 204);
    assert_eq!(stream.try_answer().await.expect("an answer").status, 204);
}

#[tokio::test]
async fn a_client_that_hangs_up_has_not_sent_too_much() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(bounded("8B", &service.url())).await;
    let mut client = gateway.wire().await;
    client.write("POST /by-1 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n").await;
    let mut upstream = service.accept().await;
    upstream.head().await;
    assert_eq!(upstream.chunk().await.as_deref(), Some(&b"half"[..]));
    drop(client);
    upstream.ended().await;

    let client = gateway.h2().await;
    let mut stream = client.open(&Ask::post("/by-2", "half").chunked(), false).await.expect("a stream");
    stream.write("half").await;
    let mut upstream = service.accept().await;
    upstream.head().await;
    assert_eq!(upstream.chunk().await.as_deref(), Some(&b"half"[..]));
    stream.reset(h2::Reason::CANCEL);
    upstream.ended().await;
    for path in ["/by-1", "/by-2"] {
        assert_eq!(gateway.wait_log(|line| line["url.path"] == path).await["pintle.reason"], "client_closed");
    }
}
