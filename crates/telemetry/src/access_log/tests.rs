use super::json::Manner;
use super::style::Kept;
use super::*;
use crate::stamp::Stamp;
use pintle_core::config::Share;
use pintle_core::notes::PartNotes;
use pintle_core::redact::Names;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;
use std::time::SystemTime;

mod parts;
mod sinks;
mod syslogs;

fn no_labels() -> &'static BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    &NONE
}

fn no_parts() -> &'static PartNotes {
    static NONE: LazyLock<PartNotes> = LazyLock::new(PartNotes::default);
    &NONE
}

fn labels() -> &'static BTreeMap<String, String> {
    static SOME: LazyLock<BTreeMap<String, String>> =
        LazyLock::new(|| [("team", "store\"front"), ("tier", "1")].map(|(k, v)| (k.into(), v.into())).into());
    &SOME
}

fn record() -> Record<'static> {
    Record {
        time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_458_600_042),
        request_id: "0af7651916cd43dd8448eb211c80319c",
        trace_id: None,
        outer_id: None,
        span_id: None,
        client: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
        method: "GET",
        scheme: "https",
        host: "shop.example",
        path: "/a/b",
        query: None,
        version: "1.1",
        status: 200,
        route: "",
        consumer: None,
        labels: no_labels(),
        listener: "127.0.0.1:8080",
        upstream: None,
        endpoint: None,
        attempts: 0,
        policy: None,
        upstream_status: None,
        grpc_status: None,
        reason: None,
        received: 0,
        sent: 17,
        head: Duration::ZERO,
        policies: None,
        queue: Duration::ZERO,
        tls: None,
        duration: Duration::from_micros(1_005),
        first_byte: None,
        connect: None,
        user_agent: None,
        referer: None,
        parts: no_parts(),
        internal: None,
        request: None,
    }
}

fn full() -> Record<'static> {
    Record {
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        outer_id: Some("0af7651916cd43dd8448eb211c80319b"),
        span_id: Some(0x00f0_67aa_0ba9_02b7),
        query: Some("page=2&access_token=hunter2"),
        route: "shop/list",
        consumer: Some("acme"),
        labels: labels(),
        upstream: Some("list"),
        endpoint: Some("10.0.0.7:9001"),
        attempts: 2,
        policy: Some("timeout"),
        upstream_status: Some(503),
        head: Duration::from_millis(3),
        policies: Some(Duration::from_micros(7)),
        queue: Duration::from_millis(2),
        tls: Some(Duration::from_nanos(500)),
        grpc_status: Some(14),
        reason: Some("unavailable"),
        duration: Duration::from_millis(1_212),
        first_byte: Some(Duration::from_millis(12)),
        connect: Some(Duration::from_nanos(999)),
        user_agent: Some(b"curl/8.5"),
        referer: Some(b"https://a.example/x?code=hunter2&y=1"),
        internal: Some("reset"),
        parts: parts::some(),
        ..record()
    }
}

fn written(record: &Record<'_>, style: &Style) -> String {
    let manner = Manner { names: &style.names, longest: escape::LONGEST, is_cut: false, is_bare: false, sample: None };
    written_so(record, style, manner)
}

fn written_so(record: &Record<'_>, style: &Style, manner: Manner<'_>) -> String {
    let mut out = Lines::default();
    style.write(&mut out, &mut Stamp::new(), &Subject::Request(record), manner);
    out.push(b'\n');
    String::from_utf8(out.as_slice().to_vec()).expect("UTF-8")
}

fn json(record: &Record<'_>) -> String {
    written(record, &Style::default())
}

fn combined(record: &Record<'_>) -> String {
    written(record, &Style { format: Format::Combined, ..Style::default() })
}

fn parse(line: &str) -> serde_json::Map<String, Value> {
    assert_eq!(line.find('\n'), Some(line.len() - 1), "{line:?}");
    match serde_json::from_str(line) {
        Ok(Value::Object(map)) => map,
        other => panic!("{line:?}: {other:?}"),
    }
}

#[test]
fn a_full_record_has_the_documented_keys_in_their_order() {
    let style = Style::default();
    let manner =
        Manner { names: Names::known(), longest: escape::LONGEST, is_cut: true, is_bare: false, sample: Some("0.1") };
    let line = written_so(&full(), &style, manner);
    let keys: Vec<_> = KEYS.iter().map(|(key, _)| *key).collect();
    let mut at = 0;
    for key in &keys {
        at += line[at..].find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key} in {line}"));
    }
    let map = parse(&line);
    assert_eq!(map.len(), keys.len());
    assert_eq!(map["time"], "2026-11-23T18:30:00.042Z");
    assert_eq!(map["client.address"], "203.0.113.9");
    assert_eq!(map["url.query"], "page=2&access_token=REDACTED");
    assert_eq!(map["pintle.duration_ms"], 1212.0);
    assert_eq!(map["pintle.body_ms"], 1200.0);
    assert_eq!(map["pintle.policies_ms"], 0.007);
    assert_eq!(map["pintle.sample"], 0.1);
    assert_eq!(map["pintle.first_byte_ms"], 12.0);
    assert_eq!(map["pintle.connect_ms"], 0.0);
    assert_eq!(map["pintle.upstream_status"], 503);
    assert_eq!(map["pintle.labels"], serde_json::json!({"team": "store\"front", "tier": "1"}));
    assert!(!line.contains("hunter2"));
}

