//! Traces: spans of requests, made when they are over and handed to a collector in the background.
//!
//! A worker writes the spans of a request into its own buffer, encoded as they will go out; one task collects the buffers and
//! exports them. The worker never waits: what does not fit is dropped and counted. Which requests are recorded was decided
//! when they were accepted (`core/trace.rs`); what a span says is in `traces/spans.rs`.

pub mod config;
mod request;
mod settings;
mod spans;
#[cfg(test)]
mod tests;

pub use config::TracesConfig;
pub use settings::TraceSettings;

use crate::Ended;
use crate::metrics::Metrics;
use crate::otlp::messages::trace::Span;
use crate::otlp::{Credentials, Ending, Exporter, Signal};
use bytes::Bytes;
use parking_lot::Mutex;
use pintle_core::trace::Recorded;
use pintle_core::worker;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Notify;

/// About how many bytes of spans may wait, over all workers; as many may be on their way out.
const IN_FLIGHT: usize = 8 * 1024 * 1024;
/// A buffer this full is sent at once.
const HAND_OVER: usize = 128 * 1024;
/// How long spans gather before they are sent.
const GATHER: Duration = Duration::from_secs(1);
/// About how many bytes go out in one request.
const BATCH: usize = 512 * 1024;
/// How long a batch is sent again before it is given up.
const LIMIT: Duration = Duration::from_secs(300);

/// The spans of one gateway.
pub struct Traces {
    shards: Box<[Shard]>,
    /// How many bytes a shard may hold before it drops spans.
    room: usize,
    /// Whether somebody will take them.
    is_on: AtomicBool,
    /// Spans that were dropped for want of room and not yet told.
    dropped: AtomicU64,
    /// Wakes the task: there is something; there is much.
    stir: Notify,
    urge: Notify,
    settings: Mutex<Option<Arc<TraceSettings>>>,
    metrics: Arc<Metrics>,
    /// Made with the first collector, so that nobody who has none sees its counts.
    exporter: OnceLock<Exporter>,
    ending: Ending,
}

/// One worker's part, on cache lines of its own. Its lock is contended only while the task swaps the buffer.
#[repr(align(128))]
struct Shard(Mutex<Vec<u8>>);

impl Traces {
    /// The spans of a gateway with as many workers as `metrics` know, which count what becomes of them.
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        let shards: Box<[Shard]> = (0..metrics.workers()).map(|_| Shard(Mutex::default())).collect();
        Arc::new(Traces {
            room: (IN_FLIGHT / shards.len()).max(2 * HAND_OVER),
            shards,
            is_on: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            stir: Notify::new(),
            urge: Notify::new(),
            settings: Mutex::default(),
            metrics,
            exporter: OnceLock::new(),
            ending: Ending::new(),
        })
    }

    /// Goes over to other settings; none sends what there still is, and nothing any more.
    pub fn go_over(&self, to: Option<(Arc<TraceSettings>, Credentials)>) {
        let mut current = self.settings.lock();
        self.is_on.store(to.is_some(), Ordering::Relaxed);
        if let Some((settings, credentials)) = to {
            let exporter = self.exporter.get_or_init(|| Exporter::new(Signal::Traces, &self.metrics));
            exporter.go_over(Some((Arc::clone(&settings.collector), credentials)));
            *current = Some(settings);
        } else if let Some(exporter) = self.exporter.get() {
            exporter.go_over(None);
            self.stir.notify_one();
        }
    }

    /// Writes the spans of a request into this worker's buffer, if it is one that is recorded; whether it is. Never waits.
    pub fn record(&self, ended: &Ended<'_>) -> bool {
        let recorded = match ended.exchange.trace.recorded() {
            Recorded::No => false,
            Recorded::OnError => spans::failed(ended),
            Recorded::Yes => true,
        };
        if !recorded || !self.is_on.load(Ordering::Relaxed) {
            return false;
        }
        let settings = self.settings.lock().clone();
        if let Some(settings) = &settings {
            self.put(&spans::of(ended, &settings.names));
        }
        settings.is_some()
    }

    fn put(&self, spans: &[Span]) {
        let shard = self.shards.get(worker::index()).unwrap_or(&self.shards[0]);
        let mut buffer = shard.0.lock();
        let before = buffer.len();
        if before > self.room {
            drop(buffer);
            self.dropped.fetch_add(spans.len() as u64, Ordering::Relaxed);
            if let Some(exporter) = self.exporter.get() {
                exporter.count_dropped(spans.len() as u64);
            }
            return;
        }
        spans.iter().for_each(|span| request::append(&mut buffer, span));
        let after = buffer.len();
        drop(buffer);
        if before == 0 {
            self.stir.notify_one();
        }
        if before < HAND_OVER && after >= HAND_OVER {
            self.urge.notify_one();
        }
    }

    /// Sends what is recorded, until [`Traces::flush`]. For the program's background.
    pub async fn run(&self) {
        loop {
            let mut begun = pin!(self.ending.begun());
            let is_over = tokio::select! {
                () = &mut begun => true,
                () = self.stir.notified() => tokio::select! {
                    () = &mut begun => true,
                    () = self.urge.notified() => false,
                    () = tokio::time::sleep(GATHER) => false,
                },
            };
            if let Some(exporter) = self.exporter.get() {
                self.send(exporter).await;
            }
            if is_over {
                self.ending.done();
                return;
            }
        }
    }

    /// Has all that was recorded before sent, and waits for that, at most `limit`: for the end of the program.
    pub async fn flush(&self, limit: Duration) {
        self.ending.flush(self.exporter.get(), limit).await;
    }

    async fn send(&self, exporter: &Exporter) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            exporter.tell_dropped(dropped, "more came than the collector took");
        }
        let mut spans = Vec::new();
        for shard in &self.shards {
            spans.append(&mut std::mem::take(&mut *shard.0.lock()));
        }
        for (part, items) in request::split(&spans, BATCH) {
            let Some(settings) = self.settings.lock().clone() else { continue };
            let request = Bytes::from(request::of(&settings.resource, part));
            exporter.export(request, items, LIMIT).await;
        }
        let mut settings = self.settings.lock();
        if !self.is_on.load(Ordering::Relaxed) {
            exporter.part();
            *settings = None;
        }
    }
}
