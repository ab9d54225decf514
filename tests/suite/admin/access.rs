//! Who gets an answer: the Host, pages of other sites, the token.

use super::{TOKEN, by_socket, config, reload, start, with_token};
use pintle_testkit::{Ask, Gateway, Reloaded, Wire};

async fn asked(gateway: &Gateway, ask: Ask, host: &str) -> u16 {
    let mut wire = Wire::tcp(gateway.admin()).await;
    wire.write(ask.host(host).to_h1()).await;
    wire.answer_to("GET").await.status
}

// Rule: admin-host
#[tokio::test]
async fn a_host_is_an_address_localhost_or_a_name_that_was_given() {
    let gateway = start(config(", hosts: [Gateway.Internal]")).await;
    let port = gateway.admin().port();
    for host in [
        format!("127.0.0.1:{port}"),
        "127.0.0.1".into(),
        format!("[::1]:{port}"),
        "[::1]".into(),
        format!("localhost:{port}"),
        "LOCALHOST".into(),
        format!("gateway.internal:{port}"),
        // As through a tunnel from another port.
        "localhost:22222".into(),
    ] {
        assert_eq!(asked(&gateway, Ask::get("/status"), &host).await, 200, "{host}");
    }
    for host in [
        "evil.example.com",
        "127.0.0.1.evil.example.com",
        "localhost.evil.example.com",
        "gateway.internal.evil.example.com",
        "evil.localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
    ] {
        // Nothing at all, whatever is shown: what says that it lives, too.
        for path in ["/status", "/healthz", "/nothing"] {
            assert_eq!(asked(&gateway, with_token(Ask::get(path)), host).await, 421, "{host}{path}");
        }
        assert_eq!(asked(&gateway, reload(), host).await, 421, "{host}");
    }
    // A Host beside an absolute target is not believed (RFC 9112 3.2.2).
    let mut wire = Wire::tcp(gateway.admin()).await;
    wire.write("GET http://evil.example.com/status HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!((400..500).contains(&wire.answer().await.status));
    let mut wire = Wire::tcp(gateway.admin()).await;
    wire.write("GET /status HTTP/1.0\r\n\r\n").await;
    assert_eq!(wire.answer().await.status, 421);
    gateway.wait_stderr("not allowed, wrong_host").await;
}

// Rule: admin-host
#[tokio::test]
async fn names_change_with_a_reload() {
    let gateway = start(config("")).await;
    assert_eq!(asked(&gateway, Ask::get("/status"), "gateway.internal").await, 421);
    gateway.rewrite(config(", hosts: [gateway.internal]"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(asked(&gateway, Ask::get("/status"), "gateway.internal").await, 200);
}

// Rule: admin-cross-site
#[tokio::test]
async fn a_page_of_another_site_changes_nothing_though_it_knows_the_token() {
    let gateway = start(config("")).await;
    let own = format!("http://{}", gateway.admin());
    for (name, value) in [
        ("origin", "http://evil.example.com"),
        ("origin", "null"),
        ("origin", "http://localhost:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for ask in [
            reload(),
            with_token(Ask::post("/config/rollback", "")),
            with_token(Ask::new("PUT", "/config").body(config(""))),
        ] {
            let answer = gateway.ask_admin(ask.header(name, value)).await;
            assert_eq!(answer.status, 403, "{name}: {value}: {answer:?}");
        }
    }
    for (name, value) in [("origin", &*own), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")] {
        assert_eq!(gateway.ask_admin(reload().header(name, value)).await.status, 200, "{name}: {value}");
    }
    gateway.wait_stderr("not allowed, cross_site").await;
}

// Rule: admin-token
#[tokio::test]
async fn a_unix_socket_wants_no_token_but_heeds_pages() {
    let text = config("").replace("address: 127.0.0.1:0, token: {env: ADMIN_TOKEN}", "address: 'unix:admin.sock'");
    let gateway = Gateway::start(text).await;
    assert_eq!(by_socket(&gateway, Ask::post("/reload", "")).await.status, 200);
    let page = Ask::post("/reload", "").header("origin", "http://evil.example.com");
    assert_eq!(by_socket(&gateway, page).await.status, 403);
}

// Rule: admin-token
#[tokio::test]
async fn beyond_loopback_reading_wants_the_token() {
    let gateway = start(config("").replace("address: 127.0.0.1:0, token", "address: 0.0.0.0:0, token")).await;
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], gateway.admin().port()));
    let ask = async |ask: Ask| {
        let mut wire = Wire::tcp(address).await;
        wire.write(ask.host("127.0.0.1").to_h1()).await;
        wire.answer().await.status
    };
    for path in ["/status", "/metrics", "/config", "/openapi.json", "/nothing"] {
        assert_eq!(ask(Ask::get(path)).await, 401, "{path}");
    }
    assert_eq!((ask(with_token(Ask::get("/status"))).await, ask(Ask::get("/healthz")).await), (200, 200));
}

#[tokio::test]
async fn a_wrong_token_is_refused_as_often_as_it_comes_and_told_once() {
    let gateway = start(config("")).await;
    for _ in 0..100 {
        let wrong = Ask::post("/reload", "").header("authorization", "Bearer wrong-and-secret");
        assert_eq!(gateway.ask_admin(wrong).await.status, 401);
    }
    assert_eq!(gateway.ask_admin(reload()).await.status, 200, "nobody is locked out");
    gateway.stop().await;
    let said = gateway.stderr();
    assert_eq!(said.matches("not allowed, wrong_token").count(), 1, "{said}");
    assert!(!said.contains("wrong-and-secret") && !said.contains(TOKEN), "{said}");
}
