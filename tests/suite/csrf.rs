//! `csrf`: what pages of other sites may not do in the name of their visitor.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Certificates, Gateway, H1Client, H2Client, Origin, RawOrigin, TlsClient, WebSocket};

fn by(settings: &str, url: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: /**, policies: [{{csrf: {settings}}}], proxy: \"{url}\"}}]\n"
    )
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

// Rule: csrf-order
#[tokio::test]
async fn what_another_site_sends_is_refused() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(by("{origins: [\"https://pay.example.com\"]}", &service.url())).await;
    let post = || Ask::post("/a", "x").host("shop.example.com");
    for (ask, passes) in [
        (post(), true),
        (post().header("sec-fetch-site", "same-origin").header("origin", "https://shop.example.com"), true),
        (post().header("sec-fetch-site", "none"), true),
        (post().header("sec-fetch-site", "cross-site").header("origin", "https://evil.test"), false),
        (post().header("sec-fetch-site", "same-site").header("origin", "https://a.example.com"), false),
        (post().header("sec-fetch-site", "cross-site").header("origin", "https://pay.example.com"), true),
        (post().header("origin", "https://shop.example.com"), true),
        (post().header("origin", "https://evil.test"), false),
        (post().header("origin", "null"), false),
        (Ask::get("/a").header("sec-fetch-site", "cross-site"), true),
    ] {
        for answer in both(&gateway, ask.clone()).await {
            match passes {
                true => assert_eq!(answer.status, 200, "{ask:?}"),
                false => drop(answer.problem(403, "cross_site")),
            }
        }
    }
}

#[tokio::test]
async fn the_own_host_is_that_of_the_request_over_tls_too() {
    let certificates = Certificates::new();
    let certificate = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0, tls: {{certificates: [{certificate}]}}}}]
routes: [{{match: /**, policies: [{{csrf: {{}}}}], respond: {{body: ok}}}}]
"
    );
    let gateway = Gateway::start(config).await;
    let tls = TlsClient::new(&certificates, "shop.example.com");
    let post = |origin: &str| Ask::post("/a", "x").host("shop.example.com:8443").header("origin", origin);
    let mut h1 = H1Client::tls(gateway.address(0), &tls).await;
    let h2 = H2Client::tls(gateway.address(0), &tls).await;
    for (origin, status) in [("https://shop.example.com:8443", 200), ("https://shop.example.com", 403)] {
        assert_eq!(h1.ask(post(origin)).await.status, status, "{origin}");
        assert_eq!(h2.ask(post(origin)).await.status, status, "{origin}");
    }
}

// Rule: csrf-websocket
#[tokio::test]
async fn a_page_of_another_site_opens_no_websocket() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let mut client = gateway.h1().await;
    client.ask(WebSocket::upgrade("/chat").header("origin", "https://evil.test")).await.problem(403, "cross_site");
    let wire = gateway.wire().await;
    let own = WebSocket::upgrade("/chat").host("shop.example.com").header("origin", "https://shop.example.com");
    let accept = async { WebSocket::accept(service.accept().await).await };
    let ((mut client, _), (mut upstream, _)) = tokio::join!(WebSocket::connect(wire, own), accept);
    client.say("to the service").await;
    assert_eq!(upstream.hear_text().await, "to the service");
    // What is open stays over a change.
    gateway.change(by("{origins: [\"https://pay.example.com\"]}", &service.url())).await;
    upstream.say("to the client").await;
    assert_eq!(client.hear_text().await, "to the client");
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_next_alone() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let mut client = gateway.wire().await;
    client
        .write("POST /by-1 HTTP/1.1\r\nhost: a\r\norigin: https://evil.test\r\ncontent-length: 1000\r\n\r\nsome")
        .await;
    drop(client);
    let client = gateway.h2().await;
    let stream =
        client.open(&Ask::post("/by-2", "").header("origin", "https://evil.test"), false).await.expect("a stream");
    stream.reset(h2::Reason::CANCEL);
    assert_eq!(client.ask(Ask::post("/a", "x")).await.status, 200);
    gateway.wait_log(|line| line["url.path"] == "/by-1" && line["pintle.reason"] == "cross_site").await;
    assert_eq!(service.hits(), 1);
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{csrf: {settings}}}]\n    respond: {{body: ok}}\n")
    };
    refused(&route("{origins: [shop.example.com]}"), &["pintle.yaml:5:34", "with its scheme"]).await;
    refused(&route("{origins: ['null']}"), &["pintle.yaml:5:34", "anybody"]).await;
    refused(&route("{allow: []}"), &["pintle.yaml:5:24", "origins"]).await;
}
