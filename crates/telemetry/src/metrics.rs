//! Metrics: numbers that the workers count and a scrape adds up.
//!
//! Each worker has cells of its own, so counting costs a few additions on a cache line that nobody else writes. A meter
//! is looked up by name when a configuration loads and held by whatever it is about; when the last holder goes, its
//! series go. How many series there may be is bounded; what comes after counts under the name `_OTHER`.
//! Series of routes appear with their first request.

mod cell;
mod format;
mod held;
mod meter;
mod named;
mod outcomes;
mod overview;
mod process;
mod route;
mod tally;
#[cfg(test)]
mod tests;
mod text;

pub use format::{Format, Syntax};
pub use meter::{Listener, ListenerMeter, Meter, Upstream, UpstreamMeter};
pub use named::{Counter, Gauge};
pub use outcomes::Outcomes;
pub use overview::{Overview, Subject};
pub use process::{Figures, figures};
pub use route::RouteMeter;
pub use tally::Tally;

use cell::PerWorker;
use meter::Group;
use named::Named;
use parking_lot::Mutex;
use pintle_core::counters::{Count, Counters};
use pintle_core::{Body, Reason};
use route::Routes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;
use text::{Family, Kind};

/// How many series there may be, unless the configuration says another number.
pub const MAX_SERIES: usize = 500_000;

/// The name under which is counted what has no series of its own.
const OTHER: &str = "_OTHER";

const REASONS: usize = Reason::ALL.len();

/// All metrics of one gateway.
pub struct Metrics {
    workers: usize,
    budget: Arc<Budget>,
    routes: Routes,
    listeners: Group<Listener>,
    upstreams: Group<Upstream>,
    named: Named,
    refusals: PerWorker<REASONS>,
    cut: PerWorker<REASONS>,
    reloads: PerWorker<2>,
    loaded: Mutex<Option<Loaded>>,
}

struct Loaded {
    version: Box<str>,
    at: SystemTime,
}

/// How many series there may be, and are.
pub(crate) struct Budget {
    most: AtomicUsize,
    used: AtomicUsize,
    refused: AtomicUsize,
}

impl Budget {
    fn new(most: usize) -> Self {
        Budget { most: AtomicUsize::new(most), used: AtomicUsize::new(0), refused: AtomicUsize::new(0) }
    }

