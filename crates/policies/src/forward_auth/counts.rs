//! What is counted of services that decide.

use pintle_core::counters::{Count, Counters, Family};
use std::fmt;
use std::sync::Arc;

static DECISIONS: Family = Family::counter(
    "pintle_forward_auth_decisions_total",
    "Requests about which another service decided, by what came of it.",
    &["result"],
);
static NOT_REMEMBERED: Family = Family::counter(
    "pintle_forward_auth_not_remembered_total",
    "Decisions that were not remembered because as many as may be are.",
    &[],
);

/// All that is counted here.
pub(crate) static FAMILIES: &[&Family] = &[&DECISIONS, &NOT_REMEMBERED];

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It was let through.
    Passed,
    /// It was let through before, and that was remembered.
    Remembered,
    /// It was not let through.
    Refused,
    /// Nobody could tell.
    Failed,
}

/// The counters.
pub(crate) struct Counts {
    came: [Arc<dyn Count>; 4],
    not_remembered: Arc<dyn Count>,
}

impl Counts {
    pub(crate) fn new(counters: &dyn Counters) -> Self {
        let came = ["passed", "remembered", "refused", "failed"];
        Counts {
            came: came.map(|result| counters.counter(&DECISIONS, &[result])),
            not_remembered: counters.counter(&NOT_REMEMBERED, &[]),
        }
    }

    pub(super) fn came(&self, came: Came) {
        self.came[came as usize].add(1);
    }

    pub(super) fn not_remembered(&self) {
        self.not_remembered.add(1);
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}
