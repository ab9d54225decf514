//! HTTP/2 at the client's side: what is refused, what goes on, how a connection ends.

use pintle_testkit::{
    Ask, Certificates, Frame, Gateway, H2Client, Origin, RawH2, RawOrigin, TlsClient, Wire, error, flag, kind, setting,
    within,
};

async fn echo() -> (Gateway, Origin) {
    let service = Origin::echo().await;
    (Gateway::to(service.url()).await, service)
}

#[tokio::test]
async fn prior_knowledge_and_alpn_both_begin_it() {
    let service = Origin::echo().await;
    let certificates = Certificates::new();
    let certificate = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let config = format!(
        "listeners:
  - {{address: 127.0.0.1:0, name: plain}}
  - {{address: 127.0.0.1:0, name: tls, tls: {{certificates: [{certificate}]}}}}
routes: [{{match: /**, proxy: \"{}\"}}]",
        service.url()
    );
    let gateway = Gateway::start(config).await;
    assert_eq!(gateway.h2().await.get("/plain").await.json()["target"], "/plain");
    let tls = TlsClient::new(&certificates, "shop.example.com");
    let client = H2Client::tls(gateway.address(1), &tls).await;
    assert_eq!(client.ask(Ask::get("/tls").host("shop.example.com")).await.json()["target"], "/tls");
    assert_eq!(service.last().get("x-forwarded-proto"), Some("https"));
    // Who offers nothing, or http/1.1 alone, gets HTTP/1.1 on the same port.
    for alpn in [&[][..], &["http/1.1"]] {
        let wire = Wire::tls(gateway.address(1), &tls.clone().alpn(alpn)).await;
        assert_ne!(wire.alpn().as_deref(), Some("h2"));
        let mut client = pintle_testkit::H1Client { wire };
        assert_eq!(client.ask(Ask::get("/").host("shop.example.com")).await.status, 200);
    }
}

#[tokio::test]
async fn streams_of_a_connection_do_not_wait_for_each_other() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let client = gateway.h2().await;
    let slow = client.open(&Ask::get("/slow"), true).await.expect("a stream");
    let mut held = service.accept().await;
    held.request().await;
    let serve = async {
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        upstream
    };
    let (fast, _kept) = tokio::join!(client.get("/fast"), serve);
    assert_eq!(fast.status, 204);
    held.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow").await;
    assert_eq!(slow.try_answer().await.expect("an answer").text(), "slow");
}

const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "http");
const AUTHORITY: (&str, &str) = (":authority", "localhost");
const PATH: (&str, &str) = (":path", "/");

#[tokio::test]
async fn a_malformed_head_resets_its_stream_and_nothing_goes_on() {
    // RFC 9113 8.2, 8.3.
    let (gateway, service) = echo().await;
    let malformed: &[&[(&str, &str)]] = &[
        &[SCHEME, AUTHORITY, PATH],
        &[METHOD, AUTHORITY, PATH],
        &[METHOD, SCHEME, AUTHORITY],
        &[METHOD, METHOD, SCHEME, AUTHORITY, PATH],
        &[METHOD, SCHEME, AUTHORITY, PATH, PATH],
        &[METHOD, SCHEME, AUTHORITY, (":path", "")],
        &[METHOD, SCHEME, AUTHORITY, PATH, (":status", "200")],
        &[METHOD, SCHEME, AUTHORITY, PATH, (":unknown", "x")],
        &[METHOD, SCHEME, ("x", "y"), AUTHORITY, PATH],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("X-Upper", "y")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("connection", "close")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("keep-alive", "1")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("proxy-connection", "close")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("transfer-encoding", "chunked")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("upgrade", "websocket")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("te", "gzip")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("x y", "z")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("x", "y\r\nz: w")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("x", "y\0")],
        &[METHOD, SCHEME, AUTHORITY, PATH, ("host", "other")],
        &[(":method", "GET /x"), SCHEME, AUTHORITY, PATH],
        &[METHOD, SCHEME, (":authority", "a@b"), PATH],
    ];
    for fields in malformed {
        let mut raw = gateway.raw_h2().await;
        raw.send(Frame::headers(1, fields, true)).await;
        let answer = raw.until(|frame| matches!(frame.kind, kind::GOAWAY | kind::RST_STREAM | kind::HEADERS)).await;
        // A 400 says the same in more words (RFC 9113 8.1.1).
        match answer.kind {
            kind::HEADERS => assert_eq!(answer.status(), 400, "{fields:?}"),
            _ => assert_eq!(answer.code(), error::PROTOCOL_ERROR, "{fields:?}"),
        }
    }
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn a_path_that_no_http1_line_can_hold_is_refused() {
    // What HTTP/2 can carry and HTTP/1.1 can't must not become a second request.
    let (gateway, service) = echo().await;
    for path in ["/ HTTP/1.1\r\nx: y", "/a b", "a", "*", "/\u{1}", "http://b/"] {
        let mut raw = gateway.raw_h2().await;
        raw.send(Frame::headers(1, &[METHOD, SCHEME, AUTHORITY, (":path", path)], true)).await;
        let answer = raw.until(|frame| matches!(frame.kind, kind::GOAWAY | kind::RST_STREAM | kind::HEADERS)).await;
        assert!(answer.kind != kind::HEADERS || answer.status() == 400, "{path:?}: {answer:?}");
    }
    assert_eq!(service.hits(), 0);
    // A fragment is no part of what is asked for (RFC 3986 3.5): `h2` drops it before anybody sees it.
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::headers(1, &[METHOD, SCHEME, AUTHORITY, (":path", "/a?b#c d")], true)).await;
    assert_eq!(raw.status(1).await, 200);
    assert_eq!(service.last().target, "/a?b");
}

#[tokio::test]
async fn content_that_is_not_as_long_as_announced_is_never_whole() {
    // RFC 9113 8.1.1.
    let (gateway, service) = echo().await;
    for (announced, data) in [("5", "1234"), ("3", "1234")] {
        let mut raw = gateway.raw_h2().await;
        let head = [(":method", "POST"), SCHEME, AUTHORITY, PATH, ("content-length", announced)];
        raw.send(Frame::headers(1, &head, false)).await;
        raw.send(Frame::data(1, data, true)).await;
        let answer = raw.until(|frame| matches!(frame.kind, kind::GOAWAY | kind::RST_STREAM | kind::HEADERS)).await;
        assert!(answer.kind != kind::HEADERS || answer.status() == 400, "{announced}: {answer:?}");
    }
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn a_broken_connection_ends_with_goaway() {
    // RFC 9113 4.1, 5.1, 6.
    let (gateway, _service) = echo().await;
    let broken = [
        (Frame::new(kind::DATA, 0, 0, "x"), error::PROTOCOL_ERROR),
        (Frame::data(1, "x", false), error::PROTOCOL_ERROR),
        (Frame::headers(2, &[METHOD, SCHEME, AUTHORITY, PATH], true), error::PROTOCOL_ERROR),
        (Frame::new(kind::PING, 0, 0, [0; 7]), error::FRAME_SIZE_ERROR),
        (Frame::new(kind::SETTINGS, 0, 0, [0; 5]), error::FRAME_SIZE_ERROR),
        (Frame::settings(&[(setting::ENABLE_PUSH, 2)]), error::PROTOCOL_ERROR),
        (Frame::settings(&[(setting::INITIAL_WINDOW_SIZE, 1 << 31)]), error::FLOW_CONTROL_ERROR),
        (Frame::new(kind::HEADERS, 0x5, 1, [0xff; 20]), error::COMPRESSION_ERROR),
        (Frame::window(0, 0x7fff_ffff), error::FLOW_CONTROL_ERROR),
        (Frame::new(kind::CONTINUATION, 0, 1, []), error::PROTOCOL_ERROR),
    ];
    for (frame, code) in broken {
        let mut raw = gateway.raw_h2().await;
        let described = format!("{frame:?}");
        raw.send(frame).await;
        // Its own code, or the general one (RFC 9113 5.4: the most relevant that the endpoint has).
        let sent = raw.goaway().await;
        assert!(sent == code || sent == error::PROTOCOL_ERROR, "{sent:#x} for {described}");
        raw.end().await;
    }
}

#[tokio::test]
async fn a_window_bounds_what_goes_out() {
    // RFC 9113 5.2.
    let service = Origin::answering(pintle_testkit::Reply::new(200).body(vec![b'x'; 1000])).await;
    let gateway = Gateway::to(service.url()).await;
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::settings(&[(setting::INITIAL_WINDOW_SIZE, 10)])).await;
    raw.get(1, "/").await;
    assert_eq!(raw.status(1).await, 200);
    let data = raw.until(|frame| frame.kind == kind::DATA).await;
    assert_eq!(data.payload.len(), 10);
    // A ping answered after it shows that no more came.
    raw.send(Frame::ping(*b"and more")).await;
    let next = raw.until(|frame| matches!(frame.kind, kind::DATA | kind::PING)).await;
    assert_eq!(next.kind, kind::PING);
    raw.send(Frame::window(1, 990)).await;
    let mut rest = 0;
    while rest < 990 {
        rest += raw.until(|frame| frame.kind == kind::DATA).await.payload.len();
    }
    assert_eq!(rest, 990);
}

#[tokio::test]
async fn a_drain_says_goaway_and_lets_streams_end() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let mut raw: RawH2 = gateway.raw_h2().await;
    raw.get(1, "/").await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    gateway.terminate();
    assert_eq!(raw.goaway().await, error::NO_ERROR);
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(raw.status(1).await, 200);
    assert_eq!(raw.until(|frame| frame.kind == kind::DATA).await.payload, b"ok");
    raw.end().await;
    assert_eq!(gateway.ended().await, Some(0));
}

#[tokio::test]
async fn an_answer_before_the_content_is_over_resets_only_the_rest() {
    // RFC 9113 8.1: NO_ERROR says that the answer is whole and the rest of the request not wanted.
    let gateway = Gateway::plain("routes: [{match: /a, respond: {status: 200}}]").await;
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::headers(1, &[(":method", "POST"), SCHEME, AUTHORITY, PATH], false)).await;
    assert_eq!(raw.status(1).await, 404);
    raw.until(|frame| frame.kind == kind::DATA && frame.is(flag::END_STREAM)).await;
    assert_eq!(raw.until(|frame| frame.kind == kind::RST_STREAM).await.code(), error::NO_ERROR);
    raw.get(3, "/a").await;
    assert_eq!(raw.status(3).await, 200);
}

#[tokio::test]
async fn an_expectation_that_nobody_knows_is_refused() {
    let (gateway, service) = echo().await;
    let client = gateway.h2().await;
    client.ask(Ask::get("/").header("expect", "miracles")).await.problem(417, "expectation_failed");
    assert_eq!(service.hits(), 0);
}

/// A gateway with short times.
async fn hasty() -> (Gateway, Origin) {
    let service = Origin::echo().await;
    let limits = "limits: {timeout: {header: 200ms, body: 200ms, idle: 200ms}}";
    let gateway = Gateway::plain(format!("{limits}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url())).await;
    (gateway, service)
}

// Rule: client-slow
#[tokio::test]
async fn content_that_comes_too_slowly_is_408() {
    let (gateway, service) = hasty().await;
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::headers(1, &[(":method", "POST"), SCHEME, AUTHORITY, PATH], false)).await;
    raw.send(Frame::data(1, "half", false)).await;
    assert_eq!(raw.status(1).await, 408);
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn an_idle_connection_is_told_to_go_and_then_closed() {
    // RFC 9113 9.1. This client answers nothing, not even the ping by which a server finds out what was under way.
    let (gateway, _service) = hasty().await;
    let mut raw = gateway.raw_h2().await;
    raw.get(1, "/").await;
    assert_eq!(raw.status(1).await, 200);
    assert_eq!(raw.goaway().await, error::NO_ERROR);
    raw.end().await;
    // So is one that never ends a head.
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::new(kind::HEADERS, flag::END_STREAM, 1, [])).await;
    raw.end().await;
    // And one that does not even begin.
    let mut wire = gateway.wire().await;
    wire.write("PRI * HTTP/2.0\r\n\r\nSM").await;
    wire.ended().await;
}

// Rule: upstream-protocol
#[tokio::test]
async fn a_service_may_speak_http2_too() {
    let service = Origin::start(async |request: pintle_testkit::Received| {
        pintle_testkit::Reply::echo("h2", &request).trailer("grpc-status", "0")
    });
    let service = service.await;
    let config = format!(
        "upstreams: {{grpc: {{endpoints: [\"{}\"], protocol: http2}}}}\nroutes: [{{match: /**, proxy: grpc}}]",
        service.address()
    );
    let gateway = Gateway::plain(config).await;
    let ask = Ask::post("/billing.v1.Billing/Get", "message").header("te", "trailers").trailer("x-end", "1");
    let answer = within("a call", gateway.h2().await.ask(ask)).await;
    assert_eq!(answer.json()["version"], "HTTP/2.0");
    assert_eq!(answer.json()["body"], "message");
    assert_eq!(answer.trailers.get("grpc-status"), Some("0"));
    assert_eq!(service.last().trailers.get("x-end"), Some("1"));
    assert_eq!(gateway.get("/by-h1").await.json()["version"], "HTTP/2.0");
}
