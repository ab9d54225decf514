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
            (Some(Form::Scalar { text: one, plain: a }), Some(Form::Scalar { text: other, plain: b }))
                if one == other && (a == b || !is_typed(one)) => {}
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

/// Whether quotes decide what a text is: in a tree that becomes JSON, `1` is a number and `"1"` a text.
fn is_typed(text: &str) -> bool {
    matches!(text, "true" | "false" | "null" | "~") || text.parse::<f64>().is_ok()
}

/// The node as one line of YAML's flow style, keys sorted, so that equal trees are equal texts.
pub(super) fn line(node: &Node) -> String {
    let mut out = String::new();
    write_line(node, &mut out);
    out
}

fn write_line(node: &Node, out: &mut String) {
    match node.form() {
        Form::Nothing | Form::Broken => out.push_str("null"),
        Form::Scalar { text, plain } => scalar(text, *plain, out),
        Form::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_line(item, out);
            }
            out.push(']');
        }
        Form::Map(entries) => {
            let mut given: Vec<&Entry> = entries.iter().filter(|entry| !entry.value.is_null()).collect();
            given.sort_by(|a, b| a.key.value.cmp(&b.key.value));
            out.push('{');
            for (at, entry) in given.into_iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                scalar(&entry.key, true, out);
                out.push_str(": ");
                write_line(&entry.value, out);
            }
            out.push('}');
        }
    }
}

/// A text as YAML would read it again: in quotes where it needs some.
fn scalar(text: &str, plain: bool, out: &mut String) {
    let clear = !text.is_empty()
        && text.trim() == text
        && !text.contains(['\n', '\t', '"', '\'', '{', '}', '[', ']', ',', '#', '\\'])
        && !text.contains(": ")
        && !text.ends_with(':')
        && !text.starts_with(['-', '?', '&', '*', '!', '|', '>', '%', '@', '`']);
    if clear && (plain || !is_typed(text)) {
        return out.push_str(text);
    }
    // Both forms of quotes are the same text in YAML and in Rust for what can stand here.
    let _ = write!(out, "{text:?}");
}
