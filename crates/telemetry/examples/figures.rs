//! What telemetry costs: nanoseconds a record, nanoseconds a request counted, milliseconds a scrape of 10,000 routes.
//! `cargo run --release -p pintle-telemetry --example figures`; with `JSON`, `query` or `combined` behind it the records of that
//! kind alone, for a count of instructions.

use pintle_core::{Method, StatusCode};
use pintle_telemetry::metrics::MAX_SERIES;
use pintle_telemetry::{AccessLog, Format, Metrics, Opened, Record, Sink, Style};
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant, SystemTime};

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

fn record(time: SystemTime) -> Record<'static> {
    Record {
        time,
        request_id: "0af7651916cd43dd8448eb211c80319c",
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        client: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
        method: "GET",
        scheme: "https",
        host: "shop.example",
        path: "/catalogue/shoes/1234567",
        query: None,
        version: "1.1",
        status: 200,
        route: "shop/catalogue",
        labels: &NO_LABELS,
        listener: "0.0.0.0:8443",
        upstream: Some("catalogue"),
        endpoint: Some("10.12.0.7:9001"),
        attempts: 1,
        policy: None,
        upstream_status: Some(200),
        grpc_status: None,
        reason: None,
        received: 0,
        sent: 12_345,
        head: Duration::ZERO,
        policies: None,
        queue: Duration::ZERO,
        tls: None,
        duration: Duration::from_micros(1_234),
        first_byte: Some(Duration::from_micros(1_100)),
        connect: None,
        user_agent: Some(b"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
        referer: None,
        internal: None,
        request: None,
    }
}

/// Nanoseconds that this thread has had of a CPU, whatever else runs on the machine; told in steps of some
/// milliseconds.
fn cpu() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split_whitespace().next().and_then(|number| number.parse().ok());
    first.ok_or_else(|| io::Error::other("no CPU time in /proc"))
}

/// The median and the best of so many rounds of so many calls, in nanoseconds a call: rounds are short, so that most
/// of them run undisturbed. `between` runs unmeasured.
fn measure(rounds: u32, calls: u32, mut call: impl FnMut(u32), mut between: impl FnMut()) -> (f64, f64) {
    let mut costs = Vec::new();
    for round in 0..rounds {
        let start = Instant::now();
        (round * calls..(round + 1) * calls).for_each(&mut call);
        costs.push(start.elapsed().as_nanos() as f64 / f64::from(calls));
        between();
    }
    costs.sort_by(f64::total_cmp);
    (costs[costs.len() / 2], costs[0])
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let metrics = Metrics::new(2, MAX_SERIES);
    let only = std::env::args().nth(1);
    let start = SystemTime::now();
    let at = |turn: u32| start + Duration::from_micros(u64::from(turn) * 50);
    for (name, format, query) in [
        ("JSON, 22 keys", Format::Json, None),
        ("a query of 3, 23 keys", Format::Json, Some("page=2&sort=price&access_token=abcdef")),
        ("combined", Format::Combined, None),
    ] {
        if only.as_ref().is_some_and(|only| !name.contains(&**only)) {
            continue;
        }
        let log = AccessLog::start(
            Opened::open(&Sink::File("/dev/null".into()), Style { format, ..Style::default() })?,
            &metrics,
        )?;
        // Several times what a buffer is handed over at, and less than it may hold: a dropped record costs nothing.
        let write = |turn| log.write(black_box(&Record { query, ..record(at(turn)) }));
        let (median, best) = measure(600, 640, write, || assert!(log.flush(Duration::from_secs(10))));
        writeln!(out, "a record, {name}: {median:.0} ns, best {best:.0}, {} dropped", log.dropped())?;
    }

    if only.is_some() {
        return Ok(());
    }
    let listener = metrics.listener("0.0.0.0:8443");
    let routes: Vec<_> =
        (0..10_000).map(|index| metrics.route(&format!("team-{}/route-{index}", index % 97))).collect();
    let all = Duration::from_micros(900);
    let hot = |_| routes[0].count(&listener, &Method::GET, StatusCode::OK, black_box(all));
    let (median, best) = measure(201, 1_000, hot, || ());
    writeln!(out, "a request counted, one route: {median:.1} ns, best {best:.1}")?;
    let cold = |turn: u32| {
        let route = &routes[(turn as usize * 7919) % routes.len()];
        route.count(&listener, &Method::GET, StatusCode::OK, black_box(all));
    };
    let (median, best) = measure(201, 1_000, cold, || ());
    writeln!(out, "a request counted, any of 10,000 routes: {median:.1} ns, best {best:.1}")?;
    let pair = |_| {
        listener.request_started();
        listener.request_ended();
    };
    let (median, best) = measure(201, 1_000, pair, || ());
    writeln!(out, "begin and end of a request: {median:.1} ns, best {best:.1}")?;

    pintle_core::worker::enter(1);
    routes.iter().for_each(|route| route.count(&listener, &Method::GET, StatusCode::OK, all));
    let mut text = String::new();
    for _ in 0..5 {
        text = String::new();
        let (start, began) = (cpu()?, Instant::now());
        metrics.render(&mut text);
        let (cost, took) = ((cpu()? - start) as f64 / 1e6, began.elapsed().as_secs_f64() * 1e3);
        writeln!(
            out,
            "a scrape: {cost:.1} ms of CPU, {took:.1} ms in all, {} lines, {} KiB",
            text.lines().count(),
            text.len() / 1024
        )?;
    }
    drop(text);
    Ok(())
}
