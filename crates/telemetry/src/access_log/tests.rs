use super::*;
use crate::metrics::{Syntax, families};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::Instant;

const SOON: Duration = Duration::from_secs(20);

/// A directory that goes with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("pintle-telemetry-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        Place(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn pipe(&self) -> PathBuf {
        let path = self.file("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo runs").success());
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn no_labels() -> &'static BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
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
        internal: None,
    }
}

fn full() -> Record<'static> {
    Record {
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        span_id: Some(0xf067_aa0b_a902_b7),
        query: Some("page=2&access_token=hunter2"),
        route: "shop/list",
        labels: labels(),
        upstream: Some("list"),
        endpoint: Some("10.0.0.7:9001"),
        attempts: 2,
        policy: None,
        upstream_status: Some(503),
        grpc_status: Some(14),
        reason: Some("unavailable"),
        first_byte: Some(Duration::from_millis(12)),
        connect: Some(Duration::from_nanos(999)),
        user_agent: Some(b"curl/8.5"),
        referer: Some(b"https://a.example/x?code=hunter2&y=1"),
        internal: Some("reset"),
        ..record()
    }
}

fn json(record: &Record<'_>) -> String {
    let mut out = Vec::new();
    json::write(&mut out, &mut Stamp::new(), record);
    String::from_utf8(out).expect("UTF-8")
}

fn combined(record: &Record<'_>) -> String {
    let mut out = Vec::new();
    combined::write(&mut out, &mut Stamp::new(), record);
    String::from_utf8(out).expect("UTF-8")
}

fn parse(line: &str) -> serde_json::Map<String, Value> {
    assert_eq!(line.find('\n'), Some(line.len() - 1), "{line:?}");
    match serde_json::from_str(line) {
        Ok(Value::Object(map)) => map,
        other => panic!("{line:?}: {other:?}"),
    }
}

fn start(sink: &Sink, workers: usize) -> (AccessLog, Metrics) {
    let metrics = Metrics::new(workers, 1000);
    (AccessLog::start(Opened::open(sink, Format::Json).expect("a sink"), &metrics).expect("a log"), metrics)
}

#[test]
fn a_full_record_has_the_documented_keys_in_their_order() {
    let line = json(&full());
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
    assert_eq!(map["pintle.duration_ms"], 1.005);
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
        let (kept, more) = escape::cut(text);
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
        "203.0.113.9 - - [23/Nov/2026:18:30:00 +0000] \"GET /a/b?page=2&access_token=REDACTED HTTP/1.1\" 200 17 \
         \"https://a.example/x?code=REDACTED&y=1\" \"curl/8.5\"\n"
    );
    let plain = combined(&Record { user_agent: Some(b"a\"\\\x1b\n"), ..record() });
    assert!(plain.ends_with("200 17 \"-\" \"a\\x22\\x5c\\x1b\\x0a\"\n"), "{plain}");
}

