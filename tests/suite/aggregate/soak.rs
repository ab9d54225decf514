//! Clients that vanish and services that break, while several calls of each request are under way: nothing is left of them, no
//! call, no connection, no memory. 20 seconds of it unless `PINTLE_SOAK_SECONDS` says; `PINTLE_SOAK_RESULT` names a file for what
//! was seen.

use super::config;
use super::played::{Act, Played};
use fastrand::Rng;
use pintle_testkit::{Ask, Frame, Gateway, until};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const SEED: u64 = 9112;
const SECONDS: u64 = 20;
/// Clients that begin in a second.
const RATE: u64 = 200;
/// Memory may be so much more in the second half than in the first: how much of what is free the allocator holds goes up and down.
const MORE: u64 = 8 * 1024;

/// By chance, and the same for equal numbers.
fn act(number: u64, target: &str) -> Act {
    let mut rng = Rng::with_seed(number);
    match (rng.u8(..20), target) {
        (0, _) => Act::Reset,
        (1, _) => Act::Hold,
        (2, _) => Act::Answer(500, "{}".into()),
        (3, _) => Act::Answer(200, r#"{"cut":"#.into()),
        (4, _) => Act::Answer(200, "[".repeat(300)),
        (_, "/list") => Act::Answer(200, format!("{:?}", (0..rng.u8(..40)).map(|n| n % 25).collect::<Vec<_>>())),
        _ => Act::Answer(200, format!("{{\"text\":\"{}\"}}", "x".repeat(rng.usize(..20_000)))),
    }
}

const ROUTES: &str = "  - match: /whole
    policies: [{timeout: 1s}]
    aggregate:
      parts:
        list: {call: GET a:/list}
        items: {for_each: n in parts.list.body, parallel: 4, at_most: 50, call: \"GET a:/items/${n}\", timeout: 300ms, on_failure: {value: null}}
        sent: {for_each: n in parts.list.body, at_most: 50, call: POST a:/sent, body: {n: \"${n}\"}}
        other: {call: GET a:/other, timeout: 200ms, on_failure: pass}
  - match: /streamed
    policies: [{timeout: 1s}]
    aggregate:
      parts:
        list: {call: GET a:/list, on_failure: {value: [1, 2, 3]}}
        items: {for_each: n in parts.list.body, call: \"GET a:/items/${n}\", on_failure: {value: null}}
      respond: {body: {list: \"${parts.list.body}\", items: \"${parts.items.body}\"}}
      stream: true
  - {match: /, respond: {status: 204}}
";

/// Asks, reads as much of the answer as chance says, and goes.
async fn client(gateway: SocketAddr, mut rng: Rng) {
    let path = ["/whole", "/streamed"][rng.usize(..2)];
    let bytes = match rng.bool() {
        true => Ask::get(path).to_h1(),
        false => {
            let head = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", path)];
            let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
            bytes.extend(Frame::settings(&[]).encode());
            bytes.extend([1, 3].into_iter().flat_map(|stream| Frame::headers(stream, &head, true).encode()));
            bytes
        }
    };
    let mut stream = TcpStream::connect(gateway).await.expect("the gateway takes connections");
    let sent = if rng.u8(..5) == 0 { rng.usize(..bytes.len()) } else { bytes.len() };
    let _ = stream.write_all(&bytes[..sent]).await;
    let most = [0, rng.usize(..300), rng.usize(..200_000)][rng.usize(..3)];
    let (mut taken, mut scrap) = (0, vec![0; 16 * 1024]);
    let patience = Duration::from_millis(rng.u64(1..400));
    while taken < most {
        match tokio::time::timeout(patience, stream.read(&mut scrap)).await {
            Ok(Ok(read)) if read > 0 => taken += read,
            _ => break,
        }
    }
    if rng.bool() {
        let _ = stream.set_zero_linger();
    }
}

/// The gauge of calls that are under way.
async fn running(gateway: &Gateway) -> f64 {
    let metrics = gateway.ask_admin(Ask::get("/metrics")).await.text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("pintle_upstream_requests_active{upstream=\"a\"} "));
    line.expect("the gauge is there").parse().expect("a number")
}

/// Waits until nothing is under way any more.
async fn calm(gateway: &Gateway, files: usize) {
    until("nothing to be left", async || {
        let status = gateway.ask_admin(Ask::get("/status")).await.json();
        let endpoint = &status["upstreams"][0]["endpoints"][0];
        let idle = endpoint["idle_connections"].as_u64().expect("a number") as usize;
        // One more for the connection by which this asks.
        let calm =
            status["connections"]["open"] == 0 && endpoint["active"] == 0 && gateway.open_files() <= files + idle + 1;
        calm.then_some(())
    })
    .await;
}

/// The files that a gateway has open at rest. What it opens at its first request stays open.
async fn at_rest(gateway: &Gateway) -> usize {
    gateway.get("/").await;
    gateway.ask_admin(Ask::get("/status")).await;
    let mut files = 0;
    until("the files that it always has open", async || {
        let before = std::mem::replace(&mut files, gateway.open_files());
        tokio::time::sleep(Duration::from_millis(200)).await;
        (files == before).then_some(())
    })
    .await;
    files
}

/// What was seen, once a second.
#[derive(Default)]
struct Seen {
    /// KiB.
    memory: Vec<u64>,
    running: Vec<f64>,
}

/// Clients begin at an even rate, whatever becomes of those before them.
async fn load(gateway: &Gateway, seconds: u64, rng: &mut Rng) -> Seen {
    let (mut clients, mut seen) = (JoinSet::new(), Seen::default());
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE as u32);
    for number in 1..=seconds * RATE {
        ticks.tick().await;
        clients.spawn(client(gateway.address(0), rng.fork()));
        while let Some(ended) = clients.try_join_next() {
            ended.unwrap_or_else(|error| panic!("{error}"));
        }
        if number % RATE == 0 {
            seen.memory.push(gateway.rss() / 1024);
            seen.running.push(running(gateway).await);
        }
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap_or_else(|error| panic!("{error}"));
    }
    seen
}

fn median(figures: &[u64]) -> u64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "figures, and the seed to repeat a failure")]
async fn nothing_is_left_of_calls_whose_clients_vanish_and_whose_services_break() {
    let told = |name| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let (seed, seconds) = (told("PINTLE_SEED").unwrap_or(SEED), told("PINTLE_SOAK_SECONDS").unwrap_or(SECONDS));
    let mut rng = Rng::with_seed(seed);
    let number = Arc::new(AtomicU64::new(seed << 20));
    let service = {
        let number = Arc::clone(&number);
        Played::start(move |target, _| act(number.fetch_add(1, Ordering::Relaxed), target)).await
    };
    let text = config(&[("a", service.address())], ROUTES).replace("\"]}", "\"], connections: {keep_for: 1s}}");
    let gateway =
        Gateway::start(text + "telemetry: {access_log: none}\nlimits: {timeout: {header: 1s, idle: 1s}}\n").await;
    let files = at_rest(&gateway).await;
    let seen = load(&gateway, seconds, &mut rng).await;
    calm(&gateway, files).await;
    assert_eq!(running(&gateway).await, 0.0, "calls are left");
    let calls = number.load(Ordering::Relaxed) - (seed << 20);
    let most = seen.running.iter().copied().fold(0.0, f64::max);
    // Lists and pools grow to their size first.
    let (first, second) = seen.memory[seen.memory.len() / 5..].split_at(seen.memory.len() * 2 / 5);
    let (first, second) = (median(first), median(second));
    let result = format!(
        "{} clients in {seconds} s (seed {seed}), {calls} calls, at most {most} at a time by samples; after them {} calls, \
         {} files open of {files} before; memory, median of each half after a fifth: {first} KiB, {second} KiB; \
         in each tenth: {:?} KiB",
        seconds * RATE,
        running(&gateway).await,
        gateway.open_files(),
        seen.memory.chunks(seen.memory.len().div_ceil(10)).map(median).collect::<Vec<_>>(),
    );
    eprintln!("{result}");
    if let Some(file) = std::env::var_os("PINTLE_SOAK_RESULT") {
        std::fs::write(file, format!("{result}\n")).expect("the result is kept");
    }
    assert!(calls > seconds * RATE, "{calls}");
    assert!(second < first + MORE, "memory grew: {result}");
    assert_eq!(gateway.get("/").await.status, 204);
}
