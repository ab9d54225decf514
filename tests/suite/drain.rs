//! Streams through changes and to the gateway's end: they live on over a hundred changes, and over a drain until its time is
//! over. Then each is ended so that both sides know.

use super::grpc;
use super::websocket::{bridged, they_talk, to_version};
use pintle_testkit::{Ask, End, Gateway, RawOrigin, WebSocket, Wire, kind};

const EVENT: &str = "d\r\ndata: hello\n\n\r\n";

/// A stream of events over HTTP/1.1, its first event come, and the service's end of it.
async fn events(gateway: &Gateway, service: &RawOrigin) -> (Wire, Wire) {
    let mut client = gateway.wire().await;
    client.write(Ask::get("/events").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.head().await;
    upstream.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    assert_eq!(client.head().await.get("content-type"), Some("text/event-stream"));
    an_event(&mut client, &mut upstream).await;
    (client, upstream)
}

async fn an_event(client: &mut Wire, upstream: &mut Wire) {
    upstream.write(EVENT).await;
    assert_eq!(client.chunk().await.as_deref(), Some(&b"data: hello\n\n"[..]));
}

// Rule: change-streams
#[tokio::test]
async fn streams_live_on_over_a_hundred_changes_even_without_their_route() {
    let (raw, rpc) = (RawOrigin::start().await, grpc::service::Service::start().await);
    let head = "listeners: [{address: 127.0.0.1:0}]";
    let upstreams = format!(
        "upstreams: {{raw: {{endpoints: [\"{}\"]}}, h2: {{endpoints: [\"{}\"], protocol: http2}}, rpc: {}}}",
        raw.address(),
        raw.address(),
        rpc.upstream()
    );
    let all = "{match: /events, proxy: raw}, {match: /chat, proxy: raw}, {match: /h2, proxy: h2}, {match: /t.T/**, proxy: rpc}";
    let gateway = Gateway::start(format!("{head}\n{upstreams}\nroutes: [{all}]")).await;
    let (mut events, mut service) = events(&gateway, &raw).await;
    let (mut client, mut upstream, _) = bridged(&gateway, &raw, 1, 1, "/chat").await;
    let (mut client2, mut upstream2, _) = bridged(&gateway, &raw, 2, 2, "/h2").await;
    let mut call = grpc::open(&gateway, "/t.T/Both").await;
    for number in 0..100 {
        // The routes stand at first; later they, and the upstreams, are gone.
        let rest = format!("{{match: /{number}, respond: {{body: x}}}}");
        let config = match number < 50 {
            true => format!("{head}\n{upstreams}\nroutes: [{all}, {rest}]"),
            false => format!("{head}\nroutes: [{rest}]"),
        };
        gateway.change(config).await;
        if number % 25 == 0 {
            an_event(&mut events, &mut service).await;
        }
    }
    an_event(&mut events, &mut service).await;
    they_talk(&mut client, &mut upstream).await;
    they_talk(&mut client2, &mut upstream2).await;
    grpc::comes_back(&mut call, "after all", true).await;
    assert_eq!(gateway.get("/chat").await.status, 404);
}

// Rule: drain, drain-close
#[tokio::test]
async fn a_websocket_is_told_that_the_gateway_goes_when_its_time_is_over() {
    for (from, to) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let (gateway, service) = draining(to).await;
        let (mut client, mut upstream, _) = bridged(&gateway, &service, from, to, "/chat").await;
        they_talk(&mut client, &mut upstream).await;
        gateway.terminate();
        // Draining has begun: nobody is taken any more. The WebSocket is as it was.
        gateway.wait_stderr("drain").await;
        they_talk(&mut client, &mut upstream).await;
        let codes = tokio::join!(client.closed(), upstream.closed());
        assert_eq!(codes, (Some(1001), Some(1001)), "{from} to {to}");
        tokio::join!(client.gone(), upstream.gone());
        assert_eq!(gateway.ended().await, Some(0));
        let line = gateway.wait_log(|line| line["url.path"] == "/chat").await;
        assert_eq!(line["pintle.reason"], "unavailable", "{line}");
    }
}

