//! The requests of one route that have listener, upstream, method and class of status in common: how many there were, how
//! long they took, and how much was sent both ways.

use super::Shared;
use crate::metrics::cell::PerWorker;
use crate::metrics::visit::{self, BYTES, Bounds, DURATION_BOUNDS, Histogram, SECONDS, SIZE_BOUNDS};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// 1xx to 5xx.
pub(crate) const CLASSES: usize = 5;

/// Where each histogram stands among the cells: its buckets, the last of them without a bound, then its sum.
const DURATION: usize = 0;
const SENT: usize = DURATION + DURATION_BOUNDS + 2;
const RECEIVED: usize = SENT + SIZE_BOUNDS + 2;
const CELLS: usize = RECEIVED + SIZE_BOUNDS + 2;

/// Lines of a row: its count, durations, and what was sent.
pub(super) const LINES: usize = 1 + visit::lines(DURATION_BOUNDS) + visit::lines(SIZE_BOUNDS);
/// Further lines of a row with requests that had content: most have none.
pub(super) const LINES_OF_CONTENT: usize = visit::lines(SIZE_BOUNDS);

/// Whether the lines of requests' content have found room.
const UNKNOWN: u8 = 0;
const ADMITTED: u8 = 1;
const REFUSED: u8 = 2;

/// What a request came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) duration: Duration,
    /// Bytes of content that the client sent.
    pub(crate) received: u64,
    /// Bytes of content that the client got.
    pub(crate) sent: u64,
}

/// Which requests a row is about.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) listener: u32,
    pub(super) method: u8,
    pub(super) class: u8,
    /// Empty where none was asked.
    pub(super) upstream: Arc<str>,
    pub(super) numbers: Arc<Numbers>,
}

impl Row {
    pub(super) fn is(&self, listener: u32, method: usize, class: usize, upstream: &str) -> bool {
        self.listener == listener
            && usize::from(self.method) == method
            && usize::from(self.class) == class
            && *self.upstream == *upstream
    }
}

/// The numbers of a row. Its place in the budget is given back when it goes.
pub(super) struct Numbers {
    cells: PerWorker<CELLS>,
    content: AtomicU8,
    /// Its class, and where its lines are counted; none for what has no room of its own.
    counted: Option<(usize, Arc<Shared>)>,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Numbers")
    }
}

/// What a row has counted.
pub(super) struct Totals([u64; CELLS]);

impl Numbers {
    /// Those of a row for which [`LINES`] were taken from the budget.
    pub(super) fn new(workers: usize, class: usize, shared: Arc<Shared>) -> Self {
        Numbers { cells: PerWorker::new(workers), content: AtomicU8::new(UNKNOWN), counted: Some((class, shared)) }
    }

    /// Those of all that has no room.
    pub(super) fn of_overflow(workers: usize) -> Self {
        Numbers { cells: PerWorker::new(workers), content: AtomicU8::new(ADMITTED), counted: None }
    }

    pub(super) fn count(&self, size: &Size) {
        let micros = u64::try_from(size.duration.as_micros()).unwrap_or(u64::MAX);
        let cells = self.cells.mine();
        cells.add(DURATION + bucket(&SECONDS, micros), 1);
        cells.add(DURATION + DURATION_BOUNDS + 1, micros);
        cells.add(SENT + bucket(&BYTES, size.sent), 1);
        cells.add(SENT + SIZE_BOUNDS + 1, size.sent);
        if size.received > 0 {
            self.count_content(size.received);
        }
    }

    fn count_content(&self, received: u64) {
        if let Some((_, shared)) = &self.counted
            && !self.admits_content(shared)
        {
            return shared.overflow.count_content(received);
        }
        let cells = self.cells.mine();
        cells.add(RECEIVED + bucket(&BYTES, received), 1);
        cells.add(RECEIVED + SIZE_BOUNDS + 1, received);
    }

    /// Whether requests' content has lines here. That is decided once: a number that moved to another series would look
    /// like two.
    fn admits_content(&self, shared: &Shared) -> bool {
        let known = self.content.load(Ordering::Relaxed);
        if known != UNKNOWN {
            return known == ADMITTED;
        }
        let is = if shared.budget.take(LINES_OF_CONTENT) { ADMITTED } else { REFUSED };
        match self.content.compare_exchange(UNKNOWN, is, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => is == ADMITTED,
            // Another worker was first.
            Err(first) => {
                if is == ADMITTED {
                    shared.budget.give(LINES_OF_CONTENT);
                }
                first == ADMITTED
            }
        }
    }

    /// None if nothing was ever counted.
    pub(super) fn totals(&self) -> Option<Totals> {
        self.cells.totals().map(Totals)
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        let Some((class, shared)) = &self.counted else { return };
        if let Some(totals) = self.totals() {
            shared.gone[*class].fetch_add(totals.requests(), Ordering::Relaxed);
        }
        let content = if *self.content.get_mut() == ADMITTED { LINES_OF_CONTENT } else { 0 };
        shared.budget.give(LINES + content);
    }
}

impl Totals {
    pub(super) fn requests(&self) -> u64 {
        self.durations().iter().fold(0, |sum, bucket| sum.wrapping_add(*bucket))
    }

    /// The buckets of durations.
    pub(super) fn durations(&self) -> &[u64] {
        &self.0[DURATION..=DURATION + DURATION_BOUNDS]
    }

    pub(super) fn duration(&self) -> Histogram<'_> {
        self.histogram(&SECONDS, DURATION)
    }

    pub(super) fn sent(&self) -> Histogram<'_> {
        self.histogram(&BYTES, SENT)
    }

    /// None where no request had content.
    pub(super) fn received(&self) -> Option<Histogram<'_>> {
        let histogram = self.histogram(&BYTES, RECEIVED);
        histogram.buckets.iter().any(|bucket| *bucket > 0).then_some(histogram)
    }

    fn histogram(&self, bounds: &'static Bounds, at: usize) -> Histogram<'_> {
        let sum = at + bounds.upper.len() + 1;
        Histogram { bounds, buckets: &self.0[at..sum], sum: self.0[sum] }
    }
}

/// Which bucket a value falls into.
pub(super) fn bucket(bounds: &Bounds, value: u64) -> usize {
    bounds.upper.iter().position(|(upper, _)| value <= *upper).unwrap_or(bounds.upper.len())
}
