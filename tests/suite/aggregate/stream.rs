//! `stream: true`: an answer that begins before all of it is known.

use super::config;
use pintle_testkit::{Ask, Gateway, RawOrigin, Wire};

const ROUTES: &str = "  - match: /a
    aggregate:
      parts:
        one: {call: GET a:/one, on_failure: {value: none}}
        two: {call: GET b:/two, on_failure: {value: none}}
      respond: {status: 203, headers: {x-a: \"${request.method}\"}, body: {first: \"${parts.one.body}\", second: \"${parts.two.body}\", last: [1]}}
      stream: true
  - match: /broken
    aggregate:
      parts:
        one: {call: GET a:/one, on_failure: {value: none}}
        two: {call: GET b:/two, on_failure: {value: none}}
      respond: {body: {first: \"${parts.one.body}\", second: \"${parts.two.body.none}\"}}
      stream: true
";

async fn start() -> (RawOrigin, RawOrigin, Gateway) {
    let (a, b) = (RawOrigin::start().await, RawOrigin::start().await);
    let gateway = Gateway::start(config(&[("a", a.address()), ("b", b.address())], ROUTES)).await;
    (a, b, gateway)
}

/// Takes the call to each.
async fn accept(a: &RawOrigin, b: &RawOrigin) -> [Wire; 2] {
    let (mut one, mut two) = (a.accept().await, b.accept().await);
    one.head().await;
    two.head().await;
    [one, two]
}

async fn say(wire: &mut Wire, status: u16, content: &str) {
    wire.write(format!(
        "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{content}",
        content.len()
    ))
    .await;
}

/// Reads chunks until all of this has come.
async fn expect(client: &mut Wire, wanted: &str) {
    let mut come = String::new();
    while come.len() < wanted.len() {
        come += &String::from_utf8(client.chunk().await.expect("a chunk")).expect("text");
    }
    assert_eq!(come, wanted);
}

// Rule: aggregate-stream
#[tokio::test]
async fn each_part_is_sent_when_it_is_known_in_the_order_of_the_answer() {
    let (a, b, gateway) = start().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/a").header("te", "trailers").to_h1()).await;
    let [mut one, mut two] = accept(&a, &b).await;
    let head = client.head().await;
    assert_eq!(
        (head.status(), head.get("x-a"), head.get("content-type")),
        (203, Some("GET"), Some("application/json"))
    );
    assert_eq!((head.get("cache-control"), head.get("trailer")), (Some("no-store"), Some("gateway-partial")));
    expect(&mut client, r#"{"first":"#).await;
    say(&mut one, 200, "[1]").await;
    expect(&mut client, r#"[1],"second":"#).await;
    say(&mut two, 200, "2.0").await;
    expect(&mut client, r#"2.0,"last":[1]}"#).await;
    assert_eq!(client.chunk().await, None);
    assert!(!client.trailers().await.has("gateway-partial"));

    // The second one comes first, and waits.
    let h2 = gateway.h2().await;
    let mut stream = h2.open(&Ask::get("/a"), true).await.expect("a stream");
    let [mut one, mut two] = accept(&a, &b).await;
    let head = stream.head().await.expect("a head");
    assert_eq!((head.status, head.get("x-a")), (203, Some("GET")));
    assert_eq!(stream.data().await.expect("data").expect("data"), r#"{"first":"#);
    say(&mut two, 500, "").await;
    two.ended().await;
    say(&mut one, 404, "").await;
    let mut rest = Vec::new();
    while let Some(data) = stream.data().await {
        rest.extend(data.expect("data"));
    }
    assert_eq!(String::from_utf8_lossy(&rest), r#""none","second":"none","last":[1]}"#);
    let trailers = stream.trailers().await.expect("trailers");
    let partial = "one; reason=status; status=404, two; reason=status; status=500";
    assert_eq!(trailers.get("gateway-partial"), Some(partial));
}

#[tokio::test]
async fn over_http1_what_is_partial_is_told_in_a_trailer_too() {
    let (a, b, gateway) = start().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/a").header("te", "trailers").header("connection", "te").to_h1()).await;
    let [mut one, mut two] = accept(&a, &b).await;
    say(&mut one, 200, "1").await;
    say(&mut two, 500, "").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, &*answer.text()), (203, r#"{"first":1,"second":"none","last":[1]}"#));
    assert_eq!(answer.trailers.get("gateway-partial"), Some("two; reason=status; status=500"));
}

// Rule: aggregate-stream-broken
#[tokio::test]
async fn one_that_cannot_be_finished_never_looks_whole() {
    let (a, b, gateway) = start().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/broken").to_h1()).await;
    let [mut one, mut two] = accept(&a, &b).await;
    client.head().await;
    say(&mut one, 200, "1").await;
    say(&mut two, 200, "2").await;
    let (rest, _) = client.to_end().await;
    let rest = String::from_utf8_lossy(&rest).into_owned();
    assert!(rest.contains(r#"{"first":"#) && !rest.ends_with("0\r\n\r\n"), "{rest:?}");

    let h2 = gateway.h2().await;
    let mut stream = h2.open(&Ask::get("/broken"), true).await.expect("a stream");
    let [mut one, mut two] = accept(&a, &b).await;
    stream.head().await.expect("a head");
    say(&mut one, 200, "1").await;
    say(&mut two, 200, "2").await;
    let broken = async {
        while let Some(data) = stream.data().await {
            if data.is_err() {
                return true;
            }
        }
        false
    };
    assert!(broken.await, "the stream is reset");
}

#[tokio::test]
async fn a_client_that_goes_ends_the_calls_of_an_answer_that_has_begun() {
    let (a, b, gateway) = start().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/a").to_h1()).await;
    let mut held = accept(&a, &b).await;
    client.head().await;
    client.reset();
    for wire in &mut held {
        wire.ended().await;
    }
    let h2 = gateway.h2().await;
    let mut stream = h2.open(&Ask::get("/a"), true).await.expect("a stream");
    let mut held = accept(&a, &b).await;
    stream.head().await.expect("a head");
    stream.reset(h2::Reason::CANCEL);
    for wire in &mut held {
        wire.ended().await;
    }
}

#[tokio::test]
async fn an_answer_that_has_begun_goes_on_over_a_reload() {
    let (a, b, gateway) = start().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/a").to_h1()).await;
    let [mut one, mut two] = accept(&a, &b).await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/a"), true).await.expect("a stream");
    let [mut three, mut four] = accept(&a, &b).await;
    gateway.change(config(&[("a", a.address())], "  - {match: /b, proxy: a}\n")).await;
    for (wire, content) in [(&mut one, "1"), (&mut two, "2"), (&mut three, "3"), (&mut four, "4")] {
        say(wire, 200, content).await;
    }
    assert_eq!(client.answer().await.text(), r#"{"first":1,"second":2,"last":[1]}"#);
    assert_eq!(stream.try_answer().await.expect("an answer").text(), r#"{"first":3,"second":4,"last":[1]}"#);
}

#[tokio::test]
async fn the_time_of_the_whole_holds_for_an_answer_that_has_begun() {
    let (a, b) = (RawOrigin::start().await, RawOrigin::start().await);
    let routes = ROUTES.replace("  - match: /a\n", "  - match: /a\n    policies: [{timeout: 400ms}]\n");
    let gateway = Gateway::start(config(&[("a", a.address()), ("b", b.address())], &routes)).await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/a"), true).await.expect("a stream");
    let [mut one, mut two] = accept(&a, &b).await;
    say(&mut one, 200, "1").await;
    let answer = stream.try_answer().await.expect("an answer");
    assert_eq!(answer.text(), r#"{"first":1,"second":"none","last":[1]}"#);
    assert_eq!(answer.trailers.get("gateway-partial"), Some("two; reason=timeout"));
    two.ended().await;
}
