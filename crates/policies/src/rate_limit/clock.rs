//! The clock of limits: ticks since this process first looked. Monotonic, as [`Instant`] is.

use super::gcra::{Ticks, ticks};
use std::sync::OnceLock;
use std::time::Instant;

static BEGIN: OnceLock<Instant> = OnceLock::new();

/// A moment in ticks. What was before the first look, is then.
pub(super) fn at(moment: Instant) -> Ticks {
    let begin = *BEGIN.get_or_init(|| moment);
    ticks(moment.saturating_duration_since(begin))
}
