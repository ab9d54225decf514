//! The circuit breaker: whether an upstream is asked at all.
//!
//! One number holds its state over all workers: 0 while it is closed, else the moment when the next request may try. Who
//! takes that moment moves it on by a trial's time, so one request at a time goes through, and one whose client hangs up
//! holds the place no longer than that.

use crate::clock;
use crate::settings::BreakerConfig;
use crate::window::{Count, Window};
use pintle_core::config::Share;
use pintle_core::{Reason, Refusal, names};
use std::sync::atomic::{AtomicU64, Ordering};

/// A circuit breaker.
#[derive(Debug)]
pub(crate) struct Breaker {
    config: BreakerConfig,
    /// Requests and failures.
    window: Window,
    next: AtomicU64,
}

/// How a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    Freely,
    /// The breaker is open, and what becomes of this one decides whether it stays so.
    AsTrial,
}

/// What a request's end did to the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    None,
    Opened,
    Closed,
}

impl Breaker {
    pub(crate) fn new(config: BreakerConfig) -> Self {
        Breaker { config, window: Window::new(clock::span(config.within)), next: AtomicU64::new(0) }
    }

    /// Whether it was made of these settings.
    pub(crate) fn is_of(&self, config: BreakerConfig) -> bool {
        self.config == config
    }

    /// Whether nobody is asked, trials apart.
    pub(crate) fn is_open(&self) -> bool {
        self.next.load(Ordering::Relaxed) != 0
    }

    /// Lets a request through, or refuses it. One that goes through alone may take `trial` milliseconds before another one
    /// may, or as long as the breaker stays open for one failure, if that is less.
    pub(crate) fn admit(&self, now: u64, trial: u64) -> Result<Admitted, Refusal> {
        let next = self.next.load(Ordering::Relaxed);
        if next == 0 {
            return Ok(Admitted::Freely);
        }
        let after = now + trial.min(clock::span(self.config.time));
        if next <= now && self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            return Ok(Admitted::AsTrial);
        }
        let wait = next.saturating_sub(now).div_ceil(1000).max(1);
        Err(Refusal::new(Reason::BreakerOpen).field(names::RETRY_AFTER, wait.to_string()))
    }

    /// Takes what an endpoint's answer, or the lack of one, says of the upstream.
    pub(crate) fn told(&self, admitted: Admitted, failed: bool, now: u64) -> Turn {
        if self.is_open() {
            // Those that were under way when it opened say nothing new.
            return match failed {
                _ if admitted == Admitted::Freely => Turn::None,
                true => {
                    self.next.store(now + clock::span(self.config.time), Ordering::Relaxed);
                    Turn::None
                }
                false => {
                    self.window.clear();
                    let before = self.next.swap(0, Ordering::Relaxed);
                    if before == 0 { Turn::None } else { Turn::Closed }
                }
            };
        }
        self.window.add(Count::First, now);
        if !failed {
            return Turn::None;
        }
        self.window.add(Count::Second, now);
        let [all, failures] = self.window.sums(now);
        let bad = failures * u64::from(Share::ALL.millionths()) >= all * u64::from(self.config.open_at.millionths());
        if all < u64::from(self.config.of) || !bad {
            return Turn::None;
        }
        let until = now + clock::span(self.config.time);
        match self.next.compare_exchange(0, until, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Turn::Opened,
            Err(_) => Turn::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::config::Text;
    use std::time::Duration;

    fn breaker() -> Breaker {
        Breaker::new(BreakerConfig {
            open_at: Share::parse("50%").expect("a share"),
            of: 4,
            within: Duration::from_secs(10),
            time: Duration::from_secs(15),
        })
    }

    #[test]
    fn it_opens_at_its_share_of_enough_requests() {
        let breaker = breaker();
        for (failed, turn) in [(true, Turn::None), (true, Turn::None), (false, Turn::None), (true, Turn::Opened)] {
            let admitted = breaker.admit(1000, 100).expect("it is closed");
            assert_eq!(breaker.told(admitted, failed, 1000), turn);
        }
        for failed in [true, false] {
            assert_eq!(breaker.told(Admitted::Freely, failed, 1400), Turn::None, "one that was under way");
        }
        let refusal = breaker.admit(1500, 100).expect_err("it is open");
        assert_eq!(refusal.reason, Reason::BreakerOpen);
        let fields = refusal.fields.expect("fields");
        assert_eq!(fields.get_str(names::RETRY_AFTER), Some("15"));
    }

    #[test]
    fn one_request_at_a_time_tries_and_its_answer_decides() {
        let breaker = breaker();
        for _ in 0..4 {
            breaker.told(Admitted::Freely, true, 1000);
        }
        assert!(breaker.admit(15_999, 100).is_err());
        assert!(breaker.admit(16_000, 100).is_ok());
        assert!(breaker.admit(16_000, 100).is_err(), "one at a time");
        assert!(breaker.admit(16_100, 100).is_ok(), "the one before was lost");
        assert_eq!(breaker.told(Admitted::AsTrial, true, 16_200), Turn::None);
        assert!(breaker.admit(31_199, 100).is_err(), "open for as long again");
        assert!(breaker.admit(31_200, 100).is_ok());
        assert_eq!(breaker.told(Admitted::AsTrial, false, 31_300), Turn::Closed);
        assert!(breaker.admit(31_300, 100).is_ok() && breaker.admit(31_300, 100).is_ok());
        assert_eq!(breaker.told(Admitted::Freely, true, 31_400), Turn::None, "what was before is forgotten");
    }
}
