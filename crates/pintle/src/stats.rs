//! What `/stats` says: what each route and each upstream has come to, in numbers that only grow, for whoever looks again
//! and works out the rates.
//!
//! It tells of all that have had requests, each time, and remembers nothing of who asks: rates are between two looks, and
//! two people who look need not agree on when. A route takes some 150 bytes, and writing them costs less than choosing
//! among routes would: an order by rate is one by differences, for which the look before had to be kept. How many routes
//! there can be is bounded by `max_series`.

use crate::status::InForce;
use pintle_engine::Server;
use pintle_telemetry::Metrics;
use pintle_telemetry::metrics::{Figures, Overview, Subject, Tally, figures};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// About how long one route is.
const ROUTE: usize = 150;

/// The statistics as a JSON object. Looks at each route: not for a worker's thread.
pub(crate) fn render(server: &Server, change: &InForce, uptime: Duration) -> Vec<u8> {
    let gateway = server.gateway();
    let overview = gateway.metrics.overview();
    let mut out = Json(Vec::with_capacity(2048 + overview.len() * ROUTE));
    out.object_of(&program(server, change, uptime));
    let mut by_upstream = HashMap::new();
    out.open("routes", b'[');
    for one in &overview {
        match &one.of {
            Subject::Upstream(name) => {
                by_upstream.insert(&**name, one);
            }
            Subject::Route(name) => {
                out.named(name);
                out.requests(Some(one));
                out.close(b'}');
            }
        }
    }
    out.close(b']');
    out.open("upstreams", b'[');
    for upstream in &gateway.runtime().upstreams {
        out.named(&upstream.name);
        out.requests(by_upstream.get(&*upstream.name).copied());
        out.attempts(&gateway.metrics, &upstream.name);
        let mut endpoints = [("up", 0), ("down", 0), ("ejected", 0), ("unreachable", 0)];
        let mut active = 0;
        for endpoint in upstream.endpoints() {
            active += endpoint.active();
            let state = endpoint.state();
            endpoints.iter_mut().filter(|(word, _)| *word == state).for_each(|(_, count)| *count += 1);
        }
        out.number("active", active as u64);
        out.open("endpoints", b'{');
        endpoints.into_iter().for_each(|(state, count)| out.number(state, count));
        out.close(b'}');
        out.word("breaker_open", upstream.is_open().map_or("null", |open| if open { "true" } else { "false" }));
        out.close(b'}');
    }
    out.close(b']');
    out.close(b'}');
    out.0
}

/// What is said of the program as a whole.
fn program(server: &Server, change: &InForce, uptime: Duration) -> Value {
    let gateway = server.gateway();
    let runtime = gateway.runtime();
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let made: u64 = runtime.listeners.iter().map(|listener| listener.meter.made()).sum();
    let active: i64 = runtime.listeners.iter().map(|listener| listener.meter.active()).sum();
    let Figures { cpu, resident, threads, descriptors, max_descriptors } = figures();
    json!({
        "pintle": env!("CARGO_PKG_VERSION"),
        "instance": gateway.instance,
        "uptime_us": uptime.as_micros() as u64,
        "configuration": {
            "version": change.version,
            "since": seconds(change.at),
            "refused": change.refused.as_ref().map(|(at, _)| seconds(*at)),
        },
        "draining": gateway.is_draining(),
        "connections": {"open": gateway.connections(), "made": made},
        "active": active.max(0),
        "lost": {"log_records": gateway.log.dropped()},
        "process": {
            "cpu_us": cpu.map(|cpu| cpu.as_micros() as u64),
            "memory": resident,
            "threads": threads,
            "descriptors": descriptors,
            "max_descriptors": max_descriptors,
        },
        "bounds_us": Overview::bounds().map(|bound| bound.as_micros() as u64).collect::<Vec<_>>(),
    })
}

/// JSON as it is written: a tree of ten thousand routes would cost more than all that is in it.
struct Json(Vec<u8>);

impl Json {
    /// Opens an object with the members of this one.
    fn object_of(&mut self, members: &Value) {
        let text = members.to_string();
        self.0.extend_from_slice(text.strip_suffix('}').unwrap_or(&text).as_bytes());
    }

    /// The place for the next member or item.
    fn next(&mut self) {
        if !matches!(self.0.last(), None | Some(b'[' | b'{')) {
            self.0.push(b',');
        }
    }

    /// A member's name, which needs no escape.
    fn member(&mut self, name: &str) {
        self.next();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn open(&mut self, name: &str, bracket: u8) {
        self.member(name);
        self.0.push(bracket);
    }

    fn close(&mut self, bracket: u8) {
        self.0.push(bracket);
    }

    fn word(&mut self, name: &str, word: &str) {
        self.member(name);
        self.0.extend_from_slice(word.as_bytes());
    }

    fn digits(&mut self, value: u64) {
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn number(&mut self, name: &str, value: u64) {
        self.member(name);
        self.digits(value);
    }

    /// Opens an item that has a name.
    fn named(&mut self, name: &str) {
        self.next();
        self.0.extend_from_slice(b"{\"name\":");
        serde_json::to_writer(&mut self.0, name).expect("a text in memory");
    }

    fn requests(&mut self, one: Option<&Overview>) {
        let zero = (0, 0, 0, &[][..]);
        let (requests, client_errors, server_errors, durations) =
            one.map_or(zero, |one| (one.requests, one.client_errors, one.server_errors, &one.durations[..]));
        self.number("requests", requests);
        self.number("client_errors", client_errors);
        self.number("server_errors", server_errors);
        self.open("durations", b'[');
        // What is left out at the end is 0.
        let end = durations.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        for count in &durations[..end] {
            self.next();
            self.digits(*count);
        }
        self.close(b']');
    }

    fn attempts(&mut self, metrics: &Metrics, upstream: &str) {
        let Tally { attempts, failures, retries } = metrics.upstream(upstream).tally();
        self.number("attempts", attempts);
        self.number("failures", failures);
        self.number("retries", retries);
    }
}
