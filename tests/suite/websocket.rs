//! WebSocket through the gateway: over HTTP/1.1 by Upgrade (RFC 6455), over HTTP/2 by extended CONNECT (RFC 8441), and
//! from each to each.

use pintle_testkit::{
    Ask, Certificates, Frame, Gateway, H2Stream, Head, Origin, RawOrigin, Silent, WebSocket, setting,
};

async fn raw() -> (Gateway, RawOrigin) {
    let service = RawOrigin::start().await;
    (Gateway::to(service.url()).await, service)
}

/// A WebSocket over HTTP/1.1, both ends of it, and the head that the service got.
async fn joined(gateway: &Gateway, service: &RawOrigin, ask: Ask) -> (WebSocket, WebSocket, Head) {
    let wire = gateway.wire().await;
    let accept = async { WebSocket::accept(service.accept().await).await };
    let ((client, _), (upstream, head)) = tokio::join!(WebSocket::connect(wire, ask), accept);
    (client, upstream, head)
}

pub(super) async fn they_talk(client: &mut WebSocket, upstream: &mut WebSocket) {
    client.say("to the service").await;
    assert_eq!(upstream.hear_text().await, "to the service");
    upstream.say("to the client").await;
    assert_eq!(client.hear_text().await, "to the client");
    let large = vec![7; 300_000];
    client.say_bytes(&large).await;
    assert_eq!(upstream.hear().await, Some(large));
}

#[tokio::test]
async fn an_upgrade_over_http1_is_passed_on() {
    let (gateway, service) = raw().await;
    let ask = WebSocket::upgrade("/chat?room=1").header("sec-websocket-protocol", "v1");
    let wire = gateway.wire().await;
    let serve = async {
        let mut upstream = service.accept().await;
        let head = upstream.head().await;
        assert_eq!(head.target(), "/chat?room=1");
        assert_eq!(head.get("sec-websocket-protocol"), Some("v1"));
        assert_eq!(head.get("upgrade"), Some("websocket"));
        // The service refuses: an answer like any other.
        upstream.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno").await;
        upstream
    };
    let mut client = pintle_testkit::H1Client { wire };
    let (answer, _upstream) = tokio::join!(client.ask(ask), serve);
    assert_eq!((answer.status, answer.text().as_str()), (403, "no"));
}

// Rule: websocket
#[tokio::test]
async fn both_sides_talk_over_http1() {
    let (gateway, service) = raw().await;
    let (mut client, mut upstream, head) = joined(&gateway, &service, WebSocket::upgrade("/chat?room=1")).await;
    assert_eq!(head.target(), "/chat?room=1");
    they_talk(&mut client, &mut upstream).await;
    tokio::join!(client.close(), upstream.echo());
    let line = gateway.wait_log(|line| line["url.path"] == "/chat").await;
    assert_eq!(line["http.response.status_code"], 101);
}

#[tokio::test]
async fn what_a_client_sends_at_once_is_not_lost() {
    let (gateway, service) = raw().await;
    let mut wire = gateway.wire().await;
    // A masked text frame `hi` right behind the head.
    let frame = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
    wire.write([WebSocket::upgrade("/").to_h1(), frame.to_vec()].concat()).await;
    let (mut upstream, _) = WebSocket::accept(service.accept().await).await;
    assert_eq!(wire.head().await.status(), 101);
    assert_eq!(upstream.hear_text().await, "hi");
}

#[tokio::test]
async fn when_one_side_goes_the_other_learns_of_it() {
    let (gateway, service) = raw().await;
    let (client, mut upstream, _) = joined(&gateway, &service, WebSocket::upgrade("/")).await;
    drop(client);
    upstream.gone().await;
    let (mut client, upstream, _) = joined(&gateway, &service, WebSocket::upgrade("/")).await;
    drop(upstream);
    client.gone().await;
}

#[tokio::test]
async fn a_service_that_switches_unasked_is_502() {
    let (gateway, service) = raw().await;
    let serve = async {
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n").await;
        upstream
    };
    let (answer, _upstream) = tokio::join!(gateway.get("/"), serve);
    assert_eq!(answer.status, 502);
}

