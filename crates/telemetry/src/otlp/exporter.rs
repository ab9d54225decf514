//! Sending one signal's requests, each until it is taken, refused for good, or too old.

use super::answer::Verdict;
use super::{Collector, Credentials, Signal};
use crate::log::{self, Level};
use crate::metrics::families::{OTLP_DROPPED, OTLP_EXPORTS};
use crate::metrics::{Counter, Metrics};
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long to pause before a request is sent again: at first, and at most without the collector's own word.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// What a collector may ask for at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// When the program must be done with exporting; none until it ends.
pub type Ending = watch::Receiver<Option<Instant>>;

/// Sends the requests of one signal, one after another, and counts what becomes of them.
pub struct Exporter {
    signal: Signal,
    ok: Arc<Counter>,
    retried: Arc<Counter>,
    failed: Arc<Counter>,
    dropped: Arc<Counter>,
}

impl Exporter {
    /// What sends `signal`.
    pub fn new(signal: Signal, metrics: &Metrics) -> Self {
        let exports = |result| metrics.counter(&OTLP_EXPORTS, &[signal.as_str(), result]);
        let dropped = metrics.counter(&OTLP_DROPPED, &[signal.as_str()]);
        Exporter { signal, ok: exports("ok"), retried: exports("retried"), failed: exports("failed"), dropped }
    }

    /// Counts spans or points that nobody will get, and says why, once a minute.
    pub fn dropped(&self, items: u64, why: &str) {
        self.dropped.add(items);
        let (key, signal) = (self.key(1), self.signal.as_str());
        log::limited(key, Level::Warn, format_args!("otlp: {items} of {signal} dropped: {why}"));
    }

    /// Sends a request that holds so many spans or points, and again for at most `limit`, or until the program's end.
    /// Whether it was taken. Cancelled by dropping.
    pub async fn export(
        &self,
        collector: &Collector,
        credentials: &Credentials,
        request: Bytes,
        items: u64,
        limit: Duration,
        ending: &mut Ending,
    ) -> bool {
        let until = Instant::now() + limit;
        let mut pause = PAUSE;
        loop {
            let why = match collector.send(self.signal, request.clone(), credentials).await {
                Verdict::Taken(part) => {
                    self.ok.inc();
                    let rejected = u64::try_from(part.rejected).unwrap_or(0).min(items);
                    if rejected > 0 {
                        self.dropped(rejected, &format!("the collector refused them: {}", part.message));
                    }
                    return true;
                }
                Verdict::Never(why) => why,
                Verdict::Later(asked, why) => {
                    let rest = asked.unwrap_or(pause).min(PATIENCE).mul_f64(0.75 + 0.5 * fastrand::f64());
                    let until = ending.borrow().map_or(until, |end| end.min(until));
                    if Instant::now() + rest < until {
                        self.retried.inc();
                        self.tell(collector, &why);
                        self.rest(rest, ending).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        continue;
                    }
                    why
                }
            };
            self.failed.inc();
            self.tell(collector, &why);
            self.dropped(items, &why);
            return false;
        }
    }

    /// Waits, but no longer than until the end begins.
    async fn rest(&self, time: Duration, ending: &mut Ending) {
        if ending.borrow_and_update().is_some() {
            return tokio::time::sleep(time).await;
        }
        // Where nobody can tell of an end any more, there is none to wait for.
        let ends = async {
            if ending.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let _ = tokio::time::timeout(time, ends).await;
    }

    fn tell(&self, collector: &Collector, why: &str) {
        let signal = self.signal.as_str();
        log::limited(self.key(0), Level::Warn, format_args!("otlp: {} takes no {signal}: {why}", collector.url()));
    }

    /// Under which the log remembers that it was told.
    fn key(&self, which: usize) -> &'static str {
        match self.signal {
            Signal::Traces => ["otlp-traces", "otlp-traces-dropped"][which],
            Signal::Metrics => ["otlp-metrics", "otlp-metrics-dropped"][which],
        }
    }
}
