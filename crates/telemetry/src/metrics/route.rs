//! Requests by listener, route, upstream, method and class of status.
//!
//! A route's rows are found without a lock, and made when they are first needed. Each counts its lines towards the bound
//! on series before it is there; past that, all that is new is counted in one row for everybody.
//!
//! Long because a row, its counting and its telling belong together.

mod parts;
mod rows;

use super::budget::Budget;
use super::cell::PerWorker;
use super::families::{REQUEST_CONTENT, REQUEST_DURATION, REQUESTS, RESPONSE_CONTENT};
use super::held::Held;
use super::visit::{Value, Visit};
use super::{ListenerMeter, OTHER};
use crate::Ended;
use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use parts::{PartRows, SharedParts};
use pintle_core::counters::Family;
use pintle_core::notes::PartNotes;
use pintle_core::{Method, StatusCode};
pub(crate) use rows::{CLASSES, Size};
use rows::{LINES, Numbers, Row, Totals};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The methods that have series of their own (RFC 9110 9, RFC 5789); others count as the last.
const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", OTHER];

pub(super) const CLASS_LABELS: [&str; CLASSES] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The families of the rows of requests, in the order in which they are told.
static OF_REQUESTS: [&Family; 4] = [&REQUESTS, &REQUEST_DURATION, &RESPONSE_CONTENT, &REQUEST_CONTENT];
/// How many families a route's series have: those, and after them those of parts.
pub(super) const FAMILIES: usize = OF_REQUESTS.len() + parts::FAMILIES.len();

/// A further label of a route's series: its name, and what it says of this route.
pub type Label = (Arc<str>, Box<str>);

/// A request that is over.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// Its method.
    pub method: &'a Method,
    /// What the client got.
    pub status: StatusCode,
    /// The upstream that was asked last, if one was.
    pub upstream: Option<&'a str>,
    /// From its head to the answer's last byte.
    pub duration: Duration,
    /// Bytes of content that came with it.
    pub received: u64,
    /// Bytes of content that went out.
    pub sent: u64,
}

impl<'a> From<&Ended<'a>> for Counted<'a> {
    fn from(ended: &Ended<'a>) -> Self {
        let notes = &ended.exchange.notes;
        Counted {
            method: &ended.exchange.request.method,
            status: ended.status,
            upstream: notes.upstream.as_deref(),
            duration: ended.duration(),
            received: notes.received(),
            sent: ended.sent,
        }
    }
}

/// The numbers of one route.
pub struct RouteMeter {
    name: Box<str>,
    labels: Box<[Label]>,
    /// None until the first request.
    rows: ArcSwapOption<Vec<Row>>,
    /// Those of its aggregate's parts.
    parts: PartRows,
    shared: Arc<Shared>,
}

/// What the meters of all routes have in common.
pub(super) struct Shared {
    workers: usize,
    budget: Arc<Budget>,
    /// Held while rows come and go.
    changing: Mutex<()>,
    /// All that has no row of its own, and its classes of status.
    overflow: Numbers,
    overflow_classes: PerWorker<CLASSES>,
    /// Requests of rows that are no more, by class of status.
    gone: [AtomicU64; CLASSES],
    parts: SharedParts,
}

impl RouteMeter {
    /// Counts a request that is over. Once its row is there that costs some additions to cells of this worker.
    pub fn count(&self, listener: &ListenerMeter, ended: &Counted<'_>) {
        let class = (usize::from(ended.status.as_u16()) / 100).clamp(1, CLASSES) - 1;
        let (method, upstream) = (method_index(ended.method), ended.upstream.unwrap_or_default());
        let size = Size { duration: ended.duration, received: ended.received, sent: ended.sent };
        let is = |row: &&Row| row.is(listener.slot(), method, class, upstream);
        if let Some(row) = self.rows.load().as_ref().and_then(|rows| rows.iter().find(is)) {
            return row.numbers.count(&size);
        }
        match self.add(listener.slot(), method, class, upstream) {
            Some(numbers) => numbers.count(&size),
            None => {
                self.shared.overflow.count(&size);
                self.shared.overflow_classes.mine().add(class, 1);
            }
        }
    }

