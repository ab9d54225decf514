//! How many of something there were of late: counts by worker over a time that slides in ten steps. Counting writes no cache
//! line that another worker writes; adding up reads all of them, and is for the rare moments when something has failed.

use pintle_core::worker;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// In how many steps the time slides.
const STEPS: usize = 10;

/// Two counts over the latest time.
#[derive(Debug)]
pub(crate) struct Window {
    step: u64,
    workers: Box<[Steps]>,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Steps([Step; STEPS]);

#[derive(Debug, Default)]
struct Step {
    /// Which step of all time it holds.
    number: AtomicU64,
    counts: [AtomicU32; 2],
}

/// Which of the two counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    First = 0,
    Second = 1,
}

impl Window {
    /// A window of so many milliseconds.
    pub(crate) fn new(millis: u64) -> Self {
        let workers = (0..worker::count()).map(|_| Steps::default()).collect();
        Window { step: (millis / STEPS as u64).max(1), workers }
    }

    pub(crate) fn add(&self, count: Count, now: u64) {
        let number = now / self.step;
        let steps = &self.workers[worker::index() % self.workers.len()];
        let step = &steps.0[number as usize % STEPS];
        // Threads that are no workers share the place of one: a count may get lost there, which does no harm.
        if step.number.load(Ordering::Relaxed) != number {
            step.counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
            step.number.store(number, Ordering::Relaxed);
        }
        step.counts[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Both counts over the whole time.
    pub(crate) fn sums(&self, now: u64) -> [u64; 2] {
        self.since(now, STEPS as u64)
    }

    /// Both counts over the latest step.
    pub(crate) fn latest(&self, now: u64) -> [u64; 2] {
        self.since(now, 1)
    }

    fn since(&self, now: u64, steps: u64) -> [u64; 2] {
        let last = now / self.step;
        let recent = |step: &&Step| {
            let number = step.number.load(Ordering::Relaxed);
            number <= last && last - number < steps
        };
        let mut sums = [0; 2];
        for step in self.workers.iter().flat_map(|steps| &steps.0).filter(recent) {
            for (sum, count) in sums.iter_mut().zip(&step.counts) {
                *sum += u64::from(count.load(Ordering::Relaxed));
            }
        }
        sums
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        for step in self.workers.iter().flat_map(|steps| &steps.0) {
            step.counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_past_counts_no_more() {
        let window = Window::new(10_000);
        for second in 0..10 {
            window.add(Count::First, 100_000 + second * 1000);
        }
        window.add(Count::Second, 109_000);
        assert_eq!(window.sums(109_999), [10, 1]);
        assert_eq!(window.latest(109_999), [1, 1]);
        assert_eq!(window.sums(110_000), [9, 1]);
        assert_eq!(window.sums(119_000), [0, 0]);
        // The place of a step is used again.
        window.add(Count::First, 120_500);
        assert_eq!(window.sums(120_500), [1, 0]);
        window.clear();
        assert_eq!(window.sums(120_500), [0, 0]);
    }
}
