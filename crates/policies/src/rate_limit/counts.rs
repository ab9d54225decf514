//! What is counted of a limit, by its name.

use pintle_core::counters::{Count, Counters, Family};
use std::fmt;
use std::sync::Arc;

static REQUESTS: Family = Family::counter(
    "pintle_rate_limit_requests_total",
    "Requests that a rate limit decided, by what it decided; `reported` are those that `mode: report` let pass.",
    &["policy", "decision"],
);
static KEY_FAILED: Family = Family::counter(
    "pintle_rate_limit_key_failures_total",
    "Requests whose key failed to evaluate or was empty, and that were counted by their client's address.",
    &["policy"],
);
static COST_FAILED: Family = Family::counter(
    "pintle_rate_limit_cost_failures_total",
    "Requests whose cost failed to evaluate or was no whole number, and that cost 1.",
    &["policy"],
);

/// All that is counted here.
pub(crate) static FAMILIES: &[&Family] = &[&REQUESTS, &KEY_FAILED, &COST_FAILED];

/// The counters of a limit.
pub(super) struct Counts {
    pub(super) passed: Arc<dyn Count>,
    pub(super) refused: Arc<dyn Count>,
    pub(super) reported: Arc<dyn Count>,
    pub(super) key_failed: Arc<dyn Count>,
    pub(super) cost_failed: Arc<dyn Count>,
}

impl Counts {
    /// Those of the limit of that name.
    pub(super) fn new(policy: &str, counters: &dyn Counters) -> Self {
        let decision = |decision| counters.counter(&REQUESTS, &[policy, decision]);
        Counts {
            passed: decision("passed"),
            refused: decision("refused"),
            reported: decision("reported"),
            key_failed: counters.counter(&KEY_FAILED, &[policy]),
            cost_failed: counters.counter(&COST_FAILED, &[policy]),
        }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}
