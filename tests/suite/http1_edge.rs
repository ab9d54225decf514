//! HTTP/1.1 at the client's side: what is refused, what is bounded, when a connection is kept and how it is closed.

use pintle_testkit::{Answer, Ask, End, Gateway, Origin, Wire};

async fn echo() -> (Gateway, Origin) {
    let service = Origin::echo().await;
    (Gateway::to(service.url()).await, service)
}

/// A gateway with `limits: {…}` before an echo.
async fn limited(limits: &str) -> (Gateway, Origin) {
    let service = Origin::echo().await;
    let config = format!("limits: {{{limits}}}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url());
    (Gateway::plain(config).await, service)
}

/// Sends bytes, reads one answer, and checks that the connection ends in order after it.
async fn last_answer(gateway: &Gateway, bytes: impl AsRef<[u8]>) -> Answer {
    let mut wire = gateway.wire().await;
    wire.write(&bytes).await;
    let answer = wire.answer().await;
    assert_eq!(answer.get("connection"), Some("close"), "{:?}", String::from_utf8_lossy(bytes.as_ref()));
    assert_eq!(wire.ended().await, End::Closed);
    answer
}

// Rule: ambiguous-refused
#[tokio::test]
async fn what_could_be_read_in_two_ways_is_400_and_nothing_goes_on() {
    let (gateway, service) = echo().await;
    let ambiguous = [
        // RFC 9112 2.2: lines end in CRLF.
        "GET / HTTP/1.1\nhost: a\n\n",
        "GET / HTTP/1.1\r\nhost: a\nx: y\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: y\rz: w\r\n\r\n",
        // 3: one space, and no more than three words.
        "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nhost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.x\r\nhost: a\r\n\r\n",
        "G=T / HTTP/1.1\r\nhost: a\r\n\r\n",
        // 3.2: exactly one valid Host, and the same as in the target.
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a@b\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nhost: a\r\n\r\n",
        // 5: no space before a colon, no folding, no control bytes.
        "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n",
        "GET / HTTP/1.1\r\n x: y\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: y\0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n: y\r\n\r\n",
        // 6: one length, said once.
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\nx",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\nx",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0x1\r\n\r\nx",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 18446744073709551617\r\n\r\nx",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ];
    for request in ambiguous {
        let smuggled = format!("{request}GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n");
        let answer = last_answer(&gateway, smuggled).await;
        assert_eq!(answer.status, 400, "{request:?}");
        answer.problem(400, "bad_request");
    }
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn content_that_breaks_its_framing_is_never_whole() {
    // RFC 9112 7.1.
    let (gateway, service) = echo().await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    for body in
        ["zz\r\n", "1\nx\r\n0\r\n\r\n", "1\r\nxx\r\n0\r\n\r\n", "-1\r\n", "1 ;a\u{1}\r\nx\r\n", "fffffffffffffffff\r\n"]
    {
        let mut wire = gateway.wire().await;
        wire.write(format!("{head}{body}GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert_eq!(wire.answer().await.status, 400, "{body:?}");
        wire.ended().await;
    }
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn what_is_right_but_unusual_is_taken() {
    let (gateway, service) = echo().await;
    let usual = [
        // RFC 9112 2.2: an empty line before; 3.2.2: the absolute form; 7.1.1: chunk extensions.
        ("\r\nGET /a HTTP/1.1\r\nhost: a\r\n\r\n", ""),
        ("GET http://a/a HTTP/1.1\r\nhost: a\r\n\r\n", ""),
        ("GET /a HTTP/1.1\r\nhost:a\r\nx:  y \t\r\n\r\n", ""),
        ("POST /a HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=\"y\"\r\none\r\n000\r\n\r\n", "one"),
        ("POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 003\r\n\r\none", "one"),
    ];
    for (request, body) in usual {
        let mut wire = gateway.wire().await;
        wire.write(request).await;
        let answer = wire.answer().await;
        assert_eq!(answer.status, 200, "{request:?} {answer:?}");
        assert_eq!((&answer.json()["target"], &answer.json()["body"]), (&"/a".into(), &body.into()));
    }
    assert_eq!(service.hits(), usual.len());
}

// Rule: coding-unknown
#[tokio::test]
async fn what_is_not_implemented_is_said_so() {
    let (gateway, _service) = echo().await;
    let coding = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n";
    last_answer(&gateway, coding).await.problem(501, "not_implemented");
    let answer = last_answer(&gateway, "GET / HTTP/3.0\r\nhost: a\r\n\r\n").await;
    answer.problem(505, "version_not_supported");
}

#[tokio::test]
async fn a_head_has_bounds() {
    let (gateway, service) = limited("header: {size: 2KiB, count: 10}").await;
    let line = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(4000));
    last_answer(&gateway, line).await.problem(414, "target_too_long");
    let large = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(4000));
    last_answer(&gateway, large).await.problem(431, "fields_too_large");
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(10));
    last_answer(&gateway, many).await.problem(431, "fields_too_large");
    let most = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(9));
    let mut wire = gateway.wire().await;
    wire.write(most).await;
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(service.hits(), 1);
}

#[tokio::test]
async fn content_has_a_bound() {
    let (gateway, service) = limited("body: 1KiB").await;
    assert_eq!(gateway.ask(Ask::post("/", vec![b'x'; 1024])).await.status, 200);
    let announced = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1025\r\n\r\n";
    last_answer(&gateway, announced).await.problem(413, "body_too_large");
    let mut wire = gateway.wire().await;
    wire.write(Ask::post("/", vec![b'x'; 4096]).chunked().to_h1()).await;
    wire.answer_to("POST").await.problem(413, "body_too_large");
    assert_eq!(service.hits(), 1);
    gateway.h2().await.ask(Ask::post("/", vec![b'x'; 4096])).await.problem(413, "body_too_large");
}

// Rule: close-in-stages
#[tokio::test]
async fn a_refusal_can_be_read_by_a_client_that_is_still_sending() {
    // RFC 9112 9.6: closed in stages, for a reset would take the answer away.
    let (gateway, _service) = limited("body: 1KiB").await;
    let mut wire = gateway.wire().await;
    wire.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n").await;
    // It takes some of this and not all; what counts is the answer.
    let _ = wire.try_write(vec![b'x'; 300_000]).await;
    wire.answer_to("POST").await.problem(413, "body_too_large");
    assert_eq!(wire.ended().await, End::Closed);

    let mut wire = gateway.wire().await;
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    wire.write("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let _ = wire.try_write(chunk.repeat(20)).await;
    wire.answer_to("POST").await.problem(413, "body_too_large");
    assert_eq!(wire.ended().await, End::Closed);
}

#[tokio::test]
async fn what_comes_behind_the_last_request_takes_no_answer_away() {
    // RFC 9112 9.6.
    let (gateway, service) = echo().await;
    let mut wire = gateway.wire().await;
    let last = "GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    wire.write(format!("{last}{}", "GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(10_000))).await;
    let answer = wire.answer().await;
    assert_eq!((answer.get("connection"), &answer.json()["target"]), (Some("close"), &"/last".into()));
    assert_eq!(wire.ended().await, End::Closed);
    assert_eq!(service.hits(), 1);
}

