mod bounds;
mod parts;

use super::*;
use pintle_core::counters::Family;
use pintle_core::{Method, StatusCode};
use std::collections::{BTreeMap, HashSet};
use std::thread;
use std::time::{Duration, SystemTime};

const MS: Duration = Duration::from_millis(1);

static COUNTER: Family = Family::counter("pintle_test_total", "A test.", &["a", "b"]);
static GAUGE: Family = Family::gauge("pintle_test", "A test.", &[]);

fn text(metrics: &Metrics) -> String {
    metrics.text(Syntax::Prometheus)
}

fn ended(method: &Method, status: u16) -> Counted<'_> {
    let status = StatusCode::from_u16(status).expect("a status");
    Counted { method, status, upstream: None, duration: MS, received: 0, sent: 0 }
}

fn get(status: u16) -> Counted<'static> {
    ended(&Method::GET, status)
}

/// Reads the text format strictly: every family opened once and before its samples, no series twice, nothing else.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut families = HashSet::new();
    let mut series = BTreeMap::new();
    let mut family = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().expect("a name");
            assert!(families.insert(family), "{family} twice");
            let kind = lines.next().expect("a type").strip_prefix(&format!("# TYPE {family} "));
            let kind = kind.expect("the family's type");
            assert!(matches!(kind, "counter" | "gauge" | "histogram"));
            assert!(kind != "counter" || family.ends_with("_total"), "{family}");
            continue;
        }
        let (id, value) = line.rsplit_once(' ').expect("a value");
        let name = id.split('{').next().expect("a name");
        let is_part = ["_bucket", "_sum", "_count"].iter().any(|end| name.strip_suffix(end) == Some(family));
        assert!(name == family || is_part, "{line} in {family}");
        check_labels(&id[name.len()..]);
        assert!(series.insert(id.to_owned(), value.parse().expect("a number")).is_none(), "{id} twice");
    }
    series
}

fn check_labels(labels: &str) {
    if labels.is_empty() {
        return;
    }
    let mut rest = labels.strip_prefix('{').expect("a brace");
    loop {
        let (name, value) = rest.split_once("=\"").expect("a label");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
        let mut end = 0;
        let bytes = value.as_bytes();
        while bytes[end] != b'"' {
            if bytes[end] == b'\\' {
                end += 1;
                assert!(matches!(bytes[end], b'\\' | b'"' | b'n'), "{labels}");
            }
            end += 1;
        }
        match &value[end + 1..] {
            "}" => return,
            more => rest = more.strip_prefix(',').expect("a comma"),
        }
    }
}

/// The labels of a route's series.
fn of(listener: &str, route: &str, upstream: &str, method: &str, status: &str) -> String {
    format!("listener=\"{listener}\",route=\"{route}\",upstream=\"{upstream}\",method=\"{method}\",status=\"{status}\"")
}

fn requests(listener: &str, route: &str, method: &str, status: &str) -> String {
    format!("pintle_requests_total{{{}}}", of(listener, route, "", method, status))
}

fn sum(series: &BTreeMap<String, f64>, name: &str) -> f64 {
    series.iter().filter(|(id, _)| id.starts_with(name)).map(|(_, value)| value).sum()
}

#[test]
fn a_request_is_counted_by_listener_route_upstream_method_and_class() {
    let metrics = Metrics::new(2, MAX_SERIES);
    let (door, side, _u) = (metrics.listener("door"), metrics.listener("side"), metrics.upstream("u"));
    let route = metrics.route("r");
    route.count(&door, &get(200));
    route.count(&door, &get(201));
    let slow = Counted { duration: MS * 30_000, upstream: Some("u"), received: 5, sent: 20_000, ..get(502) };
    route.count(&side, &slow);
    route.count(&side, &Counted { duration: MS * 60_001, received: 70_000_000, ..slow });
    let brew = Method::from_bytes(b"BREW").expect("a token");
    route.count(&side, &Counted { duration: MS * 4 / 10, ..ended(&brew, 418) });
    let series = parse(&text(&metrics));
    assert_eq!(series[&requests("door", "r", "GET", "2xx")], 2.0);
    assert_eq!(series[&requests("side", "r", "_OTHER", "4xx")], 1.0);
    let labels = of("side", "r", "u", "GET", "5xx");
    let of_slow = |name: &str, le: &str| series[&format!("pintle_{name}_bucket{{{labels},le=\"{le}\"}}")];
    assert_eq!(series[&format!("pintle_requests_total{{{labels}}}")], 2.0);
    assert_eq!(["15", "60", "+Inf"].map(|le| of_slow("request_duration_seconds", le)), [0.0, 1.0, 2.0]);
    assert_eq!(["16384", "262144", "+Inf"].map(|le| of_slow("response_content_bytes", le)), [0.0, 2.0, 2.0]);
    assert_eq!(["1024", "67108864", "+Inf"].map(|le| of_slow("request_content_bytes", le)), [1.0, 1.0, 2.0]);
    assert_eq!(series[&format!("pintle_request_duration_seconds_sum{{{labels}}}")], 90.001);
    assert_eq!(series[&format!("pintle_request_content_bytes_sum{{{labels}}}")], 70_000_005.0);
    assert_eq!(series[&format!("pintle_request_duration_seconds_count{{{labels}}}")], 2.0);
    let contents = series.keys().filter(|id| id.starts_with("pintle_request_content_bytes_count"));
    assert_eq!(contents.count(), 1, "requests without content are none of a size");
    let lines = series.keys().filter(|id| id.contains("route=")).count();
    assert_eq!(series["pintle_metrics_series"], lines as f64, "each line counts, and nothing that was not hit");
}

