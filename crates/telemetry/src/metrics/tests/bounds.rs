//! Bounds: on series, on what comes and goes, and on what all of it takes.

use super::*;

#[test]
fn beyond_the_bound_all_is_counted_in_one_series() {
    let metrics = Metrics::new(1, 100);
    let door = metrics.listener("door");
    let routes: Vec<_> = (0..200).map(|index| metrics.route(&format!("r{index}"))).collect();
    for route in &routes {
        route.count(&door, &get(200));
        route.count(&door, &Counted { received: 1, ..ended(&Method::POST, 502) });
    }
    let upstreams: Vec<_> = (0..30).map(|index| metrics.upstream(&format!("u{index}"))).collect();
    upstreams.iter().for_each(|upstream| upstream.attempt(false));
    let before = metrics.outcomes();
    let series = parse(&text(&metrics));
    assert!(series["pintle_metrics_series"] <= 100.0, "{}", series["pintle_metrics_series"]);
    let bounded = |id: &&String| !id.starts_with("pintle_metrics") && id.contains(['{']) && !id.contains("_OTHER");
    let own = ["result=", "worker=", "version="];
    let there = series.keys().filter(bounded).filter(|id| !own.iter().any(|own| id.contains(own))).count();
    assert_eq!(series["pintle_metrics_series"], there as f64, "each line that counts is there, and no other");
    assert_eq!(series["pintle_metrics_max_series"], 100.0);
    assert!(series["pintle_metrics_overflow_total"] > 300.0);
    let other = format!("{{{}}}", of(OTHER, OTHER, OTHER, OTHER, OTHER));
    assert_eq!(series[&format!("pintle_requests_total{other}")], 397.0);
    assert!(series[&format!("pintle_request_content_bytes_count{other}")] >= 199.0);
    assert_eq!(sum(&series, "pintle_requests_total"), 400.0, "nothing is lost");
    assert_eq!(sum(&series, "pintle_request_duration_seconds_count"), 400.0);
    assert_eq!(sum(&series, "pintle_upstream_attempts_total"), 30.0);
    assert!(series["pintle_upstream_attempts_total{upstream=\"_OTHER\"}"] > 0.0);
    assert_eq!((before.requests, before.failed), (400, 200), "the guard sees classes all the same");

    drop((routes, upstreams));
    let fresh = metrics.route("fresh");
    fresh.count(&door, &get(200));
    let series = parse(&text(&metrics));
    assert_eq!(series[&requests("door", "fresh", "GET", "2xx")], 1.0, "there is room again");
    let attempts = sum(&series, "pintle_upstream_attempts_total");
    assert!(attempts > 0.0, "what was told as _OTHER never falls");
    assert_eq!(metrics.outcomes(), Outcomes { requests: 401, failed: 200 });
}

#[test]
fn a_counter_past_the_bound_is_other_as_well() {
    let metrics = Metrics::new(1, 0);
    let counter = metrics.counter(&COUNTER, &["1", "2"]);
    counter.inc();
    metrics.counter(&COUNTER, &["3", "4"]).inc();
    assert_eq!(parse(&text(&metrics))["pintle_test_total{a=\"_OTHER\",b=\"_OTHER\"}"], 2.0);
}

#[test]
fn a_flood_of_methods_and_statuses_makes_few_series() {
    let metrics = Metrics::new(1, MAX_SERIES);
    let (door, route) = (metrics.listener("door"), metrics.route("r"));
    for number in 100..1000u16 {
        let method = Method::from_bytes(format!("M{number}").as_bytes()).expect("a token");
        route.count(&door, &ended(&method, number));
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

#[test]
fn upstreams_that_come_and_go_take_no_room_in_routes_that_stay() {
    let metrics = Metrics::new(1, MAX_SERIES);
    let (door, route) = (metrics.listener("door"), metrics.route("r"));
    for index in 0..500 {
        let url = format!("http://10.0.0.1:{index}");
        let _upstream = metrics.upstream(&url);
        route.count(&door, &Counted { upstream: Some(&url), ..get(200) });
        metrics.reloaded(index, SystemTime::UNIX_EPOCH, Cost::default());
        assert!(metrics.budget.used() <= 2 * 26, "{}", metrics.budget.used());
    }
}

#[test]
fn an_overview_adds_up_what_routes_and_upstreams_have_come_to() {
    let metrics = Metrics::new(1, MAX_SERIES);
    let (door, u) = (metrics.listener("door"), Some("u"));
    let (a, b) = (metrics.route("a"), metrics.route("b"));
    for (route, ended) in [
        (&a, Counted { upstream: u, ..get(200) }),
        (&a, Counted { upstream: u, duration: MS * 100_000, ..get(502) }),
        (&b, Counted { upstream: u, ..get(404) }),
        (&b, get(403)),
    ] {
        route.count(&door, &ended);
    }
    let seen = metrics.overview();
    let brief: Vec<_> = seen
        .iter()
        .map(|one| {
            (one.of.clone(), one.requests, one.client_errors, one.server_errors, one.durations[0], one.durations[14])
        })
        .collect();
    assert_eq!(
        brief,
        [
            (Subject::Route("a".into()), 2, 0, 1, 1, 1),
            (Subject::Route("b".into()), 2, 2, 0, 2, 0),
            (Subject::Upstream("u".into()), 3, 1, 1, 2, 1),
        ]
    );
    assert_eq!(Overview::bounds().count() + 1, seen[0].durations.len());
}

#[test]
fn what_is_looked_up_is_told_of_upstreams_that_were_hit() {
    struct Now;
    impl Look for Now {
        fn look(&self) -> Seen {
            let levels = |name: &str| Levels { upstream: name.into(), idle: 3, streams: 0, active: 2, waiting: 1 };
            let certificate = Certificate {
                listener: "door".into(),
                file: "a.pem".into(),
                name: "a.example".into(),
                not_after: 4_102_444_800,
            };
            Seen {
                connections_max: 20_000,
                routes: 4,
                upstreams: vec![levels("u"), levels("v")],
                certificates: vec![certificate],
            }
        }
    }
    let metrics = Metrics::new(1, MAX_SERIES);
    metrics.look_at(Arc::new(Now));
    let (u, _v) = (metrics.upstream("u"), metrics.upstream("v"));
    u.attempt(false);
    let series = parse(&text(&metrics));
    for (id, value) in [
        ("pintle_upstream_idle_connections{upstream=\"u\"}", 3.0),
        ("pintle_upstream_http2_streams{upstream=\"u\"}", 0.0),
        ("pintle_upstream_requests_active{upstream=\"u\"}", 2.0),
        ("pintle_upstream_requests_waiting{upstream=\"u\"}", 1.0),
        ("pintle_connections_max", 20_000.0),
        ("pintle_config_routes", 4.0),
        (
            "pintle_certificate_not_after_timestamp_seconds{listener=\"door\",file=\"a.pem\",name=\"a.example\"}",
            4_102_444_800.0,
        ),
    ] {
        assert_eq!(series.get(id), Some(&value), "{id}");
    }
    assert!(!series.keys().any(|id| id.contains("\"v\"")));
}
