//! WebSocket through the gateway over HTTP/1.1. Over HTTP/2 (RFC 8441) it is not offered.

use pintle_testkit::{Ask, Frame, Gateway, Head, Origin, RawOrigin, WebSocket, kind, setting};

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

async fn they_talk(client: &mut WebSocket, upstream: &mut WebSocket) {
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

// Rule: websocket
#[tokio::test]
async fn it_is_not_offered_over_http2() {
    // RFC 8441 3: without the setting a client must not ask; one that does is refused, and nothing goes on.
    let (gateway, service) = raw().await;
    let mut raw = gateway.raw_h2().await;
    let offered =
        raw.settings.payload.chunks(6).any(|entry| entry[..2] == setting::ENABLE_CONNECT_PROTOCOL.to_be_bytes());
    assert!(!offered, "{:?}", raw.settings);
    let head = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", "/chat"),
        ("sec-websocket-version", "13"),
    ];
    raw.send(Frame::headers(1, &head, false)).await;
    let answer = raw.until(|frame| matches!(frame.kind, kind::GOAWAY | kind::RST_STREAM | kind::HEADERS)).await;
    assert!(answer.kind != kind::HEADERS || answer.status() >= 400, "{answer:?}");
    assert!(!service.was_asked().await);
}

// Rule: websocket
#[tokio::test]
async fn a_service_that_speaks_http2_cannot_have_one() {
    let service = Origin::echo().await;
    let upstream = format!("upstreams: {{h2: {{endpoints: [\"{}\"], protocol: http2}}}}", service.address());
    let gateway = Gateway::plain(format!("{upstream}\nroutes: [{{match: /**, proxy: h2}}]")).await;
    gateway.ask(WebSocket::upgrade("/")).await.problem(501, "not_implemented");
    assert_eq!(service.hits(), 0);
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

#[tokio::test]
async fn a_tunnel_in_which_nobody_says_anything_ends() {
    let service = RawOrigin::start().await;
    let upstream = format!("upstreams: {{chat: {{endpoints: [\"{}\"], timeout: {{idle: 200ms}}}}}}", service.address());
    let gateway = Gateway::plain(format!("{upstream}\nroutes: [{{match: /**, proxy: chat}}]")).await;
    let (mut client, mut upstream, _) = joined(&gateway, &service, WebSocket::upgrade("/")).await;
    they_talk(&mut client, &mut upstream).await;
    tokio::join!(client.gone(), upstream.gone());
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
