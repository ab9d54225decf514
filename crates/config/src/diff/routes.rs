//! Routes: which came, went, were renamed, and what changes in those that stay.

use super::tree::{differences, line};
use super::{Change, Edit, Item, Written, policies};
use crate::describe::{ActionDescription, Description, ListenerDescription, PolicyDescription, RouteDescription};
use crate::errors::ErrorsConfig;
use pintle_actions::MaintenanceConfig;
use pintle_core::config::{Form, Node, Read};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// New names of listeners by old ones, where they differ.
pub(crate) type Renamed<'d> = HashMap<&'d str, &'d str>;

/// A route as it is written: one that has other policies on other listeners is one.
struct Route<'d> {
    first: &'d RouteDescription,
    /// One for each listener that has policies of its own.
    variants: Vec<&'d RouteDescription>,
}

/// Both configurations.
struct Sides<'d> {
    old: &'d Description,
    new: &'d Description,
    renamed: &'d Renamed<'d>,
}

/// Which of the new routes an old one is.
#[derive(Clone, Copy)]
enum Pair {
    /// The same by its name, or by its match under another name.
    Same,
    /// By all but its match.
    Moved,
}

/// Every route that changes, the new ones in their order, then those that went.
pub(super) fn compare(old: &Description, new: &Description, listeners: &Renamed<'_>) -> Vec<Item> {
    let (before, after) = (written(old), written(new));
    let pairs = pair(&before, &after, listeners);
    let sides = Sides { old, new, renamed: listeners };
    let mut items = Vec::new();
    let mut stays = vec![false; before.len()];
    for (route, found) in after.iter().zip(pairs) {
        let Some((at, how)) = found else {
            items.push(alone(route, Change::Added));
            continue;
        };
        stays[at] = true;
        let was = &before[at];
        let edits = edits(was, route, &sides);
        let change = match was.first.name == route.first.name {
            true if edits.is_empty() => continue,
            true => Change::Changed,
            // The name of one without a name of its own is its match, and changes with it.
            false if matches!(how, Pair::Moved) && is_nameless(was.first) && is_nameless(route.first) => {
                Change::Changed
            }
            false => Change::Renamed { from: was.first.name.clone() },
        };
        items.push(Item { is: String::new(), edits, ..alone(route, change) });
    }
    let gone = before.iter().zip(stays).filter(|(_, stays)| !stays);
    items.extend(gone.map(|(route, _)| alone(route, Change::Removed)));
    items
}

/// The names of the routes that have another one now, by the old ones.
pub(crate) fn renamed(old: &Description, new: &Description, listeners: &Renamed<'_>) -> HashMap<String, String> {
    let (before, after) = (written(old), written(new));
    let pairs = pair(&before, &after, listeners);
    let name = |route: &Route<'_>| route.first.name.clone();
    let both = |(route, found): (&Route<'_>, Option<(usize, Pair)>)| Some((name(&before[found?.0]), name(route)));
    after.iter().zip(pairs).filter_map(both).filter(|(was, is)| was != is).collect()
}

/// The routes as they are written, in order.
fn written(all: &Description) -> Vec<Route<'_>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut routes: Vec<Route<'_>> = Vec::new();
    for route in &all.routes {
        match places.entry(&route.name) {
            Entry::Occupied(place) => routes[*place.get()].variants.push(route),
            Entry::Vacant(place) => {
                place.insert(routes.len());
                routes.push(Route { first: route, variants: vec![route] });
            }
        }
    }
    routes
}

