//! What the policies of a configuration are built with, and the chain that a listener has where no route takes a request.

use super::{World, stores};
use crate::document::{Document, ListenerConfig};
use crate::level::level_name;
use crate::maybe::Maybe;
use pintle_actions::Fallback;
use pintle_core::config::{Diagnostic, Reader, nearest};
use pintle_core::exchange::RouteFacts;
use pintle_core::step::Chain;
use pintle_core::template::Declared;
use pintle_engine::Route;
use pintle_engine::pages::Pages;
use pintle_policies::{ConsumerEntry, Consumers, Counts, Defaults, Level, Policy, Surroundings};
use pintle_upstream::Services;
use std::sync::Arc;

/// What all policies are built with; what is wrong with it was reported, and stands there empty.
pub(super) fn of<'d>(document: &'d Document, world: &World, reader: &mut Reader) -> Surroundings<'d> {
    let consumers = Consumers::new(document.consumers.iter().filter_map(Maybe::get), world.lasting.serves(), reader);
    check_limits(document, reader);
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

/// Limits of consumers' own are for named policies that limit something.
fn check_limits(document: &Document, reader: &mut Reader) {
    let entries = document.consumers.iter().filter_map(Maybe::get);
    let configs = entries.filter_map(|entry| match entry {
        ConsumerEntry::One(config) => Some(config),
        ConsumerEntry::File(_) => None,
    });
    for (name, limit) in configs.flat_map(|config| config.limits.iter()) {
        let wants = match document.policies.get(name).map(Policy::kind) {
            Some("rate_limit") if limit.rate.is_none() => "`rate`, and `burst` if need be",
            Some("quota" | "concurrency") if limit.max.is_none() => "`max`",
            Some("rate_limit" | "quota" | "concurrency") => continue,
            Some(kind) => {
                let message = format!("`{name}` is a `{kind}` policy, which limits nothing");
                let help = "name a `rate_limit`, a `quota` or a `concurrency`";
                reader.report(Diagnostic::error("other-policy", message, &name.span).help(help));
                continue;
            }
            // What is broken was reported.
            None if document.policies.names().any(|known| known.value == name.value) => continue,
            None => {
                let message = format!("there is no policy named `{name}`");
                let help = match nearest(name, document.policies.names().map(|known| known.as_str())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "a consumer's own limits are for policies of the top-level `policies`".into(),
                };
                reader.report(Diagnostic::error("unknown-policy", message, &name.span).help(help));
                continue;
            }
        };
        let message = format!("the consumer's own limit for `{name}` says nothing that holds there");
        reader.report(Diagnostic::error("consumer", message, &name.span).help(format!("it wants {wants}")));
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
