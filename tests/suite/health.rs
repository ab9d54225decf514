//! `health`: checks, ejection and slow start.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Received, Reloaded, Reply, until};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A service whose `/healthz` says what the test wants, and that answers its name to all else.
struct Service {
    origin: Origin,
    is_well: Arc<AtomicBool>,
    checks: Arc<AtomicUsize>,
}

impl Service {
    async fn start(name: &'static str) -> Self {
        let (is_well, checks) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let (well, count) = (Arc::clone(&is_well), Arc::clone(&checks));
        let origin = Origin::start(move |request: Received| {
            let reply = match &*request.target {
                "/healthz" => {
                    count.fetch_add(1, Ordering::Relaxed);
                    Reply::new(if well.load(Ordering::Relaxed) { 200 } else { 503 })
                }
                "/fails" => Reply::new(500),
                _ => Reply::echo(name, &request),
            };
            std::future::ready(reply)
        })
        .await;
        Service { origin, is_well, checks }
    }

    fn is_well(&self, well: bool) {
        self.is_well.store(well, Ordering::Relaxed);
    }

    fn address(&self) -> SocketAddr {
        self.origin.address()
    }
}

fn config(endpoints: &[SocketAddr], health: &str) -> String {
    let endpoints: Vec<String> = endpoints.iter().map(|address| format!("\"{address}\"")).collect();
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
upstreams: {{shop: {{endpoints: [{}], balance: round_robin, {health}}}}}
routes: [{{match: /**, proxy: shop}}]\n",
        endpoints.join(", ")
    )
}

const FAST: &str = "health: {check: {path: /healthz, every: 50ms, timeout: 5s, up_after: 1, down_after: 2}}";

/// What `/status` says of the endpoints' states.
async fn states(gateway: &Gateway) -> Vec<String> {
    let status: Value = gateway.ask_admin(Ask::get("/status")).await.json();
    let endpoints = status["upstreams"][0]["endpoints"].as_array().expect("endpoints").clone();
    endpoints.iter().map(|endpoint| endpoint["state"].as_str().expect("a state").to_owned()).collect()
}

async fn wait_states(gateway: &Gateway, wanted: &[&str]) {
    until(format!("{wanted:?}"), async || (states(gateway).await == wanted).then_some(())).await;
}

/// Who answers so many requests.
async fn answering(gateway: &Gateway, count: usize) -> String {
    let mut client = gateway.h1().await;
    let mut names = String::new();
    for _ in 0..count {
        names += client.get("/").await.json()["origin"].as_str().expect("a name");
    }
    names
}

// Rule: health-check, upstream-panic
#[tokio::test]
async fn one_that_is_not_well_gets_no_request_until_it_is() {
    let (a, b) = (Service::start("a").await, Service::start("b").await);
    let gateway = Gateway::start(config(&[a.address(), b.address()], FAST)).await;
    wait_states(&gateway, &["up", "up"]).await;
    assert_eq!(answering(&gateway, 10).await.matches('a').count(), 5);
    a.is_well(false);
    wait_states(&gateway, &["down", "up"]).await;
    assert_eq!(answering(&gateway, 10).await, "bbbbbbbbbb");
    assert_eq!(gateway.h2().await.get("/").await.json()["origin"], "b");
    gateway.wait_metric("pintle_upstream_endpoints{upstream=\"shop\",state=\"down\"}", 1.0).await;
    gateway.wait_metric("pintle_upstream_checks_total{upstream=\"shop\",result=\"failed\"}", 2.0).await;
    gateway.wait_stderr("is down: GET /healthz: status 503").await;
    // When none is, all are tried.
    b.is_well(false);
    wait_states(&gateway, &["down", "down"]).await;
    assert_eq!(answering(&gateway, 10).await.matches('a').count(), 5);
    a.is_well(true);
    wait_states(&gateway, &["up", "down"]).await;
    assert_eq!(answering(&gateway, 10).await, "aaaaaaaaaa");
}

// Rule: health-once
#[tokio::test]
async fn one_prober_asks_for_all_who_have_the_endpoint_in_common() {
    let a = Service::start("a").await;
    let many: String = (0..20)
        .map(|number| {
            format!(
                "  u{number}: {{endpoints: [\"{}\"], health: {{check: {{path: /healthz, every: 100ms, down_after: {}}}}}}}\n",
                a.address(),
                number + 1
            )
        })
        .collect();
    let routes: String = (0..20).map(|number| format!("  - {{match: /{number}, proxy: u{number}}}\n")).collect();
    let text = format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nworkers: 2\nupstreams:\n{many}routes:\n{routes}"
    );
    let gateway = Gateway::start(text).await;
    // Each upstream hears of ten checks.
    gateway.wait_metric("pintle_upstream_checks_total{upstream=\"u19\",result=\"ok\"}", 10.0).await;
    let asked = a.checks.load(Ordering::Relaxed);
    assert!(asked <= 40, "{asked} questions where 20 upstreams ask the same");
}

#[tokio::test]
async fn a_reload_keeps_who_is_down_and_one_without_checks_forgets_it() {
    let (a, b) = (Service::start("a").await, Service::start("b").await);
    let addresses = [a.address(), b.address()];
    let gateway = Gateway::start(config(&addresses, FAST)).await;
    a.is_well(false);
    wait_states(&gateway, &["down", "up"]).await;
    // In another way to reach them, so that the endpoints are made anew.
    let slower = format!("{FAST}, timeout: {{response: 20s}}");
    gateway.change(config(&addresses, &slower)).await;
    assert_eq!(states(&gateway).await, ["down", "up"]);
    assert_eq!(answering(&gateway, 4).await, "bbbb");
    // And they are asked again.
    a.is_well(true);
    wait_states(&gateway, &["up", "up"]).await;
    a.is_well(false);
    wait_states(&gateway, &["down", "up"]).await;
    gateway.change(config(&addresses, "")).await;
    wait_states(&gateway, &["up", "up"]).await;
    // A dry run says nothing to those in force.
    gateway.rewrite(config(&addresses, "health: {check: {}}"));
    assert!(matches!(gateway.reload().await, Reloaded::Refused(_)));
}

#[tokio::test]
async fn a_check_may_be_a_connection_or_grpc() {
    let tcp = RawOrigin::start().await;
    let health = "health: {check: {tcp: true, every: 50ms, up_after: 1, down_after: 1}}";
    let other = Service::start("b").await;
    let gateway = Gateway::start(config(&[tcp.address(), other.address()], health)).await;
    wait_states(&gateway, &["up", "up"]).await;
    drop(tcp);
    wait_states(&gateway, &["down", "up"]).await;
    gateway.wait_stderr("is down: no connection").await;

    // HealthCheckResponse {status: 1 SERVING}, then {status: 2 NOT_SERVING}.
    let serving = Arc::new(AtomicBool::new(true));
    let says = Arc::clone(&serving);
    let grpc = Origin::start(move |request: Received| {
        let reply = if request.target == "/grpc.health.v1.Health/Check" {
            assert_eq!(&request.body[..], [0, 0, 0, 0, 6, 0x0a, 4, b's', b'h', b'o', b'p']);
            let status = if says.load(Ordering::Relaxed) { 1 } else { 2 };
            let reply = Reply::new(200).header("content-type", "application/grpc");
            reply.body(vec![0, 0, 0, 0, 2, 8, status]).trailer("grpc-status", "0")
        } else {
            Reply::echo("grpc", &request)
        };
        std::future::ready(reply)
    })
    .await;
    let health = "protocol: http2, health: {check: {grpc: shop, every: 50ms, up_after: 1, down_after: 1}}";
    let gateway = Gateway::start(config(&[grpc.address()], health)).await;
    gateway.wait_metric("pintle_upstream_checks_total{upstream=\"shop\",result=\"ok\"}", 1.0).await;
    assert_eq!(states(&gateway).await, ["up"]);
    serving.store(false, Ordering::Relaxed);
    wait_states(&gateway, &["down"]).await;
    gateway.wait_stderr("is down: health status 2").await;
}

// Rule: upstream-eject
#[tokio::test]
async fn failures_in_a_row_take_one_out() {
    let (a, b) = (Service::start("a").await, Service::start("b").await);
    let failing = Origin::answering(Reply::new(500)).await;
    let endpoints = [a.address(), failing.address(), b.address()];
    let gateway = Gateway::start(config(&endpoints, "health: {eject: {after: 3, for: 1h}}")).await;
    let mut client = gateway.h1().await;
    let mut failures = 0;
    for _ in 0..60 {
        failures += usize::from(client.get("/").await.status == 500);
    }
    assert_eq!(failures, 3);
    assert_eq!(states(&gateway).await, ["up", "ejected", "up"]);
    gateway.wait_metric("pintle_upstream_ejections_total{upstream=\"shop\"}", 1.0).await;
    // A request that one of the good ones fails is none in a row.
    for _ in 0..10 {
        client.get("/fails").await;
        answers(&mut client, 2).await;
    }
    assert_eq!(states(&gateway).await, ["up", "ejected", "up"]);
    // A second one would be more than half of three: then all are tried.
    for _ in 0..30 {
        client.get("/fails").await;
    }
    let before = failing.hits();
    answers(&mut client, 9).await;
    assert_eq!(failing.hits() - before, 3);
    gateway.change(config(&endpoints, "health: {eject: {after: 3, for: 1h, at_most: 90%}}")).await;
    assert!(states(&gateway).await.contains(&"ejected".to_owned()), "it is remembered");
}

async fn answers(client: &mut pintle_testkit::H1Client, count: usize) {
    for _ in 0..count {
        client.get("/").await;
    }
}

// Rule: upstream-retry-after
#[tokio::test]
async fn one_that_asks_to_be_left_alone_is() {
    // RFC 9110 10.2.3.
    let a = Service::start("a").await;
    let busy = Origin::answering(Reply::new(503).header("retry-after", "3600")).await;
    let gateway = Gateway::start(config(&[busy.address(), a.address()], "retry: {on: [503]}")).await;
    assert_eq!(answering(&gateway, 20).await, "a".repeat(20));
    assert_eq!(busy.hits(), 1);
    // Alone it is asked, and its answer is the client's.
    let gateway = Gateway::start(config(&[busy.address()], "retry: {on: [503]}")).await;
    let answer = gateway.get("/").await;
    assert_eq!((answer.status, answer.get("retry-after")), (503, Some("3600")));
    assert_eq!(busy.hits(), 2, "who asks for an hour is not asked again for this request");
}

// Rule: upstream-unreachable
#[tokio::test]
async fn one_that_takes_no_connection_is_passed_over_until_it_does() {
    let (a, b) = (Service::start("a").await, Service::start("b").await);
    let address = b.address();
    let gateway = Gateway::start(config(&[a.address(), address], "")).await;
    assert_eq!(answering(&gateway, 4).await.matches('b').count(), 2);
    drop(b);
    assert_eq!(answering(&gateway, 40).await, "a".repeat(40));
    wait_states(&gateway, &["up", "unreachable"]).await;
    let _b = Origin::start_again(address, async |request| Reply::echo("b", &request)).await;
    wait_states(&gateway, &["up", "up"]).await;
    assert_eq!(answering(&gateway, 4).await.matches('b').count(), 2);
}

#[tokio::test]
async fn mistakes_have_their_lines_and_remedies() {
    let health = |value: &str| {
        format!(
            "{START}upstreams:\n  a:\n    endpoints: [127.0.0.1:9001]\n    health: {value}\nroutes: [{{match: /**, proxy: a}}]\n"
        )
    };
    refused(&health("{check: {every: 5s}}"), &["pintle.yaml:6:21", "a check asks something", "`path: /healthz`"]).await;
    refused(&health("{check: {path: /a, tcp: true}}"), &["pintle.yaml:6:21", "`path` and `tcp` stand side by side"])
        .await;
    refused(&health("{check: {path: healthz}}"), &["pintle.yaml:6:28", "/healthz"]).await;
    refused(&health("{check: {path: /a, expect: 299-200}}"), &["pintle.yaml:6:40", "200-299"]).await;
    refused(
        &health("{check: {path: /a, every: 0s, up_after: 0}}"),
        &["pintle.yaml:6:39", "pintle.yaml:6:53", "more than 0"],
    )
    .await;
    refused(&health("{check: {grpc: a.B}}"), &["needs HTTP/2", "add `protocol: http2`"]).await;
    refused(&health("{eject: {after: 0}}"), &["pintle.yaml:6:29", "more than 0"]).await;
    refused(&health("{slow_start: 0s}"), &["pintle.yaml:6:26", "more than 0"]).await;
    refused(&health("{eject: {at_most: 50}}"), &["pintle.yaml:6:31", "50%"]).await;
}
