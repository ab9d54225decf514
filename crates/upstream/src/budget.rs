//! The retry budget: how many further tries an upstream may get for the requests that it has. It is what keeps a service
//! that fails from being asked twice as much as one that does not.

use crate::window::{Count, Window};
use pintle_core::config::Share;

/// The time over which requests and further tries are compared.
const TIME: u64 = 10_000;
/// How many further tries a second there may be, however few requests there are.
const FLOOR: u64 = 3;

/// Requests and further tries of late, over all workers.
#[derive(Debug)]
pub(crate) struct Budget {
    share: Share,
    window: Window,
}

impl Budget {
    pub(crate) fn new(share: Share) -> Self {
        Budget { share, window: Window::new(TIME) }
    }

    /// Counts a request.
    pub(crate) fn request(&self, now: u64) {
        self.window.add(Count::First, now);
    }

    /// Takes a further try, if one is left.
    pub(crate) fn take(&self, now: u64) -> bool {
        let [requests, tries] = self.window.sums(now);
        let within_share =
            (tries + 1) * u64::from(Share::ALL.millionths()) <= requests * u64::from(self.share.millionths());
        let within_floor = tries < FLOOR * TIME / 1000 && self.window.latest(now)[1] < FLOOR;
        let granted = within_share || within_floor;
        if granted {
            self.window.add(Count::Second, now);
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::config::Text;

    fn granted(requests_a_second: u64, seconds: u64) -> (u64, u64) {
        let budget = Budget::new(Share::parse("20%").expect("a share"));
        let (mut requests, mut tries) = (0, 0);
        for second in 0..seconds {
            for _ in 0..requests_a_second {
                let now = 1_000_000 + second * 1000;
                budget.request(now);
                requests += 1;
                // Each fails, and asks for two more.
                tries += u64::from(budget.take(now)) + u64::from(budget.take(now));
            }
        }
        (requests, tries)
    }

    #[test]
    fn a_service_that_is_down_gets_a_fifth_more_and_no_storm() {
        for (rate, seconds) in [(100, 30), (1000, 30), (1000, 1)] {
            let (requests, tries) = granted(rate, seconds);
            assert!(tries <= requests / 5 + FLOOR, "{rate}/s for {seconds} s: {tries} for {requests}");
            assert!(tries >= requests / 5 - 10, "{rate}/s for {seconds} s: {tries} for {requests}");
        }
    }

    #[test]
    fn a_few_tries_there_may_always_be() {
        let (requests, tries) = granted(1, 10);
        assert_eq!((requests, tries), (10, 20), "two of three a second");
    }
}
