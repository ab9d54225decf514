//! The resolver: taken over where nothing changed, and counted.

use super::World;
use pintle_core::config::{Diagnostic, Reader, Span};
use pintle_telemetry::Metrics;
use pintle_telemetry::metrics::families::DNS_LOOKUPS;
use pintle_upstream::resolver::{Lookup, Observer};
use pintle_upstream::{Resolver, ResolverConfig};
use std::sync::Arc;

/// What looks names up. Where it cannot be built, which is reported, one stands in that nobody will ask.
pub(super) fn build(config: &ResolverConfig, world: &World, reader: &mut Reader) -> Arc<Resolver> {
    let before = world.before.as_ref().map(|before| &before.resolver);
    match Resolver::new(config, before, observer(&world.metrics)) {
        Ok(resolver) => resolver,
        Err(fault) => {
            let span = fault.span.unwrap_or_else(Span::nowhere);
            reader.report(Diagnostic::error("resolver", fault.message, &span));
            Resolver::library()
        }
    }
}

fn observer(metrics: &Metrics) -> Observer {
    let counter = |result| metrics.counter(&DNS_LOOKUPS, &[result]);
    let (found, none, failed) = (counter("found"), counter("no_such_name"), counter("failed"));
    Arc::new(move |lookup| match lookup {
        Lookup::Found => found.inc(),
        Lookup::NoSuchName => none.inc(),
        Lookup::Failed => failed.inc(),
    })
}
