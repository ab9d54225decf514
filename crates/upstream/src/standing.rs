//! How an endpoint stands: what is under way to it, whether it is well, how fast it answers. Shared by all workers, and taken
//! over as long as the endpoint's address stays in the configuration, whatever else of it changes.

use crate::clock;
use crate::settings::{CheckConfig, EjectConfig};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// The time over which an answer's time is forgotten, in milliseconds.
const DECAY: f64 = 10_000.0;

/// How an endpoint stands.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Counts what changes whom requests go to; an upstream's endpoints share it.
    changes: Arc<AtomicU64>,
    active: AtomicUsize,
    /// Checks say that it is not well.
    down: AtomicBool,
    /// Good or bad answers to checks in a row, against what stands; the first one of all counts at once.
    streak: AtomicU32,
    asked: AtomicBool,
    /// No connection can be made.
    unreachable: AtomicBool,
    /// Failed requests in a row.
    failures: AtomicU32,
    /// Until when it is out for failures, or by its own word (Retry-After).
    out_until: AtomicU64,
    /// When it came new or back; 0 for those of the beginning.
    back_since: AtomicU64,
    pace: Mutex<Pace>,
}

/// The time of answers: a peak that decays.
#[derive(Debug, Default)]
struct Pace {
    micros: f64,
    at: u64,
}

/// What a check changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Same,
    Up,
    Down,
}

impl Standing {
    pub(crate) fn new(changes: Arc<AtomicU64>, back_since: u64) -> Self {
        Standing {
            changes,
            active: AtomicUsize::new(0),
            down: AtomicBool::new(false),
            streak: AtomicU32::new(0),
            asked: AtomicBool::new(false),
            unreachable: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            out_until: AtomicU64::new(0),
            back_since: AtomicU64::new(back_since),
            pace: Mutex::default(),
        }
    }

    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.active.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether checks say that it is not well.
    pub(crate) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// Whether no connection could be made, and none could since.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.unreachable.load(Ordering::Relaxed)
    }

    /// Until when it is out; in the past where it is not.
    pub(crate) fn out_until(&self) -> u64 {
        self.out_until.load(Ordering::Relaxed)
    }

    /// When it came new or back.
    pub(crate) fn back_since(&self) -> u64 {
        self.back_since.load(Ordering::Relaxed)
    }

    /// Takes the answer to a check.
    pub(crate) fn checked(&self, good: bool, config: &CheckConfig, now: u64) -> Health {
        let first = !self.asked.swap(true, Ordering::Relaxed);
        let down = self.is_down();
        if good != down {
            self.streak.store(0, Ordering::Relaxed);
            return Health::Same;
        }
        let streak = self.streak.fetch_add(1, Ordering::Relaxed) + 1;
        let wanted = if good { config.up_after } else { config.down_after };
        if streak < wanted && !first {
            return Health::Same;
        }
        self.streak.store(0, Ordering::Relaxed);
        if good {
            self.failures.store(0, Ordering::Relaxed);
            self.out_until.store(0, Ordering::Relaxed);
            self.back_since.store(now, Ordering::Relaxed);
        }
        self.down.store(!good, Ordering::Relaxed);
        self.changed();
        if good { Health::Up } else { Health::Down }
    }

    /// Checks are asked no more: what they said holds no more.
    pub(crate) fn unchecked(&self) {
        self.asked.store(false, Ordering::Relaxed);
        self.streak.store(0, Ordering::Relaxed);
        if self.down.swap(false, Ordering::Relaxed) {
            self.changed();
        }
    }

    /// No connection could be made. True if that is news.
    pub(crate) fn lost(&self) -> bool {
        let news = !self.unreachable.swap(true, Ordering::Relaxed);
        if news {
            self.changed();
        }
        news
    }

    /// A connection could be made.
    pub(crate) fn reached(&self, now: u64) {
        if self.is_unreachable() && self.unreachable.swap(false, Ordering::Relaxed) {
            self.back_since.store(now, Ordering::Relaxed);
            self.changed();
        }
    }

    /// A request got an answer that is none of a failing service.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// A request failed. True if the endpoint is out by that.
    pub(crate) fn failed(&self, eject: Option<&EjectConfig>, now: u64) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let Some(eject) = eject.filter(|eject| failures >= eject.after) else { return false };
        let out = self.out_until() <= now;
        if out {
            self.rest(now + clock::span(eject.time), now);
        }
        out
    }

    /// Takes it out until then. True if it was not out before.
    pub(crate) fn rest(&self, until: u64, now: u64) -> bool {
        let before = self.out_until.fetch_max(until, Ordering::Relaxed);
        if before < until {
            self.failures.store(0, Ordering::Relaxed);
            // It comes back then, if slowly.
            self.back_since.store(until, Ordering::Relaxed);
            self.changed();
        }
        before <= now
    }

    /// Takes the time of an answer, or of the wait for one that did not come.
    pub(crate) fn took(&self, micros: u64, now: u64) {
        let micros = micros as f64;
        let mut pace = self.pace.lock();
        pace.micros = match pace.at {
            0 => micros,
            _ => micros.max(micros + (pace.micros - micros) * pace.weight(now)),
        };
        pace.at = now;
    }

    /// What one more request would cost: the time of an answer for each that is under way.
    pub(crate) fn cost(&self, now: u64) -> f64 {
        (self.pace.lock().now(now) + 1.0) * (self.active() as f64 + 1.0)
    }
}

