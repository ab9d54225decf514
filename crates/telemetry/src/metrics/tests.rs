use super::*;
use pintle_core::{Method, StatusCode};
use std::collections::{BTreeMap, HashSet};
use std::thread;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn text(metrics: &Metrics) -> String {
    let mut out = String::new();
    metrics.render(&mut out);
    out
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

fn requests(listener: &str, route: &str, method: &str, status: &str) -> String {
    format!(
        "pintle_requests_total{{listener=\"{listener}\",route=\"{route}\",method=\"{method}\",status=\"{status}\"}}"
    )
}

#[test]
fn a_request_is_counted_by_listener_route_method_and_class() {
    let metrics = Metrics::new(2, MAX_SERIES);
    let (door, side) = (metrics.listener("door"), metrics.listener("side"));
    let route = metrics.route("r");
    route.count(&door, &Method::GET, StatusCode::OK, MS);
    route.count(&door, &Method::GET, StatusCode::CREATED, MS);
    route.count(&side, &Method::GET, StatusCode::BAD_GATEWAY, MS * 30_000);
    route.count(&side, &Method::from_bytes(b"BREW").expect("a token"), StatusCode::IM_A_TEAPOT, MS * 4 / 10);
    let series = parse(&text(&metrics));
    assert_eq!(series[&requests("door", "r", "GET", "2xx")], 2.0);
    assert_eq!(series[&requests("side", "r", "GET", "5xx")], 1.0);
    assert_eq!(series[&requests("side", "r", "_OTHER", "4xx")], 1.0);
    assert_eq!(series.keys().filter(|id| id.starts_with("pintle_requests_total")).count(), 3);
    let bucket = |le: &str| series[&format!("pintle_request_duration_seconds_bucket{{route=\"r\",le=\"{le}\"}}")];
    assert_eq!((bucket("0.0005"), bucket("0.001"), bucket("10"), bucket("+Inf")), (1.0, 3.0, 3.0, 4.0));
    assert_eq!(series["pintle_request_duration_seconds_sum{route=\"r\"}"], 30.0024);
    assert_eq!(series["pintle_request_duration_seconds_count{route=\"r\"}"], 4.0);
}

#[test]
fn nothing_is_told_before_its_first_hit() {
    let metrics = Metrics::new(2, MAX_SERIES);
    let _held = (metrics.listener("door"), metrics.route("r"), metrics.upstream("u"));
    let series = parse(&text(&metrics));
    assert!(series.keys().all(|id| !id.contains("route=") && !id.contains("door") && !id.contains("upstream")));
    assert_eq!(series["pintle_reloads_total{result=\"failed\"}"], 0.0);
    assert!(series["process_resident_memory_bytes"] > 100_000.0);
    assert!(series["process_open_fds"] >= 3.0 && series["process_threads"] >= 1.0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs_f64();
    let started = series["process_start_time_seconds"];
    assert!(started <= now + 2.0 && started > now - 86_400.0, "{started} {now}");
}

#[test]
fn the_gateway_tells_of_itself() {
    let metrics = Metrics::new(1, MAX_SERIES);
    metrics.reloaded("abc", SystemTime::UNIX_EPOCH + Duration::from_secs(7));
    metrics.reload_failed();
    metrics.refused(Reason::NoRoute);
    metrics.refused(Reason::VersionNotSupported);
    metrics.cut(Reason::UpstreamClosed);
    let door = metrics.listener("a\"b\\c\nd");
    door.connection_opened();
    door.connection_opened();
    door.connection_closed();
    door.handshake(false);
    door.request_started();
    door.request_ended();
    let upstream = metrics.upstream("u");
    upstream.connection_opened();
    upstream.attempt(false);
    upstream.attempt(true);
    upstream.attempt_failed();
    let series = parse(&text(&metrics));
    let name = "a\\\"b\\\\c\\nd";
    for (id, value) in [
        ("pintle_config_info{version=\"abc\"}", 1.0),
        ("pintle_config_loaded_timestamp_seconds", 7.0),
        ("pintle_reloads_total{result=\"ok\"}", 1.0),
        ("pintle_reloads_total{result=\"failed\"}", 1.0),
        ("pintle_refusals_total{reason=\"no_route\"}", 1.0),
        ("pintle_refusals_total{reason=\"version_not_supported\"}", 1.0),
        ("pintle_answers_cut_total{reason=\"upstream_closed\"}", 1.0),
        (&format!("pintle_connections{{listener=\"{name}\"}}"), 1.0),
        (&format!("pintle_connections_total{{listener=\"{name}\"}}"), 2.0),
        (&format!("pintle_requests_active{{listener=\"{name}\"}}"), 0.0),
        (&format!("pintle_tls_handshakes_total{{listener=\"{name}\",result=\"failed\"}}"), 1.0),
        ("pintle_upstream_connections{upstream=\"u\"}", 1.0),
        ("pintle_upstream_connects_total{upstream=\"u\",result=\"ok\"}", 1.0),
        ("pintle_upstream_attempts_total{upstream=\"u\"}", 2.0),
        ("pintle_upstream_retries_total{upstream=\"u\"}", 1.0),
        ("pintle_upstream_failures_total{upstream=\"u\"}", 1.0),
    ] {
        assert_eq!(series.get(id), Some(&value), "{id}");
    }
}

#[test]
fn counts_of_all_threads_add_up_while_a_scrape_reads() {
    let metrics = Metrics::new(3, MAX_SERIES);
    let (door, route) = (metrics.listener("door"), metrics.route("r"));
    let gauge = metrics.gauge("pintle_test", "A test.", &[]);
    thread::scope(|scope| {
        // Three workers, and one that says it is a worker beyond those there are.
        for index in 0..4 {
            let (door, route, gauge) = (&door, &route, &gauge);
            scope.spawn(move || {
                pintle_core::worker::enter(index);
                for turn in 0..10_000 {
                    let status = if turn % 2 == 0 { StatusCode::OK } else { StatusCode::NOT_FOUND };
                    route.count(door, &Method::GET, status, MS);
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
    assert_eq!(series["pintle_request_duration_seconds_count{route=\"r\"}"], 40_000.0);
    assert_eq!(series["pintle_test"], 0.0);
}

#[test]
fn series_live_as_long_as_someone_holds_them() {
    let metrics = Metrics::new(1, MAX_SERIES);
    let before = metrics.budget.used.load(Ordering::Relaxed);
    let door = metrics.listener("door");
    let old = metrics.route("r");
    old.count(&door, &Method::GET, StatusCode::OK, MS);
    // A reload: the new one is taken before the old one goes.
    let new = metrics.route("r");
    assert!(Arc::ptr_eq(&old, &new));
    drop(old);
    new.count(&door, &Method::GET, StatusCode::OK, MS);
    assert_eq!(parse(&text(&metrics))[&requests("door", "r", "GET", "2xx")], 2.0);

    drop(door);
    assert!(!text(&metrics).contains("door"), "its listener went away");
    let door = metrics.listener("door");
    assert_eq!(parse(&text(&metrics))[&requests("door", "r", "GET", "2xx")], 2.0);

    let counter = metrics.counter("pintle_test_total", "A test.", &[("a", "1")]);
    counter.inc();
    assert!(Arc::ptr_eq(&counter, &metrics.counter("pintle_test_total", "A test.", &[("a", "1")])));
    assert!(text(&metrics).contains("\npintle_test_total{a=\"1\"} 1\n"));
    drop((new, door, counter));
    let text = text(&metrics);
    assert!(!text.contains("route=") && !text.contains("pintle_test"), "{text}");
    assert_eq!(metrics.budget.used.load(Ordering::Relaxed), before, "all room is given back");
}

#[test]
fn beyond_the_bound_all_is_counted_as_other() {
    let metrics = Metrics::new(1, 100);
    let door = metrics.listener("door");
    let routes: Vec<_> = (0..200).map(|index| metrics.route(&format!("r{index}"))).collect();
    for route in &routes {
        for method in [Method::GET, Method::POST] {
            route.count(&door, &method, StatusCode::OK, MS);
        }
    }
    let upstream = metrics.upstream("u");
    upstream.attempt(false);
    let counter = metrics.counter("pintle_test_total", "A test.", &[("a", "1"), ("b", "2")]);
    counter.inc();
    let series = parse(&text(&metrics));
    assert_eq!(series["pintle_metrics_series"], 100.0);
    assert!(series["pintle_metrics_overflow_total"] > 300.0);
    assert_eq!(series["pintle_upstream_attempts_total{upstream=\"_OTHER\"}"], 1.0);
    assert_eq!(series["pintle_test_total{a=\"_OTHER\",b=\"_OTHER\"}"], 1.0);
    assert!(series[&requests("_OTHER", "_OTHER", "GET", "2xx")] > 100.0);
    let sum = |name: &str| series.iter().filter(|(id, _)| id.starts_with(name)).map(|(_, value)| value).sum::<f64>();
    assert_eq!(sum("pintle_requests_total"), 400.0, "nothing is lost");
    assert_eq!(sum("pintle_request_duration_seconds_count"), 400.0);

    drop((routes, upstream));
    let fresh = metrics.route("fresh");
    fresh.count(&door, &Method::GET, StatusCode::OK, MS);
    assert_eq!(parse(&text(&metrics))[&requests("door", "fresh", "GET", "2xx")], 1.0, "there is room again");
}

#[test]
fn a_flood_of_methods_and_statuses_makes_few_series() {
    let metrics = Metrics::new(1, MAX_SERIES);
    let (door, route) = (metrics.listener("door"), metrics.route("r"));
    for number in 100..1000u16 {
        let method = Method::from_bytes(format!("M{number}").as_bytes()).expect("a token");
        let status = StatusCode::from_u16(number).expect("three digits");
        route.count(&door, &method, status, MS);
    }
    let series = parse(&text(&metrics));
    assert_eq!(series.keys().filter(|id| id.starts_with("pintle_requests_total")).count(), 5);
}

#[test]
fn names_that_come_and_go_take_no_room() {
    let mut held = held::Held::new();
    let kept = held.add("kept", 0);
    for index in 0..10_000 {
        held.add(&format!("name-{index}"), index);
        assert!(held.len() <= 64);
    }
    assert_eq!(held.alive(), [kept]);
}
