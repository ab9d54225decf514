//! Who the client is: its certificate, what PROXY protocol says of it, and services that want the gateway's certificate.

use pintle_testkit::{Ask, Certificates, Gateway, H1Client, Origin, Reply, TlsClient, Wire};

const NAME: &str = "shop.example.com";

/// A gateway that asks its clients for certificates of `clients`.
async fn asking(servers: &Certificates, clients: &Certificates, require: &str) -> Gateway {
    let certificate = servers.write("shop", &servers.server(&[NAME]));
    let client_auth = format!("client_auth: {{ca: {}{require}}}", clients.ca());
    let listener = format!("{{address: 127.0.0.1:0, tls: {{certificates: [{certificate}], {client_auth}}}}}");
    Gateway::start(format!("listeners: [{listener}]\nroutes: [{{match: /**, respond: {{body: ok}}}}]")).await
}

/// Whether a client is let in. With TLS 1.3 a refusal comes after the client's own handshake.
async fn let_in(gateway: &Gateway, tls: &TlsClient) -> bool {
    let Ok(mut wire) = tls.connect(gateway.address(0)).await else { return false };
    let _ = wire.try_write(Ask::get("/").host(NAME).header("connection", "close").to_h1()).await;
    wire.to_end().await.0.starts_with(b"HTTP/1.1 200")
}

// Rule: client-certificate
#[tokio::test]
async fn a_client_certificate_is_required_unless_told() {
    let (servers, clients) = (Certificates::new(), Certificates::new());
    let gateway = asking(&servers, &clients, "").await;
    assert!(let_in(&gateway, &TlsClient::with_identity(&servers, NAME, &clients.client("ops.example.com"))).await);
    assert!(!let_in(&gateway, &TlsClient::new(&servers, NAME)).await);
    assert!(
        !let_in(&gateway, &TlsClient::with_identity(&servers, NAME, &servers.client("of another authority"))).await
    );
    // A server's certificate is not a client's.
    assert!(!let_in(&gateway, &TlsClient::with_identity(&servers, NAME, &clients.server(&["a.test"]))).await);
}

// Rule: client-certificate
#[tokio::test]
async fn where_it_is_not_required_a_wrong_one_is_still_refused() {
    let (servers, clients) = (Certificates::new(), Certificates::new());
    let gateway = asking(&servers, &clients, ", require: false").await;
    assert!(let_in(&gateway, &TlsClient::new(&servers, NAME)).await);
    assert!(let_in(&gateway, &TlsClient::with_identity(&servers, NAME, &clients.client("ops.example.com"))).await);
    assert!(
        !let_in(&gateway, &TlsClient::with_identity(&servers, NAME, &servers.client("of another authority"))).await
    );
}

/// A gateway that takes PROXY protocol from `from`, before an echo.
async fn proxied(from: &str) -> (Gateway, Origin) {
    let service = Origin::echo().await;
    let listener = format!("{{address: 127.0.0.1:0, proxy_protocol: {{from: [{from}]}}}}");
    let config = format!("listeners: [{listener}]\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url());
    (Gateway::start(config).await, service)
}

/// A header of version 2 for TCP over IPv4, from 203.0.113.9.
fn version_2() -> Vec<u8> {
    let addresses = [203, 0, 113, 9, 127, 0, 0, 1, 0x15, 0xb3, 0x01, 0xbb];
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &addresses].concat()
}

#[tokio::test]
async fn proxy_protocol_says_who_the_client_is() {
    let (gateway, service) = proxied("127.0.0.0/8").await;
    for header in [b"PROXY TCP4 203.0.113.9 127.0.0.1 5555 443\r\n".to_vec(), version_2()] {
        let mut wire = gateway.wire().await;
        wire.write([header, Ask::get("/").to_h1()].concat()).await;
        let answer = wire.answer().await;
        assert_eq!(service.last().get("x-forwarded-for"), Some("203.0.113.9"));
        assert_eq!(gateway.log_of(&answer).await["client.address"], "203.0.113.9");
        // It counts for the whole connection.
        wire.write(Ask::get("/").to_h1()).await;
        wire.answer().await;
        assert_eq!(service.last().get("x-forwarded-for"), Some("203.0.113.9"));
    }
    // A balancer's own check: LOCAL and UNKNOWN are the peer itself.
    let mut wire = gateway.wire().await;
    wire.write([b"PROXY UNKNOWN\r\n".to_vec(), Ask::get("/").to_h1()].concat()).await;
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(service.last().get("x-forwarded-for"), Some("127.0.0.1"));
}

// Rule: proxy-protocol
#[tokio::test]
async fn who_must_send_the_header_and_does_not_gets_nothing() {
    let (gateway, service) = proxied("127.0.0.0/8").await;
    for bytes in ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "PROXY TCP4 nonsense\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"] {
        let mut wire = gateway.wire().await;
        wire.write(bytes).await;
        let (bytes, _) = wire.to_end().await;
        assert!(bytes.is_empty(), "{bytes:?}");
    }
    assert_eq!(service.hits(), 0);
}