#[test]
fn labels_are_of_the_route_and_other_labels_other_series() {
    let metrics = Metrics::new(1, MAX_SERIES);
    let door = metrics.listener("door");
    let labelled = |team: &str| metrics.labelled_route("r", vec![("team".into(), team.into())]);
    let old = labelled("a");
    old.count(&door, &get(200));
    let id = |team: &str| format!("pintle_requests_total{{{},team=\"{team}\"}}", of("door", "r", "", "GET", "2xx"));
    assert_eq!(parse(&text(&metrics))[&id("a")], 1.0);
    assert!(Arc::ptr_eq(&old, &labelled("a")), "the same labels are the same route");
    let new = labelled("b");
    drop(old);
    new.count(&door, &get(200));
    let series = parse(&text(&metrics));
    assert_eq!((series.get(&id("a")), series[&id("b")]), (None, 1.0));
}

#[test]
fn open_metrics_differ_in_small_things() {
    let metrics = Metrics::new(1, MAX_SERIES);
    let (door, route) = (metrics.listener("door"), metrics.route("r"));
    route.count(&door, &get(200));
    let text = metrics.text(Syntax::OpenMetrics);
    for part in [
        "# TYPE pintle_requests counter\npintle_requests_total{",
        "# TYPE pintle_request_duration_seconds histogram\n# UNIT pintle_request_duration_seconds seconds\n",
        ",le=\"1.0\"} 1\n",
        "# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\nprocess_cpu_seconds_total ",
        "# TYPE pintle_build_info gauge\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(text.ends_with("\n# EOF\n") && text.matches("# EOF").count() == 1);
}

#[test]
fn nothing_is_told_before_its_first_hit() {
    let metrics = Metrics::new(2, MAX_SERIES);
    let _held = (metrics.listener("door"), metrics.route("r"), metrics.upstream("u"));
    let series = parse(&text(&metrics));
    assert!(series.keys().all(|id| !id.contains("route=") && !id.contains("door") && !id.contains("upstream")));
    assert_eq!((series["pintle_reloads_total{result=\"failed\"}"], series["pintle_metrics_series"]), (0.0, 0.0));
    assert!(series["process_resident_memory_bytes"] > 100_000.0);
    assert!(series["process_open_fds"] >= 3.0 && series["process_threads"] >= 1.0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs_f64();
    let started = series["process_start_time_seconds"];
    assert!(started <= now + 2.0 && started > now - 86_400.0, "{started} {now}");
}

#[test]
fn the_gateway_tells_of_itself() {
    let metrics = Metrics::new(1, MAX_SERIES);
    metrics.reloaded(3, SystemTime::UNIX_EPOCH + MS * 7000, Cost { wall: MS * 20, cpu: MS * 4 });
    metrics.reload_failed(Cost { wall: MS, cpu: MS });
    metrics.refused(None, Reason::NoRoute);
    metrics.refused(Some("body_limit"), Reason::BodyTooLarge);
    metrics.refused(Some("body_limit"), Reason::BodyTooLarge);
    metrics.cut(Reason::UpstreamClosed);
    metrics.accepted();
    let door = metrics.listener("a\"b\\c\nd");
    door.connection_opened();
    door.connection_opened();
    door.connection_closed();
    door.session_not_made(NotMade::Certificate);
    door.session_made(true, false);
    door.session_made(false, true);
    door.tunnel_bytes(5, 7);
    door.request_started();
    door.request_ended();
    let upstream = metrics.upstream("u");
    upstream.connection_opened();
    upstream.attempt(false);
    upstream.attempt(true);
    upstream.attempt_failed();
    upstream.overflowed();
    let series = parse(&text(&metrics));
    let name = "listener=\"a\\\"b\\\\c\\nd\"";
    for (id, value) in [
        ("pintle_config_info{version=\"3\"}", 1.0),
        ("pintle_config_version", 3.0),
        ("pintle_config_last_reload_successful", 0.0),
        ("pintle_config_loaded_timestamp_seconds", 7.0),
        ("pintle_reloads_total{result=\"ok\"}", 1.0),
        ("pintle_reloads_total{result=\"failed\"}", 1.0),
        ("pintle_reload_duration_seconds_bucket{result=\"ok\",le=\"0.01\"}", 0.0),
        ("pintle_reload_duration_seconds_bucket{result=\"ok\",le=\"0.025\"}", 1.0),
        ("pintle_reload_duration_seconds_sum{result=\"ok\"}", 0.02),
        ("pintle_reload_cpu_seconds_total", 0.005),
        ("pintle_refusals_total{policy=\"\",reason=\"no_route\"}", 1.0),
        ("pintle_refusals_total{policy=\"body_limit\",reason=\"body_too_large\"}", 2.0),
        ("pintle_answers_cut_total{reason=\"upstream_closed\"}", 1.0),
        ("pintle_worker_connections_total{worker=\"0\"}", 1.0),
        (&format!("pintle_connections_active{{{name}}}"), 1.0),
        (&format!("pintle_connections_total{{{name}}}"), 2.0),
        (&format!("pintle_requests_active{{{name}}}"), 0.0),
        (&format!("pintle_tls_handshakes_total{{{name},result=\"failed\"}}"), 1.0),
        (&format!("pintle_tls_handshakes_total{{{name},result=\"ok\"}}"), 2.0),
        (&format!("pintle_tls_handshake_failures_total{{{name},reason=\"certificate\"}}"), 1.0),
        (&format!("pintle_tls_sessions_total{{{name},version=\"1.3\",resumed=\"false\"}}"), 1.0),
        (&format!("pintle_tls_sessions_total{{{name},version=\"1.2\",resumed=\"true\"}}"), 1.0),
        (&format!("pintle_tunnel_bytes_total{{{name},direction=\"sent\"}}"), 7.0),
        ("pintle_upstream_connections{upstream=\"u\"}", 1.0),
        ("pintle_upstream_connects_total{upstream=\"u\",result=\"ok\"}", 1.0),
        ("pintle_upstream_attempts_total{upstream=\"u\"}", 2.0),
        ("pintle_upstream_retries_total{upstream=\"u\"}", 1.0),
        ("pintle_upstream_failures_total{upstream=\"u\"}", 1.0),
        ("pintle_upstream_overflow_total{upstream=\"u\"}", 1.0),
    ] {
        assert_eq!(series.get(id), Some(&value), "{id}");
    }
}

#[test]
fn counts_of_all_threads_add_up_while_a_scrape_reads() {
    let metrics = Metrics::new(3, MAX_SERIES);
    let (door, route) = (metrics.listener("door"), metrics.route("r"));
    let gauge = metrics.gauge(&GAUGE, &[]);
    thread::scope(|scope| {
        // Three workers, and one that says it is a worker beyond those there are.
        for index in 0..4 {
            let (door, route, gauge) = (&door, &route, &gauge);
            scope.spawn(move || {
                pintle_core::worker::enter(index);
                for turn in 0..10_000 {
                    route.count(door, &get(if turn % 2 == 0 { 200 } else { 404 }));
                    door.request_started();
                    gauge.add(if index % 2 == 0 { 1 } else { -1 });
                }
            });
        }
        for _ in 0..20 {
            parse(&text(&metrics));
        }
    });
    let series = parse(&text(&metrics));
    assert_eq!(series[&requests("door", "r", "GET", "2xx")], 20_000.0);
    assert_eq!(series[&requests("door", "r", "GET", "4xx")], 20_000.0);
    assert_eq!(series["pintle_requests_active{listener=\"door\"}"], 40_000.0);
    assert_eq!(sum(&series, "pintle_request_duration_seconds_count"), 40_000.0);
    assert_eq!(series["pintle_test"], 0.0);
}

#[test]
fn series_live_as_long_as_someone_holds_them() {
    let metrics = Metrics::new(1, MAX_SERIES);
    let (door, upstream) = (metrics.listener("door"), metrics.upstream("http://a"));
    let old = metrics.route("r");
    old.count(&door, &get(200));
    // A reload: the new one is taken before the old one goes.
    let new = metrics.route("r");
    assert!(Arc::ptr_eq(&old, &new));
    drop(old);
    new.count(&door, &get(200));
    new.count(&door, &Counted { upstream: Some("http://a"), ..get(200) });
    let series = parse(&text(&metrics));
    assert_eq!(series[&requests("door", "r", "GET", "2xx")], 2.0);
    assert_eq!(series["pintle_metrics_series"], 52.0);

    drop(upstream);
    let without = text(&metrics);
    assert!(!without.contains("http://a"), "its upstream went away, and the rest stays");
    assert_eq!(parse(&without)["pintle_metrics_series"], 26.0);

    drop(door);
    assert!(!text(&metrics).contains("door"), "its listener went away");
    assert_eq!(metrics.outcomes().requests, 3, "what was counted was counted");
    assert_eq!(metrics.budget.used(), 0);

    let counter = metrics.counter(&COUNTER, &["1", "2"]);
    counter.inc();
    assert!(Arc::ptr_eq(&counter, &metrics.counter(&COUNTER, &["1", "2"])));
    assert!(text(&metrics).contains("\npintle_test_total{a=\"1\",b=\"2\"} 1\n"));
    drop((new, counter));
    let text = text(&metrics);
    assert!(!text.contains("route=") && !text.contains("pintle_test"), "{text}");
    assert_eq!(metrics.budget.used(), 0, "all room is given back");
}
