//! A collector that is slow, wrong or away costs a bounded buffer, and nothing else; what changes goes over.

use super::collector::{Collector, spans, taken};
use super::{config, to};
use parking_lot::Mutex;
use pintle_testkit::{Ask, Gateway, H2Client, Origin, RawOrigin, Received, Reply, Unreachable};
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const RETRIED: &str = "pintle_otlp_exports_total{signal=\"traces\",result=\"retried\"}";
const FAILED: &str = "pintle_otlp_exports_total{signal=\"traces\",result=\"failed\"}";
const OK: &str = "pintle_otlp_exports_total{signal=\"traces\",result=\"ok\"}";
const DROPPED: &str = "pintle_otlp_dropped_total{signal=\"traces\"}";

async fn serves(gateway: &Gateway, count: usize) {
    let (mut h1, h2) = (gateway.h1().await, gateway.h2().await);
    for number in 0..count {
        assert_eq!(h1.get("/1").await.status, 200, "{number}");
        assert_eq!(h2.get("/2").await.status, 200, "{number}");
    }
}

#[tokio::test]
async fn a_collector_that_hangs_costs_a_bounded_buffer() {
    let service = Origin::answering(Reply::text("well")).await;
    let silent = RawOrigin::start().await.play(async |mut wire| {
        // Takes all that comes and says nothing.
        loop {
            wire.some().await;
        }
    });
    let rest = format!("workers: 1\nlimits: {{header: {{size: 64KiB}}}}\n{}", to(&service));
    let traces = format!("otlp: {{url: \"{}\", timeout: 200ms}}", silent.url());
    let gateway = Gateway::start(config(&traces, &rest)).await;
    serves(&gateway, 100).await;
    gateway.wait_metric(RETRIED, 1.0).await;
    let before = gateway.rss();
    // Some 3 KiB each, and twice as much as there is room for.
    let long = "x".repeat(2000);
    let many = async |client: H2Client| {
        for _ in 0..1500 {
            let ask = Ask::get(&format!("/{long}?{long}")).header("user-agent", &long);
            assert_eq!(client.ask(ask).await.status, 200);
        }
    };
    tokio::join!(
        many(gateway.h2().await),
        many(gateway.h2().await),
        many(gateway.h2().await),
        many(gateway.h2().await)
    );
    gateway.wait_metric(DROPPED, 1.0).await;
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < 64 * 1024 * 1024, "{grown} bytes");
    gateway.wait_stderr("takes no traces: ").await;
    assert_eq!(gateway.stderr().matches("takes no traces: ").count(), 1, "once a minute");
    assert_eq!(gateway.stop().await, Some(0));
}

#[tokio::test]
async fn one_that_comes_back_gets_what_it_missed() {
    let service = Origin::echo().await;
    let away = Unreachable::new();
    let address = away.address();
    let gateway = Gateway::start(config(&format!("otlp: \"http://{address}\""), &to(&service))).await;
    serves(&gateway, 5).await;
    gateway.wait_metric(RETRIED, 1.0).await;
    drop(away);
    let collector = Collector { origin: Origin::start_again(address, async |got| taken(&got)).await };
    collector.server("/1").await;
    gateway.wait_metric(OK, 1.0).await;
    assert_eq!(collector.spans().len(), 20);
}

#[tokio::test]
async fn answers_that_pass_are_asked_again_and_others_are_not() {
    let service = Origin::echo().await;
    for protocol in ["grpc", "http"] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (count, kept) = (AtomicUsize::new(0), Arc::clone(&seen));
        let answer = move |got: Received| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            kept.lock().push(spans(&got).len());
            let unavailable = Reply::new(200).header("content-type", "application/grpc").header("grpc-status", "14");
            ready(match (number, protocol) {
                (0, _) => Reply::new(503),
                (1, "grpc") => unavailable,
                (1, _) => Reply::new(429).header("retry-after", "0"),
                (2, _) => Reply::text("<html>what?"),
                (3, "grpc") => Reply::new(200).header("content-type", "application/grpc").header("grpc-status", "3"),
                (3, _) => Reply::new(400),
                _ => taken(&got),
            })
        };
        let collector = Origin::start(answer).await;
        let traces = format!("otlp: {{url: \"{}\", protocol: {protocol}}}", collector.url());
        let gateway = Gateway::start(config(&traces, &to(&service))).await;
        serves(&gateway, 1).await;
        // A page in place of an answer is one for HTTP, whose status alone counts, and none for gRPC.
        let taken_at = if protocol == "grpc" { 4 } else { 3 };
        collector.wait_hits(taken_at).await;
        gateway.wait_metric(RETRIED, if protocol == "grpc" { 3.0 } else { 2.0 }).await;
        if protocol == "http" {
            gateway.wait_metric(OK, 1.0).await;
            serves(&gateway, 1).await;
        }
        gateway.wait_metric(FAILED, 1.0).await;
        gateway.wait_metric(DROPPED, 2.0).await;
        serves(&gateway, 1).await;
        gateway.wait_metric(OK, 1.0).await;
        assert!(seen.lock().iter().all(|spans| *spans > 0), "{:?}", seen.lock());
    }
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let service = Origin::echo().await;
    let garbage = RawOrigin::start().await.play(async |mut wire| {
        wire.some().await;
        let _ = wire.try_write("\0\u{1}what is this\r\n\r\n").await;
    });
    let gateway = Gateway::start(config(&format!("otlp: \"{}\"", garbage.url()), &to(&service))).await;
    serves(&gateway, 10).await;
    gateway.wait_metric(RETRIED, 1.0).await;
    serves(&gateway, 10).await;
}

// Rule: trace-reload
#[tokio::test]
async fn a_reload_moves_what_is_recorded_and_what_is_under_way() {
    let (first, second) = (Collector::start().await, Collector::start().await);
    let service = RawOrigin::start().await;
    let rest = format!("routes: [{{match: /**, proxy: \"http://{}\"}}]", service.address());
    let of = |collector: &Collector| config(&format!("otlp: \"{}\"", collector.url()), &rest);
    let gateway = Gateway::start(of(&first)).await;
    let under_way = async |path: &str, change: &str| {
        let mut wire = gateway.wire().await;
        wire.write(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        let mut there = service.accept().await;
        there.head().await;
        gateway.change(change).await;
        there.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(wire.head().await.status(), 200);
    };
    under_way("/to-second", &of(&second)).await;
    second.server("/to-second").await;
    assert!(first.spans().is_empty());
    // Nobody takes it any more; and what comes meanwhile is nobody's.
    under_way("/to-nobody", &config("propagate: [w3c]", &rest)).await;
    under_way("/not-recorded", &of(&first)).await;
    under_way("/to-first", &of(&first)).await;
    first.server("/to-first").await;
    let all = format!("{:?}", [first.spans(), second.spans()]);
    assert!(!all.contains("to-nobody") && !all.contains("not-recorded"));
}

#[tokio::test]
async fn a_collector_that_is_away_is_left_for_another_one() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    let away = Unreachable::new();
    let gateway = Gateway::start(config(&format!("otlp: \"http://{}\"", away.address()), &to(&service))).await;
    serves(&gateway, 3).await;
    gateway.wait_metric(RETRIED, 1.0).await;
    gateway.change(config(&format!("otlp: \"{}\"", collector.url()), &to(&service))).await;
    collector.server("/1").await;
    assert_eq!(collector.spans().len(), 12);
}
