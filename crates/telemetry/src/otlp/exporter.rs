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
/// How long one that is not wanted any more is given for what it is owed.
const PARTING: Duration = Duration::from_secs(2);

/// Sends the requests of one signal, one after another, and counts what becomes of them.
pub struct Exporter {
    signal: Signal,
    target: watch::Sender<Target>,
    ok: Arc<Counter>,
    retried: Arc<Counter>,
    failed: Arc<Counter>,
    dropped: Arc<Counter>,
}

/// Where requests go from now on.
#[derive(Clone, Default)]
struct Target {
    to: Option<(Arc<Collector>, Credentials)>,
    /// When all must be done, where nothing more will come.
    until: Option<Instant>,
}

impl Exporter {
    /// What sends `signal`; nowhere yet.
    pub fn new(signal: Signal, metrics: &Metrics) -> Self {
        let exports = |result| metrics.counter(&OTLP_EXPORTS, &[signal.as_str(), result]);
        let dropped = metrics.counter(&OTLP_DROPPED, &[signal.as_str()]);
        let target = watch::Sender::new(Target::default());
        Exporter { signal, target, ok: exports("ok"), retried: exports("retried"), failed: exports("failed"), dropped }
    }

    /// Sends there from now on, also what the one before has not taken yet. With none, the one before has a moment for what
    /// there still is.
    pub fn go_over(&self, to: Option<(Arc<Collector>, Credentials)>) {
        self.target.send_modify(|target| match to {
            Some(to) => *target = Target { to: Some(to), until: None },
            None => target.until = target.until.or_else(|| Some(Instant::now() + PARTING)),
        });
    }

    /// What is not sent by then will not be: the program ends.
    pub fn end(&self, until: Instant) {
        self.target.send_modify(|target| target.until = Some(until));
    }

    /// Forgets a collector that is not wanted any more, and closes what is open to it.
    pub fn part(&self) {
        self.target.send_if_modified(|target| target.until.is_some() && target.to.take().is_some());
    }

    /// Counts spans or points that nobody will get.
    pub fn count_dropped(&self, items: u64) {
        self.dropped.add(items);
    }

    /// Says why spans or points were dropped, once a minute.
    pub fn tell_dropped(&self, items: u64, why: &str) {
        let signal = self.signal.as_str();
        log::limited(self.key(1), Level::Warn, format_args!("otlp: {items} of {signal} dropped: {why}"));
    }

    /// Sends a request that holds so many spans or points, and again for at most `limit`, wherever requests go by then.
    /// Whether it was taken; what was not is counted. Cancelled by dropping.
    pub async fn export(&self, request: Bytes, items: u64, limit: Duration) -> bool {
        let mut target = self.target.subscribe();
        let (began, mut pause) = (Instant::now(), PAUSE);
        loop {
            let Target { to, .. } = target.borrow_and_update().clone();
            let Some((collector, credentials)) = to else {
                self.drop_all(items, "no collector is wanted any more");
                return false;
            };
            let why = match collector.send(self.signal, request.clone(), &credentials).await {
                Verdict::Taken(part) => {
                    self.ok.inc();
                    let rejected = u64::try_from(part.rejected).unwrap_or(0).min(items);
                    if rejected > 0 {
                        self.drop_all(rejected, &format!("the collector refused them: {}", part.message));
                    }
                    return true;
                }
                Verdict::Never(why) => why,
                Verdict::Later(asked, why) => {
                    let rest = asked.unwrap_or(pause).min(PATIENCE).mul_f64(0.75 + 0.5 * fastrand::f64());
                    let until = target.borrow().until.map_or(began + limit, |until| until.min(began + limit));
                    if Instant::now() + rest < until {
                        self.retried.inc();
                        self.tell(&collector, &why);
                        // Another collector, or the end, is no time to wait for.
                        let _ = tokio::time::timeout(rest, target.changed()).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        continue;
                    }
                    why
                }
            };
            self.failed.inc();
            self.tell(&collector, &why);
            self.drop_all(items, &why);
            return false;
        }
    }

    fn drop_all(&self, items: u64, why: &str) {
        self.count_dropped(items);
        self.tell_dropped(items, why);
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