// Rule: proxy-protocol
#[tokio::test]
async fn nobody_else_may_say_who_it_is() {
    let (gateway, service) = proxied("10.0.0.0/8").await;
    assert_eq!(gateway.get("/").await.status, 200);
    let mut wire = gateway.wire().await;
    wire.write([b"PROXY TCP4 203.0.113.9 127.0.0.1 5555 443\r\n".to_vec(), Ask::get("/").to_h1()].concat()).await;
    assert_eq!(wire.answer().await.status, 400);
    assert_eq!(service.hits(), 1);
}

#[tokio::test]
async fn the_header_stands_before_tls() {
    let certificates = Certificates::new();
    let service = Origin::echo().await;
    let certificate = certificates.write("shop", &certificates.server(&[NAME]));
    let tls = format!("tls: {{certificates: [{certificate}]}}, proxy_protocol: {{from: [127.0.0.0/8]}}");
    let config =
        format!("listeners: [{{address: 127.0.0.1:0, {tls}}}]\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url());
    let gateway = Gateway::start(config).await;
    let mut wire = Wire::tcp(gateway.address(0)).await;
    wire.write(version_2()).await;
    let wire = wire.start_tls(&TlsClient::new(&certificates, NAME)).await.expect("a handshake");
    let mut client = H1Client { wire };
    assert_eq!(client.ask(Ask::get("/").host(NAME)).await.status, 200);
    assert_eq!(service.last().get("x-forwarded-for"), Some("203.0.113.9"));
    assert_eq!(service.last().get("x-forwarded-proto"), Some("https"));
}

/// A gateway to a service over TLS, with these keys in the upstream's `tls`.
async fn to_tls(service: &Origin, keys: &str) -> Gateway {
    let upstream = format!("{{endpoints: [\"{}\"], tls: {{{keys}}}}}", service.address());
    Gateway::plain(format!("upstreams: {{inner: {upstream}}}\nroutes: [{{match: /**, proxy: inner}}]")).await
}

// Rule: upstream-protocol, upstream-verified
#[tokio::test]
async fn a_service_over_tls_is_verified() {
    let certificates = Certificates::new();
    let certificate = certificates.server(&["billing.internal"]);
    let service = Origin::tls(&certificate, &["h2", "http/1.1"], async |request| Reply::echo("tls", &request)).await;
    let ca = certificates.ca();
    let gateway = to_tls(&service, &format!("server_name: billing.internal, ca: {ca}")).await;
    // By ALPN.
    assert_eq!(gateway.get("/").await.json()["version"], "HTTP/2.0");
    let gateway = to_tls(&service, &format!("server_name: other.internal, ca: {ca}")).await;
    gateway.get("/").await.problem(502, "upstream_tls");
    let gateway = to_tls(&service, "server_name: billing.internal").await;
    gateway.get("/").await.problem(502, "upstream_tls");
    let expired = Origin::tls(&certificates.expired(&["billing.internal"]), &[], async |_| Reply::new(204)).await;
    let gateway = to_tls(&expired, &format!("server_name: billing.internal, ca: {ca}")).await;
    gateway.get("/").await.problem(502, "upstream_tls");
}

#[tokio::test]
async fn a_service_may_ask_for_the_gateways_certificate() {
    let (servers, clients) = (Certificates::new(), Certificates::new());
    let certificate = servers.server(&["billing.internal"]);
    let service = Origin::mutual_tls(&certificate, &clients, async |_| Reply::text("ok")).await;
    let trust = format!("server_name: billing.internal, ca: {}", servers.ca());
    let own = clients.write("gateway", &clients.client("gateway.internal"));
    let gateway = to_tls(&service, &format!("{trust}, certificate: {own}")).await;
    assert_eq!(gateway.get("/").await.text(), "ok");
    assert_eq!(to_tls(&service, &trust).await.get("/").await.status, 502);
}

#[tokio::test]
async fn a_renewed_certificate_for_a_service_is_taken() {
    let (servers, clients) = (Certificates::new(), Certificates::new());
    let certificate = servers.server(&["billing.internal"]);
    let service = Origin::mutual_tls(&certificate, &clients, async |_| Reply::text("ok")).await;
    let trust = format!("server_name: billing.internal, ca: {}", servers.ca());
    // One of an authority that the service does not know.
    let own = clients.write("gateway", &servers.client("gateway.internal"));
    let gateway = to_tls(&service, &format!("{trust}, certificate: {own}")).await;
    assert_eq!(gateway.get("/").await.status, 502);
    clients.write("gateway", &clients.client("gateway.internal"));
    pintle_testkit::until("the service to be reached", async || (gateway.get("/").await.status == 200).then_some(()))
        .await;
}
