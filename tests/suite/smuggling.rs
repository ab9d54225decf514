//! Request smuggling, tried: 20,000 connections' worth of odd bytes go through one gateway to nginx and to Node. What
//! the gateway lets through, both must read as it did: the same requests, each once, with the same content. A field
//! that the configuration sets (`x-seen`) and the access log tell how the gateway read them.
//!
//! Each payload comes from an address of its own (127.x.y.z), by which all that became of it is found again.

mod judge;
mod origins;
mod payload;

use fastrand::Rng;
use judge::{Disagreements, Log, address_of, compare, compare_direct, judge, sequences};
use origins::{Nginx, Node};
use pintle_testkit::{Gateway, within};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

const SEED: u64 = 9112;
const PAYLOADS: usize = 20_000;
const AT_ONCE: usize = 100;
/// After this long without an answer a client says that it sends no more: most wait for bytes that will not come.
const PATIENCE: Duration = Duration::from_millis(60);

/// Sends a payload in one or two writes, and reads until the gateway closes.
async fn talk(gateway: SocketAddr, number: usize, payload: &[u8], cut: usize) {
    let socket = TcpSocket::new_v4().and_then(|socket| {
        socket.bind((address_of(number), 0).into())?;
        Ok(socket)
    });
    let socket = socket.unwrap_or_else(|error| panic!("no socket: {error}"));
    let stream = within("a connection", socket.connect(gateway)).await;
    let (mut read, mut write) = stream.unwrap_or_else(|error| panic!("no connection: {error}")).into_split();
    let _ = write.as_ref().set_nodelay(true);
    let sending = async {
        // The gateway may refuse and close while this still sends.
        if cut > 0 && write.write_all(&payload[..cut]).await.is_ok() {
            // So that it is read by itself.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let _ = write.write_all(&payload[cut..]).await;
        write
    };
    let reading = async {
        let mut scrap = [0; 4096];
        loop {
            match tokio::time::timeout(PATIENCE, read.read(&mut scrap)).await {
                Ok(Ok(0) | Err(_)) => return None,
                Ok(Ok(_)) => {}
                Err(_) => return Some(read),
            }
        }
    };
    let (mut write, reading) = tokio::join!(sending, reading);
    let Some(mut read) = reading else { return };
    let _ = write.shutdown().await;
    let mut rest = Vec::new();
    let what = format!("the gateway to close on payload {number}: {}", payload.escape_ascii());
    let _ = within(what, read.read_to_end(&mut rest)).await;
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "figures, and the seed to repeat a failure")]
async fn nothing_is_smuggled_past_nginx_and_node() {
    let (Some(nginx), Some(node)) = (Nginx::start().await, Node::start().await) else { return };
    let seen = "policies: [{headers: {request: {set: {x-seen: \"${request.method} ${request.path}\"}}}}]";
    let gateway = Gateway::start(format!(
        "listeners: [{{name: nginx, address: 127.0.0.1:0}}, {{name: node, address: 127.0.0.2:0}}]
routes:
  - {{match: /own/**, respond: {{status: 200, body: mine}}}}
  - {{name: to-nginx, match: /**, listener: nginx, proxy: \"http://{}\", {seen}}}
  - {{name: to-node, match: /**, listener: node, proxy: \"http://{}\", {seen}}}",
        nginx.address, node.address
    ))
    .await;
    let seed = std::env::var("PINTLE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let mut rng = Rng::with_seed(seed);
    let payloads: Arc<Vec<Vec<u8>>> = Arc::new((0..PAYLOADS).map(|_| payload::payload(&mut rng)).collect());
    let started = Instant::now();
    send(&payloads, (0..PAYLOADS).collect(), [gateway.address(0), gateway.address(1)], &mut rng).await;
    assert_eq!(gateway.stop().await, Some(0), "{}", gateway.stderr());
    let log = Log::read(&gateway.log_lines());
    // What the gateway took, the origins get once more, without it.
    let taken = log.lines.values().filter(|line| line.reason.is_empty()).filter_map(|line| line.payload);
    let taken: BTreeSet<usize> = taken.collect();
    send(&payloads, taken.into_iter().collect(), [nginx.address, node.address], &mut rng).await;
    let took = started.elapsed();

    let (mut nginx, mut node) = (nginx.got().await, node.got().await);
    let (nginx_alone, node_alone) = (nginx.take_direct(), node.take_direct());
    let mut found = Disagreements::default();
    judge("nginx", &nginx, &log, &payloads, &mut found);
    judge("node", &node, &log, &payloads, &mut found);
    let through = [sequences("nginx", &nginx, &log), sequences("node", &node, &log)];
    let both = compare(&through[0], &through[1], &mut found);
    let alone = compare_direct("nginx", &through[0], &nginx_alone, &payloads, &mut found)
        + compare_direct("Node", &through[1], &node_alone, &payloads, &mut found);
    let mut figures =
        format!("seed {seed}: {PAYLOADS} payloads to each origin in {took:.1?}, {} requests", log.lines.len());
    let _ = write!(figures, "; nginx read {} and refused {}", nginx.read.len(), nginx.refused.len());
    let _ = write!(figures, "; Node read {} and refused {}", node.read.len(), node.refused.len());
    let _ = write!(figures, "; compared: {both} between them, {alone} with and without the gateway");
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for line in log.lines.values() {
        *reasons.entry(&line.reason).or_default() += 1;
    }
    eprintln!("{figures}; {reasons:?}");
    for (payload, what) in found.0.iter().take(20) {
        let bytes = payload.and_then(|number| payloads.get(number)).map(|bytes| bytes.escape_ascii().to_string());
        let bytes: String = bytes.unwrap_or_default().chars().take(3000).collect();
        eprintln!("--- payload {payload:?}: {what}\n{bytes}");
    }
    assert!(found.0.is_empty(), "{} disagreements; {figures}", found.0.len());
    assert!(both > PAYLOADS / 4 && alone > PAYLOADS / 2, "too few came through: {figures}");
}

/// Sends these payloads to both addresses, many at once.
async fn send(payloads: &Arc<Vec<Vec<u8>>>, which: Vec<usize>, addresses: [SocketAddr; 2], rng: &mut Rng) {
    let mut talking = JoinSet::new();
    for number in which {
        if talking.len() == AT_ONCE
            && let Some(ended) = talking.join_next().await
        {
            ended.unwrap_or_else(|error| panic!("{error}"));
        }
        let payloads = Arc::clone(payloads);
        let cut = match rng.u8(..3) {
            0 => rng.usize(..=payloads[number].len()),
            // Between a head and its content.
            1 => payloads[number].windows(4).position(|end| end == b"\r\n\r\n").map_or(0, |at| at + 4),
            _ => 0,
        };
        talking.spawn(async move {
            for address in addresses {
                talk(address, number, &payloads[number], cut).await;
            }
        });
    }
    while let Some(ended) = talking.join_next().await {
        ended.unwrap_or_else(|error| panic!("{error}"));
    }
}