    /// Counts the parts of an aggregate's request that was over at `over`.
    pub fn count_parts(&self, parts: &PartNotes, over: Instant) {
        self.parts.count(parts, &self.shared.parts, over);
    }

    /// Makes a row, if there is room for its series.
    fn add(&self, listener: u32, method: usize, class: usize, upstream: &str) -> Option<Arc<Numbers>> {
        // Before the lock: past the bound every request comes here.
        if !self.shared.budget.take(LINES) {
            return None;
        }
        let _changing = self.shared.changing.lock();
        let before = self.rows.load_full();
        let rows = before.as_deref().map_or(&[][..], Vec::as_slice);
        if let Some(row) = rows.iter().find(|row| row.is(listener, method, class, upstream)) {
            // Another worker was first.
            self.shared.budget.give(LINES);
            return Some(Arc::clone(&row.numbers));
        }
        let numbers = Arc::new(Numbers::new(self.shared.workers, class, Arc::clone(&self.shared)));
        // Upstreams have few names and routes many rows.
        let known = rows.iter().find(|row| *row.upstream == *upstream).map(|row| Arc::clone(&row.upstream));
        let upstream = known.unwrap_or_else(|| upstream.into());
        let row = Row { listener, method: method as u8, class: class as u8, upstream, numbers: Arc::clone(&numbers) };
        let mut rows = rows.to_vec();
        rows.push(row);
        rows.shrink_to_fit();
        self.rows.store(Some(Arc::new(rows)));
        Some(numbers)
    }

    /// Lets go of rows that nobody counts in any more.
    fn sweep(&self, is_alive: impl Fn(&Row) -> bool) {
        let Some(before) = self.rows.load_full() else { return };
        if before.iter().all(&is_alive) {
            return;
        }
        let _changing = self.shared.changing.lock();
        let rows: Vec<Row> =
            self.rows.load().iter().flat_map(|rows| rows.iter()).filter(|row| is_alive(row)).cloned().collect();
        self.rows.store(Some(rows).filter(|rows| !rows.is_empty()).map(Arc::new));
    }

    /// Its rows with what they have counted.
    fn each(&self, mut to: impl FnMut(&Row, &Totals)) {
        for row in self.rows.load().iter().flat_map(|rows| rows.iter()) {
            if let Some(totals) = row.numbers.totals() {
                to(row, &totals);
            }
        }
    }

    /// Tells its series of one of its [`FAMILIES`].
    pub(super) fn visit(&self, which: usize, listeners: &HashMap<u32, Arc<str>>, to: &mut dyn Visit) {
        if let Some(which) = which.checked_sub(OF_REQUESTS.len()) {
            return self.parts.visit(which, &self.name, &self.labels, to);
        }
        self.each(|row, totals| {
            // One that went away a moment ago.
            let Some(listener) = listeners.get(&row.listener) else { return };
            let mut labels: SmallVec<[(&str, &str); 8]> = SmallVec::new();
            labels.extend([
                ("listener", &**listener),
                ("route", &*self.name),
                ("upstream", &*row.upstream),
                ("method", METHODS[usize::from(row.method)]),
                ("status", CLASS_LABELS[usize::from(row.class)]),
            ]);
            labels.extend(self.labels.iter().map(|(name, value)| (&**name, &**value)));
            tell(which, &labels, totals, to);
        });
    }
}

fn tell(which: usize, labels: &[(&str, &str)], totals: &Totals, to: &mut dyn Visit) {
    let value = match which {
        0 => Some(Value::Count(totals.requests())),
        1 => Some(Value::Histogram(totals.duration())),
        2 => Some(Value::Histogram(totals.sent())),
        _ => totals.received().map(Value::Histogram),
    };
    if let Some(value) = value {
        to.sample(OF_REQUESTS[which], labels, value);
    }
}

fn method_index(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::PUT => 3,
        Method::DELETE => 4,
        Method::PATCH => 5,
        Method::OPTIONS => 6,
        Method::TRACE => 7,
        Method::CONNECT => 8,
        _ => 9,
    }
}

