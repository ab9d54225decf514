use super::{Model, Row, View};
use crate::top::look::{Counts, Look, Named, Program, Standing};
use crate::top::quantile::Quantile;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn look(instance: &str, seconds: u64, routes: &[(&str, Counts)]) -> Look {
    Look {
        program: Program {
            instance: instance.into(),
            uptime: SECOND * seconds as u32,
            cpu: Some(Duration::from_millis(seconds * 250)),
            ..Program::default()
        },
        bounds: vec![Duration::from_millis(10), Duration::from_millis(20)],
        routes: routes
            .iter()
            .map(|(name, counts)| Named { name: (*name).into(), counts: counts.clone(), standing: None })
            .collect(),
        upstreams: Vec::new(),
    }
}

fn counts(requests: u64, server_errors: u64, durations: &[u64]) -> Counts {
    Counts { requests, server_errors, durations: durations.to_vec(), ..Counts::default() }
}

fn route<'v>(view: &'v View, name: &str) -> &'v Row {
    view.routes.iter().find(|row| row.name == name).expect("the route")
}

#[test]
fn two_looks_give_rates_by_the_gateways_own_clock() {
    let mut model = Model::default();
    assert_eq!(model.take(look("a", 10, &[("x", counts(100, 0, &[100]))])).interval, None);
    let view = model.take(look("a", 12, &[("x", counts(500, 40, &[500])), ("y", counts(20, 0, &[20]))]));
    assert_eq!(view.interval, Some(2 * SECOND));
    let x = route(&view, "x");
    assert_eq!((x.rate, x.server_errors, x.share), (200.0, 20.0, 0.1));
    assert_eq!(route(&view, "y").rate, 10.0, "a route that was not there had counted nothing");
    assert_eq!((view.all.rate, view.all.server_errors), (210.0, 20.0));
    assert_eq!(view.cpu, Some(0.25));
    assert_eq!(view.minute.len(), 1);
}

#[test]
fn a_gateway_that_began_anew_has_no_rates_until_the_next_look() {
    let mut model = Model::default();
    model.take(look("a", 100, &[("x", counts(1_000, 0, &[1_000]))]));
    model.take(look("a", 101, &[("x", counts(2_000, 0, &[2_000]))]));
    let view = model.take(look("b", 1, &[("x", counts(5, 0, &[5]))]));
    assert!(view.interval.is_none() && view.routes.is_empty() && view.minute.is_empty());
    let view = model.take(look("b", 2, &[("x", counts(15, 0, &[15]))]));
    assert_eq!(route(&view, "x").rate, 10.0);
}

#[test]
fn a_count_that_fell_is_neither_negative_nor_a_burst() {
    let mut model = Model::default();
    model.take(look("a", 1, &[("x", counts(1_000_000, 7, &[1_000_000]))]));
    let view = model.take(look("a", 2, &[("x", counts(600_000, 7, &[600_000]))]));
    assert_eq!((route(&view, "x").rate, route(&view, "x").p99), (0.0, None));
    let view = model.take(look("a", 3, &[("x", counts(600_010, 7, &[600_010]))]));
    assert_eq!(route(&view, "x").rate, 10.0);
}

#[test]
fn a_route_that_went_away_is_no_row() {
    let mut model = Model::default();
    model.take(look("a", 1, &[("x", counts(10, 0, &[10])), ("y", counts(10, 0, &[10]))]));
    let view = model.take(look("a", 2, &[("x", counts(10, 0, &[10]))]));
    assert_eq!(view.routes.len(), 1);
    assert_eq!(view.all.rate, 0.0);
}

#[test]
fn percentiles_are_of_the_last_interval_when_it_had_enough_requests() {
    let mut model = Model::default();
    for second in 1..20 {
        model.take(look("a", second, &[("x", counts(second * 1_000, 0, &[0, second * 1_000]))]));
    }
    let view = model.take(look("a", 20, &[("x", counts(20_000, 0, &[1_000, 19_000]))]));
    let x = route(&view, "x");
    assert_eq!((x.p50, x.over), (Some(Quantile::At(Duration::from_millis(5))), SECOND));
}

#[test]
fn with_few_requests_percentiles_are_of_the_last_ten_seconds_or_of_the_last_minute() {
    let mut model = Model::default();
    let busy = |second: u64| ("busy", counts(second * 20, 0, &[second * 20]));
    let idle = |second: u64| ("idle", counts(second, 0, &[second]));
    for second in 1..200 {
        model.take(look("a", second, &[busy(second), idle(second)]));
    }
    assert!(model.kept.len() <= 9, "{} looks are kept", model.kept.len());
    let view = model.take(look("a", 200, &[busy(200), idle(200)]));
    let (busy, idle) = (route(&view, "busy"), route(&view, "idle"));
    assert!(busy.p99.is_some() && (10..21).contains(&busy.over.as_secs()), "{busy:?}");
    assert!(idle.p99.is_some() && (60..71).contains(&idle.over.as_secs()), "{idle:?}");
    assert!(view.minute.len() <= 60 && view.minute.len() >= 59, "{}", view.minute.len());
}

#[test]
fn an_upstream_has_its_failures_and_how_it_stands() {
    let upstream = |attempts, failures, retries| Named {
        name: "orders".into(),
        counts: Counts { attempts, failures, retries, ..Counts::default() },
        standing: Some(Standing { up: 1, endpoints: 2, active: 3, breaker_open: Some(true) }),
    };
    let mut model = Model::default();
    model.take(Look { upstreams: vec![upstream(10, 0, 0)], ..look("a", 1, &[]) });
    let view = model.take(Look { upstreams: vec![upstream(30, 8, 2)], ..look("a", 3, &[]) });
    let asked = view.upstreams[0].asked.expect("an upstream");
    assert_eq!((asked.failures, asked.retries, asked.standing.up), (4.0, 1.0, 1));
}
