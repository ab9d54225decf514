//! Numbers with one cell a worker.

use pintle_core::worker;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// `N` numbers of one worker, on cache lines that nobody else writes.
#[repr(align(64))]
struct Line<const N: usize>([AtomicU64; N]);

/// `N` numbers, each counted by worker. A worker's cells are made when it first counts: what is never hit costs a
/// pointer a worker. Sums wrap, so that one worker may take away what another added.
pub(crate) struct PerWorker<const N: usize> {
    lines: Box<[OnceLock<Box<Line<N>>>]>,
}

/// The cells of the current thread.
pub(crate) struct Mine<'c, const N: usize> {
    cells: &'c [AtomicU64; N],
}

impl<const N: usize> PerWorker<N> {
    pub(crate) fn new(workers: usize) -> Self {
        PerWorker { lines: (0..workers.max(1)).map(|_| OnceLock::new()).collect() }
    }

    /// The cells that the current thread may add to.
    pub(crate) fn mine(&self) -> Mine<'_, N> {
        let line = self.lines.get(worker::index()).unwrap_or(&self.lines[0]);
        let line = line.get_or_init(|| Box::new(Line([const { AtomicU64::new(0) }; N])));
        Mine { cells: &line.0 }
    }

    /// The numbers of each worker that ever counted.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, [u64; N])> {
        let lines = self.lines.iter().enumerate().filter_map(|(worker, line)| Some((worker, line.get()?)));
        lines.map(|(worker, line)| (worker, std::array::from_fn(|at| line.0[at].load(Ordering::Relaxed))))
    }

    /// Each number over all workers; none if nothing was ever counted.
    pub(crate) fn totals(&self) -> Option<[u64; N]> {
        let mut totals = None;
        for line in self.lines.iter().filter_map(OnceLock::get) {
            let totals = totals.get_or_insert([0u64; N]);
            for (total, cell) in totals.iter_mut().zip(&line.0) {
                *total = total.wrapping_add(cell.load(Ordering::Relaxed));
            }
        }
        totals
    }
}

impl<const N: usize> Mine<'_, N> {
    /// Adds to one of the numbers; a negative amount as its two's complement.
    pub(crate) fn add(&self, index: usize, amount: u64) {
        // Threads that are no worker share the cells of worker 0; else a load and a store would do.
        self.cells[index].fetch_add(amount, Ordering::Relaxed);
    }
}
