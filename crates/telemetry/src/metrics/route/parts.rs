//! The parts of one route's aggregate that have name, upstream, state and reason in common: how many there were, how many calls
//! were made for them, and how long those took that made any.
//!
//! Rows are found and made as those of requests are, and their lines count towards the same bound.

use super::rows::bucket;
use super::{Label, OTHER};
use crate::metrics::budget::Budget;
use crate::metrics::cell::PerWorker;
use crate::metrics::families::{PART_CALLS, PART_DURATION, PARTS};
use crate::metrics::visit::{self, DURATION_BOUNDS, Histogram, SECONDS, Value, Visit};
use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use pintle_core::counters::Family;
use pintle_core::notes::{PartNote, PartNotes};
use smallvec::SmallVec;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The families, in the order in which they are told.
pub(in crate::metrics) static FAMILIES: [&Family; 3] = [&PARTS, &PART_DURATION, &PART_CALLS];

/// Where each number stands among the cells: the duration's buckets, the last of them without a bound, and its sum.
const SETTLED: usize = 0;
const CALLS: usize = 1;
const DURATION: usize = 2;
const SUM: usize = DURATION + DURATION_BOUNDS + 1;
const CELLS: usize = SUM + 1;

/// Further lines of a row with parts that made calls, beside its count: their calls, and how long they took.
const LINES_OF_CALLS: usize = 1 + visit::lines(DURATION_BOUNDS);

/// The rows of one route.
pub(super) struct PartRows {
    /// None until the first aggregate.
    rows: ArcSwapOption<Vec<Row>>,
}

/// What the rows of all routes have in common.
pub(super) struct SharedParts {
    workers: usize,
    budget: Arc<Budget>,
    /// Held while rows come and go.
    changing: Mutex<()>,
    /// All that has no row of its own.
    overflow: PerWorker<CELLS>,
}

#[derive(Clone)]
struct Row {
    part: Arc<str>,
    upstream: Arc<str>,
    state: &'static str,
    /// Empty where it did not fail.
    reason: &'static str,
    numbers: Arc<Numbers>,
}

/// The numbers of a row. Its place in the budget is given back when it goes.
struct Numbers {
    cells: PerWorker<CELLS>,
    /// Whether the lines of calls have found room; decided by the first part that made any.
    has_calls: OnceLock<bool>,
    budget: Arc<Budget>,
}

impl Drop for Numbers {
    fn drop(&mut self) {
        let calls = if self.has_calls.get() == Some(&true) { LINES_OF_CALLS } else { 0 };
        self.budget.give(1 + calls);
    }
}

impl Numbers {
    fn count(&self, calls: u32, duration: Option<Duration>, shared: &SharedParts) {
        self.cells.mine().add(SETTLED, 1);
        if duration.is_some() {
            let has_room = *self.has_calls.get_or_init(|| self.budget.take(LINES_OF_CALLS));
            add_calls(if has_room { &self.cells } else { &shared.overflow }, calls, duration);
        }
    }
}

impl SharedParts {
    pub(super) fn new(workers: usize, budget: Arc<Budget>) -> Self {
        SharedParts { workers, budget, changing: Mutex::new(()), overflow: PerWorker::new(workers) }
    }

    /// Tells the series of all that has no row of its own, of one of [`FAMILIES`].
    pub(super) fn visit_overflow(&self, which: usize, to: &mut dyn Visit) {
        let Some(totals) = self.overflow.totals() else { return };
        let labels: SmallVec<[(&str, &str); 8]> = PARTS.labels.iter().map(|name| (*name, OTHER)).collect();
        tell(which, &labels, &totals, to);
    }
}

impl PartRows {
    pub(super) const fn new() -> Self {
        PartRows { rows: ArcSwapOption::const_empty() }
    }

    /// Counts the parts of a request that is over. Once their rows are there that costs some additions to cells of this worker.
    pub(super) fn count(&self, parts: &PartNotes, shared: &SharedParts, now: Instant) {
        parts.with(|parts| parts.iter().for_each(|part| self.count_one(part, shared, now)));
    }

