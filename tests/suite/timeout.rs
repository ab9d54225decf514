//! `timeout`: how long a request may take, from its head to the last byte of its answer.

use crate::check::{START, refused};
use pintle_testkit::{Ask, End, Gateway, H2Client, Origin, RawOrigin};

/// A configuration whose one route has this time for a request.
fn within(time: &str, url: &str) -> String {
    let route = format!("{{match: /**, policies: [{{timeout: {time}}}], proxy: \"{url}\"}}");
    format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{route}]\n")
}

#[tokio::test]
async fn what_is_in_time_passes_in_both_protocols() {
    let service = Origin::echo().await;
    for time in ["10s", "none"] {
        let gateway = Gateway::start(within(time, &service.url())).await;
        assert_eq!(gateway.get("/a").await.json()["target"], "/a");
        assert_eq!(gateway.h2().await.get("/b").await.json()["target"], "/b");
    }
}

// Rule: timeout-whole
#[tokio::test]
async fn the_time_of_a_route_is_from_head_to_last_byte() {
    let service = RawOrigin::start().await;
    let route = format!("{{match: /**, policies: [{{timeout: 100ms}}], proxy: \"{}\"}}", service.url());
    let gateway = Gateway::plain(format!("routes: [{route}]")).await;
    let (answer, mut held) = tokio::join!(gateway.get("/"), service.accept());
    answer.problem(504, "timeout");
    held.request().await;
    held.ended().await;
}

#[tokio::test]
async fn over_http2_too_what_is_not_answered_in_time_is_504() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(within("100ms", &service.url())).await;
    let client = gateway.h2().await;
    let (answer, mut held) = tokio::join!(client.get("/"), service.accept());
    answer.problem(504, "timeout");
    held.request().await;
    held.ended().await;
}

#[tokio::test]
async fn the_time_of_a_route_cuts_an_answer_that_goes_on() {
    let service = RawOrigin::start().await;
    let route = format!("{{match: /**, policies: [{{timeout: 300ms}}], proxy: \"{}\"}}", service.url());
    let gateway = Gateway::plain(format!("routes: [{route}]")).await;
    let half = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    let mut client = gateway.wire().await;
    client.write(Ask::get("/by-1").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write(half).await;
    client.head().await;
    let (rest, end) = client.to_end().await;
    assert_eq!((&rest[..], end), (&b"4\r\nhalf\r\n"[..], End::Reset));
    upstream.ended().await;

    let client = gateway.h2().await;
    let mut stream = client.open(&Ask::get("/by-2"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write(half).await;
    stream.head().await.expect("a head");
    assert_eq!(stream.data().await.expect("data").expect("data"), "half");
    assert!(stream.data().await.expect("a reset").is_err());
    upstream.ended().await;
    for path in ["/by-1", "/by-2"] {
        assert_eq!(gateway.wait_log(|line| line["url.path"] == path).await["pintle.reason"], "timeout");
    }
}

// Rule: policy-inner
#[tokio::test]
async fn the_inner_level_replaces_the_outer() {
    let service = RawOrigin::start().await;
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0, policies: [{{timeout: 100ms}}]}}]
routes:
  - {{match: /outer, proxy: \"{0}\"}}
  - {{match: /off, policies: [{{timeout: none}}], proxy: \"{0}\"}}
",
        service.url()
    );
    let gateway = Gateway::start(config).await;
    let mut patient = gateway.wire().await;
    patient.write(Ask::get("/off").to_h1()).await;
    let mut held = service.accept().await;
    held.request().await;
    // The one that began later is over before the other one.
    gateway.get("/outer").await.problem(504, "timeout");
    held.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(patient.answer().await.text(), "ok");
}

#[tokio::test]
async fn the_gateways_own_answers_have_a_time_too() {
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0, policies: [{{timeout: 300ms}}]}}]
routes: [{{match: /long, respond: {{body: {}}}}}]\n",
        "a".repeat(64 * 1024)
    );
    let gateway = Gateway::start(config).await;
    gateway.get("/nowhere").await.problem(404, "no_route");
    gateway.h2().await.get("/nowhere").await.problem(404, "no_route");
    // Its client takes a little of it and waits.
    let mut settings = h2::client::Builder::new();
    settings.initial_window_size(1000);
    let client = H2Client::over(gateway.wire().await, &settings).await;
    let mut stream = client.open(&Ask::get("/long"), true).await.expect("a stream");
    assert_eq!(stream.head().await.expect("a head").status, 200);
    assert_eq!(gateway.wait_log(|line| line["url.path"] == "/long").await["pintle.reason"], "timeout");
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |time: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{timeout: {time}}}]\n    respond: {{body: ok}}\n")
    };
    refused(&route("0s"), &["pintle.yaml:5:26", "expected a time to wait", "for no limit write `none`"]).await;
    refused(&route("5"), &["pintle.yaml:5:26", "5s"]).await;
    refused(&route("{after: 5s}"), &["pintle.yaml:5:26", "expected a duration such as 5s, found a map"]).await;
}

#[tokio::test]
async fn a_request_under_way_keeps_its_time_over_a_reload() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(within("none", &service.url())).await;
    let mut h1 = gateway.wire().await;
    h1.write(Ask::get("/by-1").to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/by-2"), true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;

    gateway.change(within("100ms", &service.url())).await;
    gateway.get("/new").await.problem(504, "timeout");
    for held in [&mut first, &mut second] {
        held.write("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nold").await;
    }
    assert_eq!(h1.answer().await.text(), "old");
    assert_eq!(stream.try_answer().await.expect("an answer").text(), "old");
}

#[tokio::test]
async fn a_client_that_hangs_up_has_not_timed_out() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(within("60s", &service.url())).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/by-1").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    drop(client);
    upstream.ended().await;

    let client = gateway.h2().await;
    let stream = client.open(&Ask::get("/by-2"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.request().await;
    stream.reset(h2::Reason::CANCEL);
    upstream.ended().await;
    for path in ["/by-1", "/by-2"] {
        assert_eq!(gateway.wait_log(|line| line["url.path"] == path).await["pintle.reason"], "client_closed");
    }
}
