use super::base::base;
use super::structured::{Member, dictionary};
use crate::testing::{Service, chain_of, exchange, lines};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use pintle_core::{Body, Exchange, Reason, Scheme, Target};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// RFC 9421 B.2: the request of the examples.
fn of_the_rfc() -> Exchange {
    let mut exchange = exchange(&[
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        (
            "content-digest",
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        ),
        ("content-length", "18"),
    ]);
    exchange.request.scheme = Scheme::Https;
    exchange.request.target = Target::new("example.com", None, "/foo", Some("param=Value&Pet=dog"));
    exchange.request.body = Body::Full(Bytes::from_static(b"{\"hello\": \"world\"}"));
    exchange
}

fn base_of(input: &str, exchange: &Exchange) -> Result<String, String> {
    let members = dictionary(input.as_bytes()).expect("a dictionary");
    let (_, Member::List(covered, parameters)) = &members[0] else { panic!("no list") };
    base(covered, parameters, &exchange.request).map(|base| String::from_utf8(base).expect("text"))
}

#[test]
fn the_base_is_that_of_the_rfcs_examples() {
    let exchange = of_the_rfc();
    // B.2.5
    let input = r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let expected = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": application/json\n\
                    \"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"";
    assert_eq!(base_of(input, &exchange).as_deref(), Ok(expected));
    // Its key and its signature.
    let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).expect("base64"));
    let signature = STANDARD.decode("pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=").expect("base64");
    assert!(hmac::verify(&key, expected.as_bytes(), &signature).is_ok());
    // 2.2: the derived ones, and B.2.2's parameters of the query.
    for (component, value) in [
        ("\"@method\"", "POST"),
        ("\"@target-uri\"", "https://example.com/foo?param=Value&Pet=dog"),
        ("\"@scheme\"", "https"),
        ("\"@request-target\"", "/foo?param=Value&Pet=dog"),
        ("\"@path\"", "/foo"),
        ("\"@query\"", "?param=Value&Pet=dog"),
        ("\"@query-param\";name=\"Pet\"", "dog"),
        ("\"content-type\";bs", ":YXBwbGljYXRpb24vanNvbg==:"),
        ("\"content-length\"", "18"),
        ("\"host\"", "example.com"),
    ] {
        let made = base_of(&format!("a=({component})"), &exchange).expect("a base");
        assert_eq!(made.lines().next(), Some(&*format!("{component}: {value}")));
    }
}

#[test]
fn what_cannot_be_covered_is_said() {
    let mut exchange = of_the_rfc();
    exchange.request.target = Target::new("example.com", Some(443), "/foo", Some("a=1&a=2&b=x+y"));
    for (covered, said) in [
        ("\"x-none\"", "no field `x-none`"),
        ("\"date\" \"date\"", "covered twice"),
        ("\"@status\"", "no component of a request"),
        ("\"@method\";req", "mean nothing here"),
        ("\"date\";sf", "not known here"),
        ("\"date\";key=\"a\"", "no dictionary"),
        ("\"@query-param\";name=\"a\"", "several times"),
        ("\"@query-param\";name=\"c\"", "has no `c`"),
        ("date", "no text"),
    ] {
        let why = base_of(&format!("a=({covered})"), &exchange).expect_err(covered);
        assert!(why.contains(said), "{covered}: {why}");
    }
    let base = base_of("a=(\"@authority\" \"@query-param\";name=\"b\" \"content-digest\";key=\"sha-512\")", &exchange);
    let base = base.expect("a base");
    assert!(base.starts_with("\"@authority\": example.com\n\"@query-param\";name=\"b\": x%20y\n"), "{base}");
}

const SECRET: &[u8] = b"a secret of sixteen bytes and more";

/// A policy's chain, with the secret in a file.
struct Signed {
    consumers: String,
    path: std::path::PathBuf,
}

impl Signed {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pintle-hmac-{name}-{}", std::process::id()));
        std::fs::write(&path, SECRET).expect("it is written");
        let consumers = format!("[{{name: acme, hmac: {{key_id: acme-1, secret: {{file: '{}'}}}}}}]", path.display());
        Signed { consumers, path }
    }

    async fn run(&self, policy: &str, mut exchange: Exchange) -> Result<Vec<String>, (Reason, String)> {
        let service = Arc::new(Service::default());
        let chain =
            chain_of(&[&format!("[{{body_limit: none}}, {{hmac: {policy}}}]")], "{}", &self.consumers, &service);
        let outcome = chain.run(&mut exchange).await;
        let outcome = outcome.map_err(|refusal| (refusal.reason, refusal.internal.unwrap_or_default()));
        outcome.map(|_| lines(&service.got.lock()))
    }
}

