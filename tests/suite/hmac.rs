//! `hmac`: requests that are signed (RFC 9421), by secrets and by public keys, over both protocols.

use crate::check::{START, refused};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, until};
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &str = "a secret of sixteen bytes and more";
const HOST: &str = "shop.example.com";

fn config(settings: &str, url: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
consumers: [{{name: acme, hmac: {{key_id: acme-1, secret: {{file: acme.key}}}}}}]
routes: [{{match: /**, policies: [{{hmac: {settings}}}], proxy: \"{url}\"}}]
"
    )
}

async fn started(settings: &str, url: &str) -> Gateway {
    Gateway::with(config(settings, url)).file("acme.key", SECRET).start().await
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs()
}

fn by_secret(text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), text.as_bytes()).as_ref().to_vec()
}

fn sha256(content: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest::digest(&digest::SHA256, content)))
}

/// A request that is signed as a client does it: over method, target and content.
fn signed(method: &str, target: &str, content: &[u8], parameters: &str, sign: impl Fn(&str) -> Vec<u8>) -> Ask {
    let digest = sha256(content);
    let covered = "(\"@method\" \"@target-uri\" \"content-digest\")";
    let base = format!(
        "\"@method\": {method}\n\"@target-uri\": http://{HOST}{target}\n\"content-digest\": {digest}\n\"@signature-params\": {covered}{parameters}"
    );
    let ask = Ask::new(method, target).host(HOST).header("content-digest", &digest);
    let ask = ask
        .header("signature-input", &format!("sig1={covered}{parameters}"))
        .header("signature", &format!("sig1=:{}:", STANDARD.encode(sign(&base))));
    if content.is_empty() { ask } else { ask.body(content) }
}

fn fresh() -> String {
    format!(";created={};keyid=\"acme-1\"", now())
}

async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

#[tokio::test]
async fn a_signed_request_passes_with_its_content_and_trailers() {
    let service = Origin::echo().await;
    let gateway = started("{forward: {x-who: '${consumer.name}'}}", &service.url()).await;
    for ask in [
        signed("GET", "/a?b=c%20d", b"", &fresh(), by_secret),
        signed("POST", "/a", b"{\"hello\": 1}", &fresh(), by_secret),
        signed("PUT", "/a", b"{\"hello\": 1}", &fresh(), by_secret).chunked(),
        signed("PUT", "/a", b"{\"hello\": 1}", &fresh(), by_secret).trailer("x-sum", "7"),
    ] {
        let content = if ask.method() == "GET" { "" } else { "{\"hello\": 1}" };
        for answer in both(&gateway, ask.clone().header("x-who", "root")).await {
            assert_eq!(answer.status, 200, "{answer:?}");
            let got = service.last();
            assert_eq!((got.get("x-who"), &*String::from_utf8_lossy(&got.body)), (Some("acme"), content), "{got:?}");
            assert_eq!(gateway.log_of(&answer).await["pintle.consumer"], "acme");
        }
    }
}

// Rule: signature-covers
#[tokio::test]
async fn what_was_changed_on_the_way_is_refused_and_no_service_is_asked() {
    let service = Origin::echo().await;
    let gateway = started("{body: 1KiB}", &service.url()).await;
    let good = || signed("POST", "/a?b=c", b"content", &fresh(), by_secret);
    let moved = signed("POST", "/a?b=c", b"content", &fresh(), by_secret).host("other.example.com");
    let mut cases = vec![good().body("Content"), good().body("content and more"), good().body(""), moved];
    cases.push(signed("POST", "/a", b"content", &format!(";created={};keyid=\"acme-1\"", now() - 1000), by_secret));
    cases.push(signed("POST", "/a", b"content", &fresh(), |text| by_secret(&text.replace("POST", "GET"))));
    cases.push(signed("POST", "/a", b"content", &fresh().replace("acme-1", "ops"), by_secret));
    cases.push(Ask::get("/").host(HOST).header("signature-input", "sig1=(\"@method\");created=1"));
    for ask in cases {
        for answer in both(&gateway, ask.clone()).await {
            answer.problem(401, "bad_credentials");
        }
    }
    for answer in both(&gateway, Ask::get("/")).await {
        answer.problem(401, "no_credentials");
        let wanted = "sig=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created";
        assert_eq!(answer.get("accept-signature"), Some(wanted));
    }
    let large = vec![b'x'; 2000];
    for answer in both(&gateway, signed("POST", "/a", &large, &fresh(), by_secret)).await {
        answer.problem(413, "body_too_large");
    }
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn a_nonce_is_good_once_over_reloads_too() {
    let service = Origin::echo().await;
    let gateway = started("{nonce: true}", &service.url()).await;
    let ask = signed("GET", "/", b"", &format!("{};nonce=\"n1\"", fresh()), by_secret);
    let [first, second] = both(&gateway, ask.clone()).await;
    assert_eq!(first.status, 200, "{first:?}");
    second.problem(401, "bad_credentials");
    gateway.change(config("{nonce: true, max_age: 6m}", &service.url())).await;
    for answer in both(&gateway, ask).await {
        answer.problem(401, "bad_credentials");
    }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

#[tokio::test]
async fn each_public_algorithm_verifies_and_none_is_taken_for_another() {
    let service = Origin::echo().await;
    let random = SystemRandom::new();
    let edwards = Ed25519KeyPair::generate().expect("a key");
    let elliptic = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let rsa_sign = |text: &str, encoding: &'static dyn signature::RsaEncoding| {
        let mut made = vec![0; rsa.public_modulus_len()];
        rsa.sign(encoding, &random, text.as_bytes(), &mut made).expect("a signature");
        made
    };
    let (e, p, r) = (
        AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(edwards.public_key()).expect("a key"),
        AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(elliptic.public_key()).expect("a key"),
        AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(rsa.public_key()).expect("a key"),
    );
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0}}]
consumers:
  - name: acme
    hmac:
      - {{key_id: e, algorithm: ed25519, public_key: e.pem}}
      - {{key_id: p, algorithm: ecdsa-p256-sha256, public_key: p.pem}}
      - {{key_id: r, algorithm: rsa-pss-sha512, public_key: r.pem}}
      - {{key_id: v, algorithm: rsa-v1_5-sha256, public_key: r.pem}}
routes: [{{match: /**, policies: [{{hmac: {{}}}}], proxy: \"{}\"}}]
",
        service.url()
    );
    let files = [("e.pem", e.as_ref()), ("p.pem", p.as_ref()), ("r.pem", r.as_ref())];
    let setup = files.into_iter().fold(Gateway::with(config), |setup, (name, der)| setup.file(name, pem(der)));
    let gateway = setup.start().await;
    let sign = |id: &str, text: &str| match id {
        "e" => edwards.sign(text.as_bytes()).as_ref().to_vec(),
        "p" => elliptic.sign(&random, text.as_bytes()).expect("a signature").as_ref().to_vec(),
        "r" => rsa_sign(text, &signature::RSA_PSS_SHA512),
        _ => rsa_sign(text, &signature::RSA_PKCS1_SHA256),
    };
    for (id, by) in [("e", "e"), ("p", "p"), ("r", "r"), ("v", "v"), ("e", "p"), ("p", "e"), ("r", "v"), ("v", "r")] {
        let parameters = fresh().replace("acme-1", id);
        let ask = signed("POST", "/a", b"content", &parameters, |text| sign(by, text));
        for answer in both(&gateway, ask.clone()).await {
            assert_eq!(answer.status, if id == by { 200 } else { 401 }, "{id} by {by}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_in_its_content_leaves_nothing_and_asks_no_service() {
    let service = Origin::echo().await;
    let gateway = started("{}", &service.url()).await;
    let whole = signed("POST", "/a", b"content that never comes whole", &fresh(), by_secret);
    let bytes = whole.to_h1();
    let mut wire = gateway.wire().await;
    wire.write(&bytes[..bytes.len() - 5]).await;
    drop(wire);
    let h2 = gateway.h2().await;
    let mut stream = h2.open(&whole, false).await.expect("a stream");
    stream.write("content").await;
    stream.reset(h2::Reason::CANCEL);
    gateway.wait_log(|line| line["pintle.reason"] == "client_closed").await;
    for answer in both(&gateway, whole).await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(service.hits(), 2);
}

#[tokio::test]
async fn a_request_whose_content_is_under_way_goes_on_through_a_reload() {
    let service = RawOrigin::start().await;
    let gateway = started("{}", &service.url()).await;
    let whole = signed("POST", "/a", b"content in two parts", &fresh(), by_secret);
    let bytes = whole.to_h1();
    let (first, rest) = bytes.split_at(bytes.len() - 5);
    let mut h1 = gateway.wire().await;
    h1.write(first).await;
    let h2 = gateway.h2().await;
    let mut stream = h2.open(&whole, false).await.expect("a stream");
    stream.write("content in two").await;
    // Until both have been read as far as they came, they may belong to what comes after.
    until("both to be under way", async || {
        let metrics = gateway.ask_admin(Ask::get("/metrics")).await.text();
        let active = metrics.lines().filter_map(|line| line.strip_prefix("pintle_requests_active{"));
        (active.filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok()).sum::<u32>() == 2).then_some(())
    })
    .await;
    gateway.change(config("{}", &service.url()).replace("acme-1", "acme-2")).await;
    h1.write(rest).await;
    for finish in [false, true] {
        if finish {
            stream.try_write(b" parts", true).await;
        }
        let mut wire = service.accept().await;
        let (_, content, _) = wire.request().await;
        assert_eq!(content, b"content in two parts");
        wire.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    }
    assert_eq!(h1.answer().await.text(), "ok");
    assert_eq!(stream.try_answer().await.expect("an answer").text(), "ok");
    assert_eq!(gateway.ask(whole).await.status, 401);
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!("{START}routes:\n  - match: /**\n    policies:\n      - hmac: {settings}\n    respond: {{body: ok}}\n")
    };
    refused(&route("{covers: ['@status']}"), &["pintle.yaml:6:", "`@status` is nothing", "@target-uri"]).await;
    let consumer = |key: &str| format!("{START}consumers:\n  - name: acme\n    hmac: {key}\n");
    refused(&consumer("{key_id: a, secret: hunter2}"), &["pintle.yaml:5:", "found plain text", "{file: PATH}"]).await;
    refused(&consumer("{key_id: a, algorithm: ed25519}"), &["pintle.yaml:5:", "has `public_key`"]).await;
    let file = "{key_id: a, algorithm: ed25519, public_key: pintle.yaml}";
    refused(&consumer(file), &["pintle.yaml:5:", "BEGIN PUBLIC KEY"]).await;
}