#[tokio::test]
async fn a_client_that_has_said_all_still_gets_its_answer() {
    let (gateway, _service) = echo().await;
    let mut wire = gateway.wire().await;
    wire.write("GET /1 HTTP/1.1\r\nhost: a\r\n\r\nPOST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx").await;
    wire.half_close().await;
    assert_eq!(wire.answer().await.json()["target"], "/1");
    assert_eq!(wire.answer().await.json()["target"], "/2");
    assert_eq!(wire.ended().await, End::Closed);
}

#[tokio::test]
async fn a_client_that_leaves_within_its_content_is_no_request() {
    // RFC 9112 8.
    let (gateway, service) = echo().await;
    let heads = ["content-length: 10\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"];
    for head in heads {
        let mut wire = gateway.wire().await;
        wire.write(format!("POST / HTTP/1.1\r\nhost: a\r\n{head}")).await;
        wire.half_close().await;
        wire.to_end().await;
    }
    gateway.get("/").await;
    assert_eq!(service.hits(), 1);
}

// Rule: client-slow
#[tokio::test]
async fn a_client_that_is_too_slow_is_408() {
    let (gateway, service) = limited("timeout: {header: 200ms, body: 200ms}").await;
    last_answer(&gateway, "GET / HTTP/1.1\r\nhost:").await.problem(408, "request_timeout");
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf";
    last_answer(&gateway, head).await.problem(408, "request_timeout");
    assert_eq!(service.hits(), 0);
}

