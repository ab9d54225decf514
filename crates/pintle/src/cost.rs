//! What work costs the thread that does it: time, and CPU time.

use pintle_telemetry::metrics::Cost;
use std::fs;
use std::time::{Duration, Instant};

/// A stopwatch for the thread that started it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    at: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Stopwatch { at: Instant::now(), cpu: cpu() }
    }

    /// What the thread has spent since.
    pub(crate) fn cost(&self) -> Cost {
        Cost { wall: self.at.elapsed(), cpu: cpu().saturating_sub(self.cpu) }
    }
}

/// What this thread has had of a CPU, as Linux tells it; nothing elsewhere.
fn cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
