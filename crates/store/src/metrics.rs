//! What is told of stores in metrics; whoever observes one keeps the numbers.

use pintle_core::counters::Family;

/// Whether there is a connection.
pub static UP: Family =
    Family::gauge("pintle_store_up", "Whether there is a connection to the store (1) or none (0).", &["store"]);

/// Calls that gave nothing.
pub static FAILURES: Family = Family::counter(
    "pintle_store_failures_total",
    "Calls to the store that failed: `down` where there was no connection, `timeout`, or `error`.",
    &["store", "reason"],
);

/// All of them.
pub static FAMILIES: &[&Family] = &[&UP, &FAILURES];