async fn draining(to: u8) -> (Gateway, RawOrigin) {
    let (gateway, service) = to_version(if to == 1 { "http1" } else { "http2" }, "").await;
    drop(gateway);
    let protocol = if to == 1 { "http1" } else { "http2" };
    let upstream = format!("chat: {{endpoints: [\"{}\"], protocol: {protocol}}}", service.address());
    let limits = "limits: {timeout: {drain: 700ms}}";
    let gateway =
        Gateway::plain(format!("{limits}\nupstreams: {{{upstream}}}\nroutes: [{{match: /**, proxy: chat}}]")).await;
    (gateway, service)
}

// Rule: drain-close
#[tokio::test]
async fn within_a_frame_nothing_is_said() {
    let (gateway, service) = draining(1).await;
    let mut client = gateway.wire().await;
    client.write(WebSocket::upgrade("/").to_h1()).await;
    let (mut upstream, _) = WebSocket::accept(service.accept().await).await;
    assert_eq!(client.head().await.status(), 101);
    // The head of a frame of 10 bytes, and one of them: the service must not take a close frame for the rest.
    client.write([0x81, 0x8a, 0, 0, 0, 0, b'x']).await;
    upstream.say("heard").await;
    assert_eq!(&client.read(7).await[..], b"\x81\x05heard");
    gateway.terminate();
    upstream.gone().await;
    assert_eq!(&client.to_end().await.0[..], b"\x88\x02\x03\xe9", "the other way has just ended a frame");
}

// Rule: drain
#[tokio::test]
async fn what_streams_is_cut_so_that_it_shows() {
    let (raw, rpc) = (RawOrigin::start().await, grpc::service::Service::start().await);
    let upstreams = format!("upstreams: {{raw: {{endpoints: [\"{}\"]}}, rpc: {}}}", raw.address(), rpc.upstream());
    let routes = "routes: [{match: /t.T/**, proxy: rpc}, {match: /**, proxy: raw}]";
    let gateway = Gateway::plain(format!("limits: {{timeout: {{drain: 700ms}}}}\n{upstreams}\n{routes}")).await;
    let (mut client, mut upstream) = events(&gateway, &raw).await;
    let mut call = grpc::open(&gateway, "/t.T/Both").await;
    let mut h2 = gateway.raw_h2().await;
    h2.get(1, "/events").await;
    let mut upstream2 = raw.accept().await;
    upstream2.head().await;
    upstream2.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    upstream2.write(EVENT).await;
    h2.until(|frame| frame.kind == kind::DATA).await;
    // One that waits for its answer.
    let mut waits = gateway.wire().await;
    waits.write(Ask::get("/waits").to_h1()).await;
    let mut upstream3 = raw.accept().await;
    upstream3.head().await;

    gateway.terminate();
    assert_eq!(h2.goaway().await, 0);
    an_event(&mut client, &mut upstream).await;
    upstream2.write(EVENT).await;
    h2.until(|frame| frame.kind == kind::DATA).await;
    grpc::comes_back(&mut call, "still", true).await;

    let (rest, end) = client.to_end().await;
    assert_eq!((&rest[..], end), (&b""[..], End::Reset));
    assert_eq!(h2.until(|frame| frame.kind == kind::RST_STREAM).await.code(), 8, "CANCEL");
    assert!(call.data().await.is_none());
    assert_eq!(call.trailers().await.expect("trailers").get("grpc-status"), Some("14"));
    assert_eq!(waits.to_end().await.1, End::Reset);
    assert_eq!(gateway.ended().await, Some(0));
    let reasons: Vec<String> = gateway.log_lines().iter().map(|line| line["pintle.reason"].to_string()).collect();
    assert_eq!(reasons, ["\"unavailable\""; 4]);
}
