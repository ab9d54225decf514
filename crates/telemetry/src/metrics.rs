//! Metrics: numbers that the workers count and a scrape adds up.
//!
//! Each worker has cells of its own, so counting costs a few additions on cache lines that nobody else writes. A meter is
//! looked up by name when a configuration loads and held by whatever it is about; when the last holder goes, its series
//! go. A series is there from its first hit. How many there may be is bounded; what comes after counts under the name
//! `_OTHER`. One walk over all series makes every form in which they are told.

mod budget;
mod cell;
pub mod config;
mod configuration;
pub mod families;
mod format;
mod held;
mod look;
mod meter;
mod named;
mod otlp;
mod outcomes;
mod overview;
mod process;
mod push;
mod refusals;
mod route;
mod scrape;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod visit;

pub use config::{Counting, MetricsConfig, RouteLabels};
pub use configuration::Cost;
pub use format::{Format, Syntax};
pub use look::{Certificate, Levels, Look, Seen};
pub use meter::{Listener, ListenerMeter, Meter, NotMade, Upstream, UpstreamMeter};
pub use named::{Counter, Gauge};
pub use outcomes::Outcomes;
pub use overview::{Overview, Subject};
pub use process::{Figures, figures};
pub use push::{Push, PushSettings};
pub use route::{Counted, Label, RouteMeter};
pub use tally::Tally;
pub use visit::Bounds;

use budget::Budget;
use cell::PerWorker;
use configuration::Configuration;
use families::{MAX_SERIES as MAX, OVERFLOW, SERIES, WORKER_CONNECTIONS, WORKERS};
use meter::{Alive, Group, LISTENER, UPSTREAM};
use named::Named;
use parking_lot::Mutex;
use pintle_core::counters::{Count, Counters, Family};
use pintle_core::{Body, Reason};
use refusals::Refusals;
use route::Routes;
use scrape::{Part, Scrape, Walk};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;
use visit::{Value, Visit};

/// The bounds of the buckets of durations, and of sizes.
pub static BOUNDS: [&Bounds; 2] = [&visit::SECONDS, &visit::BYTES];

/// How many series there may be, unless the configuration says another number.
pub const MAX_SERIES: usize = 500_000;

/// The name under which is counted what has no series of its own.
pub const OTHER: &str = "_OTHER";

const REASONS: usize = Reason::ALL.len();

/// Of how many meters series are told in one step of a walk.
const STEP: usize = 4;

/// All metrics of one gateway.
pub struct Metrics {
    workers: usize,
    is_on: AtomicBool,
    /// Since when is counted.
    began: SystemTime,
    budget: Arc<Budget>,
    routes: Routes,
    listeners: Group<Listener, { LISTENER.len() }>,
    upstreams: Group<Upstream, { UPSTREAM.len() }>,
    named: Named,
    refusals: Arc<Refusals>,
    accepted: Arc<PerWorker<1>>,
    configuration: Arc<Configuration>,
    look: Mutex<Option<Arc<dyn Look>>>,
}

impl Metrics {
    /// Metrics of a gateway with so many workers, with at most so many series.
    pub fn new(workers: usize, max_series: usize) -> Self {
        let budget = Arc::new(Budget::new(max_series));
        Metrics {
            workers: workers.max(1),
            is_on: AtomicBool::new(true),
            began: SystemTime::now(),
            routes: Routes::new(workers, Arc::clone(&budget)),
            listeners: Group::new("listener", &LISTENER, workers, Arc::clone(&budget)),
            upstreams: Group::new("upstream", &UPSTREAM, workers, Arc::clone(&budget)),
            named: Named::new(workers, Arc::clone(&budget)),
            refusals: Arc::new(Refusals::new(workers)),
            accepted: Arc::new(PerWorker::new(workers)),
            configuration: Arc::new(Configuration::new()),
            look: Mutex::new(None),
            budget,
        }
    }

    /// Goes over to what a configuration says. Series that there are stay.
    pub fn go_over(&self, config: &MetricsConfig) {
        self.budget.set(config.max_series());
        self.is_on.store(config.is_on(), Ordering::Relaxed);
    }

    /// Whether requests are to be counted.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Says who tells what is not counted. Held for good.
    pub fn look_at(&self, look: Arc<dyn Look>) {
        *self.look.lock() = Some(look);
    }

    /// The meter of a route without further labels, the same one as long as somebody holds it: counts live on over
    /// reloads. The empty name is for requests that no route took.
    pub fn route(&self, name: &str) -> Arc<RouteMeter> {
        self.routes.get(name, Vec::new())
    }

    /// The same with labels: where one is different it is another meter, with other series.
    pub fn labelled_route(&self, name: &str, labels: Vec<Label>) -> Arc<RouteMeter> {
        self.routes.get(name, labels)
    }

    /// The meter of a listener.
    pub fn listener(&self, name: &str) -> Arc<ListenerMeter> {
        self.listeners.get_placed(name)
    }

    /// The meter of an upstream.
    pub fn upstream(&self, name: &str) -> Arc<UpstreamMeter> {
        self.upstreams.get(name)
    }

    /// The counter of a family with these values of its labels, kept as long as it is held.
    pub fn counter(&self, family: &'static Family, values: &[&str]) -> Arc<Counter> {
        self.named.counter(family, values)
    }

