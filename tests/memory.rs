//! What a change of configuration leaves behind in memory, byte by byte: at most 1 KiB, whatever has changed. A program
//! of its own, because it counts all that is allocated in it.
//!
//! Unsafe: a global allocator cannot be written without. It only counts and hands on.

use pintle_config::{World, assemble_written, load, load_since};
use pintle_core::{Method, StatusCode};
use pintle_engine::tls::Tls;
use pintle_engine::{Gateway, Runtime};
use pintle_telemetry::metrics::Counted;
use pintle_telemetry::{AccessLog, Metrics, Opened, Sink, Style};
use pintle_testkit::{Certificates, Folder};
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

struct Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);

fn count(bytes: usize, sign: i64) {
    LIVE.fetch_add(sign * i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Changes before the measurement, in which lists grow to the size that they keep.
const BEFORE: usize = 100;
const CHANGES: usize = 1000;
/// Files of routes, of which one changes at a time.
const FILES: usize = 6;
/// The promise.
const MOST: i64 = 1024;
/// Configurations afterwards of each of which a stream is still open.
const HELD: usize = 200;
/// A listener as a stream holds it, its chain of policies and what it needs of TLS; and no text of a file.
const MOST_HELD: i64 = 4 * 1024;

/// The `number`th configuration, of the same length each time: names, routes, conditions, templates, policies, the
/// endpoints of one upstream and the URL of another differ; one upstream stays.
fn config(number: usize, certificate: &str) -> String {
    let mut text = format!(
        "listeners:
  - {{name: plain, address: 127.0.0.1:0}}
  - {{name: secure, address: 127.0.0.1:0, tls: {{certificates: [{certificate}]}}}}
upstreams:
  kept: {{endpoints: [127.0.0.1:9001, 127.0.0.1:9002]}}
  changing: {{endpoints: [127.0.0.1:9001, 127.0.0.1:{}]}}
  new-{number:05}: {{endpoints: [127.0.0.1:9001]}}
policies:
  headers-{number:05}: {{headers: {{request: {{set: {{x-tenant: \"${{request.headers['x-tenant']}}\"}}}}}}}}
routes:
  - {{match: /kept/**, proxy: kept}}
  - {{match: /url/**, proxy: 'http://127.0.0.1:{}'}}
",
        10_000 + number % 7,
        10_000 + number
    );
    for route in 0..8 {
        text.push_str(&format!(
            "  - name: route-{number:05}-{route:02}
    match: {{path: '/r{number:05}/{route:02}/{{id}}/**', header: {{x-a: {{regex: 'a{number:05}'}}}}}}
    policies: [headers-{number:05}, {{timeout: 5s}}]
    proxy: {{split: {{changing: 1, new-{number:05}: 1}}, path: '/x/${{path.id}}/${{path.rest}}'}}
"
        ));
    }
    text
}

fn build(path: &Path, tls: &Arc<Tls>, metrics: &Arc<Metrics>, before: Option<Arc<Runtime>>) -> Runtime {
    let mut checked = before.as_ref().map_or_else(|| load(path), |before| load_since(path, before));
    let lasting = pintle_core::Lasting::idle();
    let world = World { tls: Arc::clone(tls), metrics: Arc::clone(metrics), lasting, before };
    let document = checked.document.as_ref();
    let runtime =
        document.and_then(|document| assemble_written(document, &checked.written, &world, &mut checked.reader));
    runtime.unwrap_or_else(|| panic!("{}", checked.reader.diagnostics.render(false)))
}

/// One of the files of routes beside, of the same length each time: most of them are taken over from before.
fn file(number: usize, at: usize) -> String {
    let route = |route| {
        format!(
            "  - {{match: /f{at}/{route}/n{number:05}, policies: [{{timeout: 5s}}], proxy: 'http://127.0.0.1:9001'}}\n"
        )
    };
    (0..8).fold("routes:\n".to_owned(), |text, one| text + &route(one))
}

// One test, because what it counts is the process's.
#[test]
fn a_change_leaves_nothing_behind() {
    of_all();
    of_one_file();
    of_routes();
}

/// A file of several changes at a time; what stands around them stays.
fn of_one_file() {
    let folder = Folder::new();
    let (tls, metrics) = (Tls::new(), Arc::new(Metrics::new(1, 100_000)));
    let main = "include: [routes.d/*.yaml]\nlisteners: [{address: 127.0.0.1:0}]\n";
    let path = folder.write("pintle.yaml", main);
    (0..FILES).for_each(|at| drop(folder.write(&format!("routes.d/{at}.yaml"), file(0, at))));
    let log = Opened::open(&Sink::None, Style::default()).and_then(|opened| AccessLog::start(opened, &metrics));
    let first = build(&path, &tls, &metrics, None);
    let gateway = Gateway::new(first, log.expect("no log"), Arc::clone(&metrics), "test");
    let mut start = 0;
    for number in 1..=BEFORE + CHANGES {
        let at = number % FILES;
        folder.write(&format!("routes.d/{at}.yaml"), file(number, at));
        let before = gateway.runtime();
        let now = build(&path, &tls, &metrics, Some(Arc::clone(&before)));
        let stayed =
            before.table.values().iter().filter(|old| now.table.values().iter().any(|new| Arc::ptr_eq(old, new)));
        assert_eq!(stayed.count(), (FILES - 1) * 8, "the other files' routes");
        drop(before);
        gateway.swap(Arc::new(now));
        if number == BEFORE {
            start = LIVE.load(Ordering::Relaxed);
        }
    }
    let each = (LIVE.load(Ordering::Relaxed) - start) / i64::try_from(CHANGES).unwrap_or(1);
    assert!(each <= MOST, "{each} bytes are left of each change of one file");
}

/// What metrics keep of a route, on two workers that both serve it.
fn of_routes() {
    const ROUTES: usize = 1000;
    let metrics = Metrics::new(2, 500_000);
    let (door, _upstream) = (metrics.listener("0.0.0.0:8443"), metrics.upstream("catalogue"));
    let mut routes = Vec::with_capacity(ROUTES);
    let start = LIVE.load(Ordering::Relaxed);
    routes.extend((0..ROUTES).map(|number| metrics.route(&format!("team-{}/route-{number}", number % 97))));
    let each = |since: i64| (LIVE.load(Ordering::Relaxed) - since) / ROUTES as i64;
    let idle = each(start);
    assert!(idle <= 1024, "a route without requests takes {idle} bytes");
    let (status, upstream, duration) = (StatusCode::OK, Some("catalogue"), Duration::from_millis(3));
    let counted = Counted { method: &Method::GET, status, upstream, duration, received: 5, sent: 12_345 };
    for worker in 0..2 {
        pintle_core::worker::enter(worker);
        routes.iter().for_each(|route| route.count(&door, &counted));
    }
    pintle_core::worker::enter(0);
    let busy = each(start);
    assert!(busy <= 4 * 1024, "a route with requests takes {busy} bytes");
    // Of which docs/metrics.md speaks.
    assert!(idle < 256 && busy < 1024, "{idle} and {busy}");
}

/// All that there is changes each time.
fn of_all() {
    let certificates = Certificates::new();
    let written = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let (folder, mut held) = (Folder::new(), Vec::with_capacity(HELD));
    let (tls, metrics) = (Tls::new(), Arc::new(Metrics::new(1, 100_000)));
    let path = folder.write("pintle.yaml", config(0, &written));
    let log = Opened::open(&Sink::None, Style::default()).and_then(|opened| AccessLog::start(opened, &metrics));
    let first = build(&path, &tls, &metrics, None);
    let gateway = Gateway::new(first, log.expect("no log"), Arc::clone(&metrics), "test");
    let mut start = 0;
    for number in 1..=BEFORE + CHANGES {
        if number % 50 == 0 {
            certificates.write("shop", &certificates.server(&["shop.example.com"]));
        }
        folder.write("pintle.yaml", config(number, &written));
        gateway.swap(Arc::new(build(&path, &tls, &metrics, Some(gateway.runtime()))));
        if number == BEFORE {
            start = LIVE.load(Ordering::Relaxed);
        }
    }
    let grown = LIVE.load(Ordering::Relaxed) - start;
    let each = grown / i64::try_from(CHANGES).unwrap_or(1);
    assert!(each <= MOST, "{each} bytes are left of each change, {grown} of {CHANGES}");

    let start = LIVE.load(Ordering::Relaxed);
    for number in BEFORE + CHANGES + 1..=BEFORE + CHANGES + HELD {
        held.push(Arc::clone(&gateway.runtime().listeners[1]));
        folder.write("pintle.yaml", config(number, &written));
        gateway.swap(Arc::new(build(&path, &tls, &metrics, Some(gateway.runtime()))));
    }
    let each = (LIVE.load(Ordering::Relaxed) - start) / i64::try_from(HELD).unwrap_or(1);
    assert!(each <= MOST_HELD, "a stream holds {each} bytes of its configuration");
}
