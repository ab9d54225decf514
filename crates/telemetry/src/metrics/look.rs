//! What is not counted but looked up at a scrape, from whoever has it: levels of upstreams, certificates, the size of what
//! runs.

use super::families::{
    CERTIFICATE_NOT_AFTER, CONFIG_ROUTES, CONNECTIONS_MAX, UPSTREAM_ACTIVE, UPSTREAM_IDLE, UPSTREAM_STREAMS,
    UPSTREAM_WAITING,
};
use super::meter::{Alive, UPSTREAM, Upstream};
use super::visit::{Value, Visit};
use super::{OTHER, STEP};
use pintle_core::counters::Family;
use std::collections::HashMap;
use std::sync::Arc;

/// Tells what is so now. Asked once a scrape, never on a worker.
pub trait Look: Send + Sync {
    /// What is so now.
    fn look(&self) -> Seen;
}

/// What is so now.
#[derive(Debug, Default)]
pub struct Seen {
    /// How many connections of clients may be open.
    pub connections_max: u64,
    /// How many routes there are.
    pub routes: u64,
    /// The upstreams.
    pub upstreams: Vec<Levels>,
    /// The certificates that listeners serve.
    pub certificates: Vec<Certificate>,
}

/// How an upstream stands.
#[derive(Debug)]
pub struct Levels {
    /// Its name.
    pub upstream: Arc<str>,
    /// Kept HTTP/1.1 connections without a request.
    pub idle: u64,
    /// Open streams of HTTP/2.
    pub streams: u64,
    /// Requests under way at its endpoints.
    pub active: u64,
    /// Requests that wait for a place.
    pub waiting: u64,
}

/// A certificate and its end.
#[derive(Debug)]
pub struct Certificate {
    /// The listener that serves it.
    pub listener: Arc<str>,
    /// Its file.
    pub file: Box<str>,
    /// The first name in it; empty if there is none.
    pub name: Box<str>,
    /// Its last second, since 1970.
    pub not_after: u64,
}

/// The families of levels, each with the place that it has among its meter's series, after those that are counted.
static LEVELS: [(&Family, fn(&Levels) -> u64); 4] = [
    (&UPSTREAM_IDLE, |levels| levels.idle),
    (&UPSTREAM_STREAMS, |levels| levels.streams),
    (&UPSTREAM_ACTIVE, |levels| levels.active),
    (&UPSTREAM_WAITING, |levels| levels.waiting),
];

impl Seen {
    /// Tells all that is of the gateway as a whole.
    pub(super) fn visit(&self, to: &mut dyn Visit) {
        to.sample(&CONNECTIONS_MAX, &[], Value::Count(self.connections_max));
        to.sample(&CONFIG_ROUTES, &[], Value::Count(self.routes));
        for Certificate { listener, file, name, not_after } in &self.certificates {
            let labels = [("listener", &**listener), ("file", file), ("name", name)];
            to.sample(&CERTIFICATE_NOT_AFTER, &labels, Value::Count(*not_after));
        }
    }

    /// What tells the levels of upstreams, one family after the other: of those that have been hit, as all else of them.
    pub(super) fn visit_levels(
        &self,
        meters: &Alive<Upstream, { UPSTREAM.len() }>,
    ) -> impl FnMut(&mut dyn Visit) -> bool + Send + use<> {
        let by_name: HashMap<&str, usize> =
            self.upstreams.iter().enumerate().map(|(at, levels)| (&*levels.upstream, at)).collect();
        let hit: Vec<_> = meters.iter().filter(|meter| meter.is_hit()).cloned().collect();
        let values: Vec<Option<[u64; LEVELS.len()]>> = hit
            .iter()
            .map(|meter| {
                let levels = &self.upstreams[*by_name.get(&*meter.name)?];
                Some(std::array::from_fn(|level| LEVELS[level].1(levels)))
            })
            .collect();
        let (mut level, mut at, mut others) = (0, 0, 0);
        move |to| {
            let end = (at + STEP).min(hit.len());
            for (meter, values) in hit[at..end].iter().zip(&values[at..end]) {
                let Some(values) = values else { continue };
                if meter.shows(UPSTREAM.len() + level) {
                    to.sample(LEVELS[level].0, &[("upstream", &meter.name)], Value::Count(values[level]));
                } else {
                    others += values[level];
                }
            }
            at = end;
            if at < hit.len() {
                return true;
            }
            if others > 0 {
                to.sample(LEVELS[level].0, &[("upstream", OTHER)], Value::Count(others));
            }
            (level, at, others) = (level + 1, 0, 0);
            level < LEVELS.len()
        }
    }
}
