//! The PROXY protocol towards services: byte by byte what they get first.

use pintle_testkit::{Ask, Certificates, Gateway, H1Client, RawOrigin, Reloaded, TlsClient, Unreachable, Wire};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A gateway that sends all to one service, with this version of the header.
fn config(listener: &str, service: &RawOrigin, version: &str, rest: &str) -> String {
    let at = service.url();
    let at = at.trim_start_matches("http://").trim_start_matches("https://");
    format!(
        "listeners: [{{address: 127.0.0.1:0{listener}}}]\n\
         upstreams: {{a: {{endpoints: [\"{at}\"], proxy_protocol: {version}{rest}}}}}\n\
         routes: [{{match: /**, proxy: a}}]\n"
    )
}

// Rule: proxy-header
#[tokio::test]
async fn version_1_is_a_line_before_the_request_on_each_connection() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config("", &service, "v1", "")).await;
    let mut client = gateway.wire().await;
    let (from, to) = (client.local(), gateway.address(0));
    let line = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} {}", from.port(), to.port());
    for _ in 0..2 {
        client.write(Ask::get("/").to_h1()).await;
        // A new connection for the second request, too: none is kept.
        let mut upstream = service.accept().await;
        assert_eq!(upstream.line().await, line);
        assert_eq!(upstream.head().await.target(), "/");
        upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        assert_eq!(client.answer_to("GET").await.text(), "ok");
        upstream.ended().await;
    }
}

// Rule: proxy-header
#[tokio::test]
async fn version_2_has_the_name_and_the_id_and_stands_before_tls() {
    let certificates = Certificates::new();
    let own = certificates.write("own", &certificates.server(&["a.test"]));
    let service = RawOrigin::start().await;
    let text =
        config(&format!(", tls: {{certificates: [{own}]}}"), &service, "v2", ", tls: {}, timeout: {connect: 1s}");
    let gateway = Gateway::start(text).await;
    let mut client = H1Client::tls(gateway.address(0), &TlsClient::new(&certificates, "a.test")).await;
    let asking = tokio::spawn(async move { client.ask(Ask::get("/").host("a.test")).await });
    let mut upstream = service.accept().await;
    let head = upstream.read(16).await;
    assert_eq!((&head[..12], head[12], head[13]), (SIGNATURE, 0x21, 0x11));
    let rest = upstream.read(usize::from(u16::from_be_bytes([head[14], head[15]]))).await;
    assert_eq!(&rest[..8], [127, 0, 0, 1, 127, 0, 0, 1]);
    assert_eq!(&rest[10..12], gateway.address(0).port().to_be_bytes());
    assert_eq!(&rest[12..21], b"\x02\0\x06a.test");
    assert_eq!(&rest[21..24], b"\x05\0\x20");
    let id = String::from_utf8_lossy(&rest[24..]).into_owned();
    // What comes next is a TLS record.
    assert_eq!(upstream.read(2).await[..], [22, 3]);
    drop(upstream);
    let answer = asking.await.expect("an answer");
    // Others that it was tried on wait for the handshake.
    assert!(matches!(answer.status, 502 | 504), "{answer:?}");
    assert_eq!(answer.get("x-request-id"), Some(&*id));
}

// Rule: proxy-header
#[tokio::test]
async fn the_client_is_who_trusted_proxies_say_and_unix_sockets_have_none() {
    let service = RawOrigin::unix();
    let listener = ", trusted_proxies: [127.0.0.1]";
    let gateway = Gateway::start(config(listener, &service, "v1", "")).await;
    for (client, line) in [
        ("203.0.113.9", "PROXY TCP4 203.0.113.9 127.0.0.1 "),
        ("2001:db8::9", "PROXY TCP6 2001:db8::9 ::ffff:127.0.0.1 "),
    ] {
        let mut wire = gateway.wire().await;
        wire.write(Ask::get("/").header("x-forwarded-for", client).to_h1()).await;
        let mut upstream = service.accept().await;
        let first = upstream.line().await;
        assert!(first.starts_with(line), "{first}");
        // A client that hangs up takes its connection along.
        upstream.head().await;
        drop(wire);
        upstream.ended().await;
    }
    let folder = pintle_testkit::Folder::new();
    let path = folder.at("s");
    let text = config("", &service, "v1", "").replace("127.0.0.1:0", &format!("unix:{}", path.display()));
    let _gateway = Gateway::start(text).await;
    let mut client = Wire::unix(&path).await;
    client.write(Ask::get("/").to_h1()).await;
    assert_eq!(service.accept().await.line().await, "PROXY UNKNOWN");
}