    fn count_one(&self, part: &PartNote, shared: &SharedParts, now: Instant) {
        let duration = part.duration(now);
        if let Some(row) = self.rows.load().as_ref().and_then(|rows| rows.iter().find(|row| row.is(part))) {
            return row.numbers.count(part.made, duration, shared);
        }
        match self.add(part, shared) {
            Some(numbers) => numbers.count(part.made, duration, shared),
            None => {
                shared.overflow.mine().add(SETTLED, 1);
                add_calls(&shared.overflow, part.made, duration);
            }
        }
    }

    /// Makes a row, if there is room for its series.
    fn add(&self, part: &PartNote, shared: &SharedParts) -> Option<Arc<Numbers>> {
        // Before the lock: past the bound every request comes here.
        if !shared.budget.take(1) {
            return None;
        }
        let (cells, budget) = (PerWorker::new(shared.workers), Arc::clone(&shared.budget));
        let numbers = Arc::new(Numbers { cells, has_calls: OnceLock::new(), budget });
        let _changing = shared.changing.lock();
        let before = self.rows.load_full();
        let rows = before.as_deref().map_or(&[][..], Vec::as_slice);
        if let Some(row) = rows.iter().find(|row| row.is(part)) {
            // Another worker was first.
            return Some(Arc::clone(&row.numbers));
        }
        let (name, upstream) = (Arc::clone(&part.name), Arc::clone(&part.upstream));
        let reason = part.reason.unwrap_or_default();
        let row = Row { part: name, upstream, state: part.state, reason, numbers: Arc::clone(&numbers) };
        self.rows.store(Some(Arc::new(rows.iter().cloned().chain([row]).collect())));
        Some(numbers)
    }

    /// Lets go of the rows of upstreams that are no more.
    pub(super) fn sweep(&self, has_upstream: impl Fn(&str) -> bool, shared: &SharedParts) {
        let is_alive = |row: &&Row| has_upstream(&row.upstream);
        let Some(before) = self.rows.load_full() else { return };
        if before.iter().all(|row| is_alive(&row)) {
            return;
        }
        let _changing = shared.changing.lock();
        let rows: Vec<Row> = self.rows.load().iter().flat_map(|rows| rows.iter()).filter(is_alive).cloned().collect();
        self.rows.store(Some(rows).filter(|rows| !rows.is_empty()).map(Arc::new));
    }

    /// Tells its series of one of [`FAMILIES`].
    pub(super) fn visit(&self, which: usize, route: &str, more: &[Label], to: &mut dyn Visit) {
        for row in self.rows.load().iter().flat_map(|rows| rows.iter()) {
            let Some(totals) = row.numbers.cells.totals() else { continue };
            let mut labels: SmallVec<[(&str, &str); 8]> = SmallVec::new();
            labels.extend([
                ("route", route),
                ("part", &*row.part),
                ("upstream", &*row.upstream),
                ("state", row.state),
                ("reason", row.reason),
            ]);
            labels.extend(more.iter().map(|(name, value)| (&**name, &**value)));
            tell(which, &labels, &totals, to);
        }
    }
}

impl Row {
    fn is(&self, part: &PartNote) -> bool {
        *self.part == *part.name
            && self.state == part.state
            && self.reason == part.reason.unwrap_or_default()
            && *self.upstream == *part.upstream
    }
}

/// Counts the calls of a part that made any.
fn add_calls(cells: &PerWorker<CELLS>, calls: u32, duration: Option<Duration>) {
    let Some(duration) = duration else { return };
    let cells = cells.mine();
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    cells.add(CALLS, calls.into());
    cells.add(DURATION + bucket(&SECONDS, micros), 1);
    cells.add(SUM, micros);
}

fn tell(which: usize, labels: &[(&str, &str)], totals: &[u64; CELLS], to: &mut dyn Visit) {
    let buckets = &totals[DURATION..SUM];
    let value = match which {
        0 if totals[SETTLED] == 0 => return,
        0 => Value::Count(totals[SETTLED]),
        // One that makes no calls takes no time.
        _ if buckets.iter().all(|bucket| *bucket == 0) => return,
        1 => Value::Histogram(Histogram { bounds: &SECONDS, buckets, sum: totals[SUM] }),
        _ => Value::Count(totals[CALLS]),
    };
    to.sample(FAMILIES[which], labels, value);
}
