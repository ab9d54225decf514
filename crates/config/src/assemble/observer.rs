//! What happens at upstreams, counted and told: the one place where their events meet metrics and log.

use parking_lot::Mutex;
use pintle_core::counters::Family;
use pintle_telemetry::metrics::families::{
    UPSTREAM_BREAKER_OPEN, UPSTREAM_BREAKER_OPENED, UPSTREAM_CHECKS, UPSTREAM_COPIES_LEFT_OUT, UPSTREAM_ENDPOINTS,
    UPSTREAM_KEY_ABSENT,
};
use pintle_telemetry::{Counter, Gauge, Metrics, log};
use pintle_upstream::{Event, Observer};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Numbers that few upstreams have: each is there once it is first needed.
struct Rare {
    metrics: Arc<Metrics>,
    upstream: Box<str>,
    counters: Vec<(&'static Family, &'static str, Arc<Counter>)>,
    gauges: Vec<(&'static Family, &'static str, Arc<Gauge>)>,
    /// What was last told of which endpoint, and when.
    told: Vec<(Box<str>, &'static str, Instant)>,
}

/// How often the same is told of the same endpoint at most.
const SELDOM: Duration = Duration::from_secs(10);
/// Of how many endpoints that is remembered.
const MOST: usize = 256;

impl Rare {
    /// Counts one more of a family; `result` tells apart what has several.
    fn count(&mut self, family: &'static Family, result: &'static str) {
        let known = self.counters.iter().find(|(known, of, _)| known.name == family.name && *of == result);
        if let Some((.., counter)) = known {
            return counter.inc();
        }
        let values = [&*self.upstream, result];
        let counter = self.metrics.counter(family, &values[..family.labels.len()]);
        counter.inc();
        self.counters.push((family, result, counter));
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

    fn set(&mut self, family: &'static Family, state: &'static str, value: usize) {
        let known = self.gauges.iter().find(|(known, of, _)| known.name == family.name && *of == state);
        if let Some((.., gauge)) = known {
            return gauge.set(value as i64);
        }
        let values = [&*self.upstream, state];
        let gauge = self.metrics.gauge(family, &values[..family.labels.len()]);
        gauge.set(value as i64);
        self.gauges.push((family, state, gauge));
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
        Event::Queued => meter.queued(),
        Event::Overflowed => meter.overflowed(),
        Event::Checked { good } => rare.lock().count(&UPSTREAM_CHECKS, if good { "ok" } else { "failed" }),
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
            states.into_iter().for_each(|(state, count)| rare.set(&UPSTREAM_ENDPOINTS, state, count));
        }
        Event::Breaker { open } => {
            let mut rare = rare.lock();
            rare.set(&UPSTREAM_BREAKER_OPEN, "", usize::from(open));
            if open {
                rare.count(&UPSTREAM_BREAKER_OPENED, "");
            }
            let (level, is) = if open { (log::Level::Warn, "open") } else { (log::Level::Info, "closed again") };
            log::tell(level, format_args!("{name}: its circuit breaker is {is}"));
        }
        Event::CopyLeftOut => rare.lock().count(&UPSTREAM_COPIES_LEFT_OUT, ""),
        Event::KeyAbsent => rare.lock().count(&UPSTREAM_KEY_ABSENT, ""),
    })
}
