//! Endpoints that fail, with others beside them or none.

use super::play::{Case, Given, case};
use pintle_testkit::{Ask, Origin, Received, Reply, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("answers 500 to all", |play| async move {
            let bad = Origin::answering(Reply::new(500)).await;
            play.start(Given::to(bad.address())).await.get().await;
        }),
        case("answers 500 to all; `health: {eject: …}`, another endpoint", |play| async move {
            let (bad, good) = both(Reply::new(500)).await;
            let keys = "health: {eject: {after: 3, for: 1h}}";
            let bench = play.start(Given::two(bad.address(), good.address(), keys)).await;
            for _ in 0..3 {
                assert_eq!(bench.prepare("/before").await.gets, "500, whole");
            }
            bench.get().await;
            assert_eq!(bad.hits(), 3);
        }),
        case("answers 500 to all; `breaker`", |play| async move {
            let bad = Origin::answering(Reply::new(500)).await;
            let keys = "breaker: {of: 5, for: 1h}".to_owned();
            let bench = play.start(Given { keys, ..Given::to(bad.address()) }).await;
            for _ in 0..5 {
                assert_eq!(bench.prepare("/before").await.gets, "500, whole");
            }
            bench.get().await;
            assert_eq!(bad.hits(), 5);
        }),
        case("answers 503; `retry: {on: [503]}`, another endpoint", |play| async move {
            let (bad, good) = both(Reply::new(503)).await;
            play.start(Given::two(bad.address(), good.address(), "retry: {on: [503]}")).await.get().await;
        }),
        case("answers 503; `retry: {on: [503]}`, and the budget is spent", |play| async move {
            let bad = Origin::answering(Reply::new(503)).await;
            let keys = "retry: {on: [503], backoff: 1ms, attempts: 10, budget: 0%}".to_owned();
            play.start(Given { keys, ..Given::to(bad.address()) }).await.get().await;
            assert!(bad.hits() < 10, "{} tries", bad.hits());
        }),
        case("answers 503 with Retry-After", |play| async move {
            let busy = Origin::answering(Reply::new(503).header("retry-after", "3600")).await;
            let keys = "retry: {on: [503]}".to_owned();
            play.start(Given { keys, ..Given::to(busy.address()) }).await.get().await;
            assert_eq!(busy.hits(), 1, "who asks for an hour is left alone");
        }),
        case("answers 503 with Retry-After; `retry: {on: [503]}`, another endpoint", |play| async move {
            let (busy, good) = both(Reply::new(503).header("retry-after", "3600")).await;
            let bench = play.start(Given::two(busy.address(), good.address(), "retry: {on: [503]}")).await;
            bench.get().await;
            for _ in 0..5 {
                assert_eq!(bench.prepare("/after").await.gets, "200, whole");
            }
            assert_eq!(busy.hits(), 1, "who asks for an hour is left alone");
        }),
        case("fails its health checks; another endpoint is well", |play| async move {
            let (well, ill) = (status(200), status(200));
            let (bad, good) = (checked(&ill).await, checked(&well).await);
            let bench = play.start(Given::two(bad.address(), good.address(), CHECK)).await;
            ill.store(503, Ordering::Relaxed);
            state(&bench.gateway, &["down", "up"]).await;
            bench.get().await;
            assert!(bad.received().iter().all(|asked| asked.target == "/healthz"), "a request went there");
        }),
        case("fails its health checks, as all others do", |play| async move {
            let ill = status(200);
            let (one, other) = (checked(&ill).await, checked(&ill).await);
            let bench = play.start(Given::two(one.address(), other.address(), CHECK)).await;
            ill.store(503, Ordering::Relaxed);
            state(&bench.gateway, &["down", "down"]).await;
            bench.get().await;
        }),
    ]
}

const CHECK: &str = "health: {check: {path: /healthz, every: 50ms, timeout: 5s, up_after: 1, down_after: 1}}";

async fn both(bad: Reply) -> (Origin, Origin) {
    (Origin::answering(bad).await, Origin::answering(Reply::text("ok")).await)
}

fn status(status: u16) -> Arc<AtomicU16> {
    Arc::new(AtomicU16::new(status))
}

/// A service that says this of itself to who checks it, and answers all else in either case.
async fn checked(status: &Arc<AtomicU16>) -> Origin {
    let status = Arc::clone(status);
    Origin::start(move |request: Received| {
        let is_check = request.target == "/healthz";
        std::future::ready(if is_check { Reply::new(status.load(Ordering::Relaxed)) } else { Reply::text("ok") })
    })
    .await
}

/// Waits until `/status` says this of the endpoints.
async fn state(gateway: &pintle_testkit::Gateway, wanted: &[&str]) {
    until(format!("{wanted:?}"), async || {
        let status = gateway.ask_admin(Ask::get("/status")).await.json();
        let endpoints = status["upstreams"][0]["endpoints"].as_array().expect("endpoints").clone();
        endpoints.iter().map(|one| one["state"].as_str()).eq(wanted.iter().map(|one| Some(*one))).then_some(())
    })
    .await;
}
