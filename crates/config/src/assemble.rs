//! From the document to a [`Runtime`]: names are looked up, templates compiled, files of TLS read. Everything that is
//! wrong is reported; what did not change since the configuration in force is taken over.

mod admin;
mod errors;
mod listeners;
mod own;
mod resolver;
mod routes;
mod services;

pub(crate) use routes::{actions, report_conflicts};

use crate::document::{Document, LimitsConfig};
use errors::ErrorPages;
use listeners::Doors;
use own::Own;
use pintle_core::config::Reader;
use pintle_engine::tls::Tls;
use pintle_engine::{Limits, Runtime};
use pintle_router::Table;
use pintle_telemetry::Metrics;
use services::Upstreams;
use std::collections::HashMap;
use std::sync::Arc;

/// What the process has whatever its configuration, and what a new one takes over.
pub struct World {
    /// What all TLS listeners share.
    pub tls: Arc<Tls>,
    /// Where routes and listeners find their numbers.
    pub metrics: Arc<Metrics>,
    /// The configuration in force, if there is one.
    pub before: Option<Arc<Runtime>>,
}

/// Builds what runs. None if anything was reported as an error.
pub fn assemble(document: &Document, world: &World, reader: &mut Reader) -> Option<Runtime> {
    let resolver = resolver::build(&document.resolver, world, reader);
    let mut upstreams = Upstreams::new(&document.upstreams, Own::of(document), &resolver, world, reader);
    let doors = Doors::read(&document.listeners, reader);
    admin::check(document, reader);
    let mut pages = ErrorPages::new(document, &doors, reader);
    let listeners = doors.open(document, &pages, world, reader);
    let entries = routes::entries(document, &doors, &mut upstreams, &mut pages, world, reader);
    // That two routes are equal is so whatever is wrong elsewhere.
    let spans: Vec<_> = entries.iter().map(|(span, _)| span.clone()).collect();
    let table = match Table::build(entries.into_iter().map(|(_, entry)| entry).collect()) {
        Ok(table) => table,
        Err(conflicts) => {
            report_conflicts(&conflicts, &spans, reader);
            return None;
        }
    };
    if reader.diagnostics.has_errors() {
        return None;
    }
    let addresses: HashMap<_, _, foldhash::fast::RandomState> =
        listeners.iter().flat_map(|l| l.addresses.iter().map(|address| (address.clone(), l.number))).collect();
    Some(Runtime {
        version: world.before.as_ref().map_or(1, |before| before.version + 1),
        table,
        addresses,
        limits: limits(&document.limits),
        resolver,
        upstreams: upstreams.all(),
        listeners,
    })
}

fn limits(config: &LimitsConfig) -> Limits {
    Limits {
        connections: config.connections as usize,
        header_size: config.header.size.in_memory(),
        header_count: config.header.count as usize,
        header_timeout: config.timeout.header,
        body_timeout: config.timeout.body,
        idle_timeout: config.timeout.idle,
        drain_timeout: config.timeout.drain,
        streams: config.streams,
    }
}
