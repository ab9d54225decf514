//! Sending all series to a collector of OpenTelemetry, time and again.
//!
//! Nothing is kept for it: what a collector did not get is in the numbers that it is sent next. Runs in the program's
//! background, and waits for nobody but the collector.

use super::Metrics;
use crate::otlp::messages::{KeyValue, Resource};
use crate::otlp::{Collector, Credentials, Ending, Exporter, Signal};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

/// How many requests are made ahead of the one that is being sent.
const AHEAD: usize = 1;

/// Where the numbers go, and how often.
pub struct PushSettings {
    /// Who takes them.
    pub collector: Arc<Collector>,
    every: Duration,
    resource: Resource,
}

impl PushSettings {
    /// To this collector, so often, in the name of this service.
    pub fn new(collector: Arc<Collector>, every: Duration, service: &str) -> Self {
        let own = [
            ("service.name", service),
            ("service.instance.id", pintle_core::instance()),
            ("telemetry.sdk.name", "pintle"),
            ("telemetry.sdk.language", "rust"),
            ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ];
        let attributes = own.into_iter().map(|(name, value)| KeyValue::text(name, value)).collect();
        PushSettings { collector, every, resource: Resource { attributes } }
    }
}

/// Sends the metrics of a gateway.
pub struct Push {
    metrics: Arc<Metrics>,
    /// Made with the first collector, so that nobody who has none sees its counts.
    exporter: OnceLock<Exporter>,
    settings: watch::Sender<Option<Arc<PushSettings>>>,
    ending: Ending,
}

impl Push {
    /// What sends these metrics; nowhere yet.
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        let (settings, ending) = (watch::Sender::new(None), Ending::new());
        Arc::new(Push { metrics, exporter: OnceLock::new(), settings, ending })
    }

    /// Goes over to other settings; none sends nothing any more.
    pub fn go_over(&self, to: Option<(Arc<PushSettings>, Credentials)>) {
        let Some((settings, credentials)) = to else {
            if let Some(exporter) = self.exporter.get() {
                exporter.go_over(None);
            }
            self.settings.send_replace(None);
            return;
        };
        let exporter = self.exporter.get_or_init(|| Exporter::new(Signal::Metrics, &self.metrics));
        exporter.go_over(Some((Arc::clone(&settings.collector), credentials)));
        self.settings.send_replace(Some(settings));
    }

    /// Sends what is counted as often as the settings say, and once more at the end, until [`Push::flush`].
    pub async fn run(&self) {
        let mut settings = self.settings.subscribe();
        let mut last = Instant::now();
        loop {
            let now = settings.borrow_and_update().clone();
            let due = async {
                match &now {
                    Some(now) => tokio::time::sleep_until((last + now.every).into()).await,
                    None => std::future::pending().await,
                }
            };
            let is_over = tokio::select! {
                () = self.ending.begun() => true,
                () = due => false,
                _ = settings.changed() => {
                    if let Some(exporter) = self.exporter.get().filter(|_| settings.borrow().is_none()) {
                        exporter.part();
                    }
                    continue;
                }
            };
            last = Instant::now();
            if let (Some(now), Some(exporter)) = (now, self.exporter.get()) {
                self.send(now, exporter).await;
            }
            if is_over {
                self.ending.done();
                return;
            }
        }
    }

    /// Has everything sent once more, and waits for that, at most `limit`: for the end of the program.
    pub async fn flush(&self, limit: Duration) {
        self.ending.flush(self.exporter.get(), limit).await;
    }

    /// One look at all series. What a collector does not take in time it finds in the next.
    async fn send(&self, settings: Arc<PushSettings>, exporter: &Exporter) {
        let (made, mut ready) = mpsc::channel(AHEAD);
        let (metrics, limit) = (Arc::clone(&self.metrics), settings.every);
        let look = spawn_blocking(move || {
            metrics.export(&settings.resource, |request, points| made.blocking_send((request, points)).is_ok());
        });
        while let Some((request, points)) = ready.recv().await {
            if !exporter.export(request, points, limit).await {
                break;
            }
        }
        drop(ready);
        let _ = look.await;
    }
}
