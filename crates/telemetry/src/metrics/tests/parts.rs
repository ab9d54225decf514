//! The parts of aggregates: what is counted of them, and that their series have the bound of all.

use super::*;
use pintle_core::notes::{PartNote, PartNotes};
use std::time::Instant;

fn part(state: &'static str, reason: Option<&'static str>, made: u32) -> PartNotes {
    let now = Instant::now();
    let mut part = PartNote::new("orders".into(), "u".into(), "GET u:/".into(), 0);
    (part.state, part.reason, part.made) = (state, reason, made);
    if made > 0 {
        (part.began, part.over) = (Some(now), Some(now + MS * 30));
    }
    PartNotes::new([part].into_iter())
}

fn id(name: &str, state: &str, reason: &str) -> String {
    format!("pintle_{name}{{route=\"r\",part=\"orders\",upstream=\"u\",state=\"{state}\",reason=\"{reason}\"}}")
}

#[test]
fn a_part_is_counted_by_what_became_of_it() {
    let metrics = Metrics::new(2, MAX_SERIES);
    let (route, _u) = (metrics.route("r"), metrics.upstream("u"));
    let now = Instant::now();
    for notes in [part("ok", None, 1), part("ok", None, 3), part("skipped", None, 0), part("failed", Some("status"), 2)]
    {
        route.count_parts(&notes, now);
    }
    let series = parse(&text(&metrics));
    assert_eq!((series[&id("parts_total", "ok", "")], series[&id("part_calls_total", "ok", "")]), (2.0, 4.0));
    assert_eq!(series[&id("part_duration_seconds_count", "ok", "")], 2.0);
    assert_eq!(series[&id("part_duration_seconds_sum", "ok", "")], 0.06);
    assert_eq!(series[&id("parts_total", "skipped", "")], 1.0);
    assert!(!series.contains_key(&id("part_calls_total", "skipped", "")), "none was called");
    assert_eq!(series[&id("part_calls_total", "failed", "status")], 2.0);
    let lines = series.keys().filter(|id| id.contains("route=")).count();
    assert_eq!(series["pintle_metrics_series"], lines as f64, "each line counts, and nothing that was not hit");
}

#[test]
fn past_the_bound_parts_are_counted_together_and_go_with_their_upstream() {
    // Room for one that makes no call.
    let metrics = Metrics::new(1, 1);
    let (route, now) = (metrics.route("r"), Instant::now());
    let upstream = metrics.upstream("u");
    route.count_parts(&part("skipped", None, 0), now);
    route.count_parts(&part("ok", None, 2), now);
    route.count_parts(&part("failed", Some("status"), 1), now);
    let series = parse(&text(&metrics));
    let other = |name: &str| {
        let labels = "route=\"_OTHER\",part=\"_OTHER\",upstream=\"_OTHER\",state=\"_OTHER\",reason=\"_OTHER\"";
        series[&format!("pintle_{name}{{{labels}}}")]
    };
    assert_eq!(
        (other("parts_total"), other("part_calls_total"), other("part_duration_seconds_count")),
        (2.0, 3.0, 2.0)
    );
    assert_eq!((series[&id("parts_total", "skipped", "")], series["pintle_metrics_series"]), (1.0, 1.0));
    drop(upstream);
    let series = parse(&text(&metrics));
    assert!(!series.contains_key(&id("parts_total", "skipped", "")), "{series:?}");
    assert_eq!(series["pintle_metrics_series"], 0.0);
}
