//! What happens while calls are under way.

use super::config;
use pintle_testkit::{Answer, Ask, Gateway, RawOrigin, Wire};
use serde_json::json;

const ROUTES: &str = "  - match: /a
    aggregate: {parts: {one: {call: GET a:/one}, two: {call: GET b:/two}, three: {call: \"GET a:/three/${parts.one.body}\"}}}
";

/// Takes the calls that are made at first.
async fn accept(a: &RawOrigin, b: &RawOrigin) -> [Wire; 2] {
    let (mut one, mut two) = (a.accept().await, b.accept().await);
    assert_eq!(one.head().await.target(), "/one");
    assert_eq!(two.head().await.target(), "/two");
    [one, two]
}

async fn say(wire: &mut Wire, content: &str) {
    wire.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{content}", content.len())).await;
}

// Rule: aggregate-cancelled
#[tokio::test]
async fn a_client_that_hangs_up_ends_all_calls() {
    let (a, b) = (RawOrigin::start().await, RawOrigin::start().await);
    let gateway = Gateway::start(config(&[("a", a.address()), ("b", b.address())], ROUTES)).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/a").to_h1()).await;
    let held = accept(&a, &b).await;
    client.reset();
    for mut wire in held {
        wire.ended().await;
    }
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/a"), true).await.expect("a stream");
    let held = accept(&a, &b).await;
    stream.reset(h2::Reason::CANCEL);
    for mut wire in held {
        wire.ended().await;
    }
    assert!(!a.was_asked().await, "what would have followed is not asked");
    gateway.wait_log(|line| line["url.path"] == "/a" && line["pintle.reason"] == "client_closed").await;
}

#[tokio::test]
async fn what_fails_the_whole_ends_the_other_calls() {
    let (a, b) = (RawOrigin::start().await, RawOrigin::start().await);
    let gateway = Gateway::start(config(&[("a", a.address()), ("b", b.address())], ROUTES)).await;
    for http2 in [false, true] {
        let ask = async { if http2 { gateway.h2().await.get("/a").await } else { gateway.get("/a").await } };
        let play = async {
            let [mut one, mut two] = accept(&a, &b).await;
            one.write("HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n").await;
            two.ended().await;
        };
        let (answer, ()) = tokio::join!(ask, play);
        assert_eq!(answer.problem(502, "part_failed")["part"], "one");
    }
}

#[tokio::test]
async fn a_service_that_hangs_up_midway_fails_its_part() {
    let (a, b) = (RawOrigin::start().await, RawOrigin::start().await);
    let gateway = Gateway::start(config(&[("a", a.address()), ("b", b.address())], ROUTES)).await;
    for half in [
        "",
        "HTTP/1.1 200 OK\r\ncont",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n5\r\n",
    ] {
        for http2 in [false, true] {
            let ask = async { if http2 { gateway.h2().await.get("/a").await } else { gateway.get("/a").await } };
            let play = async {
                let [mut one, _two] = accept(&a, &b).await;
                one.write(half).await;
                drop(one);
                _two
            };
            let (answer, _two) = tokio::join!(ask, play);
            let problem = answer.problem(502, "part_failed");
            let status = if half.ends_with('2') || half.ends_with("5\r\n") { json!(200) } else { json!(null) };
            assert_eq!(
                (&problem["part"], &problem["part_reason"]),
                (&json!("one"), &json!("upstream_closed")),
                "{half:?}"
            );
            assert_eq!(problem["part_status"], status, "{half:?}");
        }
    }
}

#[tokio::test]
async fn a_request_under_way_keeps_its_plan_over_a_reload() {
    let (a, b) = (RawOrigin::start().await, RawOrigin::start().await);
    let services = [("a", a.address()), ("b", b.address())];
    let gateway = Gateway::start(config(&services, ROUTES)).await;
    let mut h1 = gateway.wire().await;
    h1.write(Ask::get("/a").to_h1()).await;
    let mut first = accept(&a, &b).await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/a"), true).await.expect("a stream");
    let mut second = accept(&a, &b).await;

    let changed = "  - {match: /a, aggregate: {parts: {four: {call: GET a:/four}}}}\n";
    gateway.change(config(&services, changed)).await;
    let finish = async |[one, two]: &mut [Wire; 2], number: u8| {
        say(one, &format!("{number}")).await;
        // On a kept connection, or on a new one.
        let mut next = tokio::select! {
            head = one.head() => { assert_eq!(head.target(), format!("/three/{number}")); None }
            wire = a.accept() => Some(wire),
        };
        if let Some(next) = &mut next {
            assert_eq!(next.head().await.target(), format!("/three/{number}"));
        }
        say(next.as_mut().unwrap_or(one), "3").await;
        say(two, "2").await;
        next
    };
    let _held = finish(&mut first, 7).await;
    let told = |answer: Answer| (answer.status, answer.text());
    assert_eq!(told(h1.answer().await), (200, r#"{"one":7,"two":2,"three":3}"#.into()));
    let _held = finish(&mut second, 8).await;
    let answer = stream.try_answer().await.expect("an answer");
    assert_eq!(told(answer), (200, r#"{"one":8,"two":2,"three":3}"#.into()));
}
