//! Health checks are answered whatever else is done to the admin address.

use super::{TOKEN, config, start};
use pintle_testkit::{Ask, Gateway, Wire, until};

/// So many connections that each would have to wait for a place several times, were the gateway's limits all that ended them.
const MANY: usize = 300;

async fn is_healthy(gateway: &Gateway) {
    assert_eq!(gateway.ask_admin(Ask::get("/healthz")).await.status, 200);
}

// Rule: admin-health
#[tokio::test]
async fn silent_connections_keep_nobody_waiting() {
    let gateway = start(config("")).await;
    let mut silent = Vec::new();
    for _ in 0..MANY {
        silent.push(Wire::tcp(gateway.admin()).await);
    }
    is_healthy(&gateway).await;
    // Those that came first have gone.
    silent.remove(0).ended().await;
}

// Rule: admin-health
#[tokio::test]
async fn neither_do_those_that_begin_and_never_end() {
    let gateway = start(config("")).await;
    let host = gateway.admin();
    let mut slow = Vec::new();
    for n in 0..MANY {
        let mut wire = Wire::tcp(host).await;
        let begun = match n % 3 {
            0 => "G".to_owned(),
            1 => format!("GET /status HTTP/1.1\r\nhost: {host}\r\nx-a: "),
            // Content that nobody waits for: it may not.
            _ => format!("PUT /config HTTP/1.1\r\nhost: {host}\r\ncontent-length: 1000\r\n\r\n"),
        };
        let _ = wire.try_write(begun).await;
        slow.push(wire);
    }
    is_healthy(&gateway).await;
}

// Rule: admin-health
#[tokio::test]
async fn who_does_not_read_holds_some_places_and_not_all() {
    // Answers of some MiB: more than sockets take of what nobody reads.
    let text = format!("{}# {}\n", config(""), "long ".repeat(1_600_000));
    let gateway = start(text).await;
    let host = gateway.admin();
    let mut rude = Vec::new();
    for _ in 0..120 {
        let mut wire = Wire::tcp(host).await;
        let _ = wire.try_write(Ask::get("/config").host(&host.to_string()).to_h1()).await;
        rude.push(wire);
    }
    is_healthy(&gateway).await;
    let full = gateway.ask_admin(Ask::get("/config")).await;
    assert_eq!((full.status, full.get("retry-after")), (503, Some("1")), "a peer has so many at once");
    is_healthy(&gateway).await;
    // Once they go, all is as before.
    drop(rude);
    until("room again", async || (gateway.ask_admin(Ask::get("/config")).await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn who_puts_is_one_at_a_time_and_others_are_answered() {
    let gateway = start(config("")).await;
    let host = gateway.admin();
    let mut putting = Vec::new();
    for _ in 0..4 {
        let mut wire = Wire::tcp(host).await;
        let head = format!("PUT /config HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}");
        wire.write(format!("{head}\r\ncontent-length: 1000\r\n\r\nlisteners:")).await;
        putting.push(wire);
    }
    is_healthy(&gateway).await;
    assert_eq!(gateway.ask_admin(Ask::get("/status")).await.status, 200);
}
