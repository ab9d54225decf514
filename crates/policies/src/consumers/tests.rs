use super::*;
use crate::testing::{read, said};
use pintle_core::config::{Read, Reader};

const KEY: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn entries(text: &str) -> Vec<ConsumerEntry> {
    read(text)
}

fn wrong(text: &str) -> Vec<String> {
    let mut reader = Reader::new();
    assert!(Consumers::new(&entries(text), true, &mut reader).is_none());
    said(reader)
}

fn good(text: &str) -> Arc<Consumers> {
    let mut reader = Reader::new();
    let consumers = Consumers::new(&entries(text), true, &mut reader);
    assert_eq!(said(reader), [""; 0]);
    consumers.expect("they are good")
}

#[test]
fn what_two_have_is_told_with_both_names() {
    let two = |of_each: &str| format!("[{{name: acme, {of_each}}},\n{{name: ops, {of_each}}}]");
    let hash = "{bcrypt: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'}";
    for (of_each, said) in [
        (format!("api_keys: [{{sha256: {KEY}}}]"), "`acme` and `ops` have the same key"),
        (format!("basic_auth: {{username: x, password: {hash}}}"), "`acme` and `ops` have the same user name"),
        ("jwt: {issuer: i, claim: {sub: x}}".into(), "`acme` and `ops` have the same token"),
        ("client_certificate: {san: A.example.com}".into(), "`acme` and `ops` have the same certificate"),
        ("client_certificate: [{subject: 'CN=a, O=b'}]".into(), "`acme` and `ops` have the same certificate"),
    ] {
        let found = wrong(&two(&of_each));
        assert!(found.len() == 1 && found[0].starts_with("2:") && found[0].contains(said), "{found:?}");
    }
    assert!(wrong("[{name: a}, {name: a}]")[0].contains("two consumers are named `a`"));
    let twice = format!("[{{name: a, api_keys: [{{sha256: {KEY}}}, {{sha256: {KEY}}}]}}]");
    assert!(wrong(&twice)[0].contains("`a` has the same key twice"));
    assert!(wrong("[{name: a, jwt: {issuer: i, claim: {sub: a, aud: b}}}]")[0].contains("by one claim"));
    assert!(wrong("[{name: ''}]")[0].contains("no name for a consumer"));
    assert!(
        wrong("[{name: a, api_keys: [{env: PINTLE_TEST_NOT_SET}]}]")[0].contains("`PINTLE_TEST_NOT_SET` is not set")
    );
}

