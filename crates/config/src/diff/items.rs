//! Upstreams, listeners and the other settings: things that are found again by their names.

use super::tree::{self, differences};
use super::{Change, Edit, Item, Written, policies};
use crate::describe::{Description, ListenerDescription};
use pintle_core::config::{Entry, Form, Node, Span};
use std::collections::HashMap;

/// The listeners that have another name than before, new names by old ones: those that listen where they did.
pub(crate) fn renamed_listeners<'d>(old: &'d Description, new: &'d Description) -> HashMap<&'d str, &'d str> {
    let known = |all: &'d Description, name: &str| all.listeners.iter().any(|listener| listener.name == name);
    let gone = old.listeners.iter().filter(|listener| !known(new, &listener.name));
    let mut came: Vec<_> = new.listeners.iter().filter(|listener| !known(old, &listener.name)).collect();
    let mut names = HashMap::new();
    for listener in gone {
        let place = addresses(listener);
        // With port 0 the system chooses, so two that have it need not be the same.
        let same = |other: &&ListenerDescription| {
            let others = addresses(other);
            !place.is_empty() && place == others && !place.iter().any(|address| address.ends_with(":0"))
        };
        if let Some(at) = came.iter().position(same) {
            names.insert(&*listener.name, &*came.remove(at).name);
        }
    }
    names
}

/// Where a listener listens, in order of text.
fn addresses(listener: &ListenerDescription) -> Vec<&str> {
    let Some(node) = listener.settings.get("address") else { return Vec::new() };
    let mut all: Vec<&str> = match node.as_list() {
        Some(items) => items.iter().filter_map(Node::as_text).collect(),
        None => node.as_text().into_iter().collect(),
    };
    all.sort_unstable();
    all
}

/// One thing with a name.
struct Named<'d> {
    name: &'d str,
    at: &'d Span,
    is: String,
}

impl Named<'_> {
    fn came(&self) -> Item {
        self.item(Change::Added)
    }

    fn went(&self) -> Item {
        self.item(Change::Removed)
    }

    fn item(&self, change: Change) -> Item {
        Item { name: self.name.to_owned(), change, is: self.is.clone(), at: Some(self.at.clone()), edits: Vec::new() }
    }

    /// The item of one that stays, if it has another name or another content.
    fn stays(&self, before: &str, edits: Vec<Edit>) -> Option<Item> {
        let change = match before == self.name {
            true if edits.is_empty() => return None,
            true => Change::Changed,
            false => Change::Renamed { from: before.to_owned() },
        };
        Some(Item { is: String::new(), edits, ..self.item(change) })
    }
}

pub(super) fn upstreams(old: &Description, new: &Description) -> Vec<Item> {
    let named = |all: &'_ Description| -> HashMap<String, usize> {
        all.upstreams.iter().enumerate().map(|(at, upstream)| (upstream.name.clone(), at)).collect()
    };
    let (before, after) = (named(old), named(new));
    let mut items = Vec::new();
    for upstream in &old.upstreams {
        let is = endpoints(&upstream.settings);
        let known = Named { name: &upstream.name, at: &upstream.span, is };
        match after.get(&upstream.name).map(|&at| &new.upstreams[at]) {
            None => items.push(known.went()),
            Some(other) => {
                let known = Named { at: &other.span, ..known };
                items.extend(known.stays(&upstream.name, differences("", &upstream.settings, &other.settings)));
            }
        }
    }
    for upstream in new.upstreams.iter().filter(|upstream| !before.contains_key(&upstream.name)) {
        let is = endpoints(&upstream.settings);
        items.push(Named { name: &upstream.name, at: &upstream.span, is }.came());
    }
    items
}

/// The endpoints of an upstream as one line.
fn endpoints(settings: &Node) -> String {
    let Some(list) = settings.get("endpoints").and_then(Node::as_list) else { return String::new() };
    let address = |item: &Node| match item.get("address").and_then(Node::as_text) {
        Some(address) => address.to_owned(),
        None => tree::line(item),
    };
    list.iter().map(address).collect::<Vec<_>>().join(", ")
}

pub(super) fn listeners(old: &Description, new: &Description, renamed: &HashMap<&str, &str>) -> Vec<Item> {
    let mut items = Vec::new();
    for listener in &old.listeners {
        let known = Named { name: &listener.name, at: &listener.span, is: addresses(listener).join(", ") };
        let now = renamed.get(&*listener.name).copied().unwrap_or(&listener.name);
        let Some(other) = new.listeners.iter().find(|other| other.name == now) else {
            items.push(known.went());
            continue;
        };
        let mut edits =
            differences("", &without_certificates(&listener.settings), &without_certificates(&other.settings));
        edits.extend(policies::compare(&listener.policies, &other.policies, renamed));
        items.extend(Named { name: &other.name, at: &other.span, ..known }.stays(&listener.name, edits));
    }
    let stays = |listener: &&ListenerDescription| {
        old.listeners.iter().any(|other| other.name == listener.name)
            || renamed.values().any(|name| *name == listener.name)
    };
    for listener in new.listeners.iter().filter(|listener| !stays(listener)) {
        items.push(Named { name: &listener.name, at: &listener.span, is: addresses(listener).join(", ") }.came());
    }
    items
}

/// A listener's settings without its certificates, which have a part of their own.
fn without_certificates(settings: &Node) -> Node {
    let Some(entries) = settings.as_map() else { return settings.clone() };
    let mut kept = entries.to_vec();
    for entry in kept.iter_mut().filter(|entry| &**entry.key == "tls") {
        if let Some(tls) = entry.value.as_map() {
            let inner: Vec<Entry> = tls.iter().filter(|entry| &**entry.key != "certificates").cloned().collect();
            entry.value = Node::new(Form::Map(inner), entry.value.span().clone());
        }
    }
    Node::new(Form::Map(kept), settings.span().clone())
}

pub(super) fn settings(old: &Description, new: &Description) -> Vec<Edit> {
    let get = |all: &'_ Description, key: &str| all.settings.iter().position(|(name, _)| *name == key);
    let mut edits = Vec::new();
    let written = |node: &Node| Written::new(tree::line(node), node.span());
    for (key, before) in &old.settings {
        match get(new, key).map(|at| &new.settings[at].1) {
            Some(after) => edits.extend(differences(key, before, after)),
            None if before.is_null() => {}
            None => edits.push(Edit::new(*key, Some(written(before)), None)),
        }
    }
    for (key, after) in new.settings.iter().filter(|(key, after)| get(old, key).is_none() && !after.is_null()) {
        edits.push(Edit::new(*key, None, Some(written(after))));
    }
    edits
}
