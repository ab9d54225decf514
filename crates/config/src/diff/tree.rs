//! The difference of two trees as a list of places with the value before and after. Maps are compared by key and some
//! lists by what is in them, because their order means nothing.

use super::{Edit, Written};
use pintle_core::config::{Entry, Form, Node};
use std::collections::HashMap;
use std::fmt::Write;

/// Lists whose order means nothing.
const SETS: &[&str] = &["address", "endpoints", "from", "trusted_proxies"];

/// What differs, each place with `prefix` before it.
pub(super) fn differences(prefix: &str, old: &Node, new: &Node) -> Vec<Edit> {
    let mut walk = Walk { place: prefix.to_owned(), edits: Vec::new() };
    walk.values(Some(old), Some(new));
    walk.edits
}

/// Whether both say the same, whatever the order of keys.
pub(super) fn same(old: &Node, new: &Node) -> bool {
    differences("", old, new).is_empty()
}

struct Walk {
    place: String,
    edits: Vec<Edit>,
}

impl Walk {
    fn values(&mut self, old: Option<&Node>, new: Option<&Node>) {
        let (old, new) = (old.filter(|node| !node.is_null()), new.filter(|node| !node.is_null()));
        match (old.map(Node::form), new.map(Node::form)) {
            (None, None) => {}
            (Some(Form::Map(old)), Some(Form::Map(new))) => self.maps(old, new),
            (Some(Form::List(old)), Some(Form::List(new))) if self.is_set() => self.sets(old, new),
            (Some(Form::List(old)), Some(Form::List(new))) => self.lists(old, new),
            (Some(one @ Form::Scalar { .. }), Some(other)) if one == other => {}
            _ => self.edit(old, new),
        }
    }

    fn maps(&mut self, old: &[Entry], new: &[Entry]) {
        if old.len().max(new.len()) <= 16 {
            let get = |entries: &'_ [Entry], key: &str| entries.iter().position(|entry| **entry.key == *key);
            for entry in old {
                let now = get(new, &entry.key).map(|at| &new[at].value);
                self.at_key(&entry.key, Some(&entry.value), now);
            }
            for entry in new.iter().filter(|entry| get(old, &entry.key).is_none()) {
                self.at_key(&entry.key, None, Some(&entry.value));
            }
            return;
        }
        let index = |entries: &'_ [Entry]| -> HashMap<Box<str>, usize> {
            entries.iter().enumerate().map(|(at, entry)| (entry.key.value.clone(), at)).collect()
        };
        let (before, after) = (index(old), index(new));
        for entry in old {
            self.at_key(&entry.key, Some(&entry.value), after.get(&**entry.key).map(|&at| &new[at].value));
        }
        for entry in new.iter().filter(|entry| !before.contains_key(&**entry.key)) {
            self.at_key(&entry.key, None, Some(&entry.value));
        }
    }

    fn at_key(&mut self, key: &str, old: Option<&Node>, new: Option<&Node>) {
        let length = self.place.len();
        if length > 0 && !self.place.ends_with(' ') {
            self.place.push('.');
        }
        self.place.push_str(key);
        self.values(old, new);
        self.place.truncate(length);
    }

    fn at_index(&mut self, index: impl std::fmt::Display, old: Option<&Node>, new: Option<&Node>) {
        let length = self.place.len();
        // Writing to memory does not fail.
        let _ = write!(self.place, "[{index}]");
        self.values(old, new);
        self.place.truncate(length);
    }

    fn is_set(&self) -> bool {
        SETS.contains(&self.place.rsplit(['.', ' ']).next().unwrap_or_default())
    }

    /// Items that came and went; one that is known by its `address` is looked into.
    fn sets(&mut self, old: &[Node], new: &[Node]) {
        let mut rest: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, item) in new.iter().enumerate().rev() {
            rest.entry(known_as(item)).or_default().push(at);
        }
        let mut is_new = vec![true; new.len()];
        let mut gone = Vec::new();
        for item in old {
            let name = known_as(item);
            match rest.get_mut(&name).and_then(Vec::pop) {
                Some(at) => {
                    is_new[at] = false;
                    self.at_index(name, Some(item), Some(&new[at]));
                }
                None => gone.push(item),
            }
        }
        gone.into_iter().for_each(|item| self.edit(Some(item), None));
        new.iter().zip(is_new).filter(|(_, is_new)| *is_new).for_each(|(item, _)| self.edit(None, Some(item)));
    }

    /// Lists in order: what is alike at both ends is no change.
    fn lists(&mut self, old: &[Node], new: &[Node]) {
        let alike = |(a, b): &(&Node, &Node)| same(a, b);
        let head = old.iter().zip(new).take_while(alike).count();
        let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(alike).count();
        let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
        if old.len() == new.len() {
            for (at, (one, other)) in old.iter().zip(new).enumerate() {
                self.at_index(head + at + 1, Some(one), Some(other));
            }
            return;
        }
        old.iter().for_each(|item| self.edit(Some(item), None));
        new.iter().for_each(|item| self.edit(None, Some(item)));
    }

    fn edit(&mut self, old: Option<&Node>, new: Option<&Node>) {
        let written = |node: &Node| Written::new(line(node), node.span());
        self.edits.push(Edit::new(self.place.clone(), old.map(written), new.map(written)));
    }
}

/// By what an item of a set is found again: its address, or all of it.
fn known_as(item: &Node) -> String {
    match item.get("address").and_then(Node::as_text) {
        Some(address) => address.to_owned(),
        None => line(item),
    }
}

/// The node as one line of YAML, keys sorted and without those that say nothing, so that equal trees are equal texts.
pub(crate) fn line(node: &Node) -> String {
    in_order(node).to_string()
}

fn in_order(node: &Node) -> Node {
    let form = match node.form() {
        Form::List(items) => Form::List(items.iter().map(in_order).collect()),
        Form::Map(entries) => {
            let given = entries.iter().filter(|entry| !entry.value.is_null());
            let mut given: Vec<Entry> =
                given.map(|entry| Entry { key: entry.key.clone(), value: in_order(&entry.value) }).collect();
            given.sort_by(|a, b| a.key.value.cmp(&b.key.value));
            Form::Map(given)
        }
        form => form.clone(),
    };
    Node::new(form, node.span().clone())
}