#[test]
fn each_is_found_by_what_it_has() {
    let all = good(&format!(
        "[{{name: acme, groups: [partners], api_keys: [{{sha256: {KEY}}}], limits: {{p: {{rate: 5/s}}}}}},
          {{name: shop, jwt: [{{issuer: i, claim: {{sub: s}}}}, {{issuer: j, claim: {{azp: shop}}}}]}},
          {{name: other, jwt: {{issuer: i, claim: {{azp: other}}}}}}]"
    ));
    let name = |found: Option<&Arc<Consumer>>| found.map(|one| one.name.to_string());
    assert_eq!(name(all.of_key(b"abc")).as_deref(), Some("acme"));
    assert_eq!(name(all.of_key(b"abd")), None);
    assert_eq!(name(all.named("shop")).as_deref(), Some("shop"));
    let of = |issuer: &str, claims: &str| {
        let claims = pintle_core::json::Object::parse(claims.as_bytes(), lines::LINE).expect("an object");
        all.of_claims(issuer, &claims).map(|one| one.name.to_string())
    };
    assert_eq!(of("i", r#"{"sub": "s"}"#).as_deref(), Some("shop"));
    assert_eq!(of("i", r#"{"azp": "other", "sub": "t"}"#).as_deref(), Some("other"));
    // A claim of another issuer, one of another kind, a name that is none of a consumer's tokens.
    for (issuer, claims) in
        [("j", r#"{"sub": "s"}"#), ("i", r#"{"sub": ["s"]}"#), ("i", r#"{"sub": "acme"}"#), ("k", "{}")]
    {
        assert_eq!(of(issuer, claims), None, "{claims}");
    }
    assert_eq!(of("i", r#"{"azp": "other", "sub": "s"}"#), None, "it would make two");
    assert!(all.limit_of("p", "acme").is_some_and(|limit| limit.rate.is_some()));
    assert!(all.limit_of("p", "shop").is_none() && all.limits_under("p") && !all.limits_under("q"));
    assert!(all.has_any_for("api_key") && !all.has_any_for("basic_auth") && all.has_any_for("jwt"));
}

#[test]
fn a_file_has_one_on_each_line_and_a_mistake_its_line() {
    let path = std::env::temp_dir().join(format!("pintle-consumers-{}.jsonl", std::process::id()));
    let entry = format!("[{{name: first}}, '{}']", path.display());
    let line = format!(
        "# partners\n{{\"name\": \"acme\", \"groups\": [\"p\"], \"api_keys\": [{{\"sha256\": \"{KEY}\"}}]}}\n\n"
    );
    std::fs::write(&path, &line).expect("it is written");
    let all = good(&entry);
    assert!(all.of_key(b"abc").is_some_and(|one| *one.name == *"acme" && *one.groups[0] == *"p"));
    assert_eq!(all.names().collect::<Vec<_>>(), ["first", "acme"]);
    for (bad, said) in [
        ("{\"name\": \"x\", \"name\": \"y\"}", "an object has a name twice"),
        ("{\"name\": \"x\"", "this line is no consumer"),
        ("{\"name\": \"x\", \"api_keys\": [\"hunter2\"]}", "found plain text"),
        ("{\"name\": \"x\", \"colour\": \"red\"}", "unknown key `colour`"),
        ("{\"name\": \"first\"}", "two consumers are named `first`"),
        ("{\"name\": \"x\", \"api_keys\": [{\"file\": \"key.txt\"}]}", "are not watched"),
    ] {
        std::fs::write(&path, format!("{line}{bad}\n")).expect("it is written");
        let found = wrong(&entry);
        assert!(found.len() == 1 && found[0].starts_with("4:") && found[0].contains(said), "{bad}: {found:?}");
        assert!(!found[0].contains("hunter2"));
    }
    let _ = std::fs::remove_file(&path);
    assert!(wrong(&entry)[0].contains("cannot read"));
}

/// Run in release: `cargo test --release -p pintle-policies -- --ignored --nocapture a_hundred_thousand`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn a_hundred_thousand_consumers() {
    use std::fmt::Write as _;
    use std::time::Instant;
    let path = std::env::temp_dir().join(format!("pintle-consumers-many-{}.jsonl", std::process::id()));
    let (mut lines, mut yaml) = (String::new(), String::from("consumers:\n"));
    for number in 0..100_000 {
        let key: String =
            Digest::of(format!("key-{number}").as_bytes()).bytes().iter().map(|b| format!("{b:02x}")).collect();
        let _ = writeln!(
            lines,
            "{{\"name\": \"partner-{number}\", \"groups\": [\"partners\"], \"api_keys\": [{{\"sha256\": \"{key}\"}}]}}"
        );
        let _ = writeln!(yaml, "  - {{name: partner-{number}, groups: [partners], api_keys: [{{sha256: {key}}}]}}");
    }
    std::fs::write(&path, &lines).expect("it is written");
    for _ in 0..3 {
        let start = Instant::now();
        let all = good(&format!("['{}']", path.display()));
        println!("{:.1} MB of lines: {:?}", lines.len() as f64 / 1e6, start.elapsed());
        let start = Instant::now();
        for number in (0..100_000).step_by(7) {
            assert!(all.of_key(format!("key-{}", number * 7919 % 100_000).as_bytes()).is_some());
        }
        println!("a look-up: {:?}", start.elapsed() / (100_000 / 7));
        let start = Instant::now();
        let mut reader = Reader::new();
        let sources = pintle_core::config::Sources::from_text("gateway.yaml", &yaml, &mut reader);
        let list =
            Vec::<ConsumerEntry>::read(sources.root.get("consumers").expect("a list"), &mut reader).expect("good");
        let all = Consumers::new(&list, true, &mut reader).expect("good");
        println!("{:.1} MB of YAML: {:?} for {all:?}", yaml.len() as f64 / 1e6, start.elapsed());
    }
    let _ = std::fs::remove_file(&path);
}
