//! A document's routes without their groups, and all its lists of policies: what the advice looks at. What is broken is
//! left out.

use crate::document::{Document, ListenerConfig, RouteConfig};
use crate::level::{Level, on};
use crate::maybe::Maybe;
use pintle_core::config::{Span, Spanned};
use pintle_policies::PolicyList;
use pintle_router::{Listeners, Pattern};
use std::collections::HashMap;

/// The routes and lists of a document.
pub(super) struct Outline<'d> {
    /// In the order of their numbers.
    pub(super) listeners: Vec<&'d Spanned<ListenerConfig>>,
    pub(super) routes: Vec<Leaf<'d>>,
    pub(super) lists: Vec<&'d PolicyList>,
}

/// A route that has an action.
pub(super) struct Leaf<'d> {
    pub(super) config: &'d RouteConfig,
    /// With its groups' matches.
    pub(super) pattern: Pattern,
    /// The lists of policies of its groups and its own, outer to inner.
    pub(super) policies: Vec<&'d PolicyList>,
    /// The numbers of the listeners that it or its group names.
    pub(super) listeners: Option<Vec<u32>>,
    /// All on which it is.
    pub(super) on: Listeners,
}

impl<'d> Leaf<'d> {
    /// Where its match was written.
    pub(super) fn span(&self) -> &'d Span {
        &self.config.pattern.span
    }

    /// Whether requests or connections of that listener may come to it.
    pub(super) fn is_on(&self, listener: u32) -> bool {
        self.on.has(listener)
    }
}

impl<'d> Outline<'d> {
    pub(super) fn of(document: &'d Document) -> Self {
        let listeners: Vec<_> = document.listeners.iter().filter_map(Maybe::get).collect();
        let mut numbers = HashMap::new();
        for (number, listener) in listeners.iter().enumerate() {
            let first = listener.address.first().map(|address| address.to_string());
            let name = listener.name.as_ref().map(|name| name.value.clone()).or(first);
            numbers.insert(name.unwrap_or_default(), number as u32);
        }
        let outer = listeners.iter().map(|listener| &listener.policies);
        let lists = [&document.defaults.policies].into_iter().chain(outer).collect();
        let mut outline = Outline { listeners, routes: Vec::new(), lists };
        for route in document.routes.iter().filter_map(Maybe::get) {
            outline.add(route, &Level::default(), &numbers);
        }
        outline
    }

    fn add(&mut self, route: &'d RouteConfig, around: &Level<'d>, numbers: &HashMap<String, u32>) {
        self.lists.push(&route.policies);
        let Ok(level) = around.inner(route) else { return };
        if let Some(children) = &route.routes {
            for child in children.iter().filter_map(Maybe::get) {
                self.add(child, &level, numbers);
            }
            return;
        }
        let number = |name: &Spanned<String>| numbers.get(&name.value).copied();
        let listeners: Option<Vec<u32>> = level.listeners.map(|names| names.iter().filter_map(number).collect());
        let on = on(listeners.as_deref(), route.kind(), self.listeners.iter().map(|listener| &listener.value));
        if let Some(pattern) = level.pattern {
            let policies = level.policies.iter().map(|(_, list)| *list).collect();
            self.routes.push(Leaf { config: route, pattern, policies, listeners, on });
        }
    }
}