// Rule: proxy-header
#[tokio::test]
async fn a_tunnel_and_a_request_over_http2_tell_their_client_too() {
    let service = RawOrigin::start().await;
    let text = format!(
        "listeners: [{{name: web, address: 127.0.0.1:0}}, {{name: tcp, address: 127.0.0.1:0, protocol: tcp}}]\n\
         upstreams: {{a: {{endpoints: [\"{}\"], proxy_protocol: v1}}}}\n\
         routes: [{{match: /**, proxy: a}}, {{match: /**, tunnel: a, name: t}}]",
        service.address()
    );
    let gateway = Gateway::start(&text).await;
    let mut tunnel = Wire::tcp(gateway.address(1)).await;
    let mut upstream = service.accept().await;
    let (from, to) = (tunnel.local().port(), gateway.address(1).port());
    assert_eq!(upstream.line().await, format!("PROXY TCP4 127.0.0.1 127.0.0.1 {from} {to}"));
    // A change leaves it as it is, and holds for what comes next.
    gateway.change(text.replace("v1", "v2")).await;
    tunnel.write("x").await;
    assert_eq!(upstream.read(1).await, "x");
    let client = gateway.h2().await;
    let serving = async {
        let mut upstream = service.accept().await;
        let head = upstream.read(16).await;
        assert_eq!((&head[..12], head[12]), (SIGNATURE, 0x21));
        upstream.read(usize::from(u16::from_be_bytes([head[14], head[15]]))).await;
        upstream.head().await;
        upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        upstream
    };
    assert_eq!(tokio::join!(client.get("/"), serving).0.status, 204);
}

// Rule: proxy-header
#[tokio::test]
async fn a_check_is_the_gateways_own_and_at_a_port_of_its_own_it_has_no_header() {
    let (service, other) = (RawOrigin::start().await, RawOrigin::start().await);
    let check = |rest: &str| format!(", health: {{check: {{path: /healthz, every: 50ms{rest}}}}}");
    let gateway = Gateway::start(config("", &service, "v2", &check(""))).await;
    let mut asked = service.accept().await;
    assert_eq!(asked.read(16).await, [SIGNATURE, &[0x20, 0, 0, 0]].concat());
    assert_eq!(asked.head().await.target(), "/healthz");
    drop(asked);
    let port = format!(", port: {}", other.address().port());
    gateway.change(config("", &service, "v2", &check(&port))).await;
    assert_eq!(other.accept().await.head().await.target(), "/healthz");
}

// Rule: proxy-header
#[tokio::test]
async fn an_endpoint_that_took_no_connection_is_tried_again_in_the_gateways_own_name() {
    let (service, down) = (RawOrigin::start().await, Unreachable::new());
    let text = config("", &service, "v1", "").replace("[\"", &format!("[\"{}\", \"", down.address()));
    let gateway = Gateway::start(text).await;
    // The one that goes to the endpoint that is down first goes on to the other.
    for _ in 0..20 {
        let mut client = gateway.wire().await;
        client.write(Ask::get("/").to_h1()).await;
        let mut upstream = service.accept().await;
        assert!(upstream.line().await.starts_with("PROXY TCP4"));
        upstream.head().await;
        upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(client.answer_to("GET").await.status, 204);
    }
    gateway.wait_stderr("takes no connection").await;
    assert_eq!(down.open().accept().await.line().await, "PROXY UNKNOWN");
}

#[tokio::test]
async fn http2_to_the_service_is_refused_beside_it() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config("", &service, "v1", "")).await;
    gateway.rewrite(config("", &service, "v1", ", protocol: http2"));
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("HTTP/2 with a header was taken") };
    assert!(said.contains("pintle.yaml:2:") && said.contains("leave `protocol` out"), "{said}");
}
