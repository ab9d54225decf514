//! The upstreams: those with a name, and those that a URL in a route stands for.

use super::World;
use super::observer::observer;
use super::own::Own;
use crate::maybe::Maybe;
use pintle_core::config::{Diagnostic, Map, Reader, Span, Spanned, nearest};
use pintle_telemetry::Metrics;
use pintle_upstream::reference::Scheme;
use pintle_upstream::{Reference, Resolver, Services, Upstream, UpstreamConfig, UpstreamFault};
use std::collections::HashMap;
use std::sync::Arc;

/// Every upstream of a configuration.
pub(super) struct Upstreams<'d> {
    own: Own<'d>,
    /// None where it is broken, which was reported.
    named: HashMap<String, Option<Arc<Upstream>>>,
    urls: HashMap<String, Option<Arc<Upstream>>>,
    resolver: Arc<Resolver>,
    metrics: Arc<Metrics>,
    before: HashMap<Arc<str>, Arc<Upstream>>,
    /// What was found by a URL since it was last asked.
    found: Vec<Arc<Upstream>>,
}

impl<'d> Upstreams<'d> {
    pub(super) fn new(
        configs: &Map<Maybe<UpstreamConfig>>,
        own: Own<'d>,
        resolver: &Arc<Resolver>,
        world: &World,
        reader: &mut Reader,
    ) -> Self {
        let before: HashMap<_, _> = world
            .before
            .iter()
            .flat_map(|runtime| &runtime.upstreams)
            .map(|upstream| (Arc::clone(&upstream.name), Arc::clone(upstream)))
            .collect();
        let mut named = HashMap::new();
        for (name, config) in &configs.0 {
            let made = config.get().and_then(|config| {
                own.check_all(config, reader);
                let observer = observer(&world.metrics, name);
                // A document is held against the configuration alone: no connection ends for another one.
                let config = UpstreamConfig { openapi: None, ..config.clone() };
                let made = Upstream::new(name, config, resolver, observer, before.get(name.as_str()));
                report(made, &name.span, reader)
            });
            named.insert(name.value.clone(), made);
        }
        let (resolver, metrics) = (Arc::clone(resolver), Arc::clone(&world.metrics));
        Upstreams { own, named, urls: HashMap::new(), resolver, metrics, before, found: Vec::new() }
    }

    /// Whether each that has a name is the very one that had it before.
    pub(super) fn stayed(&self) -> bool {
        let same = |(name, made): (&String, &Option<Arc<Upstream>>)| match (made, self.before.get(name.as_str())) {
            (Some(made), Some(before)) => Arc::ptr_eq(made, before),
            _ => false,
        };
        self.named.iter().all(same)
    }

    /// Those that were found by a URL since the last call, each once.
    pub(super) fn take_found(&mut self) -> Arc<[Arc<Upstream>]> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_unstable_by_key(|upstream| Arc::as_ptr(upstream).addr());
        found.dedup_by(|a, b| Arc::ptr_eq(a, b));
        found.into()
    }

    /// Takes over those that routes of the configuration before found by a URL.
    pub(super) fn keep(&mut self, found: &[Arc<Upstream>]) {
        for upstream in found {
            self.urls.entry(upstream.name.to_string()).or_insert_with(|| Some(Arc::clone(upstream)));
        }
    }

    /// All of them, each once.
    pub(super) fn all(self) -> Vec<Arc<Upstream>> {
        self.named.into_values().chain(self.urls.into_values()).flatten().collect()
    }
}

pub(super) fn report<T>(made: Result<T, UpstreamFault>, span: &Span, reader: &mut Reader) -> Option<T> {
    made.map_err(|fault| {
        let mut diagnostic = Diagnostic::error("upstream", fault.message, fault.span.as_ref().unwrap_or(span));
        if let Some(help) = fault.help {
            diagnostic = diagnostic.help(help);
        }
        reader.report(diagnostic);
    })
    .ok()
}

impl Services for Upstreams<'_> {
    fn upstream(
        &mut self,
        reference: &Spanned<Reference>,
        scheme: Scheme,
        reader: &mut Reader,
    ) -> Option<Arc<Upstream>> {
        match &reference.value {
            Reference::Named(name) => match self.named.get(name) {
                Some(upstream) => upstream.clone(),
                None => {
                    let message = format!("there is no upstream `{name}`");
                    let help = match nearest(name, self.named.keys().map(String::as_str)) {
                        Some(similar) => format!("did you mean `{similar}`?"),
                        None => {
                            let port = if scheme == Scheme::Tcp { ":5432" } else { "" };
                            format!("add it under `upstreams:`, or write a URL such as {scheme}://{name}{port}")
                        }
                    };
                    reader.report(Diagnostic::error("unknown-upstream", message, &reference.span).help(help));
                    None
                }
            },
            Reference::Url(origin) => {
                let url = origin.to_string();
                if let Some(made) = self.urls.get(&url) {
                    self.found.extend(made.clone());
                    return made.clone();
                }
                self.own.check(&origin.address, &reference.span, reader);
                let (before, observer) = (self.before.get(url.as_str()), observer(&self.metrics, &url));
                let made = Upstream::of_url(origin, &reference.span, &self.resolver, observer, before);
                let made = report(made, &reference.span, reader);
                self.urls.insert(url, made.clone());
                self.found.extend(made.clone());
                made
            }
        }
    }
}
