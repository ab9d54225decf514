//! What an operator is told of changes beside the messages: the metrics of where the configuration comes from, of the
//! state folder and of the guard.

use super::Controller;
use crate::cause::Origin;
use parking_lot::Mutex;
use pintle_config::Document;
use pintle_core::worker;
use pintle_engine::socket::Address;
use pintle_telemetry::metrics::families::{CONFIG_ORIGIN, STATE_FAILURES, TAKEN_BACK};
use pintle_telemetry::{Counter, Gauge, Metrics, log};
use std::path::Path;
use std::sync::Arc;

/// Numbers and complaints.
pub(super) struct Told {
    metrics: Arc<Metrics>,
    /// The one series that is 1.
    origin: Mutex<Arc<Gauge>>,
    state_failures: Arc<Counter>,
    pub(super) taken_back: Arc<Counter>,
    /// What was told of the state folder last.
    state: Mutex<Option<String>>,
}

impl Told {
    pub(super) fn new(metrics: &Arc<Metrics>, origin: Origin) -> Self {
        Told {
            origin: Mutex::new(gauge(metrics, origin)),
            state_failures: metrics.counter(&STATE_FAILURES, &[]),
            taken_back: metrics.counter(&TAKEN_BACK, &[]),
            state: Mutex::new(None),
            metrics: Arc::clone(metrics),
        }
    }

    /// Where the configuration in force comes from now.
    pub(super) fn of_origin(&self, origin: Origin) {
        let mut held = self.origin.lock();
        held.set(0);
        *held = gauge(&self.metrics, origin);
    }

    /// What became of the state folder: what is wrong with it, and how often something was.
    pub(super) fn of_state(&self, (failure, failures): (Option<&str>, u64)) {
        self.state_failures.add(failures.saturating_sub(self.state_failures.get()));
        let mut told = self.state.lock();
        match (failure, &*told) {
            (Some(now), before) if before.as_deref() != Some(now) => {
                log::error(format_args!("{now}; changes are kept in memory until it can be used"));
            }
            (None, Some(_)) => log::warn("the state folder can be used again"),
            _ => {}
        }
        *told = failure.map(str::to_owned);
    }

    /// What is wrong with the state folder.
    pub(super) fn state_failure(&self) -> Option<String> {
        self.state.lock().clone()
    }
}

fn gauge(metrics: &Metrics, origin: Origin) -> Arc<Gauge> {
    let gauge = metrics.gauge(&CONFIG_ORIGIN, &[origin.word()]);
    gauge.set(1);
    gauge
}

impl Controller {
    /// Says what of a configuration is in force only after the next start.
    pub(super) fn tell_what_waits(&self, document: &Document) {
        let (asked, runs) = (document.workers.count(), worker::count());
        if asked != runs {
            log::warn(format_args!("workers: {asked} are asked for and {runs} run until the next start"));
        }
        let asked = document.admin.as_ref().map(|admin| &admin.address.value);
        if asked != self.admin.as_ref() {
            let told = |address: Option<&Address>| address.map_or_else(|| "none".to_owned(), ToString::to_string);
            let (asked, runs) = (told(asked), told(self.admin.as_ref()));
            log::warn(format_args!("admin.address: {asked} is asked for and {runs} serves until the next start"));
        }
        let asked = document.state.as_ref().map(|state| &*state.value);
        let history = self.history.lock();
        if !self.state_given && asked != history.folder() {
            let told =
                |folder: Option<&Path>| folder.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
            let (asked, used) = (told(asked), told(history.folder()));
            log::warn(format_args!("state: {asked} is asked for and {used} is used until the next start"));
        }
    }
}
