//! Time as an atomic holds it, for what all workers share.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// What never comes.
pub(crate) const NEVER: u64 = u64::MAX;

/// Milliseconds since the process first asked, from 1 on: 0 is free to mean "not".
pub(crate) fn millis(now: Instant) -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    now.saturating_duration_since(*BEGAN).as_millis() as u64 + 1
}

/// A duration in milliseconds, at least one.
pub(crate) fn span(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER / 2).max(1)
}