    /// The gauge of a family with these values of its labels, kept as long as it is held.
    pub fn gauge(&self, family: &'static Family, values: &[&str]) -> Arc<Gauge> {
        self.named.gauge(family, values)
    }

    /// Counts an answer that the gateway gave by itself, and the policy that refused, if one did.
    pub fn refused(&self, policy: Option<&'static str>, reason: Reason) {
        self.refusals.refused(policy, reason);
    }

    /// Counts an answer that began and did not go out whole.
    pub fn cut(&self, reason: Reason) {
        self.refusals.cut(reason);
    }

    /// Counts a connection of a client that this worker accepted.
    pub fn accepted(&self) {
        self.accepted.mine().add(0, 1);
    }

    /// Counts a configuration that was taken, and says which one is in use since when.
    pub fn reloaded(&self, version: u64, at: SystemTime, cost: Cost) {
        self.configuration.taken(version, at, cost);
        // Nobody may ever scrape.
        self.sweep(&self.names());
    }

    /// Counts a configuration that was not taken: the one before stays.
    pub fn reload_failed(&self, cost: Cost) {
        self.configuration.refused(cost);
    }

    /// All series as an answer's content, made as it is taken. To begin costs some milliseconds where there are
    /// thousands of routes, and the content wants a runtime with threads that may be busy: not for a worker's thread.
    /// Nobody who counts waits for it.
    pub fn scrape(&self, format: Format) -> Body {
        Body::stream(Scrape::new(self.walk(), format), None)
    }

    /// All series as one text.
    pub fn text(&self, syntax: Syntax) -> String {
        let (mut walk, mut text) = (self.walk(), text::Text::new(syntax));
        while walk.step(&mut text) {}
        text.end();
        text.out
    }

    /// The names of listeners by their places.
    fn names(&self) -> HashMap<u32, Arc<str>> {
        self.listeners.alive().iter().map(|meter| (meter.slot(), Arc::clone(&meter.name))).collect()
    }

    /// Lets go of series of routes whose listener or upstream is no more.
    fn sweep(&self, names: &HashMap<u32, Arc<str>>) {
        self.routes.sweep(
            // One that is not among the names may have come since.
            |slot| names.contains_key(&slot) || self.listeners.has_slot(slot),
            |name| self.upstreams.has(name),
        );
    }

    /// All series, from now on.
    fn walk(&self) -> Walk {
        let (look, names) = (self.look.lock().clone(), self.names());
        self.sweep(&names);
        let mut parts: Vec<Part> = Vec::new();
        let (routes, names): (Arc<[_]>, _) = (self.routes.alive().into(), Arc::new(names));
        for which in 0..route::FAMILIES {
            let (routes, names, overflow) = (Arc::clone(&routes), Arc::clone(&names), self.routes.visit_overflow());
            let mut at = 0;
            parts.push(Box::new(move |to| {
                let end = (at + STEP).min(routes.len());
                routes[at..end].iter().for_each(|route: &Arc<RouteMeter>| route.visit(which, &names, to));
                at = end;
                if at == routes.len() {
                    overflow(which, to);
                }
                at < routes.len()
            }));
        }
        let (refusals, accepted, workers) = (Arc::clone(&self.refusals), Arc::clone(&self.accepted), self.workers);
        parts.push(once(move |to| {
            refusals.visit(to);
            to.sample(&WORKERS, &[], Value::Count(workers as u64));
            for (worker, [count]) in accepted.lines() {
                let mut number = itoa::Buffer::new();
                to.sample(&WORKER_CONNECTIONS, &[("worker", number.format(worker))], Value::Count(count));
            }
        }));
        groups(&self.listeners, &self.listeners.alive(), &mut parts);
        let upstreams = self.upstreams.alive();
        groups(&self.upstreams, &upstreams, &mut parts);
        if let Some(look) = look {
            let seen = look.look();
            parts.push(Box::new(seen.visit_levels(&upstreams)));
            parts.push(once(move |to| seen.visit(to)));
        }
        for mut part in self.named.parts() {
            parts.push(Box::new(move |to| part.step(STEP, to)));
        }
        let (configuration, budget) = (Arc::clone(&self.configuration), Arc::clone(&self.budget));
        parts.push(once(move |to| {
            configuration.visit(to);
            to.sample(&SERIES, &[], Value::Count(budget.used() as u64));
            to.sample(&MAX, &[], Value::Count(budget.most() as u64));
            to.sample(&OVERFLOW, &[], Value::Count(budget.refused() as u64));
            process::visit(to);
        }));
        Walk::new(parts)
    }

    /// How many workers there are cells for.
    pub fn workers(&self) -> usize {
        self.workers
    }
}

/// A part that is told in one step.
fn once(mut tell: impl FnMut(&mut dyn Visit) + Send + 'static) -> Part {
    Box::new(move |to| {
        tell(to);
        false
    })
}

fn groups<S: 'static, const N: usize>(group: &Group<S, N>, meters: &Alive<S, N>, parts: &mut Vec<Part>) {
    for mut part in group.parts(meters) {
        parts.push(Box::new(move |to| part.step(STEP, to)));
    }
}

impl Counters for Metrics {
    fn counter(&self, family: &'static Family, values: &[&str]) -> Arc<dyn Count> {
        Metrics::counter(self, family, values)
    }
}
