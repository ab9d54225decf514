//! What happens at upstreams, counted and told: the one place where their events meet metrics and log.

use parking_lot::Mutex;
use pintle_telemetry::{Counter, Gauge, Metrics, log};
use pintle_upstream::{Event, Observer};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Numbers that few upstreams have: each is there once it is first needed.
struct Rare {
    metrics: Arc<Metrics>,
    upstream: Box<str>,
    counters: Vec<(&'static str, &'static str, Arc<Counter>)>,
    gauges: Vec<(&'static str, &'static str, Arc<Gauge>)>,
    /// What was last told of which endpoint, and when.
    told: Vec<(Box<str>, &'static str, Instant)>,
}

/// How often the same is told of the same endpoint at most.
const SELDOM: Duration = Duration::from_secs(10);
/// Of how many endpoints that is remembered.
const MOST: usize = 256;

/// The name and the help of a family.
type Family = (&'static str, &'static str);

const CHECKS: Family = ("pintle_upstream_checks_total", "Health checks of an upstream's endpoints.");
const ENDPOINTS: Family = (
    "pintle_upstream_endpoints",
    "Endpoints that get requests (live), and those that do not: by checks (down), for failures (ejected), because they take \
     no connection (unreachable).",
);
const BREAKER: Family = ("pintle_upstream_breaker_open", "Whether an upstream's circuit breaker is open.");
const OPENED: Family = ("pintle_upstream_breaker_opened_total", "Times that an upstream's circuit breaker opened.");
const LEFT_OUT: Family = ("pintle_upstream_copies_left_out_total", "Copies of requests (`mirror`) that were not sent.");
const NO_KEY: Family =
    ("pintle_upstream_key_absent_total", "Requests without the value that `balance: {hash: …}` asks for.");

impl Rare {
    /// Counts one more of a family; `result` tells apart what has several.
    fn count(&mut self, (name, help): Family, result: &'static str) {
        let known = self.counters.iter().find(|(family, of, _)| *family == name && *of == result);
        if let Some((.., counter)) = known {
            return counter.inc();
        }
        let labels = [("upstream", &*self.upstream), ("result", result)];
        let counter = self.metrics.counter(name, help, &labels[..if result.is_empty() { 1 } else { 2 }]);
        counter.inc();
        self.counters.push((name, result, counter));
    }

    /// Tells something of an endpoint, unless that was told a moment ago.
    fn tell(&mut self, level: log::Level, endpoint: &str, what: &'static str) {
        let now = Instant::now();
        self.told.retain(|(.., at)| now.duration_since(*at) < SELDOM);
        let is_news = !self.told.iter().any(|(of, told, _)| **of == *endpoint && *told == what);
        if is_news && self.told.len() < MOST {
            self.told.push((endpoint.into(), what, now));
            log::tell(level, format_args!("{}: {endpoint} {what}", self.upstream));
        }
    }

    fn set(&mut self, (name, help): Family, state: &'static str, value: usize) {
        let known = self.gauges.iter().find(|(family, of, _)| *family == name && *of == state);
        if let Some((.., gauge)) = known {
            return gauge.set(value as i64);
        }
        let labels = [("upstream", &*self.upstream), ("state", state)];
        let gauge = self.metrics.gauge(name, help, &labels[..if state.is_empty() { 1 } else { 2 }]);
        gauge.set(value as i64);
        self.gauges.push((name, state, gauge));
    }
}

/// Who is told of what happens at the upstream of that name.
pub(super) fn observer(metrics: &Arc<Metrics>, upstream: &str) -> Observer {
    let meter = metrics.upstream(upstream);
    let name: Arc<str> = upstream.into();
    let rare = Rare {
        metrics: Arc::clone(metrics),
        upstream: upstream.into(),
        counters: Vec::new(),
        gauges: Vec::new(),
        told: Vec::new(),
    };
    let rare = Mutex::new(rare);
    Arc::new(move |event| match event {
        Event::Attempt { retry } => meter.attempt(retry),
        Event::AttemptFailed => meter.attempt_failed(),
        Event::BudgetSpent => meter.retry_denied(),
        Event::Connected => meter.connection_opened(),
        Event::Disconnected => meter.connection_closed(),
        Event::ConnectFailed => meter.connect_failed(),
        Event::Checked { good } => rare.lock().count(CHECKS, if good { "ok" } else { "failed" }),
        Event::Health { endpoint, wrong: None } => {
            log::info(format_args!("{name}: {endpoint} is up: its checks are good again"));
        }
        Event::Health { endpoint, wrong: Some(wrong) } => {
            log::warn(format_args!("{name}: {endpoint} is down: {wrong}"));
        }
        Event::Ejected { endpoint } => {
            meter.ejected();
            rare.lock().tell(log::Level::Warn, endpoint, "is ejected: it failed too often, or asked to be left alone");
        }
        Event::Reachable { endpoint, is: true } => {
            rare.lock().tell(log::Level::Info, endpoint, "takes connections again");
        }
        Event::Reachable { endpoint, is: false } => {
            rare.lock().tell(log::Level::Warn, endpoint, "is unreachable: it takes no connections");
        }
        Event::Members { live, down, ejected, unreachable } => {
            let mut rare = rare.lock();
            let states = [("live", live), ("down", down), ("ejected", ejected), ("unreachable", unreachable)];
            states.into_iter().for_each(|(state, count)| rare.set(ENDPOINTS, state, count));
        }
        Event::Breaker { open } => {
            let mut rare = rare.lock();
            rare.set(BREAKER, "", usize::from(open));
            if open {
                rare.count(OPENED, "");
            }
            let (level, is) = if open { (log::Level::Warn, "open") } else { (log::Level::Info, "closed again") };
            log::tell(level, format_args!("{name}: its circuit breaker is {is}"));
        }
        Event::CopyLeftOut => rare.lock().count(LEFT_OUT, ""),
        Event::KeyAbsent => rare.lock().count(NO_KEY, ""),
    })
}
