//! The requests of one route: a row for each listener and method that it has seen.

use crate::metrics::cell::PerWorker;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// 1xx to 5xx.
pub(super) const CLASSES: usize = 5;

/// A list that only grows, read without a lock. It is short: a route sees two or three methods on one or two listeners.
pub(super) struct Rows {
    workers: usize,
    first: OnceLock<Box<Row>>,
}

/// The requests by one listener and method, by status class.
pub(super) struct Row {
    pub(super) listener: u32,
    pub(super) method: usize,
    pub(super) cells: PerWorker<CLASSES>,
    /// A bit for each class that has found room in the budget.
    admitted: AtomicU8,
    next: OnceLock<Box<Row>>,
}

impl Rows {
    pub(super) fn new(workers: usize) -> Self {
        Rows { workers, first: OnceLock::new() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        std::iter::successors(self.first.get(), |row| row.next.get()).map(|row| &**row)
    }

    pub(super) fn get(&self, listener: u32, method: usize) -> Option<&Row> {
        self.iter().find(|row| row.listener == listener && row.method == method)
    }

    pub(super) fn get_or_add(&self, listener: u32, method: usize) -> &Row {
        let mut place = &self.first;
        loop {
            // When two threads add at once, the later one finds the other's row here and goes on.
            let row = place.get_or_init(|| {
                let (cells, admitted, next) = (PerWorker::new(self.workers), AtomicU8::new(0), OnceLock::new());
                Box::new(Row { listener, method, cells, admitted, next })
            });
            if row.listener == listener && row.method == method {
                return row;
            }
            place = &row.next;
        }
    }
}

impl Row {
    pub(super) fn is_admitted(&self, class: usize) -> bool {
        self.admitted.load(Ordering::Relaxed) & (1 << class) != 0
    }

    /// Marks the class; false if it was already.
    pub(super) fn admit(&self, class: usize) -> bool {
        self.admitted.fetch_or(1 << class, Ordering::Relaxed) & (1 << class) == 0
    }

    /// How many series have found room.
    pub(super) fn series(&self) -> usize {
        self.admitted.load(Ordering::Relaxed).count_ones() as usize
    }
}