#[test]
fn what_does_not_apply_is_left_out() {
    let map = parse(&json(&record()));
    assert_eq!(map.len(), 13);
    assert!(!map.contains_key("pintle.route") && !map.contains_key("url.query"));
    let client = IpAddr::V6(Ipv6Addr::LOCALHOST);
    assert_eq!(parse(&json(&Record { client, ..record() }))["client.address"], "::1");
}

#[test]
fn nasty_text_stays_one_valid_line() {
    let controls: String =
        (0u8..=0x1f).map(char::from).chain("\u{7f}\u{80}\u{9b}\u{9f}\u{a0}¢é\"\\/€𝄞".chars()).collect();
    let long = "é".repeat(escape::LONGEST);
    for text in [controls.as_str(), "\",\"x\":\"", "\\", "\u{c2}\u{a9}", "", &long, "x\u{c2}"] {
        let record = Record {
            host: text,
            path: text,
            query: Some(text),
            request_id: text,
            internal: Some(text),
            user_agent: Some(text.as_bytes()),
            ..record()
        };
        let map = parse(&json(&record));
        assert_eq!(map.len(), 16);
        let (kept, more) = escape::cut(text, escape::LONGEST);
        for key in ["url.path", "url.query", "user_agent.original", "pintle.message"] {
            assert_eq!(map[key], format!("{kept}{}", if more { "…" } else { "" }), "{key}");
        }
        assert!(json(&record).chars().all(|c| c == '\n' || !c.is_control()));
    }
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    for agent in [&b"a\xff\"b"[..], b"\xc2", b"\xe2\x82", b"\xed\xa0\x80", &[0xff; 5000], &[0xc2; 3]] {
        let map = parse(&json(&Record { user_agent: Some(agent), ..record() }));
        let text = map["user_agent.original"].as_str().expect("a text");
        assert!(text.contains('\u{fffd}') && text.len() < 4 * escape::LONGEST, "{text}");
        assert!(combined(&Record { user_agent: Some(agent), ..record() }).is_ascii());
    }
}

#[test]
fn random_bytes_never_break_a_line() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..5_000 {
        let bytes: Vec<u8> = (0..next() % 40).map(|_| (next() >> 16) as u8).collect();
        let text = String::from_utf8_lossy(&bytes);
        let record = Record { user_agent: Some(&bytes), query: Some(&text), path: &text, ..record() };
        let map = parse(&json(&record));
        assert_eq!(map["url.path"], *text);
        assert_eq!(map["user_agent.original"], *text);
        let line = combined(&record);
        assert!(line.is_ascii() && line.matches('\n').count() == 1, "{line:?}");
    }
}

#[test]
fn the_combined_format() {
    assert_eq!(
        combined(&full()),
        "203.0.113.9 - acme [23/Nov/2026:18:30:00 +0000] \"GET /a/b?page=2&access_token=REDACTED HTTP/1.1\" 200 17 \
         \"https://a.example/x?code=REDACTED&y=1\" \"curl/8.5\"\n"
    );
    let plain = combined(&Record { user_agent: Some(b"a\"\\\x1b\n"), ..record() });
    assert!(plain.ends_with("200 17 \"-\" \"a\\x22\\x5c\\x1b\\x0a\"\n"), "{plain}");
}

#[test]
fn names_of_the_configuration_are_left_out_too() {
    let style = Style { names: Names::and(["X-Partner"]), ..Style::default() };
    let record = Record { query: Some("x_partner=hunter2&a=1"), referer: Some(b"/?x-partner=hunter2"), ..record() };
    assert_eq!(parse(&written(&record, &style))["url.query"], "x_partner=REDACTED&a=1");
    let style = Style { format: Format::Combined, ..style };
    assert!(!written(&record, &style).contains("hunter2"));
}

#[test]
fn a_sample_keeps_its_share_all_errors_and_what_is_slow() {
    let kept = |record: Record<'_>, sample| {
        let style = Style { sample: Share::of_millionths(sample), ..Style::default() };
        style.keeps(&Subject::Request(&record))
    };
    let (none, all) = (0, 1_000_000);
    assert_eq!(kept(record(), none), Kept::No);
    assert_eq!(kept(record(), all), Kept::Whole);
    assert_eq!(kept(record(), all - 1), Kept::Sampled);
    assert_eq!(kept(Record { status: 404, ..record() }, none), Kept::No, "a service's 4xx is sampled");
    for always in [
        Record { status: 502, ..record() },
        Record { status: 404, reason: Some("no_route"), ..record() },
        Record { reason: Some("upstream_closed"), ..record() },
        Record { grpc_status: Some(14), ..record() },
        Record { duration: Duration::from_secs(1), ..record() },
    ] {
        assert_eq!(kept(always, none), Kept::Whole);
    }
}