impl Drop for Signed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs()
}

/// Signs what the input says, as a client does.
fn sign(exchange: &mut Exchange, input: &str) {
    let base = base_of(&format!("sig={input}"), exchange).expect("a base");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), base.as_bytes());
    exchange.request.fields.append("signature-input", format!("sig={input}"));
    exchange.request.fields.append("signature", format!("sig=:{}:", STANDARD.encode(tag)));
}

const ALL: &str = "(\"@method\" \"@target-uri\" \"content-digest\")";

fn signed(input: &str) -> Exchange {
    let mut exchange = of_the_rfc();
    sign(&mut exchange, input);
    exchange
}

#[tokio::test]
async fn a_good_signature_is_its_consumers() {
    let policy = Signed::new("good");
    let input = format!("{ALL};created={};keyid=\"acme-1\";alg=\"hmac-sha256\"", now());
    let got = policy.run("{forward: {x-who: '${consumer.name}'}}", signed(&input)).await.expect("it passes");
    assert!(got.contains(&"x-who: acme".to_owned()), "{got:?}");
    assert!(policy.run("{}", of_the_rfc()).await.is_err_and(|(reason, _)| reason == Reason::NoCredentials));
    assert!(policy.run("{optional: true}", of_the_rfc()).await.is_ok());
}

#[tokio::test]
async fn what_was_changed_or_is_too_old_or_covers_too_little_is_refused() {
    let policy = Signed::new("wrong");
    let time = now();
    let input = |covered: &str, rest: &str| format!("{covered};created={time};keyid=\"acme-1\"{rest}");
    let mut cases = vec![
        ("the method", signed(&input(ALL, ""))),
        ("the query", signed(&input(ALL, ""))),
        ("the content", signed(&input(ALL, ""))),
        ("the field", signed(&input(ALL, ""))),
    ];
    cases[0].1.request.method = pintle_core::Method::PUT;
    cases[1].1.request.target = Target::new("example.com", None, "/foo", Some("param=Other"));
    cases[2].1.request.body = Body::Full(Bytes::from_static(b"{\"hello\": \"World\"}"));
    cases[3].1.request.fields.append("content-digest", "sha-256=:AA==:");
    for (what, exchange) in cases {
        let outcome = policy.run("{}", exchange).await;
        assert!(outcome.as_ref().is_err_and(|(reason, _)| *reason == Reason::BadCredentials), "{what}: {outcome:?}");
    }
    for (settings, input, said) in [
        ("{}", format!("{ALL};keyid=\"acme-1\""), "`created`"),
        ("{}", format!("{ALL};created={};keyid=\"acme-1\"", time - 400), "too old"),
        ("{max_age: 10m}", format!("{ALL};created={};expires={};keyid=\"acme-1\"", time - 400, time - 100), "too old"),
        ("{}", format!("{ALL};created={};keyid=\"acme-1\"", time + 100), "later than now"),
        ("{}", input(ALL, ";alg=\"ed25519\""), "`alg` says otherwise"),
        ("{}", format!("{ALL};created={time};keyid=\"other\""), "no signature names a key"),
        ("{tag: shop}", input(ALL, ";tag=\"other\""), "no signature names a key"),
        ("{}", input("(\"@method\" \"content-digest\")", ""), "does not cover `@authority`"),
        ("{}", input("(\"@method\" \"@target-uri\")", ""), "does not cover the content"),
        ("{covers: [date, '@method']}", input("(\"@method\" \"content-digest\")", ""), "does not cover `date`"),
        ("{nonce: true}", input(ALL, ""), "has no `nonce`"),
    ] {
        let outcome = policy.run(settings, signed(&input)).await;
        let why = outcome.expect_err(&input);
        assert!(why.0 == Reason::BadCredentials && why.1.contains(said), "{input}: {why:?}");
    }
    let too_much = policy.run("{body: 10B}", signed(&input(ALL, ""))).await;
    assert!(too_much.is_err_and(|(reason, _)| reason == Reason::BodyTooLarge));
    assert!(policy.run("{content: false}", signed(&input("(\"@method\" \"@target-uri\")", ""))).await.is_ok());
}
