//! The arithmetic of GCRA: what a request's cost does to a debt. Knows no clock, no key and no table.
//!
//! A limit lets through `rate`, and up to `burst` at once: a bucket that holds `burst` and is filled by `rate`. Kept is
//! one number, the moment at which the bucket will be full again (the theoretical arrival time, `tat`); how far that is
//! ahead of now is the debt.

use pintle_core::config::Rate;
use std::num::NonZeroU32;
use std::time::Duration;

/// A moment or a length of time: sixteenths of a nanosecond, since the process' first look at its clock where it is a
/// moment. So fine that four billion in a second can be told apart, and wide enough for 36 years.
pub(crate) type Ticks = u64;

/// So many ticks a nanosecond has.
pub(crate) const PER_NANO: u64 = 16;

/// Whole ticks of a length of time.
pub(crate) fn ticks(time: Duration) -> Ticks {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).saturating_mul(PER_NANO)
}

/// Whole seconds that a length of time takes, rounded up.
pub(crate) fn seconds(time: Ticks) -> u64 {
    time.div_ceil(PER_NANO * 1_000_000_000)
}

/// A limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gcra {
    /// The time in which one comes back.
    pub(crate) each: Ticks,
    /// The time in which an empty bucket fills: no debt is longer.
    pub(crate) whole: Ticks,
    /// How many go at once.
    pub(crate) burst: u32,
}

/// What a limit says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes; that is the debt with it.
    Goes(Ticks),
    /// It does not, before so much time has passed. The debt stays as it was.
    Waits {
        /// How long until it would go.
        wait: Ticks,
        /// The debt.
        debt: Ticks,
    },
    /// It costs more than the limit ever lets through at once.
    Never,
    /// Nobody knows: it does not go.
    Unknown,
}

impl Verdict {
    /// How long until it would go.
    pub(crate) fn wait(&self) -> Ticks {
        match self {
            Verdict::Goes(_) => 0,
            Verdict::Waits { wait, .. } => *wait,
            Verdict::Never | Verdict::Unknown => Ticks::MAX,
        }
    }
}

impl Gcra {
    /// A limit of that rate, with as much at once as `burst` says.
    pub(crate) fn new(rate: Rate, burst: NonZeroU32) -> Self {
        let each = (ticks(rate.per) / u64::from(rate.count.get())).max(1);
        Gcra { each, whole: each.saturating_mul(burst.get().into()), burst: burst.get() }
    }

    /// What becomes of a request of that cost at `now`, and the `tat` after it where it changes. `charge` is the debt that
    /// it makes if it goes: [`Gcra::charge`] of its cost, where nobody else takes of the same limit.
    pub(crate) fn decide(&self, tat: Ticks, now: Ticks, cost: u32, charge: Ticks) -> (Verdict, Option<Ticks>) {
        let debt = tat.saturating_sub(now);
        let asked = self.charge(cost);
        if asked > self.whole {
            return (Verdict::Never, None);
        }
        let with_it = debt.saturating_add(asked);
        if cost > 0 && with_it > self.whole {
            return (Verdict::Waits { wait: with_it - self.whole, debt }, None);
        }
        let debt = debt.saturating_add(charge);
        (Verdict::Goes(debt), (charge > 0).then(|| now.saturating_add(debt)))
    }

    /// The debt that a cost makes.
    pub(crate) fn charge(&self, cost: u32) -> Ticks {
        self.each.saturating_mul(cost.into())
    }

    /// How many would go at once with that debt.
    pub(crate) fn left(&self, debt: Ticks) -> u64 {
        self.whole.saturating_sub(debt) / self.each
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::config::Text;

    fn limit(rate: &str, burst: u32) -> Gcra {
        Gcra::new(Rate::parse(rate).expect("a rate"), NonZeroU32::new(burst).expect("not 0"))
    }

    const SECOND: Ticks = PER_NANO * 1_000_000_000;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_by_the_rate() {
        let limit = limit("10/s", 3);
        let mut tat = 0;
        for left in [2, 1, 0] {
            let (verdict, new) = limit.decide(tat, SECOND, 1, limit.each);
            tat = new.expect("it goes");
            let Verdict::Goes(debt) = verdict else { panic!("{verdict:?}") };
            assert_eq!(limit.left(debt), left);
        }
        let (verdict, new) = limit.decide(tat, SECOND, 1, limit.each);
        assert_eq!((verdict, new), (Verdict::Waits { wait: SECOND / 10, debt: 3 * SECOND / 10 }, None));
        assert!(matches!(limit.decide(tat, SECOND + SECOND / 10, 1, limit.each).0, Verdict::Goes(_)));
        assert!(matches!(limit.decide(tat, SECOND + SECOND / 10 - 1, 1, limit.each).0, Verdict::Waits { wait: 1, .. }));
    }

    #[test]
    fn a_cost_of_nothing_always_goes_and_one_over_the_burst_never() {
        let limit = limit("10/s", 3);
        assert_eq!(limit.decide(SECOND * 5, SECOND, 0, 0), (Verdict::Goes(SECOND * 4), None));
        assert_eq!(limit.decide(0, SECOND, 4, 4 * limit.each), (Verdict::Never, None));
        assert!(matches!(limit.decide(0, SECOND, 3, 3 * limit.each).0, Verdict::Goes(_)));
    }

    #[test]
    fn the_finest_rate_and_the_longest_fit() {
        let finest = limit("4294967295/s", u32::MAX);
        assert!(finest.each > 0 && finest.whole > SECOND / 2, "{finest:?}");
        let longest = limit("1/d", u32::MAX);
        assert_eq!(longest.decide(0, SECOND, 1, longest.each).0, Verdict::Goes(86_400 * SECOND));
    }

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!([seconds(0), seconds(1), seconds(SECOND), seconds(SECOND + 1)], [0, 1, 1, 2]);
    }
}
