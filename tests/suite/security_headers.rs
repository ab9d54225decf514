//! `security_headers`: fields that have browsers keep pages and visitors safer.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Certificates, Gateway, H1Client, H2Client, Origin, RawOrigin, Reply, TlsClient};

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

const DEFAULTS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("x-frame-options", "SAMEORIGIN"),
    ("content-security-policy", "frame-ancestors 'self'"),
];

// Rule: security-headers-own
#[tokio::test]
async fn every_answer_has_them_and_a_service_may_say_otherwise() {
    let service = Origin::answering(Reply::text("ok").header("x-frame-options", "DENY")).await;
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0, policies: [{{security_headers: {{}}}}]}}]
routes:
  - {{match: /own, proxy: \"{0}\"}}
  - {{match: /over, policies: [{{security_headers: {{override: true, referrer_policy: none}}}}], proxy: \"{0}\"}}
  - {{match: /off, policies: [{{security_headers: none}}], proxy: \"{0}\"}}
  - {{match: /edited, policies: [{{headers: {{response: {{set: {{referrer-policy: origin}}, remove: x-frame-options}}}}}}], respond: {{}}}}
",
        service.url()
    );
    let gateway = Gateway::start(config).await;
    for answer in both(&gateway, Ask::get("/nowhere")).await {
        answer.problem(404, "no_route");
        for (name, value) in DEFAULTS {
            assert_eq!(answer.fields.all(name), [value]);
        }
        assert!(!answer.has("strict-transport-security"), "it is without TLS");
    }
    for (target, options, referrer) in [
        ("/own", Some("DENY"), Some("strict-origin-when-cross-origin")),
        ("/over", Some("SAMEORIGIN"), None),
        ("/off", Some("DENY"), None),
        // `headers` has the last word.
        ("/edited", None, Some("origin")),
    ] {
        for answer in both(&gateway, Ask::get(target)).await {
            assert_eq!((answer.get("x-frame-options"), answer.get("referrer-policy")), (options, referrer), "{target}");
        }
    }
}

// Rule: security-headers-hsts
#[tokio::test]
async fn hsts_is_said_over_tls_and_where_a_trusted_proxy_had_it() {
    let certificates = Certificates::new();
    let certificate = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let config = format!(
        "listeners:
  - {{name: secure, address: 127.0.0.1:0, tls: {{certificates: [{certificate}]}}}}
  - {{name: behind, address: 127.0.0.1:0, trusted_proxies: [127.0.0.1]}}
defaults: {{policies: [{{security_headers: {{hsts: {{max_age: 730d, subdomains: true, preload: true}}}}}}]}}
routes: [{{match: /**, respond: {{body: ok}}}}]
"
    );
    let gateway = Gateway::start(config).await;
    let tls = TlsClient::new(&certificates, "shop.example.com");
    let ask = || Ask::get("/").host("shop.example.com");
    let hsts = Some("max-age=63072000; includeSubDomains; preload");
    let name = "strict-transport-security";
    assert_eq!(H1Client::tls(gateway.address(0), &tls).await.ask(ask()).await.get(name), hsts);
    assert_eq!(H2Client::tls(gateway.address(0), &tls).await.ask(ask()).await.get(name), hsts);
    for (proto, wanted) in [(Some("https"), hsts), (Some("http"), None), (None, None)] {
        let ask = proto.iter().fold(ask(), |ask, proto| ask.header("x-forwarded-proto", proto));
        let ask = if proto.is_some() { ask.header("x-forwarded-for", "192.0.2.1") } else { ask };
        assert_eq!(H1Client::tcp(gateway.address(1)).await.ask(ask.clone()).await.get(name), wanted);
        assert_eq!(H2Client::tcp(gateway.address(1)).await.ask(ask).await.get(name), wanted);
    }
}

#[tokio::test]
async fn a_request_under_way_keeps_its_fields_over_a_reload_and_hang_ups_leave_nothing() {
    let service = RawOrigin::start().await;
    let config = |settings: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: /**, policies: [{{security_headers: {settings}}}], proxy: \"{}\"}}]\n",
            service.url()
        )
    };
    let gateway = Gateway::start(config("{frames: deny}")).await;
    let mut gone = gateway.wire().await;
    gone.write(Ask::get("/gone").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    drop(gone);
    upstream.ended().await;
    let mut h1 = gateway.wire().await;
    h1.write(Ask::get("/").to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/"), true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;
    gateway.change(config("{}")).await;
    for held in [&mut first, &mut second] {
        held.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    }
    assert_eq!(h1.answer().await.get("x-frame-options"), Some("DENY"));
    assert_eq!(stream.try_answer().await.expect("an answer").get("x-frame-options"), Some("DENY"));
    let serve = async {
        let mut third = service.accept().await;
        third.request().await;
        third.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        third
    };
    let (answer, _third) = tokio::join!(gateway.get("/"), serve);
    assert_eq!(answer.get("x-frame-options"), Some("SAMEORIGIN"));
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!(
            "{START}routes:\n  - match: /**\n    policies: [{{security_headers: {settings}}}]\n    respond: {{body: ok}}\n"
        )
    };
    refused(&route("{hsts: {preload: true}}"), &["pintle.yaml:5:52", "add `subdomains: true`"]).await;
    refused(&route("{frames: sameorigin}"), &["pintle.yaml:5:44", "same_origin"]).await;
    refused(&route("{x_frame_options: DENY}"), &["pintle.yaml:5:36", "x_frame_options"]).await;
}
