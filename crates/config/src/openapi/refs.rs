//! `$ref` within a document (RFC 6901 as a fragment), and whether each one leads somewhere.

use super::{Document, fault};
use pintle_core::config::{Node, Reader, nearest};
use pintle_core::exchange::query::percent_decoded;

/// How many references may lead to each other before something is there.
const MOST: usize = 32;

/// What under these keys is data and no part of the document.
const DATA: [&str; 5] = ["example", "examples", "default", "enum", "const"];

impl Document {
    /// What a reference within the document leads to. None for one into another document, and for one by a name of the
    /// schema's own (`$anchor`).
    pub(super) fn resolve(&self, reference: &str) -> Option<&Node> {
        let pointer = reference.strip_prefix('#')?;
        if pointer.is_empty() {
            return Some(&self.root);
        }
        steps(pointer.strip_prefix('/')?).try_fold(&self.root, |node, step| into(node, &step))
    }

    /// What stands there, or what its reference leads to.
    pub(super) fn target<'d>(&'d self, mut node: &'d Node) -> Option<&'d Node> {
        for _ in 0..MOST {
            match node.get("$ref").and_then(Node::as_text) {
                Some(reference) => node = self.resolve(reference)?,
                None => return Some(node),
            }
        }
        None
    }

    /// Reports each reference that leads nowhere. Without all of the document, nothing is known to be missing.
    pub(super) fn check_refs(&self, reader: &mut Reader) {
        if self.is_whole {
            self.check_below(&self.root, reader);
        }
    }

    fn check_below(&self, node: &Node, reader: &mut Reader) {
        for item in node.as_list().unwrap_or_default() {
            self.check_below(item, reader);
        }
        for entry in node.as_map().unwrap_or_default() {
            let key = &*entry.key.value;
            match entry.value.as_text() {
                Some(reference) if key == "$ref" && reference.starts_with("#/") => {
                    if self.resolve(reference).is_none() {
                        let message = format!("`{reference}` leads nowhere");
                        reader.report(fault(message, entry.value.span()).help(self.meant(reference)));
                    }
                }
                _ if DATA.contains(&key) || key.starts_with("x-") => {}
                _ => self.check_below(&entry.value, reader),
            }
        }
    }

    /// The remedy for a reference that leads nowhere.
    fn meant(&self, reference: &str) -> String {
        let Some((place, name)) = reference.rsplit_once('/') else { return String::new() };
        let Some(around) = self.resolve(place) else { return format!("there is no `{place}` in this document") };
        let names = around.as_map().unwrap_or_default().iter().map(|entry| &*entry.key.value);
        match nearest(name, names) {
            Some(near) => format!("did you mean `{place}/{near}`?"),
            None => format!("there is no `{name}` under `{place}`"),
        }
    }
}

/// The steps of a pointer, which may be percent-encoded as a fragment is.
fn steps(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').map(|step| {
        let decoded = percent_decoded(step, false);
        String::from_utf8_lossy(&decoded).replace("~1", "/").replace("~0", "~")
    })
}

fn into<'n>(node: &'n Node, step: &str) -> Option<&'n Node> {
    match node.as_list() {
        Some(items) => items.get(step.parse::<usize>().ok()?),
        None => node.get(step),
    }
}
