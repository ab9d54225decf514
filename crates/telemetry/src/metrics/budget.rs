//! How many series there may be, and are. A series is one line of a scrape: a histogram is as many as it has buckets, and
//! two.

use crate::log;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How many series there may be, are, and were asked for in vain.
pub(crate) struct Budget {
    most: AtomicUsize,
    used: AtomicUsize,
    refused: AtomicUsize,
    /// Whether it was said that there are no more.
    told: AtomicBool,
}

impl Budget {
    pub(super) fn new(most: usize) -> Self {
        Budget {
            most: AtomicUsize::new(most),
            used: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            told: AtomicBool::new(false),
        }
    }

    /// Takes room for so many series, or none.
    pub(super) fn take(&self, series: usize) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        let taken = self.used.try_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(series).filter(|&used| used <= most)
        });
        if taken.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            // Where there may be none, a configuration is only looked at.
            if most > 0 && !self.told.swap(true, Ordering::Relaxed) {
                log::warn(format_args!(
                    "telemetry.metrics.max_series: there are {most} series, so what is new is counted as `_OTHER`"
                ));
            }
        }
        taken.is_ok()
    }

    pub(super) fn give(&self, series: usize) {
        self.used.fetch_sub(series, Ordering::Relaxed);
    }

    /// Changes how many there may be. Those that there are stay.
    pub(super) fn set(&self, most: usize) {
        // With another bound it may be said again.
        if self.most.swap(most, Ordering::Relaxed) != most {
            self.told.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// How often there was no room.
    pub(super) fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}
