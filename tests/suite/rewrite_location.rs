//! `proxy: {rewrite_location: true}`: answers name the gateway where they named the service.

use crate::check::START;
use pintle_testkit::{
    Ask, Certificates, Folder, Gateway, H1Client, H2Client, Origin, RawOrigin, Received, Reply, TlsClient, pintle,
};

/// A service that sends everybody to its own address, with a cookie for it.
async fn service() -> Origin {
    Origin::start(async |got: Received| {
        let place = format!("http://{}/v2/cart?from={}", got.host, got.method);
        Reply::new(303)
            .header("location", &place)
            .header("set-cookie", "a=b; Path=/v2/x; HttpOnly")
            .header("set-cookie", "c=d; Domain=orders.internal; Path=/")
    })
    .await
}

fn config(url: &str, rest: &str) -> String {
    let proxy = format!("{{to: \"{url}\", path: '/v2/${{path.rest}}', {rest}}}");
    format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: /shop/**, proxy: {proxy}}}]\n")
}

// Rule: rewrite-ours, rewrite-path, rewrite-cookies
#[tokio::test]
async fn a_redirect_of_the_service_leads_back_to_the_gateway() {
    let service = service().await;
    for host in ["", "host: orders.internal, ", "host: \"orders.internal:9001\", "] {
        let gateway = Gateway::start(config(&service.url(), &format!("{host}rewrite_location: true"))).await;
        let ask = Ask::get("/shop/checkout").host("shop.test:8080");
        for answer in [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await] {
            assert_eq!(answer.get("location"), Some("http://shop.test:8080/shop/cart?from=GET"), "{host}");
            let cookies = answer.fields.all("set-cookie");
            assert_eq!(cookies[0], "a=b; Path=/shop/x; HttpOnly");
            assert_eq!(cookies[1], if host.is_empty() { "c=d; Domain=orders.internal; Path=/" } else { "c=d; Path=/" });
        }
    }
}

#[tokio::test]
async fn without_it_answers_stay_as_they_are() {
    let service = service().await;
    let gateway = Gateway::start(config(&service.url(), "host: orders.internal")).await;
    for answer in [gateway.get("/shop/").await, gateway.h2().await.get("/shop/").await] {
        assert_eq!(answer.get("location"), Some("http://orders.internal/v2/cart?from=GET"));
    }
}

#[tokio::test]
async fn the_scheme_is_the_clients() {
    let service = service().await;
    let certificates = Certificates::new();
    let shop = certificates.server(&["shop.test"]);
    let tls = "tls: {certificates: [{cert: shop.pem, key: shop.key}]}";
    let config = config(&service.url(), "rewrite_location: true").replace(
        "{address: 127.0.0.1:0}",
        &format!("{{address: 127.0.0.1:0, {tls}}}, {{name: b, address: 127.0.0.1:0, trusted_proxies: [127.0.0.1]}}"),
    );
    let gateway = Gateway::with(config).file("shop.pem", &shop.pem).file("shop.key", &shop.key).start().await;
    let trust = |alpn: &[&str]| TlsClient::new(&certificates, "shop.test").alpn(alpn);
    let ask = Ask::get("/shop/a").host("shop.test");
    let mut h1 = H1Client::tls(gateway.address(0), &trust(&["http/1.1"])).await;
    assert_eq!(h1.ask(ask.clone()).await.get("location"), Some("https://shop.test/shop/cart?from=GET"));
    let h2 = H2Client::tls(gateway.address(0), &trust(&["h2"])).await;
    assert_eq!(h2.ask(ask.clone()).await.get("location"), Some("https://shop.test/shop/cart?from=GET"));
    // Behind a proxy that ends TLS it is what that proxy says.
    let mut behind = H1Client::tcp(gateway.address(1)).await;
    let ask = ask.header("x-forwarded-for", "192.0.2.1").header("x-forwarded-proto", "https");
    assert_eq!(behind.ask(ask).await.get("location"), Some("https://shop.test/shop/cart?from=GET"));
}

#[tokio::test]
async fn a_reload_switches_it_on_and_who_is_under_way_keeps_the_old() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(&service.url(), "rewrite_location: false")).await;
    let answer = "HTTP/1.1 302 Found\r\nlocation: /v2/b\r\ncontent-length: 0\r\n\r\n";
    let mut client = gateway.wire().await;
    client.write(Ask::get("/shop/a").to_h1()).await;
    let mut held = service.accept().await;
    held.request().await;
    gateway.change(config(&service.url(), "rewrite_location: true")).await;
    held.write(answer).await;
    assert_eq!(client.answer().await.get("location"), Some("/v2/b"));
    client.write(Ask::get("/shop/a").to_h1()).await;
    held.request().await;
    held.write(answer).await;
    assert_eq!(client.answer().await.get("location"), Some("/shop/b"));
    // Who hangs up before the answer leaves nothing behind.
    client.write(Ask::get("/shop/gone").to_h1()).await;
    held.request().await;
    client.reset();
    assert_eq!(gateway.wait_log(|line| line["url.path"] == "/shop/gone").await["pintle.reason"], "client_closed");
}

#[tokio::test]
async fn a_path_that_cannot_be_undone_is_a_warning() {
    let folder = Folder::new();
    let route = "{match: '/a/{id}', proxy: {to: http://127.0.0.1:9001, path: '/b/${path.id}', rewrite_location: true}}";
    folder.write("pintle.yaml", format!("{START}routes:\n  - {route}\n"));
    let ended = pintle(folder.path(), &["check", "pintle.yaml"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for part in ["warning[path-not-undone]", "pintle.yaml:4:", "end it in `/${path.rest}`", "1 warning"] {
        assert!(ended.stderr.contains(part), "no {part:?} in {ended:?}");
    }
}