// Rule: timeout-tunnel
#[tokio::test]
async fn the_time_of_a_route_ends_at_the_tunnel() {
    let service = RawOrigin::start().await;
    let route = format!("{{match: /**, policies: [{{timeout: 300ms}}], proxy: \"{}\"}}", service.url());
    let gateway = Gateway::plain(format!("routes: [{route}]")).await;
    let (mut client, mut upstream, _) = joined(&gateway, &service, WebSocket::upgrade("/")).await;
    // A request beside it runs into the same time, after which the tunnel is still there.
    let (answer, _held) = tokio::join!(gateway.get("/"), service.accept());
    assert_eq!(answer.status, 504);
    they_talk(&mut client, &mut upstream).await;
}

/// A gateway that speaks to a service in this version.
pub(super) async fn to_version(protocol: &str, more: &str) -> (Gateway, RawOrigin) {
    let service = RawOrigin::start().await;
    let upstream = format!("chat: {{endpoints: [\"{}\"], protocol: {protocol}{more}}}", service.address());
    let gateway = Gateway::plain(format!("upstreams: {{{upstream}}}\nroutes: [{{match: GET /**, proxy: chat}}]")).await;
    (gateway, service)
}

/// A stream that a client has asked to become a WebSocket.
async fn asked(gateway: &Gateway, ask: Ask) -> H2Stream {
    gateway.h2().await.open(&ask.header("sec-websocket-version", "13"), false).await.expect("a stream")
}

/// A WebSocket between these versions, both ends of it, and the head that the service got.
pub(super) async fn bridged(
    gateway: &Gateway,
    service: &RawOrigin,
    from: u8,
    to: u8,
    target: &str,
) -> (WebSocket, WebSocket, Head) {
    let accept = async {
        let wire = service.accept().await;
        if to == 1 { WebSocket::accept(wire).await } else { WebSocket::accept_h2(wire).await }
    };
    let connect = async {
        if from == 1 {
            let ask = WebSocket::upgrade(target).header("sec-websocket-protocol", "v1");
            return WebSocket::connect(gateway.wire().await, ask).await.0;
        }
        let mut stream = asked(gateway, Ask::tunnel(target, "websocket").header("sec-websocket-protocol", "v1")).await;
        let answer = stream.head().await.expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.fields.has("sec-websocket-accept") && !answer.fields.has("content-length"), "{answer:?}");
        WebSocket::over(stream).await
    };
    let (client, (upstream, head)) = tokio::join!(connect, accept);
    (client, upstream, head)
}

// Rule: websocket, websocket-get
#[tokio::test]
async fn both_sides_talk_in_all_four_ways() {
    for (from, to) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let (gateway, service) = to_version(if to == 1 { "http1" } else { "http2" }, "").await;
        let (mut client, mut upstream, head) = bridged(&gateway, &service, from, to, "/chat?room=1").await;
        assert!(head.line.contains(" /chat?room=1 "), "{head:?}");
        assert_eq!(head.get("sec-websocket-protocol"), Some("v1"));
        assert_eq!(head.get("sec-websocket-version"), Some("13"));
        they_talk(&mut client, &mut upstream).await;
        tokio::join!(client.close(), upstream.echo());
        let line = gateway.wait_log(|line| line["url.path"] == "/chat").await;
        assert_eq!(line["http.response.status_code"], if from == 1 { 101 } else { 200 }, "{from} to {to}");
        assert_eq!(line["http.request.method"], "GET");
        assert!(line["http.request.body.size"].as_u64() > Some(300_000), "{line}");
        assert!(line["http.response.body.size"].as_u64() > Some(10), "{line}");
        assert!(line.get("pintle.reason").is_none(), "{line}");
    }
}

