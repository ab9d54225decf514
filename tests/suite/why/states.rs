//! Upstreams in a state in which they are not asked, or not as ever.

use super::play::{Case, Incident, PATH, Version, ask, case, start};
use super::services::upstream;
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Received, Reply, Unreachable, until};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

const ROUTE: &str = "{name: shop, match: /**, proxy: orders}";
const CHECK: &str = ", health: {check: {path: /healthz, every: 50ms, timeout: 5s, up_after: 1, down_after: 1}}";

/// A gateway before two endpoints, of which the first one has nearly every turn.
async fn before_two(first: SocketAddr, second: SocketAddr, keys: &str) -> Gateway {
    let endpoints = format!("{{address: '{first}', weight: 1000}}, '{second}'");
    let more = format!("upstreams: {{orders: {{endpoints: [{endpoints}], balance: round_robin{keys}}}}}");
    start(ROUTE, &more).await
}

/// A service that says this of itself to who checks it.
async fn checked(status: &Arc<AtomicU16>) -> Origin {
    let status = Arc::clone(status);
    Origin::start(move |request: Received| {
        let is_check = request.target == "/healthz";
        std::future::ready(if is_check { Reply::new(status.load(Ordering::Relaxed)) } else { Reply::text("ok") })
    })
    .await
}

async fn state(gateway: &Gateway, wanted: &[&str]) {
    until(format!("{wanted:?}"), async || {
        let status = gateway.ask_admin(Ask::get("/status")).await.json();
        let endpoints = status["upstreams"][0]["endpoints"].as_array().expect("endpoints").clone();
        endpoints.iter().map(|one| one["state"].as_str()).eq(wanted.iter().map(|one| Some(*one))).then_some(())
    })
    .await;
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("the circuit breaker is open", |version| async move {
            let service = Origin::answering(Reply::new(500)).await;
            let keys = ", breaker: {of: 3, for: 1h}";
            let gateway = start(ROUTE, &upstream(&service.address().to_string(), keys)).await;
            for _ in 0..3 {
                ask(&gateway, version, Ask::get("/before")).await;
            }
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, service)
        }),
        case("all connections are in use, and as many requests wait as may", |version| busy(version, "queue: 0")),
        case("all connections are in use for longer than a request may wait", |version| {
            busy(version, "queue: 10, wait: 300ms")
        }),
        case("every endpoint fails its checks", |version| async move {
            let ill = Arc::new(AtomicU16::new(503));
            let (one, other) = (checked(&ill).await, checked(&ill).await);
            let gateway = before_two(one.address(), other.address(), CHECK).await;
            state(&gateway, &["down", "down"]).await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, (one, other))
        }),
        case("one of two endpoints has been ejected", |version| async move {
            let (bad, good) = (Origin::answering(Reply::new(500)).await, Origin::answering(Reply::text("ok")).await);
            let keys = ", health: {eject: {after: 3, for: 1h, at_most: 50%}}";
            let gateway = before_two(bad.address(), good.address(), keys).await;
            until("an ejection", async || {
                (ask(&gateway, version, Ask::get("/before")).await.status == 200).then_some(())
            })
            .await;
            state(&gateway, &["ejected", "up"]).await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, (bad, good))
        }),
        case("an endpoint takes no connection, another one does", |version| async move {
            let (nobody, good) = (Unreachable::new(), Origin::answering(Reply::text("ok")).await);
            let gateway = before_two(nobody.address(), good.address(), "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, (nobody, good))
        }),
        case("the endpoint that a client's cookie names takes no part", |version| async move {
            let (well, ill) = (Arc::new(AtomicU16::new(200)), Arc::new(AtomicU16::new(200)));
            let (one, other) = (checked(&ill).await, checked(&well).await);
            let keys = format!("{CHECK}, sticky: {{cookie: at}}");
            let gateway = before_two(one.address(), other.address(), &keys).await;
            let first = ask(&gateway, version, Ask::get("/before")).await;
            let cookie = first.get("set-cookie").and_then(|set| set.split(';').next()).expect("a cookie").to_owned();
            ill.store(503, Ordering::Relaxed);
            state(&gateway, &["down", "up"]).await;
            let answer = ask(&gateway, version, Ask::get(PATH).header("cookie", &cookie)).await;
            Incident::answered(gateway, &answer, (one, other))
        }),
    ]
}

/// Asks while another request has the only connection that there may be.
async fn busy(version: Version, queue: &str) -> Incident {
    let service = RawOrigin::start().await;
    let keys = format!(", connections: {{max: 1, {queue}}}");
    let gateway = start(ROUTE, &upstream(&service.address().to_string(), &keys)).await;
    let client = gateway.h2().await;
    let held = client.open(&Ask::get("/held"), true).await.expect("a stream");
    let mut wire = service.accept().await;
    wire.request().await;
    let answer = ask(&gateway, version, Ask::get(PATH)).await;
    Incident::answered(gateway, &answer, (service, client, held, wire))
}
