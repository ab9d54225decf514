//! What the policies of a configuration are built with, and the chain that a listener has where no route takes a request.

use super::{World, stores};
use crate::document::{Document, ListenerConfig};
use crate::level::level_name;
use crate::maybe::Maybe;
use pintle_actions::Fallback;
use pintle_core::config::Reader;
use pintle_core::exchange::RouteFacts;
use pintle_core::step::Chain;
use pintle_core::template::Declared;
use pintle_engine::Route;
use pintle_engine::pages::Pages;
use pintle_policies::{Consumers, Counts, Defaults, Level, Surroundings};
use pintle_upstream::Services;
use std::sync::Arc;

/// What all policies are built with; what is wrong with it was reported, and stands there empty.
pub(super) fn of<'d>(document: &'d Document, world: &World, reader: &mut Reader) -> Surroundings<'d> {
    let consumers = Consumers::new(document.consumers.iter().filter_map(Maybe::get), world.lasting.serves(), reader);
    let geo = document.geo.as_ref().map(|geo| geo.open(&world.lasting, reader));
    Surroundings {
        named: &document.policies,
        defaults: Defaults { body_limit: Some(document.limits.body), counts: Counts::new(&*world.metrics) },
        consumers: consumers.unwrap_or_default(),
        lasting: Arc::clone(&world.lasting),
        files: Arc::default(),
        geo: geo.unwrap_or_default(),
        store: stores::shared(document, world, reader),
        counts_kept: stores::counts(document, world),
        counters: Arc::clone(&world.metrics) as Arc<_>,
    }
}

/// What answers on a listener where no route does: its policies around a refusal.
pub(super) fn fallback(
    document: &Document,
    listener: &ListenerConfig,
    around: &Surroundings<'_>,
    services: &mut dyn Services,
    world: &World,
    reader: &mut Reader,
) -> Option<Arc<Route>> {
    let place = Declared::request().any_capture().identity();
    let name = level_name(listener);
    let levels = [
        Level { name: "defaults", list: &document.defaults.policies },
        Level { name: &name, list: &listener.policies },
    ];
    let built = pintle_policies::build(&levels, around, &place, services, reader)?;
    let facts = Arc::new(RouteFacts::default());
    Some(Arc::new(Route {
        facts,
        chain: Arc::new(Chain::new(built.steps, Arc::new(Fallback))),
        // The listener has all that hold here.
        pages: Pages::default(),
        meter: world.metrics.route(""),
        brings: Box::default(),
        tunnel: None,
    }))
}