    /// Takes room for so many series, or none.
    fn take(&self, series: usize) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        let taken = self.used.try_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(series).filter(|&used| used <= most)
        });
        if taken.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    fn give(&self, series: usize) {
        self.used.fetch_sub(series, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Metrics of a gateway with so many workers, with at most so many series.
    pub fn new(workers: usize, max_series: usize) -> Self {
        let budget = Arc::new(Budget::new(max_series));
        Metrics {
            workers: workers.max(1),
            routes: Routes::new(workers, budget.clone()),
            listeners: Group::new("listener", meter::LISTENER, workers, budget.clone()),
            upstreams: Group::new("upstream", meter::UPSTREAM, workers, budget.clone()),
            named: Named::new(workers, budget.clone()),
            refusals: PerWorker::new(workers),
            cut: PerWorker::new(workers),
            reloads: PerWorker::new(workers),
            loaded: Mutex::new(None),
            budget,
        }
    }

    /// Changes how many series there may be. Those that there are stay.
    pub fn set_max_series(&self, max_series: usize) {
        self.budget.most.store(max_series, Ordering::Relaxed);
    }

    /// The meter of a route, the same one as long as somebody holds it: counts live on over reloads. The empty name is
    /// for requests that no route took.
    pub fn route(&self, name: &str) -> Arc<RouteMeter> {
        self.routes.get(name)
    }

    /// The meter of a listener.
    pub fn listener(&self, name: &str) -> Arc<ListenerMeter> {
        self.listeners.get_placed(name)
    }

    /// The meter of an upstream.
    pub fn upstream(&self, name: &str) -> Arc<UpstreamMeter> {
        self.upstreams.get(name)
    }

    /// A counter of any name, kept as long as it is held. `name` ends in `_total`. A name has one help text and one
    /// set of label names throughout the program.
    pub fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Arc<Counter> {
        self.named.counter(name, help, labels)
    }

    /// A gauge of any name, kept as long as it is held.
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Arc<Gauge> {
        self.named.gauge(name, help, labels)
    }

    /// Counts an answer that the gateway gave by itself.
    pub fn refused(&self, reason: Reason) {
        self.refusals.mine().add(reason as usize, 1);
    }

    /// Counts an answer that began and did not go out whole.
    pub fn cut(&self, reason: Reason) {
        self.cut.mine().add(reason as usize, 1);
    }

    /// Counts a configuration that was taken, and says which one is in use since when.
    pub fn reloaded(&self, version: &str, at: SystemTime) {
        self.reloads.mine().add(0, 1);
        *self.loaded.lock() = Some(Loaded { version: version.into(), at });
    }

    /// Counts a configuration that was not taken: the one before stays.
    pub fn reload_failed(&self) {
        self.reloads.mine().add(1, 1);
    }

    /// All series as an answer's content.
    pub fn scrape(&self, _format: Format) -> Body {
        let mut text = String::new();
        self.render(&mut text);
        Body::full(text)
    }

    /// Appends all series in Prometheus' text format. With 10,000 routes this takes some ten milliseconds of work: not
    /// for a worker's thread. Nobody who counts waits for it.
    pub fn render(&self, out: &mut String) {
        self.routes.render(out, &self.listeners.labels());
        self.listeners.render(out);
        self.upstreams.render(out);
        self.render_reasons(out);
        self.render_configuration(out);
        self.named.render(out);
        process::render(out);
    }

    fn render_reasons(&self, out: &mut String) {
        const REFUSALS: Family = Family {
            name: "pintle_refusals_total",
            help: "Requests that the gateway answered by itself, by reason.",
            kind: Kind::Counter,
        };
        const CUT: Family = Family {
            name: "pintle_answers_cut_total",
            help: "Answers that began and did not go out whole, by reason.",
            kind: Kind::Counter,
        };
        for (family, cells) in [(REFUSALS, &self.refusals), (CUT, &self.cut)] {
            let Some(counts) = cells.totals() else { continue };
            text::header(out, &family);
            for (reason, count) in Reason::ALL.iter().zip(counts).filter(|(_, count)| *count > 0) {
                text::sample(out, family.name, &[("reason", reason.code())], count);
            }
        }
    }

    fn render_configuration(&self, out: &mut String) {
        const BUILD: Family =
            Family { name: "pintle_build_info", help: "The program's version; always 1.", kind: Kind::Gauge };
        const RELOADS: Family = Family {
            name: "pintle_reloads_total",
            help: "Configurations that were taken (ok) or refused (failed), the first one included.",
            kind: Kind::Counter,
        };
        const CONFIG: Family =
            Family { name: "pintle_config_info", help: "The configuration in use; always 1.", kind: Kind::Gauge };
        const LOADED: Family = Family {
            name: "pintle_config_loaded_timestamp_seconds",
            help: "Since when the configuration is in use.",
            kind: Kind::Gauge,
        };
        const SERIES: Family =
            Family { name: "pintle_metrics_series", help: "Series that count towards max_series.", kind: Kind::Gauge };
        const REFUSED: Family = Family {
            name: "pintle_metrics_overflow_total",
            help: "Times that something was counted as _OTHER, because max_series was reached.",
            kind: Kind::Counter,
        };
        text::single(out, &BUILD, &[("version", env!("CARGO_PKG_VERSION"))], 1);
        text::header(out, &RELOADS);
        let [ok, failed] = self.reloads.totals().unwrap_or_default();
        text::sample(out, RELOADS.name, &[("result", "ok")], ok);
        text::sample(out, RELOADS.name, &[("result", "failed")], failed);
        if let Some(loaded) = &*self.loaded.lock() {
            text::single(out, &CONFIG, &[("version", &loaded.version)], 1);
            let at = loaded.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            text::single(out, &LOADED, &[], at.as_secs());
        }
        text::single(out, &SERIES, &[], self.budget.used.load(Ordering::Relaxed) as u64);
        text::single(out, &REFUSED, &[], self.budget.refused.load(Ordering::Relaxed) as u64);
    }

    /// How many workers there are cells for.
    pub fn workers(&self) -> usize {
        self.workers
    }
}

impl Counters for Metrics {
    fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Arc<dyn Count> {
        Metrics::counter(self, name, help, labels)
    }
}