// Rule: client-slow
#[tokio::test]
async fn a_kept_connection_without_a_request_is_closed_in_silence() {
    let (gateway, _service) = limited("timeout: {idle: 200ms}").await;
    let mut client = gateway.h1().await;
    assert_eq!(client.get("/").await.status, 200);
    assert_eq!(client.wire.ended().await, End::Closed);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    // RFC 9112 9.3.2.
    let (gateway, _service) = echo().await;
    let mut wire = gateway.wire().await;
    let requests: Vec<u8> = (0..20)
        .flat_map(|number| match number % 3 {
            0 => Ask::post(&format!("/{number}"), "content").to_h1(),
            1 => Ask::post(&format!("/{number}"), "content").chunked().to_h1(),
            _ => Ask::get(&format!("/{number}")).to_h1(),
        })
        .collect();
    wire.write(requests).await;
    for number in 0..20 {
        assert_eq!(wire.answer().await.json()["target"], format!("/{number}"));
    }
}

#[tokio::test]
async fn a_connection_is_kept_or_closed_as_its_client_says() {
    // RFC 9112 9.3, 9.6.
    let (gateway, _service) = echo().await;
    let ends = async |bytes: &str| {
        let mut wire: Wire = gateway.wire().await;
        wire.write(bytes).await;
        assert_eq!(wire.answer().await.status, 200, "{bytes:?}");
        wire.write("GET /again HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let (rest, _) = wire.to_end().await;
        rest.is_empty()
    };
    assert!(ends("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await);
    assert!(ends("GET / HTTP/1.0\r\n\r\n").await);
    let mut wire = gateway.wire().await;
    for _ in 0..2 {
        wire.write("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").await;
        assert_eq!(wire.answer().await.get("connection"), Some("keep-alive"));
    }
    let mut client = gateway.h1().await;
    for _ in 0..3 {
        assert_eq!(client.get("/").await.status, 200);
    }
    // A refusal whose request was read to its end keeps it too.
    let gateway = Gateway::plain("routes: [{match: /a, respond: {status: 200}}]").await;
    let mut client = gateway.h1().await;
    assert_eq!(client.ask(Ask::post("/nowhere", "x")).await.status, 404);
    assert_eq!(client.get("/a").await.status, 200);
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_no_chunks() {
    // RFC 9112 6.1, 7.1.
    let service = pintle_testkit::RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let mut wire = gateway.wire().await;
    wire.write("GET / HTTP/1.0\r\n\r\n").await;
    let mut upstream = service.accept().await;
    let (head, ..) = upstream.request().await;
    // It sent no Host; the service gets its own name.
    assert_eq!(head.get("host"), Some(service.address().to_string().as_str()));
    upstream.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n").await;
    let answer = wire.answer().await;
    assert!(!answer.has("transfer-encoding"), "{answer:?}");
    assert_eq!(answer.text(), "whole");
    wire.ended().await;
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte() {
    let (gateway, _service) = echo().await;
    let mut wire = gateway.wire().await;
    for byte in Ask::post("/slow", "content").chunked().to_h1() {
        wire.write([byte]).await;
    }
    assert_eq!(wire.answer_to("POST").await.json()["body"], "content");
}
