//! A rolling restart under load: three services, each killed without notice and started again one after the other. Much faster
//! than one would, so the retry budget is none here.

use pintle_testkit::{Ask, Gateway, H2Client, Origin, Received, Reply, Wire};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How large an answer is: more than a socket takes at once, so that some are cut midway.
const SIZE: usize = 200 * 1024;
const ROUNDS: usize = 3;

async fn service(address: SocketAddr) -> Origin {
    let handler = |_: Received| std::future::ready(Reply::text("x".repeat(SIZE)));
    if address.port() == 0 { Origin::start(handler).await } else { Origin::start_again(address, handler).await }
}

/// What became of requests.
#[derive(Default)]
struct Tally {
    whole: AtomicUsize,
    cut: AtomicUsize,
    /// Errors in place of an answer.
    failed: parking_lot::Mutex<Vec<String>>,
}

/// Asks over HTTP/1.1, and looks at what comes back as a stranger would.
async fn ask_h1(gateway: SocketAddr, tally: &Tally) {
    let mut wire = Wire::tcp(gateway).await;
    wire.write(Ask::get("/").header("connection", "close").to_h1()).await;
    let (bytes, _) = wire.to_end().await;
    let text = String::from_utf8_lossy(&bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return tally.failed.lock().push(format!("no answer: {text:?}"));
    };
    if !head.starts_with("HTTP/1.1 200") {
        tally.failed.lock().push(head.to_owned());
    } else if body.len() == SIZE {
        tally.whole.fetch_add(1, Ordering::Relaxed);
    } else {
        assert!(head.contains(&format!("content-length: {SIZE}")), "a cut answer looks whole: {head}");
        tally.cut.fetch_add(1, Ordering::Relaxed);
    }
}

async fn ask_h2(client: &H2Client, tally: &Tally) {
    match client.try_ask(Ask::get("/")).await {
        Ok(answer) if answer.status == 200 => {
            assert_eq!(answer.text().len(), SIZE, "a cut answer looks whole");
            tally.whole.fetch_add(1, Ordering::Relaxed);
        }
        Ok(answer) => tally.failed.lock().push(format!("{answer:?}")),
        Err(error) if error.is_reset() => drop(tally.cut.fetch_add(1, Ordering::Relaxed)),
        Err(error) => tally.failed.lock().push(error.to_string()),
    }
}

fn config(services: &[Origin], keys: &str) -> String {
    let endpoints: Vec<String> = services.iter().map(|service| format!("\"{}\"", service.address())).collect();
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
upstreams:
  shop:
    endpoints: [{}]
    {keys}
routes: [{{match: /**, proxy: shop}}]\n",
        endpoints.join(", ")
    )
}

/// Kills and restarts each service in turn; each time `enough` more requests are over before and after.
async fn restart_all(services: &mut Vec<Origin>, count: impl Fn() -> usize, again: impl AsyncFn(SocketAddr) -> Origin) {
    let more = async |by: usize| {
        let wanted = count() + by;
        pintle_testkit::until(format!("{wanted} requests"), async || (count() >= wanted).then_some(())).await;
    };
    for _ in 0..ROUNDS {
        for place in 0..services.len() {
            let address = services[place].address();
            // Dropped without a word: connections under way are cut.
            drop(services.remove(place));
            more(60).await;
            services.insert(place, again(address).await);
            more(20).await;
        }
    }
}

// Rule: rolling
#[tokio::test]
async fn no_client_of_a_get_notices() {
    let mut services = Vec::new();
    for _ in 0..3 {
        services.push(service(([127, 0, 0, 1], 0).into()).await);
    }
    let keys = "health: {check: {path: /, every: 5s}, eject: {after: 5, for: 30s, at_most: 50%}}
    retry: {attempts: 3, on: [connect, reset, timeout, 502, 503, 504], budget: 100%}";
    let gateway = Gateway::start(config(&services, keys)).await;
    let (tally, over) = (Tally::default(), AtomicBool::new(false));
    let count = || tally.whole.load(Ordering::Relaxed) + tally.cut.load(Ordering::Relaxed) + tally.failed.lock().len();
    let h2 = gateway.h2().await;
    let by_h1 = async || {
        while !over.load(Ordering::Relaxed) {
            ask_h1(gateway.address(0), &tally).await;
        }
    };
    let by_h2 = async || {
        while !over.load(Ordering::Relaxed) {
            ask_h2(&h2, &tally).await;
        }
    };
    let restarting = async {
        restart_all(&mut services, count, service).await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(restarting, by_h1(), by_h1(), by_h1(), by_h2(), by_h2(), by_h2());
    let failed = std::mem::take(&mut *tally.failed.lock());
    assert!(failed.is_empty(), "{} of {}: {}", failed.len(), count() + failed.len(), failed[0]);
    assert!(tally.whole.load(Ordering::Relaxed) > 500);
    // Those that were cut are in the log as such.
    let cut = tally.cut.load(Ordering::Relaxed);
    let reasons = ["upstream_closed", "upstream_timeout"];
    let logged = || {
        gateway.log_lines().iter().filter(|line| reasons.iter().any(|reason| line["pintle.reason"] == *reason)).count()
    };
    pintle_testkit::until(format!("{cut} cut ones in the log"), async || (logged() >= cut).then_some(())).await;
}

// Rule: rolling
#[tokio::test]
async fn no_post_is_sent_twice() {
    type Seen = Arc<parking_lot::Mutex<HashMap<String, usize>>>;
    let seen = Seen::default();
    let counting = {
        let seen = Arc::clone(&seen);
        async move |address: SocketAddr| {
            let seen = Arc::clone(&seen);
            let handler = move |request: Received| {
                *seen.lock().entry(request.target).or_default() += 1;
                std::future::ready(Reply::text("x".repeat(SIZE)))
            };
            if address.port() == 0 { Origin::start(handler).await } else { Origin::start_again(address, handler).await }
        }
    };
    let mut services = Vec::new();
    for _ in 0..3 {
        services.push(counting(([127, 0, 0, 1], 0).into()).await);
    }
    let keys = "retry: {attempts: 3, on: [connect, reset, timeout, 502, 503, 504]}";
    let gateway = Gateway::start(config(&services, keys)).await;
    let (sent, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let h2 = gateway.h2().await;
    let asking = async || {
        while !over.load(Ordering::Relaxed) {
            let number = sent.fetch_add(1, Ordering::Relaxed);
            // Whether it goes well is not the question here.
            let _ = h2.try_ask(Ask::post(&format!("/{number}"), "content")).await;
        }
    };
    let restarting = async {
        restart_all(&mut services, || sent.load(Ordering::Relaxed), &counting).await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(restarting, asking(), asking(), asking(), asking(), asking(), asking());
    let seen = seen.lock();
    assert!(seen.len() > 400, "{} of {} came", seen.len(), sent.load(Ordering::Relaxed));
    let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