#[test]
fn a_quiet_log_is_written_within_a_second_unasked() {
    let place = Place::new("quiet");
    let pipe = place.pipe();
    let (log, _metrics) = start(&Sink::File(pipe.clone()), 1);
    let mut lines = BufReader::new(File::open(pipe).expect("a pipe"));
    for _ in 0..3 {
        let written = Instant::now();
        log.write(&record());
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        parse(&line);
        assert!(written.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn a_pipe_that_nobody_reads_costs_records_and_never_time() {
    let place = Place::new("blocked");
    let pipe = place.pipe();
    let (log, metrics) = start(&Sink::File(pipe.clone()), 1);
    let count = 20_000;
    for _ in 0..count {
        log.write(&full());
    }
    assert!(!log.flush(Duration::from_millis(10)), "nobody reads");
    let held: usize = log.shared.shards.iter().map(|shard| shard.0.lock().lines.len()).sum();
    assert!(held <= log.shared.room + 4096, "{held}");
    let dropped = log.dropped();
    assert!(dropped > 0);
    let lines = thread::spawn(move || {
        let lines = BufReader::new(File::open(pipe).expect("a pipe")).lines();
        for line in lines.take(count - dropped as usize) {
            parse(&(line.expect("a line") + "\n"));
        }
    });
    lines.join().expect("all that was not dropped, each of them whole");
    assert!(log.flush(SOON));
    let text = metrics.text(Syntax::Prometheus);
    assert!(text.contains(&format!("\npintle_log_records_dropped_total {dropped}\n")), "{text}");
}

#[test]
fn a_full_disk_is_counted() {
    let (log, metrics) = start(&Sink::File("/dev/full".into()), 1);
    for _ in 0..10 {
        log.write(&record());
    }
    assert!(log.flush(SOON));
    assert_eq!(log.dropped(), 10);
    assert!(metrics.counter(&families::LOG_ERRORS, &[]).get() >= 1);
}

fn lines(path: &Path) -> Vec<String> {
    let mut text = String::new();
    File::open(path).expect("a file").read_to_string(&mut text).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_rotated_file_is_opened_anew_and_nothing_is_lost() {
    let place = Place::new("reopen");
    let (path, old) = (place.file("log"), place.file("log.1"));
    let (log, _metrics) = start(&Sink::File(path.clone()), 1);
    log.write(&Record { path: "/1", ..record() });
    assert!(log.flush(SOON));
    fs::rename(&path, &old).expect("a rotation");
    log.write(&Record { path: "/2", ..record() });
    assert!(log.flush(SOON));
    log.reopen();
    assert!(log.flush(SOON));
    log.write(&Record { path: "/3", ..record() });
    assert!(log.flush(SOON));
    assert_eq!((lines(&old).len(), lines(&path).len()), (2, 1));
    assert!(lines(&path)[0].contains("\"/3\""));

    fs::rename(&path, &old).expect("a rotation");
    fs::create_dir(&path).expect("something in the way");
    log.reopen();
    log.write(&Record { path: "/4", ..record() });
    assert!(log.flush(SOON));
    assert_eq!(lines(&old).len(), 2, "the old file stays in use");
}

#[test]
fn changing_the_sink_loses_nothing_and_a_bad_one_changes_nothing() {
    let place = Place::new("change");
    let (one, two) = (place.file("one"), place.file("two"));
    let (log, _metrics) = start(&Sink::None, 1);
    log.write(&record());
    assert!(!log.is_on());
    log.go_over(Opened::open(&Sink::File(one.clone()), Format::Json).expect("a file"));
    log.write(&record());
    assert!(Opened::open(&Sink::File(place.file("none/such")), Format::Combined).is_err(), "no directory");
    log.write(&record());
    assert!(log.flush(SOON));
    log.go_over(Opened::open(&Sink::File(two.clone()), Format::Combined).expect("a file"));
    assert!(log.flush(SOON));
    log.write(&record());
    log.go_over(Opened::open(&Sink::None, Format::Json).expect("nothing to open"));
    log.write(&record());
    assert!(log.flush(SOON));
    assert_eq!((lines(&one).len(), lines(&two).len(), log.dropped()), (2, 1, 0));
    assert!(lines(&two)[0].starts_with("203.0.113.9 - - ["));
}

#[test]
fn records_of_many_workers_come_whole() {
    let place = Place::new("many");
    let path = place.file("log");
    let (log, _metrics) = start(&Sink::File(path.clone()), 4);
    thread::scope(|scope| {
        for index in 0..4 {
            let log = &log;
            scope.spawn(move || {
                worker::enter(index);
                for _ in 0..1_000 {
                    log.write(&full());
                }
            });
        }
    });
    assert!(log.flush(SOON));
    let lines = lines(&path);
    assert_eq!(lines.len() + log.dropped() as usize, 4_000);
    lines.iter().for_each(|line| drop(parse(&format!("{line}\n"))));
}

#[test]
fn what_is_left_is_written_when_the_log_goes() {
    let place = Place::new("end");
    let pipe = place.pipe();
    let (log, _metrics) = start(&Sink::File(pipe.clone()), 1);
    let mut lines = BufReader::new(File::open(pipe).expect("a pipe"));
    log.write(&record());
    drop(log);
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    parse(&line);
}
