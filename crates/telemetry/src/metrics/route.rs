//! Requests by listener, route, method and status class, and how long they took by route.

mod render;
mod rows;

use super::cell::PerWorker;
use super::held::Held;
use super::{Budget, ListenerMeter, OTHER, text};
use parking_lot::Mutex;
use pintle_core::{Method, StatusCode};
use rows::{CLASSES, Row, Rows};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the duration's buckets in microseconds, with their text in seconds.
pub(super) const BOUNDS: [(u64, &str); 14] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
];
/// After the buckets, the last of them without a bound, stands the sum of microseconds.
const SUM: usize = BOUNDS.len() + 1;
/// Buckets, sum and count, as a scrape has them.
const HISTOGRAM_SERIES: usize = SUM + 2;

/// The methods that have series of their own (RFC 9110 9, RFC 5789); others count as the last.
const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", OTHER];

/// The numbers of one route.
pub struct RouteMeter {
    /// The escaped name.
    label: Box<str>,
    rows: Rows,
    durations: PerWorker<{ SUM + 1 }>,
    /// Whether the durations have found room in the budget.
    has_durations: AtomicBool,
    /// Where its series are counted, and what counts for it when there is no room; none for `_OTHER` itself.
    bound: Option<(Arc<Budget>, Arc<RouteMeter>)>,
    /// Where its requests are counted on when it is gone.
    gone: Arc<[AtomicU64; CLASSES]>,
}

impl RouteMeter {
    fn new(
        name: &str,
        workers: usize,
        bound: Option<(Arc<Budget>, Arc<RouteMeter>)>,
        gone: Arc<[AtomicU64; CLASSES]>,
    ) -> Self {
        RouteMeter {
            label: text::escaped(name),
            rows: Rows::new(workers),
            durations: PerWorker::new(workers),
            has_durations: AtomicBool::new(false),
            bound,
            gone,
        }
    }

    /// Its requests by class of status.
    fn classes(&self) -> [u64; CLASSES] {
        let rows = self.rows.iter().filter_map(|row| row.cells.totals());
        rows.fold([0; CLASSES], |sum, row| std::array::from_fn(|class| sum[class].wrapping_add(row[class])))
    }

    /// Counts a request that is over: `duration` is from its head to the answer's last byte.
    pub fn count(&self, listener: &ListenerMeter, method: &Method, status: StatusCode, duration: Duration) {
        let class = (usize::from(status.as_u16()) / 100).clamp(1, CLASSES) - 1;
        self.count_request(listener.slot(), method_index(method), class);
        self.count_duration(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    fn count_request(&self, listener: u32, method: usize, class: usize) {
        let row = match &self.bound {
            None => Some(self.rows.get_or_add(listener, method)),
            Some((budget, _)) => self.admit(budget, listener, method, class),
        };
        match (row, &self.bound) {
            (Some(row), _) => row.cells.mine().add(class, 1),
            // `_OTHER` listener as well: overflow is few series, whatever it counts.
            (None, Some((_, other))) => other.count_request(0, method, class),
            (None, None) => {}
        }
    }

    /// The row of a series that has room in the budget.
    fn admit(&self, budget: &Budget, listener: u32, method: usize, class: usize) -> Option<&Row> {
        let found = self.rows.get(listener, method);
        if let Some(row) = found
            && row.is_admitted(class)
        {
            return Some(row);
        }
        if !budget.take(1) {
            return None;
        }
        let row = found.unwrap_or_else(|| self.rows.get_or_add(listener, method));
        if !row.admit(class) {
            // Another worker was first.
            budget.give(1);
        }
        Some(row)
    }

    fn count_duration(&self, micros: u64) {
        if let Some((budget, other)) = &self.bound
            && !self.has_durations.load(Ordering::Relaxed)
        {
            if !budget.take(HISTOGRAM_SERIES) {
                return other.count_duration(micros);
            }
            if self.has_durations.swap(true, Ordering::Relaxed) {
                budget.give(HISTOGRAM_SERIES);
            }
        }
        let bucket = BOUNDS.iter().position(|&(bound, _)| micros <= bound).unwrap_or(BOUNDS.len());
        let cells = self.durations.mine();
        cells.add(bucket, 1);
        cells.add(SUM, micros);
    }
}

impl Drop for RouteMeter {
    fn drop(&mut self) {
        for (gone, count) in self.gone.iter().zip(self.classes()) {
            gone.fetch_add(count, Ordering::Relaxed);
        }
        if let Some((budget, _)) = &self.bound {
            let durations = if *self.has_durations.get_mut() { HISTOGRAM_SERIES } else { 0 };
            budget.give(self.rows.iter().map(Row::series).sum::<usize>() + durations);
        }
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
    workers: usize,
    budget: Arc<Budget>,
    other: Arc<RouteMeter>,
    meters: Mutex<Held<RouteMeter>>,
    /// Requests of routes that are no more, by class of status.
    gone: Arc<[AtomicU64; CLASSES]>,
}

impl Routes {
    pub(super) fn new(workers: usize, budget: Arc<Budget>) -> Self {
        let gone = Arc::default();
        let other = Arc::new(RouteMeter::new(OTHER, workers, None, Arc::clone(&gone)));
        Routes { workers, budget, other, meters: Mutex::new(Held::new()), gone }
    }

    pub(super) fn get(&self, name: &str) -> Arc<RouteMeter> {
        let mut meters = self.meters.lock();
        meters.get(name).unwrap_or_else(|| {
            let bound = Some((self.budget.clone(), self.other.clone()));
            meters.add(name, RouteMeter::new(name, self.workers, bound, Arc::clone(&self.gone)))
        })
    }

    /// All requests that are over, by class of status. Never falls but for one look: a route that goes is missed for the
    /// moment of its going.
    pub(super) fn classes(&self) -> [u64; CLASSES] {
        let alive = self.alive();
        let gone: [u64; CLASSES] = std::array::from_fn(|class| self.gone[class].load(Ordering::Relaxed));
        let counts = alive.iter().map(|meter| meter.classes());
        counts.fold(gone, |sum, counts| std::array::from_fn(|class| sum[class].wrapping_add(counts[class])))
    }

    fn alive(&self) -> Vec<Arc<RouteMeter>> {
        let mut alive = self.meters.lock().alive();
        alive.push(self.other.clone());
        alive
    }

    /// Shows what each route has come to: its name, its requests by class of status, and its buckets of durations.
    pub(super) fn look(&self, mut to: impl FnMut(&str, [u64; CLASSES], &[u64])) {
        for meter in self.alive() {
            if let Some(durations) = meter.durations.totals() {
                to(&meter.label, meter.classes(), &durations[..SUM]);
            }
        }
    }
}
