//! One look at a gateway: what `/stats` said, read by name, so that this program and a gateway of another version
//! understand each other.

use super::shown;
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a gateway had come to at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) program: Program,
    /// Upper bounds of durations.
    pub(super) bounds: Vec<Duration>,
    /// In the order of their names.
    pub(super) routes: Vec<Named>,
    pub(super) upstreams: Vec<Named>,
}

/// What it said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) version: String,
    /// Which run of the program it is: in another one all counts began anew.
    pub(super) instance: String,
    /// Since the program began, by its own clock: what two looks are apart.
    pub(super) uptime: Duration,
    pub(super) configuration: u64,
    pub(super) since: Option<SystemTime>,
    /// When a configuration was refused, if none was taken since.
    pub(super) refused: Option<SystemTime>,
    pub(super) draining: bool,
    pub(super) connections: u64,
    /// Requests under way.
    pub(super) active: u64,
    /// Log records that were lost.
    pub(super) lost: u64,
    pub(super) cpu: Option<Duration>,
    pub(super) memory: Option<u64>,
    /// Open files and sockets, and how many there may be.
    pub(super) descriptors: Option<(u64, u64)>,
}

/// A route or an upstream.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) counts: Counts,
    /// How an upstream stands.
    pub(super) standing: Option<Standing>,
}

/// How an upstream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Endpoints that are asked.
    pub(super) up: u64,
    /// All endpoints.
    pub(super) endpoints: u64,
    /// Requests under way.
    pub(super) active: u64,
    /// Whether its circuit breaker is open, if there is one.
    pub(super) breaker_open: Option<bool>,
}

/// What only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) client_errors: u64,
    pub(super) server_errors: u64,
    pub(super) attempts: u64,
    pub(super) failures: u64,
    pub(super) retries: u64,
    /// By bucket; what is left out at the end is 0.
    pub(super) durations: Vec<u64>,
}

impl Counts {
    /// What came since an earlier count; since none, all of it. Where a number is less than it was, some of what it counted
    /// went away in between, with a listener or with the route itself: what came is not known then, and nothing is said.
    pub(super) fn since(&self, before: Option<&Counts>) -> Counts {
        let Some(before) = before else { return self.clone() };
        let bucket = |counts: &Counts, at: usize| counts.durations.get(at).copied().unwrap_or(0);
        let buckets = 0..self.durations.len().max(before.durations.len());
        let durations: Option<Vec<u64>> = buckets.map(|at| bucket(self, at).checked_sub(bucket(before, at))).collect();
        let between = || {
            Some(Counts {
                requests: self.requests.checked_sub(before.requests)?,
                client_errors: self.client_errors.checked_sub(before.client_errors)?,
                server_errors: self.server_errors.checked_sub(before.server_errors)?,
                attempts: self.attempts.checked_sub(before.attempts)?,
                failures: self.failures.checked_sub(before.failures)?,
                retries: self.retries.checked_sub(before.retries)?,
                durations: durations?,
            })
        };
        between().unwrap_or_default()
    }

    /// Adds what others came to.
    pub(super) fn add(&mut self, other: &Counts) {
        self.requests += other.requests;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.attempts += other.attempts;
        self.failures += other.failures;
        self.retries += other.retries;
        self.durations.resize(self.durations.len().max(other.durations.len()), 0);
        self.durations.iter_mut().zip(&other.durations).for_each(|(sum, count)| *sum += count);
    }
}

impl Look {
    /// None if it is not a Pintle that says it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let (configuration, process) = (&value["configuration"], &value["process"]);
        let list = |name: &str| {
            let mut all: Vec<Named> = value[name].as_array()?.iter().filter_map(named).collect();
            all.sort_by(|a, b| a.name.cmp(&b.name));
            Some(all)
        };
        let descriptors = process["descriptors"].as_u64().zip(process["max_descriptors"].as_u64());
        let program = Program {
            version: shown::name(value["pintle"].as_str()?),
            instance: value["instance"].as_str()?.to_owned(),
            uptime: Duration::from_micros(value["uptime_us"].as_u64()?),
            configuration: count(&configuration["version"]),
            since: time(&configuration["since"]),
            refused: time(&configuration["refused"]),
            draining: value["draining"] == true,
            connections: count(&value["connections"]["open"]),
            active: count(&value["active"]),
            lost: count(&value["lost"]["log_records"]),
            cpu: process["cpu_us"].as_u64().map(Duration::from_micros),
            memory: process["memory"].as_u64(),
            descriptors,
        };
        let bounds = items(&value["bounds_us"]).map(|bound| Duration::from_micros(count(bound))).collect();
        Some(Look { program, bounds, routes: list("routes")?, upstreams: list("upstreams")? })
    }
}

fn named(value: &Value) -> Option<Named> {
    let standing = value["endpoints"].as_object().map(|endpoints| Standing {
        up: endpoints.get("up").map_or(0, count),
        endpoints: endpoints.values().map(count).sum(),
        active: count(&value["active"]),
        breaker_open: value["breaker_open"].as_bool(),
    });
    Some(Named {
        name: value["name"].as_str()?.to_owned(),
        counts: Counts {
            requests: count(&value["requests"]),
            client_errors: count(&value["client_errors"]),
            server_errors: count(&value["server_errors"]),
            attempts: count(&value["attempts"]),
            failures: count(&value["failures"]),
            retries: count(&value["retries"]),
            durations: items(&value["durations"]).map(count).collect(),
        },
        standing,
    })
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// A time in seconds since 1970.
fn time(value: &Value) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(value.as_u64()?))
}
