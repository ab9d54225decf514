//! How long what is made of several answers waits for them.

use std::time::{Duration, Instant};

/// How much of what is left of the whole is for the answer itself: a twentieth, and at most so much.
const FOR_THE_ANSWER: Duration = Duration::from_millis(50);

/// How long is waited where nobody says how long the whole may take.
const AT_THE_LONGEST: Duration = Duration::from_secs(60);

/// When whatever an answer is made of must be there, so that it can still go out. Past what the clock can count there is no such time.
pub(crate) fn until(deadline: Option<Instant>) -> Option<Instant> {
    let now = Instant::now();
    let Some(deadline) = deadline else { return now.checked_add(AT_THE_LONGEST) };
    let left = deadline.saturating_duration_since(now);
    Some(deadline.checked_sub(FOR_THE_ANSWER.min(left / 20)).unwrap_or(deadline))
}
