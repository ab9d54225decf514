//! Meters of listeners and upstreams: up to eight numbers each, one cache line a worker.

use super::cell::PerWorker;
use super::held::Held;
use super::text::{self, Family, Kind};
use super::{Budget, OTHER};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// How many numbers a meter has at most: as many as a cache line.
const CELLS: usize = 8;

/// One number of a meter.
pub(super) struct Number {
    family: Family,
    /// A further label that tells it from others of its family.
    label: Option<(&'static str, &'static str)>,
}

/// The numbers of one listener or upstream.
pub struct Meter<S> {
    /// Its place among listeners; a name keeps it. 0 for all else.
    slot: u32,
    /// The escaped name.
    label: Box<str>,
    cells: PerWorker<CELLS>,
    /// Where its series are counted; none for `_OTHER`.
    budget: Option<Arc<Budget>>,
    subject: PhantomData<fn() -> S>,
}

impl<S> Meter<S> {
    fn add(&self, index: usize, amount: u64) {
        self.cells.mine().add(index, amount);
    }

    fn take(&self, index: usize) {
        self.cells.mine().add(index, 1u64.wrapping_neg());
    }

    pub(super) fn slot(&self) -> u32 {
        self.slot
    }

    /// What its numbers come to; none if nothing was ever counted.
    pub(super) fn totals(&self) -> Option<[u64; CELLS]> {
        self.cells.totals()
    }
}

impl<S> Drop for Meter<S> {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.give(CELLS);
        }
    }
}

/// What a [`ListenerMeter`] is about.
pub enum Listener {}

/// What an [`UpstreamMeter`] is about.
pub enum Upstream {}

/// The numbers of a listener.
pub type ListenerMeter = Meter<Listener>;

/// The numbers of an upstream.
pub type UpstreamMeter = Meter<Upstream>;

const fn counter(name: &'static str, help: &'static str) -> Number {
    Number { family: Family { name, help, kind: Kind::Counter }, label: None }
}

const fn gauge(name: &'static str, help: &'static str) -> Number {
    Number { family: Family { name, help, kind: Kind::Gauge }, label: None }
}

const fn result(name: &'static str, help: &'static str, result: &'static str) -> Number {
    Number { family: Family { name, help, kind: Kind::Counter }, label: Some(("result", result)) }
}

const HANDSHAKES: (&str, &str) = ("pintle_tls_handshakes_total", "TLS handshakes with clients.");
const CONNECTS: (&str, &str) = ("pintle_upstream_connects_total", "Connections made to an upstream's endpoints.");

/// What stands in a listener's cells; those of one family stand together.
pub(super) const LISTENER: &[Number] = &[
    gauge("pintle_connections", "Open connections of clients."),
    counter("pintle_connections_total", "Connections that clients made."),
    gauge("pintle_requests_active", "Requests under way."),
    result(HANDSHAKES.0, HANDSHAKES.1, "ok"),
    result(HANDSHAKES.0, HANDSHAKES.1, "failed"),
    counter("pintle_tunnels_total", "Connections whose bytes were carried to an upstream."),
    direction("received"),
    direction("sent"),
];

const fn direction(direction: &'static str) -> Number {
    let (name, help) = ("pintle_tunnel_bytes_total", "Bytes of tunnels, as clients sent them and were sent them.");
    Number { family: Family { name, help, kind: Kind::Counter }, label: Some(("direction", direction)) }
}

impl ListenerMeter {
    /// A client's connection was accepted.
    pub fn connection_opened(&self) {
        let cells = self.cells.mine();
        cells.add(0, 1);
        cells.add(1, 1);
    }

    /// It ended.
    pub fn connection_closed(&self) {
        self.take(0);
    }

    /// A request's head is complete.
    pub fn request_started(&self) {
        self.add(2, 1);
    }

    /// The request is over, whatever became of it.
    pub fn request_ended(&self) {
        self.take(2);
    }

    /// A TLS handshake is over.
    pub fn handshake(&self, ok: bool) {
        self.add(if ok { 3 } else { 4 }, 1);
    }

    /// A connection's bytes begin to be carried.
    pub fn tunnel_opened(&self) {
        self.add(5, 1);
    }

    /// So many more were carried.
    pub fn tunnel_bytes(&self, received: u64, sent: u64) {
        let cells = self.cells.mine();
        cells.add(6, received);
        cells.add(7, sent);
    }
}

/// What stands in an upstream's cells.
pub(super) const UPSTREAM: &[Number] = &[
    gauge("pintle_upstream_connections", "Open connections to an upstream's endpoints."),
    result(CONNECTS.0, CONNECTS.1, "ok"),
    result(CONNECTS.0, CONNECTS.1, "failed"),
    counter("pintle_upstream_attempts_total", "Requests sent to an upstream's endpoints, retries included."),
    counter("pintle_upstream_failures_total", "Attempts that got no answer, or one with a status from 500 on."),
    counter("pintle_upstream_retries_total", "Attempts after the first one of a request."),
    counter("pintle_upstream_retries_denied_total", "Requests that were not tried again because the budget was spent."),
    counter("pintle_upstream_ejections_total", "Times that an endpoint was taken out for failures."),
];