/// For each new route the old one that it is: by name, else by match, else by all but the match where that is one alone.
fn pair(before: &[Route<'_>], after: &[Route<'_>], listeners: &Renamed<'_>) -> Vec<Option<(usize, Pair)>> {
    let names: HashMap<&str, usize> =
        before.iter().enumerate().map(|(at, route)| (route.first.name.as_str(), at)).collect();
    let mut free = vec![true; before.len()];
    let mut found: Vec<Option<(usize, Pair)>> = after
        .iter()
        .map(|route| {
            let at = *names.get(route.first.name.as_str())?;
            free[at] = false;
            Some((at, Pair::Same))
        })
        .collect();
    let by_match = |route: &Route<'_>, renamed: &Renamed<'_>| Some(where_it_matches(route, renamed));
    let by_effect = |route: &Route<'_>, renamed: &Renamed<'_>| is_nameless(route.first).then(|| effect(route, renamed));
    let none = Renamed::new();
    for (key, how) in [(&by_match as Key<'_>, Pair::Same), (&by_effect, Pair::Moved)] {
        // None where two have the same key: which of them it is cannot be said.
        let mut keys: HashMap<String, Option<usize>> = HashMap::new();
        for (at, route) in before.iter().enumerate().filter(|(at, _)| free[*at]) {
            if let Some(key) = key(route, listeners) {
                keys.entry(key).and_modify(|known| *known = None).or_insert(Some(at));
            }
        }
        let wanted: Vec<(usize, String)> = (0..after.len())
            .filter(|&at| found[at].is_none())
            .filter_map(|at| Some((at, key(&after[at], &none)?)))
            .collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        wanted.iter().for_each(|(_, key)| *counts.entry(key).or_default() += 1);
        for (place, key) in &wanted {
            if counts[key.as_str()] == 1
                && let Some(Some(at)) = keys.get(key)
            {
                found[*place] = Some((*at, how));
                free[*at] = false;
            }
        }
    }
    found
}

type Key<'k> = &'k dyn Fn(&Route<'_>, &Renamed<'_>) -> Option<String>;

/// Match and listeners as one text.
fn where_it_matches(route: &Route<'_>, renamed: &Renamed<'_>) -> String {
    format!("{} @{:?}", route.first.pattern, listeners_of(route, renamed))
}

/// All but name and match as one text.
fn effect(route: &Route<'_>, renamed: &Renamed<'_>) -> String {
    use std::fmt::Write;
    let action = &route.first.action;
    let (settings, listeners) = (line(&action.settings), listeners_of(route, renamed));
    let mut text = format!("{} {settings} {:?} @{listeners:?}", action.kind, route.first.labels);
    for policy in route.variants.iter().flat_map(|variant| &variant.policies) {
        // Writing to memory does not fail.
        let _ = write!(text, " {} {}", policy.kind, line(&policy.settings));
    }
    for node in route.first.maintenance.iter().chain(&route.first.errors) {
        let _ = write!(text, " {}", line(node));
    }
    text
}

/// Whether the route's name was made of its match: both end in the same segment.
fn is_nameless(route: &RouteDescription) -> bool {
    let own = route.name.split(" @").next().unwrap_or_default();
    let own = own.split(" [").next().unwrap_or_default();
    let path = route.pattern.paths().last().map(ToString::to_string).unwrap_or_default();
    own.rfind('/').is_some_and(|at| path.ends_with(&own[at..]))
}

/// The listeners that a route names, sorted; none where it names none.
fn listeners_of<'r>(route: &Route<'r>, renamed: &Renamed<'r>) -> Option<Vec<&'r str>> {
    let names = route.first.listeners.as_ref()?.iter();
    let mut names: Vec<&str> = names.map(|name| renamed.get(&**name).copied().unwrap_or(name)).collect();
    names.sort_unstable();
    names.dedup();
    Some(names)
}

fn alone(route: &Route<'_>, change: Change) -> Item {
    let RouteDescription { name, span, pattern, action, .. } = route.first;
    let pattern = pattern.to_string();
    let is = match *name == pattern {
        true => summary(action),
        false => format!("{pattern}, {}", summary(action)),
    };
    Item { name: name.clone(), change, is, at: Some(span.clone()), edits: Vec::new() }
}

/// An action on one line: `proxy orders`.
fn summary(action: &ActionDescription) -> String {
    if action.kind == "aggregate" {
        return format!("aggregate {}", action.summary());
    }
    // What is switched off needs no word.
    let says_something =
        |entry: &&pintle_core::config::Entry| !entry.value.is_null() && entry.value.as_plain() != Some("false");
    let given: Vec<_> = action.settings.as_map().unwrap_or_default().iter().filter(says_something).cloned().collect();
    match &given[..] {
        [one] if &**one.key == "to" => format!("{} {}", action.kind, line(&one.value)),
        _ => format!("{} {}", action.kind, line(&Node::new(Form::Map(given), action.settings.span().clone()))),
    }
}

fn edits(old: &Route<'_>, new: &Route<'_>, sides: &Sides<'_>) -> Vec<Edit> {
    let renamed = sides.renamed;
    let mut edits = Vec::new();
    let (was, is) = (old.first, new.first);
    let mut text = |what: &str, before: Option<String>, after: Option<String>| {
        if before != after {
            let before = before.map(|text| Written::new(text, &was.span));
            edits.push(Edit::new(what, before, after.map(|text| Written::new(text, &is.span))));
        }
    };
    text("match", Some(was.pattern.to_string()), Some(is.pattern.to_string()));
    let place = |names: Option<Vec<&str>>| Some(names.map_or_else(|| "all".to_owned(), |names| names.join(", ")));
    text("listener", place(listeners_of(old, renamed)), place(listeners_of(new, &Renamed::new())));
    for (name, value) in &was.labels {
        text(&format!("labels.{name}"), Some(value.clone()), is.labels.get(name).cloned());
    }
    for (name, value) in is.labels.iter().filter(|(name, _)| !was.labels.contains_key(*name)) {
        text(&format!("labels.{name}"), None, Some(value.clone()));
    }
    if was.action.kind == is.action.kind {
        edits.extend(differences(is.action.kind, &was.action.settings, &is.action.settings));
    } else {
        let written = |action: &ActionDescription| Some(Written::new(summary(action), &action.span));
        edits.push(Edit::new("action", written(&was.action), written(&is.action)));
    }
    edits.extend(policy_edits(old, new, sides));
    edits.extend(around_edits(was, is));
    edits
}

/// The changes of what stands around the action beside policies: maintenance and pages for errors.
fn around_edits(was: &RouteDescription, is: &RouteDescription) -> Vec<Edit> {
    let closed =
        |route: &RouteDescription| route.maintenance.as_ref().map(|node| MaintenanceConfig::shape().fill(node));
    let written = |node: &Node| Written::new(line(node), node.span());
    let mut edits = match (closed(was), closed(is)) {
        (None, None) => Vec::new(),
        (Some(old), Some(new)) => differences("maintenance", &old, &new),
        (old, new) => vec![Edit::new("maintenance", old.as_ref().map(written), new.as_ref().map(written))],
    };
    let pages = |route: &RouteDescription| {
        let levels = route.errors.iter().map(|node| ErrorsConfig::shape().fill(node)).collect();
        Node::new(Form::List(levels), route.span.clone())
    };
    edits.extend(differences("errors", &pages(was), &pages(is)));
    edits
}

/// The changes of the policies; where listeners make them differ, those of each listener.
fn policy_edits(old: &Route<'_>, new: &Route<'_>, sides: &Sides<'_>) -> Vec<Edit> {
    if let ([before], [after]) = (&old.variants[..], &new.variants[..]) {
        return policies::compare(&before.policies, &after.policies, sides.renamed);
    }
    let mut found: Vec<(Edit, Vec<&str>)> = Vec::new();
    let mut compared = 0;
    for (now, listener) in (0..).zip(&sides.new.listeners) {
        let is_same = |other: &&ListenerDescription| {
            sides.renamed.get(&*other.name).copied().unwrap_or(&other.name) == listener.name
        };
        let Some(was) = sides.old.listeners.iter().position(|other| is_same(&other)) else { continue };
        let (Some(before), Some(after)) = (on(old, was as u32), on(new, now)) else { continue };
        compared += 1;
        for edit in policies::compare(before, after, sides.renamed) {
            match found.iter_mut().find(|(known, _)| *known == edit) {
                Some((_, names)) => names.push(&listener.name),
                None => found.push((edit, vec![&listener.name])),
            }
        }
    }
    let of = |(mut edit, names): (Edit, Vec<&str>)| {
        if names.len() < compared {
            edit.what.push_str(&format!(" on `{}`", names.join("`, `")));
        }
        edit
    };
    found.into_iter().map(of).collect()
}

/// The policies of a route on a listener, by its number, if it is there.
fn on<'r>(route: &Route<'r>, listener: u32) -> Option<&'r [PolicyDescription]> {
    let has = |variant: &&&RouteDescription| variant.on.is_none_or(|on| on == listener);
    route.variants.iter().find(has).map(|variant| &*variant.policies)
}
