//! WebSocket through the gateway: from HTTP/1.1 and HTTP/2 to a service that speaks HTTP/1.1.

use pintle_testkit::{Ask, Gateway, Head, RawOrigin, WebSocket};

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

/// The same over HTTP/2 by extended CONNECT (RFC 8441).
async fn joined_h2(gateway: &Gateway, service: &RawOrigin) -> (WebSocket, WebSocket, Head) {
    let client = gateway.h2().await;
    let ask = Ask::tunnel("/chat?room=1", "websocket").header("sec-websocket-version", "13");
    let mut stream = client.open(&ask, false).await.expect("a stream");
    let accept = async { WebSocket::accept(service.accept().await).await };
    let (head, (upstream, got)) = tokio::join!(stream.head(), accept);
    let head = head.expect("an answer");
    assert_eq!(head.status, 200, "{head:?}");
    assert!(!head.has("sec-websocket-accept") && !head.has("upgrade"), "{head:?}");
    (WebSocket::over(stream).await, upstream, got)
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
async fn both_sides_talk_over_http2_and_http1() {
    let (gateway, service) = raw().await;
    let (mut client, mut upstream, head) = joined_h2(&gateway, &service).await;
    assert_eq!((head.method(), head.target()), ("GET", "/chat?room=1"));
    they_talk(&mut client, &mut upstream).await;
    tokio::join!(client.close(), upstream.echo());
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
    let (mut client, upstream, _) = joined_h2(&gateway, &service).await;
    drop(upstream);
    client.gone().await;
    let (client, mut upstream, _) = joined_h2(&gateway, &service).await;
    drop(client);
    upstream.gone().await;
}

#[tokio::test]
async fn a_wrong_accept_from_the_service_is_502() {
    // RFC 6455 4.1: over HTTP/2 the gateway is the client that has to look.
    let (gateway, service) = raw().await;
    let client = gateway.h2().await;
    let ask = Ask::tunnel("/", "websocket").header("sec-websocket-version", "13");
    let mut stream = client.open(&ask, false).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.head().await;
    let fields = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    upstream.write(format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n\r\n")).await;
    assert_eq!(stream.head().await.expect("an answer").status, 502);
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

#[tokio::test]
async fn another_protocol_over_http2_is_refused() {
    let (gateway, _service) = raw().await;
    let client = gateway.h2().await;
    let mut stream = client.open(&Ask::tunnel("/", "connect-udp"), false).await.expect("a stream");
    assert_eq!(stream.head().await.expect("an answer").status, 501);
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