#[tokio::test]
async fn when_one_side_goes_the_other_learns_of_it_in_all_ways() {
    for (from, to) in [(1, 2), (2, 1), (2, 2)] {
        let (gateway, service) = to_version(if to == 1 { "http1" } else { "http2" }, "").await;
        let (client, mut upstream, _) = bridged(&gateway, &service, from, to, "/").await;
        drop(client);
        upstream.gone().await;
        drop((upstream, gateway));
        let (gateway, service) = to_version(if to == 1 { "http1" } else { "http2" }, "").await;
        let (mut client, upstream, _) = bridged(&gateway, &service, from, to, "/").await;
        drop(upstream);
        client.gone().await;
        drop(gateway);
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_ends_the_tunnel() {
    // RFC 8441 5: RST_STREAM is the reset of the connection.
    let (gateway, service) = to_version("http1", "").await;
    let mut stream = asked(&gateway, Ask::tunnel("/", "websocket")).await;
    let accept = async { WebSocket::accept(service.accept().await).await };
    let (answer, (mut upstream, _)) = tokio::join!(stream.head(), accept);
    assert_eq!(answer.expect("an answer").status, 200);
    stream.reset(h2::Reason::CANCEL);
    upstream.gone().await;
}

#[tokio::test]
async fn a_refused_websocket_over_http2_is_an_answer_like_any_other() {
    let (gateway, service) = to_version("http1", "").await;
    let stream = asked(&gateway, Ask::tunnel("/", "websocket")).await;
    let serve = async {
        let mut upstream = service.accept().await;
        upstream.head().await;
        upstream.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno").await;
        upstream
    };
    let (answer, _upstream) = tokio::join!(stream.try_answer(), serve);
    let answer = answer.expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (403, "no"));
    // A path that is none, as of any request.
    let refused = asked(&gateway, Ask::tunnel("/a/..%00", "websocket")).await.try_answer().await;
    refused.expect("an answer").problem(400, "bad_path");
}

// Rule: websocket
#[tokio::test]
async fn a_service_that_does_not_prove_that_it_understood_is_502() {
    // RFC 6455 4.1, from each side.
    for from in [1, 2] {
        let (gateway, service) = to_version("http1", "").await;
        let serve = async {
            let mut upstream = service.accept().await;
            upstream.head().await;
            let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n";
            upstream.write(format!("{head}sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n")).await;
            upstream
        };
        let ask = async {
            match from {
                1 => gateway.ask(WebSocket::upgrade("/")).await,
                _ => asked(&gateway, Ask::tunnel("/", "websocket")).await.try_answer().await.expect("an answer"),
            }
        };
        let (answer, _upstream) = tokio::join!(ask, serve);
        answer.problem(502, "upstream_malformed");
    }
}

#[tokio::test]
async fn extended_connect_is_offered_and_for_websocket_alone() {
    // RFC 8441 3; other values of `:protocol`, and CONNECT without one, are refused.
    let (gateway, service) = raw().await;
    let raw = gateway.raw_h2().await;
    let offered =
        raw.settings.payload.chunks(6).any(|entry| {
            entry[..2] == setting::ENABLE_CONNECT_PROTOCOL.to_be_bytes() && entry[2..] == 1_u32.to_be_bytes()
        });
    assert!(offered, "{:?}", raw.settings);
    let client = gateway.h2().await;
    for protocol in ["connect-udp", "WebSocket", "webtransport"] {
        let stream = client.open(&Ask::tunnel("/chat", protocol), false).await.expect("a stream");
        stream.try_answer().await.expect("an answer").problem(501, "not_implemented");
    }
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::headers(1, &[(":method", "CONNECT"), (":authority", "localhost:443")], false)).await;
    assert_eq!(raw.status(1).await, 501);
    // A stream that is over cannot become a WebSocket.
    let head = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", "/chat"),
    ];
    raw.send(Frame::headers(3, &head, true)).await;
    assert_eq!(raw.status(3).await, 400);
    assert!(!service.was_asked().await);
}

// Rule: websocket
#[tokio::test]
async fn a_service_that_does_not_allow_it_over_http2_cannot_have_one() {
    let service = Origin::echo().await;
    let upstream = format!("upstreams: {{h2: {{endpoints: [\"{}\"], protocol: http2}}}}", service.address());
    let gateway = Gateway::plain(format!("{upstream}\nroutes: [{{match: /**, proxy: h2}}]")).await;
    gateway.ask(WebSocket::upgrade("/")).await.problem(501, "not_implemented");
    assert_eq!(service.hits(), 0);
    // The connection serves other requests, and a WebSocket without a key is none.
    assert_eq!(gateway.get("/").await.status, 200);
}

// Rule: websocket
#[tokio::test]
async fn where_alpn_chooses_http1_takes_what_http2_does_not_allow() {
    let certificates = Certificates::new();
    let service = RawOrigin::tls(&certificates.server(&["127.0.0.1"]), &["h2", "http/1.1"]).await;
    let upstream = format!("chat: {{endpoints: [\"{}\"], tls: {{ca: {}}}}}", service.address(), certificates.ca());
    let gateway = Gateway::plain(format!("upstreams: {{{upstream}}}\nroutes: [{{match: /**, proxy: chat}}]")).await;
    let serve = async {
        // The first connection speaks HTTP/2 and does not allow extended CONNECT.
        let wire = service.accept().await;
        assert_eq!(wire.alpn().as_deref(), Some("h2"));
        WebSocket::not_over_h2(wire).await;
        let wire = service.accept().await;
        assert_eq!(wire.alpn().as_deref(), Some("http/1.1"));
        WebSocket::accept(wire).await
    };
    let connect = async { WebSocket::connect(gateway.wire().await, WebSocket::upgrade("/")).await };
    let ((mut client, _), (mut upstream, _)) = tokio::join!(connect, serve);
    they_talk(&mut client, &mut upstream).await;
}