impl UpstreamMeter {
    /// A connection to an endpoint was made.
    pub fn connection_opened(&self) {
        let cells = self.cells.mine();
        cells.add(0, 1);
        cells.add(1, 1);
    }

    /// It ended.
    pub fn connection_closed(&self) {
        self.take(0);
    }

    /// No connection could be made.
    pub fn connect_failed(&self) {
        self.add(2, 1);
    }

    /// A request goes to an endpoint; `retry` if it is not the request's first attempt.
    pub fn attempt(&self, retry: bool) {
        let cells = self.cells.mine();
        cells.add(3, 1);
        if retry {
            cells.add(5, 1);
        }
    }

    /// An attempt got no answer, or one of a failing service.
    pub fn attempt_failed(&self) {
        self.add(4, 1);
    }

    /// A request was not tried again because the budget was spent.
    pub fn retry_denied(&self) {
        self.add(6, 1);
    }

    /// An endpoint was taken out for failures.
    pub fn ejected(&self) {
        self.add(7, 1);
    }
}

/// All meters of one kind.
pub(super) struct Group<S> {
    /// The label that names a meter.
    label: &'static str,
    numbers: &'static [Number],
    workers: usize,
    budget: Arc<Budget>,
    other: Arc<Meter<S>>,
    members: Mutex<Members<S>>,
}

struct Members<S> {
    meters: Held<Meter<S>>,
    /// The places of names, kept for good: the series of a name that comes back go on.
    slots: HashMap<Box<str>, u32>,
}

impl<S> Group<S> {
    pub(super) fn new(label: &'static str, numbers: &'static [Number], workers: usize, budget: Arc<Budget>) -> Self {
        let other = Arc::new(Meter::new(0, OTHER, workers, None));
        let members = Mutex::new(Members { slots: HashMap::new(), meters: Held::new() });
        Group { label, numbers, workers, budget, other, members }
    }

    /// The meter of that name.
    pub(super) fn get(&self, name: &str) -> Arc<Meter<S>> {
        self.find(name, |_| 0)
    }

    /// The same, with a place of its own: for the few whose names routes' series have as well.
    pub(super) fn get_placed(&self, name: &str) -> Arc<Meter<S>> {
        self.find(name, |slots| {
            let next = slots.len() as u32 + 1;
            *slots.entry(name.into()).or_insert(next)
        })
    }

    fn find(&self, name: &str, place: impl FnOnce(&mut HashMap<Box<str>, u32>) -> u32) -> Arc<Meter<S>> {
        let Members { meters, slots } = &mut *self.members.lock();
        if let Some(meter) = meters.get(name) {
            return meter;
        }
        if !self.budget.take(CELLS) {
            return self.other.clone();
        }
        meters.add(name, Meter::new(place(slots), name, self.workers, Some(self.budget.clone())))
    }

    /// The escaped names by place.
    pub(super) fn labels(&self) -> HashMap<u32, Box<str>> {
        self.meters().iter().map(|meter| (meter.slot, meter.label.clone())).collect()
    }

    fn meters(&self) -> Vec<Arc<Meter<S>>> {
        let mut meters = self.members.lock().meters.alive();
        meters.push(self.other.clone());
        meters
    }

    pub(super) fn render(&self, out: &mut String) {
        let meters = self.meters();
        let counted: Vec<_> = meters.iter().filter_map(|meter| Some((&*meter.label, meter.cells.totals()?))).collect();
        let mut family = "";
        for (index, number) in self.numbers.iter().enumerate() {
            // Numbers of one family are written together, with the first of them.
            if number.family.name == family || counted.is_empty() {
                continue;
            }
            family = number.family.name;
            text::header(out, &number.family);
            for (label, totals) in &counted {
                let siblings = self.numbers[index..].iter().take_while(|number| number.family.name == family);
                for (number, total) in siblings.zip(&totals[index..]) {
                    line(out, number, (self.label, label), *total);
                }
            }
        }
    }
}

fn line(out: &mut String, number: &Number, (name, value): (&str, &str), total: u64) {
    let is_gauge = number.family.kind == Kind::Gauge;
    if total == 0 && !is_gauge {
        return;
    }
    for piece in [number.family.name, "{", name, "=\"", value, "\""] {
        out.push_str(piece);
    }
    if let Some((name, value)) = number.label {
        for piece in [",", name, "=\"", value, "\""] {
            out.push_str(piece);
        }
    }
    out.push('}');
    if is_gauge { text::end_signed(out, total as i64) } else { text::end(out, total) }
}

impl<S> Meter<S> {
    fn new(slot: u32, name: &str, workers: usize, budget: Option<Arc<Budget>>) -> Self {
        Meter { slot, label: text::escaped(name), cells: PerWorker::new(workers), budget, subject: PhantomData }
    }
}