impl Pace {
    fn weight(&self, now: u64) -> f64 {
        (-(now.saturating_sub(self.at) as f64) / DECAY).exp()
    }

    fn now(&self, now: u64) -> f64 {
        self.micros * self.weight(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::config::{Share, Text};
    use std::time::Duration;

    fn standing() -> Standing {
        Standing::new(Arc::default(), 0)
    }

    fn check() -> CheckConfig {
        let text = "{path: /healthz, up_after: 2, down_after: 3}";
        crate::testing::read(text)
    }

    fn eject() -> EjectConfig {
        let share = Share::parse("50%").expect("a share");
        EjectConfig { after: 3, time: Duration::from_secs(30), at_most: share }
    }

    #[test]
    fn the_first_check_counts_at_once_and_later_ones_in_a_row() {
        let (standing, check) = (standing(), check());
        assert_eq!(standing.checked(false, &check, 1), Health::Down);
        assert_eq!(standing.checked(true, &check, 2), Health::Same);
        assert_eq!(standing.checked(false, &check, 3), Health::Same, "the row is broken");
        assert_eq!(standing.checked(true, &check, 4), Health::Same);
        assert_eq!(standing.checked(true, &check, 5), Health::Up);
        assert_eq!(standing.back_since(), 5);
        for good in [false, false, true, false, false] {
            assert_eq!(standing.checked(good, &check, 6), Health::Same);
        }
        assert_eq!(standing.checked(false, &check, 7), Health::Down);
        standing.unchecked();
        assert!(!standing.is_down());
    }

    #[test]
    fn failures_in_a_row_take_it_out_for_a_time() {
        let (standing, eject) = (standing(), eject());
        assert!(!standing.failed(Some(&eject), 1000) && !standing.failed(Some(&eject), 1000));
        standing.succeeded();
        assert!(!standing.failed(Some(&eject), 1000) && !standing.failed(Some(&eject), 1000));
        assert!(standing.failed(Some(&eject), 1000));
        assert_eq!(standing.out_until(), 31_000);
        assert!((0..10).all(|_| !standing.failed(None, 1000)), "nothing is out unless it is asked for");
    }

    #[test]
    fn a_slow_answer_weighs_at_once_and_is_forgotten_slowly() {
        let standing = standing();
        standing.took(1000, 10);
        let before = standing.cost(10);
        standing.took(100_000, 20);
        assert!(standing.cost(20) > 90.0 * before);
        standing.took(1000, 30);
        assert!(standing.cost(30) > 50.0 * before, "one fast answer does not make up for it");
        assert!(standing.cost(100_000) < before);
    }
}
