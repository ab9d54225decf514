//! From the document to a [`Runtime`]: names are looked up, templates compiled, files of TLS read. Everything that is
//! wrong is reported; what did not change since the configuration in force is taken over.

mod admin;
mod batches;
mod brought;
mod collectors;
mod documents;
mod errors;
mod listeners;
mod observer;
mod own;
mod resolver;
mod routes;
mod services;
mod stores;
mod surroundings;
mod tunnels;

pub(crate) use routes::{actions, report_conflicts};

use crate::document::{Document, LimitsConfig};
use crate::written::{Holds, Written, sound};
use batches::Late;
use errors::ErrorPages;
use listeners::Doors;
use own::Own;
use pintle_core::Lasting;
use pintle_core::config::{Diagnostic, Reader, Span};
use pintle_core::redact::Names;
use pintle_engine::tls::Tls;
use pintle_engine::{Limits, Listener, ListenerProtocol, Origin, RouteFile, RoutePlace, Runtime};
use pintle_router::Table;
use pintle_telemetry::Metrics;
use routes::{Built, Place, Placed};
use services::Upstreams;
use std::collections::HashMap;
use std::sync::Arc;

/// What the process has whatever its configuration, and what a new one takes over.
pub struct World {
    /// What all TLS listeners share.
    pub tls: Arc<Tls>,
    /// Where routes and listeners find their numbers.
    pub metrics: Arc<Metrics>,
    /// What outlives configurations.
    pub lasting: Arc<Lasting>,
    /// The configuration in force, if there is one.
    pub before: Option<Arc<Runtime>>,
}

impl World {
    /// That of a configuration that serves nobody: what it counts nobody sees, and nothing of it runs in the background.
    pub fn idle() -> Self {
        World { tls: Tls::new(), metrics: Arc::new(Metrics::new(1, 0)), lasting: Lasting::idle(), before: None }
    }
}

/// Builds what runs. None if anything was reported as an error.
pub fn assemble(document: &Document, world: &World, reader: &mut Reader) -> Option<Runtime> {
    assemble_written(document, &Written::default(), world, reader)
}

/// The same for a document whose files are known: the routes of those that were left unread are taken over, and the
/// runtime lends its own to the next one.
pub fn assemble_written(document: &Document, written: &Written, world: &World, reader: &mut Reader) -> Option<Runtime> {
    let resolver = resolver::build(&document.resolver, world, reader);
    let mut upstreams = Upstreams::new(&document.upstreams, Own::of(document), &resolver, world, reader);
    let doors = Doors::read(&document.listeners, reader);
    let admin_tls = admin::open(document, world, reader);
    check_guard(document, reader);
    let around = surroundings::of(document, world, reader);
    let mut pages = ErrorPages::new(document, &doors, reader);
    let listeners = doors.open(document, &pages, (&around, &mut upstreams), world, reader);
    let stayed = world.before.as_ref().is_some_and(|before| Arc::ptr_eq(&before.resolver, &resolver));
    let late = Late::read(written, world, stayed && upstreams.stayed(), reader);
    let batches = late.batches(document, written);
    let (placed, files) =
        routes::entries(document, &batches, &doors, &mut upstreams, &mut pages, &around, world, reader);
    let by_name = by_name(&placed, &listeners);
    let (places, entries): (Vec<_>, Vec<_>) = placed.into_iter().map(|one| (one.place, one.entry)).unzip();
    // That two routes are equal is so whatever is wrong elsewhere.
    let table = match Table::build(entries) {
        Ok(table) => table,
        Err(conflicts) => {
            let spans: Vec<_> = places.into_iter().map(|place| place.matched).collect();
            report_conflicts(&conflicts, &spans, reader);
            return None;
        }
    };
    let names = names(document, written, world);
    let traces = collectors::traces(document, &resolver, &names, world, reader);
    let push = collectors::metrics(document, &resolver, world, reader);
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
        admin_tls,
        traces,
        push,
        names,
        origin: origin(written, &places, files, reader),
        by_name,
    })
}

/// The names of credentials: of routes that were left unread those that were known stay.
fn names(document: &Document, written: &Written, world: &World) -> Names {
    let unread = written.files.iter().any(|(_, holds)| *holds == Holds::Known);
    match world.before.as_ref().filter(|_| unread) {
        Some(before) => document.names().with(&before.names),
        None => document.names(),
    }
}

/// A guard sees no harm where nothing is counted.
fn check_guard(document: &Document, reader: &mut Reader) {
    if let Some(guard) = document.guard.as_ref().filter(|_| !document.telemetry.metrics.is_on()) {
        let message = "the guard looks at what is counted, and `metrics: none` counts no requests";
        let help = "leave `metrics: none` or the guard out";
        reader.report(Diagnostic::error("guard-without-metrics", message, &guard.at).help(help));
    }
}

/// The listeners for TCP on which a route names a host.
fn by_name(placed: &[Placed], listeners: &[Arc<Listener>]) -> Vec<u32> {
    let tcp = listeners.iter().filter(|listener| listener.protocol == ListenerProtocol::Tcp);
    let names_host = |number: &u32| {
        let on = placed.iter().filter(|one| one.entry.listeners.has(*number));
        on.map(|one| &one.entry.pattern).any(|pattern| !pattern.hosts().is_empty())
    };
    tcp.map(|listener| listener.number).filter(names_host).collect()
}

/// What the next configuration may take over.
fn origin(written: &Written, all: &[Place], files: Vec<Built<'_>>, reader: &Reader) -> Origin {
    let sound = sound(reader);
    let bytes = |span: &Span| (span.range().start as u32, span.range().end as u32);
    let place = |place: &Place| RoutePlace { matched: bytes(&place.matched), name: place.name.as_ref().map(bytes) };
    let file = |Built { source, routes, places, urls }: Built<'_>| RouteFile {
        name: source.name().into(),
        digest: source.digest(),
        places: places.unwrap_or_else(|| all[routes.clone()].iter().map(place).collect()),
        routes,
        urls,
    };
    let files = files.into_iter().filter(|built| sound(built.source)).map(file).collect();
    Origin { surroundings: written.surroundings, files }
}

fn limits(config: &LimitsConfig) -> Limits {
    Limits {
        connections: config.connections as usize,
        header_size: config.header.size.in_memory(),
        header_count: config.header.count as usize,
        header_timeout: config.timeout.header,
        body_timeout: config.timeout.body,
        idle_timeout: config.timeout.idle,
        age: config.timeout.age,
        drain_timeout: config.timeout.drain,
        streams: config.streams,
    }
}