#[tokio::test]
async fn a_refused_upgrade_leaves_the_connection_as_it_was() {
    // RFC 9110 7.8: the server went on in HTTP/1.1.
    let service = Origin::echo().await;
    let gateway = Gateway::to(service.url()).await;
    let mut client = gateway.h1().await;
    assert_eq!(client.ask(WebSocket::upgrade("/chat")).await.status, 200);
    assert_eq!(client.get("/next").await.json()["target"], "/next");
}

#[tokio::test]
async fn a_client_that_goes_before_the_upgrade_cancels_it() {
    let (gateway, service) = raw().await;
    let mut client = gateway.wire().await;
    client.write(WebSocket::upgrade("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.head().await;
    drop(client);
    upstream.ended().await;
}

#[tokio::test]
async fn a_side_that_only_listens_is_no_slow_client() {
    let service = RawOrigin::start().await;
    let route = format!("{{match: /**, policies: [{{timeout: 500ms}}], proxy: \"{}\"}}", service.url());
    let gateway = Gateway::plain(format!("limits: {{timeout: {{body: 200ms}}}}\nroutes: [{route}]")).await;
    let (mut client, mut upstream, _) = joined(&gateway, &service, WebSocket::upgrade("/")).await;
    // Meanwhile more time than a client may take between two pieces of content.
    let (answer, _held) = tokio::join!(gateway.get("/"), service.accept());
    assert_eq!(answer.status, 504);
    they_talk(&mut client, &mut upstream).await;
}

// Rule: websocket-silent
#[tokio::test]
async fn a_tunnel_in_which_nobody_says_anything_ends() {
    for (from, to) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let (gateway, service) = to_version(if to == 1 { "http1" } else { "http2" }, ", timeout: {idle: 200ms}").await;
        let (mut client, mut upstream, _) = bridged(&gateway, &service, from, to, "/").await;
        they_talk(&mut client, &mut upstream).await;
        tokio::join!(client.gone(), upstream.gone());
        let line = gateway.wait_log(|line| line["url.path"] == "/").await;
        assert_eq!(line["pintle.reason"], "upstream_timeout", "{from} to {to}: {line}");
    }
}

// Rule: websocket-silent
#[tokio::test]
async fn a_tunnel_in_which_one_side_speaks_goes_on() {
    for (from, to) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let silent = Silent::new();
        let service = RawOrigin::start().await;
        let protocol = if to == 1 { "http1" } else { "http2" };
        let chat =
            format!("{{endpoints: [\"{}\"], protocol: {protocol}, timeout: {{idle: 600ms}}}}", service.address());
        let slow = format!("{{match: /slow, policies: [{{timeout: 200ms}}], proxy: \"http://{}\"}}", silent.address());
        let routes = format!("routes: [{slow}, {{match: /**, proxy: chat}}]");
        let gateway = Gateway::plain(format!("upstreams: {{chat: {chat}}}\n{routes}")).await;
        let (mut client, mut upstream, _) = bridged(&gateway, &service, from, to, "/").await;
        for number in 0..5 {
            client.say(&number.to_string()).await;
            assert_eq!(upstream.hear_text().await, number.to_string(), "{from} to {to}");
            assert_eq!(gateway.get("/slow").await.status, 504);
        }
        upstream.say("still here").await;
        assert_eq!(client.hear_text().await, "still here");
    }
}

#[tokio::test]
async fn a_drain_ends_tunnels_when_its_time_is_over() {
    let service = RawOrigin::start().await;
    let limits = "limits: {timeout: {drain: 200ms}}";
    let gateway = Gateway::plain(format!("{limits}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url())).await;
    let (mut client, _upstream, _) = joined(&gateway, &service, WebSocket::upgrade("/")).await;
    gateway.stop().await;
    client.gone().await;
}

#[tokio::test]
async fn a_handshake_with_two_keys_is_refused() {
    // RFC 6455 11.3.1.
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let mut client = gateway.wire().await;
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    client
        .write(format!(
            "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n{key}{key}\r\n"
        ))
        .await;
    client.answer().await.problem(400, "bad_request");
    assert!(!service.was_asked().await);
}
