//! Services that are slower than what asks for them: connections that are all in use, and the route's time.

use super::play::{Case, Given, Play, case, each};
use pintle_testkit::{Ask, RawOrigin, Wire};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("is at `connections.max`, and as many requests wait as may", |play| async move {
            busy(play, "queue: 0").await;
        }),
        case("is at `connections.max` for longer than a request may wait", |play| async move {
            let wait = format!("queue: 10, wait: {}", play.limit("connections.wait"));
            busy(play, &wait).await;
        }),
        each("takes longer than the policy `timeout` lets it", "", async |mut wire: Wire| {
            wire.request().await;
            wire.to_end().await;
        }),
        each("goes on for longer than the policy `timeout` lets it", "", async |mut wire: Wire| {
            wire.request().await;
            wire.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            while wire.try_write("4\r\nmore\r\n").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }),
    ]
}

/// Asks while another request has the only connection that there may be.
async fn busy(play: Play, queue: &str) {
    let service = RawOrigin::start().await;
    let keys = format!("connections: {{max: 1, {queue}}}");
    let bench = play.start(Given { keys, ..Given::to(service.address()) }).await;
    let client = bench.gateway.h2().await;
    let _held = client.open(&Ask::get("/held"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.request().await;
    bench.get().await;
}
