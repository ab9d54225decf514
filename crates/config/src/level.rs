//! What a route is with all that stands around it: its groups, its listeners. The same for whoever builds it and whoever
//! describes it.

use crate::document::{Document, ListenerConfig, RouteConfig};
use pintle_actions::MaintenanceConfig;
use pintle_core::config::Spanned;
use pintle_engine::ListenerProtocol;
use pintle_engine::pages;
use pintle_policies::{self as policies, PolicyList};
use pintle_router::{Fault, Listeners, Pattern};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What routes inherit from the groups around them.
#[derive(Clone, Default)]
pub(crate) struct Level<'d> {
    pub(crate) pattern: Option<Pattern>,
    pub(crate) name: Option<String>,
    pub(crate) listeners: Option<&'d [Spanned<String>]>,
    /// The lists of the groups and of the route, with what each belongs to.
    pub(crate) policies: Vec<(Rc<str>, &'d PolicyList)>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) maintenance: Option<&'d MaintenanceConfig>,
    /// Pages for errors, the innermost first; only whoever builds routes makes them.
    pub(crate) errors: Vec<Arc<pages::Level>>,
    defaults: Option<&'d PolicyList>,
}

/// Some listeners on which the same policies hold around a route.
pub(crate) struct On<'d> {
    pub(crate) listeners: Listeners,
    /// Those of the listener, and its name; none where listeners have none.
    pub(crate) policies: Option<(Rc<str>, &'d PolicyList)>,
    /// The listener's number, where it has policies of its own.
    pub(crate) number: Option<u32>,
}

impl<'d> Level<'d> {
    /// What is around every route.
    pub(crate) fn top(document: &'d Document) -> Self {
        Level { defaults: Some(&document.defaults.policies), ..Level::default() }
    }

    /// What holds for a route with all that is around it; the fault is in its match.
    pub(crate) fn inner(&self, route: &'d RouteConfig) -> Result<Self, Fault> {
        let mut level = self.clone();
        level.pattern = Some(match &self.pattern {
            None => route.pattern.value.clone(),
            Some(group) => route.pattern.within(group)?,
        });
        if let Some(listeners) = &route.listener {
            level.listeners = Some(listeners);
        }
        level.maintenance = route.maintenance.as_ref().or(self.maintenance);
        for (name, value) in &route.labels.0 {
            level.labels.insert(name.value.clone(), value.clone());
        }
        let own = match &route.name {
            Some(name) => name.value.clone(),
            None => {
                let listeners: Vec<&str> = route.listener.iter().flatten().map(|name| name.as_str()).collect();
                route.pattern.canonical(&listeners)
            }
        };
        level.name = Some(match &self.name {
            Some(group) => format!("{group}/{own}"),
            None => own,
        });
        let of = if route.routes.is_some() { "group" } else { "route" };
        let name = format!("{of} {}", level.name.as_deref().unwrap_or_default());
        level.policies.push((name.into(), &route.policies));
        Ok(level)
    }

    /// The lists of policies that hold, outer to inner.
    pub(crate) fn lists<'l>(&'l self, listener: Option<&'l (Rc<str>, &'d PolicyList)>) -> Vec<policies::Level<'l>> {
        let defaults = self.defaults.map(|list| policies::Level { name: "defaults", list });
        let listener = listener.map(|(name, list)| policies::Level { name, list });
        let own = self.policies.iter().map(|(name, list)| policies::Level { name, list });
        defaults.into_iter().chain(listener).chain(own).collect()
    }
}

/// What a listener's list of policies belongs to.
pub(crate) fn level_name(listener: &ListenerConfig) -> String {
    match &listener.name {
        Some(name) => format!("listener {}", name.value),
        None => listener.address.iter().next().map_or_else(String::new, |first| format!("listener {}", first.value)),
    }
}

/// Routes that differ only in the policies of their listeners share all else: one for each listener if any listener has
/// some, else one for all. `numbers` are the listeners that the route names; without them it is on all of its `kind`.
pub(crate) fn spread<'d>(
    numbers: Option<&[u32]>,
    kind: ListenerProtocol,
    doors: impl Iterator<Item = &'d ListenerConfig> + Clone,
) -> Vec<On<'d>> {
    if doors.clone().all(|door| door.policies.is_empty()) {
        let listeners = on(numbers, kind, doors);
        return vec![On { listeners, policies: None, number: None }];
    }
    let wanted = |(number, door): &(u32, &ListenerConfig)| match numbers {
        Some(numbers) => numbers.contains(number),
        None => door.protocol == kind,
    };
    (0..)
        .zip(doors)
        .filter(wanted)
        .map(|(number, door)| {
            let list = (level_name(door).into(), &door.policies);
            // One that names none gives way on each of them.
            let part = if numbers.is_some() { Listeners::only([number]) } else { Listeners::part_of_all(number) };
            On { listeners: part, policies: Some(list), number: Some(number) }
        })
        .collect()
}

/// The listeners of a route that names these, or none and is on all of its `kind`.
pub(crate) fn on<'d>(
    numbers: Option<&[u32]>,
    kind: ListenerProtocol,
    doors: impl Iterator<Item = &'d ListenerConfig> + Clone,
) -> Listeners {
    match numbers {
        Some(numbers) => Listeners::only(numbers.iter().copied()),
        None if doors.clone().all(|door| door.protocol == kind) => Listeners::ALL,
        None => Listeners::some_of_all((0..).zip(doors).filter(|(_, door)| door.protocol == kind).map(|(at, _)| at)),
    }
}