/// The meters of all routes.
pub(super) struct Routes {
    meters: Mutex<Held<RouteMeter>>,
    shared: Arc<Shared>,
}

/// What a look at requests finds.
pub(super) struct Seen<'a> {
    /// Empty where no route took them.
    pub(super) route: &'a str,
    /// Empty where none was asked.
    pub(super) upstream: &'a str,
    pub(super) class: usize,
    pub(super) requests: u64,
    pub(super) durations: &'a [u64],
}

impl Routes {
    pub(super) fn new(workers: usize, budget: Arc<Budget>) -> Self {
        let parts = SharedParts::new(workers, Arc::clone(&budget));
        let shared = Shared {
            workers,
            budget,
            changing: Mutex::new(()),
            overflow: Numbers::of_overflow(workers),
            overflow_classes: PerWorker::new(workers),
            gone: Default::default(),
            parts,
        };
        Routes { meters: Mutex::new(Held::new()), shared: Arc::new(shared) }
    }

    /// The meter of a route with these labels: with others it is another one.
    pub(super) fn get(&self, name: &str, labels: Vec<Label>) -> Arc<RouteMeter> {
        let mut key = name.to_owned();
        for (name, value) in &labels {
            // Lengths keep two texts apart, whatever is in them.
            let _ = write!(key, "\n{}:{name}{}:{value}", name.len(), value.len());
        }
        let mut meters = self.meters.lock();
        meters.get(&key).unwrap_or_else(|| {
            let (labels, shared) = (labels.into(), Arc::clone(&self.shared));
            meters.add(
                &key,
                RouteMeter { name: name.into(), labels, rows: ArcSwapOption::empty(), parts: PartRows::new(), shared },
            )
        })
    }

    /// All that somebody holds.
    pub(super) fn alive(&self) -> Vec<Arc<RouteMeter>> {
        self.meters.lock().alive()
    }

    /// Lets go of the rows of listeners and upstreams that are no more.
    pub(super) fn sweep(&self, has_listener: impl Fn(u32) -> bool, has_upstream: impl Fn(&str) -> bool) {
        for meter in self.alive() {
            meter.parts.sweep(&has_upstream, &meter.shared.parts);
            meter.sweep(|row| has_listener(row.listener) && (row.upstream.is_empty() || has_upstream(&row.upstream)));
        }
    }

    /// Tells the series of all that has no row of its own, of one of its [`FAMILIES`].
    pub(super) fn visit_overflow(&self) -> impl Fn(usize, &mut dyn Visit) + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move |which, to| {
            if let Some(which) = which.checked_sub(OF_REQUESTS.len()) {
                return shared.parts.visit_overflow(which, to);
            }
            let Some(totals) = shared.overflow.totals() else { return };
            // Content alone may have found no room.
            if totals.requests() > 0 || which == 3 {
                let labels: SmallVec<[(&str, &str); 8]> = REQUESTS.labels.iter().map(|name| (*name, OTHER)).collect();
                tell(which, &labels, &totals, to);
            }
        }
    }

    /// All requests that are over, by class of status. Never falls but for one look: a route that goes is missed for the
    /// moment of its going.
    pub(super) fn classes(&self) -> [u64; CLASSES] {
        let mut classes = self.shared.overflow_classes.totals().unwrap_or_default();
        for meter in self.alive() {
            meter.each(|row, totals| {
                let class = &mut classes[usize::from(row.class)];
                *class = class.wrapping_add(totals.requests());
            });
        }
        for (class, gone) in classes.iter_mut().zip(&self.shared.gone) {
            *class = class.wrapping_add(gone.load(Ordering::Relaxed));
        }
        classes
    }

    /// Shows all rows.
    pub(super) fn look(&self, mut to: impl FnMut(Seen<'_>)) {
        for meter in self.alive() {
            meter.each(|row, totals| {
                to(Seen {
                    route: &meter.name,
                    upstream: &row.upstream,
                    class: usize::from(row.class),
                    requests: totals.requests(),
                    durations: totals.durations(),
                });
            });
        }
    }
}
