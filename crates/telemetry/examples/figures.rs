//! What telemetry costs: nanoseconds a record, nanoseconds a request counted, milliseconds a scrape of 10,000 routes.
//! `cargo run --release -p pintle-telemetry --example figures`; with `JSON`, `query` or `combined` behind it the records of that
//! kind alone, for a count of instructions.

use pintle_core::notes::{Came, Chosen, Notes, PartNotes, Try};
use pintle_core::redact::Names;
use pintle_core::{Method, Scheme, StatusCode, Target, Version};
use pintle_telemetry::metrics::{Counted, MAX_SERIES, Syntax};
use pintle_telemetry::why::config::WhyConfig;
use pintle_telemetry::why::{Decision, Way};
use pintle_telemetry::{AccessLog, Format, Metrics, Opened, Record, Sink, Style, Why};
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

fn no_parts() -> &'static PartNotes {
    static NONE: LazyLock<PartNotes> = LazyLock::new(PartNotes::default);
    &NONE
}

fn record(time: SystemTime) -> Record<'static> {
    Record {
        time,
        request_id: "0af7651916cd43dd8448eb211c80319c",
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        outer_id: None,
        span_id: None,
        client: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
        method: "GET",
        scheme: "https",
        host: "shop.example",
        path: "/catalogue/shoes/1234567",
        query: None,
        version: "1.1",
        status: 200,
        route: "shop/catalogue",
        consumer: None,
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
        parts: no_parts(),
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

/// Keeps an ordinary request, with a head of half a kilobyte and one try.
fn keep() -> impl FnMut(u32) {
    let why = Why::new(2);
    why.go_over(&WhyConfig::default(), Names::default());
    let head =
        format!("GET /catalogue/shoes/1234567 HTTP/1.1\r\nhost: shop.example\r\nx-a: {}\r\n\r\n", "a".repeat(430));
    let target = Target::new("shop.example", None, "/catalogue/shoes/1234567", None);
    let began = Instant::now();
    let mut one = Try::new("10.12.0.7:9001".into(), Chosen { by: "least_requests", among: 3 }, began);
    one.came = Came::Answer(200);
    let upstream = Some("catalogue".into());
    let notes = Notes { version: 3, upstream, tries: [one].into_iter().collect(), ..Notes::default() };
    move |turn| {
        why.keep(black_box(&Decision {
            way: Way::Request {
                version: Version::Http11,
                method: "GET",
                scheme: Scheme::Https,
                target: &target,
                head: head.as_bytes(),
                status: 200,
                grpc_status: None,
            },
            id: "0af7651916cd43dd8448eb211c80319c",
            trace: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
            listener: "0.0.0.0:8443",
            route: "shop/catalogue",
            consumer: None,
            client: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
            peer: None,
            tls: None,
            began,
            over: began + Duration::from_micros(u64::from(turn)),
            notes: &notes,
            reason: None,
            internal: None,
            detail: "",
            received: 0,
            sent: 12_345,
        }));
    }
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
    let _upstream = metrics.upstream("catalogue");
    let (method, status, upstream, duration) =
        (&Method::GET, StatusCode::OK, Some("catalogue"), Duration::from_micros(900));
    let counted = Counted { method, status, upstream, duration, received: 0, sent: 12_345 };
    let hot = |_| routes[0].count(&listener, black_box(&counted));
    let (median, best) = measure(201, 1_000, hot, || ());
    writeln!(out, "a request counted, one route: {median:.1} ns, best {best:.1}")?;
    let cold = |turn: u32| {
        let route = &routes[(turn as usize * 7919) % routes.len()];
        route.count(&listener, black_box(&counted));
    };
    let (median, best) = measure(201, 1_000, cold, || ());
    writeln!(out, "a request counted, any of 10,000 routes: {median:.1} ns, best {best:.1}")?;
    let pair = |_| {
        listener.request_started();
        listener.request_ended();
    };
    let (median, best) = measure(201, 1_000, pair, || ());
    writeln!(out, "begin and end of a request: {median:.1} ns, best {best:.1}")?;

    let (median, best) = measure(201, 1_000, keep(), || ());
    writeln!(out, "a request kept for why: {median:.0} ns, best {best:.0}")?;

    pintle_core::worker::enter(1);
    routes.iter().for_each(|route| route.count(&listener, &counted));
    let mut text = String::new();
    for _ in 0..5 {
        drop(text);
        let (start, began) = (cpu()?, Instant::now());
        text = metrics.text(Syntax::Prometheus);
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
