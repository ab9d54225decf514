//! The listener that a logged request came by, before and after.

use crate::describe::ListenerDescription;
use crate::diff::tree;
use crate::replay::line::Line;
use crate::replay::outcome::Outcome;
use crate::replay::side::Side;
use pintle_core::Reason;
use pintle_core::config::{Network, Node, Read, Reader};
use std::collections::{BTreeSet, HashMap};

/// Where a request came in, and where it would now.
pub(super) struct Door {
    pub(super) old: u32,
    /// The number there; else why it reaches none.
    pub(super) new: Result<u32, String>,
    /// What else decides, and is not in the log.
    pub(super) depends: BTreeSet<String>,
    /// Whether a head may be larger or smaller than before.
    heads_differ: bool,
}

impl Door {
    /// The listener of a line; none if the old configuration has none like it, or the log does not say which of several.
    pub(super) fn find(line: &Line, old: &Side<'_>, new: &Side<'_>, renamed: &HashMap<&str, &str>) -> Option<Door> {
        let (number, was) = match (&line.listener, &*old.description.listeners) {
            (Some(name), _) => old.listener(name)?,
            (None, [only]) if new.description.listeners.len() == 1 => (0, only),
            (None, _) => return None,
        };
        let name = renamed.get(&*was.name).copied().unwrap_or(&was.name);
        let now = match (&line.listener, &*new.description.listeners) {
            (None, [only]) => Some((0, only)),
            _ => new.listener(name),
        };
        let mut depends = BTreeSet::new();
        let new_number = match now {
            None => Err(format!("listener `{}` is gone", was.name)),
            Some((_, is)) if has_tls(was) != has_tls(is) => {
                Err(format!("listener `{name}` {}", if has_tls(is) { "has TLS now" } else { "has no TLS any more" }))
            }
            Some((_, is)) if part(was, "protocol") != part(is, "protocol") => {
                Err(format!("listener `{name}` takes no requests any more"))
            }
            Some((number, is)) => {
                if part(was, "proxy_protocol") != part(is, "proxy_protocol") {
                    depends.insert("the PROXY protocol".to_owned());
                }
                if part(was, "trusted_proxies") != part(is, "trusted_proxies") && !is_untouched(line, was, is) {
                    depends.insert("the forwarding fields".to_owned());
                }
                Ok(number)
            }
        };
        let header = |side: &Side<'_>| side.setting("limits").and_then(|limits| limits.get("header")).map(tree::line);
        let heads_differ = header(old) != header(new);
        Some(Door { old: number, new: new_number, depends, heads_differ })
    }

    pub(super) fn unserved(&self) -> Outcome {
        Outcome::Unserved(self.new.as_ref().err().cloned().unwrap_or_default())
    }

    /// What decides over what was refused before any route was looked for.
    pub(super) fn what_opens(mut self) -> BTreeSet<String> {
        if self.heads_differ {
            self.depends.insert("the size of its head".to_owned());
        }
        self.depends
    }

    /// Whether what was refused before any route was looked for may now be let in.
    pub(super) fn opens(&self, refused: &Outcome) -> bool {
        let Outcome::Refused { reason, .. } = refused else { return false };
        let is = |other: Reason| *reason == other.code();
        let by_size = is(Reason::FieldsTooLarge) || is(Reason::TargetTooLong);
        (is(Reason::BadForwarded) && !self.depends.is_empty()) || (by_size && self.heads_differ)
    }
}

fn has_tls(listener: &ListenerDescription) -> bool {
    part(listener, "tls").is_some()
}

fn part(listener: &ListenerDescription, key: &str) -> Option<String> {
    let node = listener.settings.get(key).filter(|node| !node.is_null())?;
    if let Some(items) = node.as_list() {
        let mut lines: Vec<String> = items.iter().map(tree::line).collect();
        lines.sort();
        return (!lines.is_empty()).then(|| lines.join(" "));
    }
    Some(tree::line(node))
}

/// Whether other trusted proxies make no difference to a request: nobody was trusted, so its client is who was
/// connected, and is not trusted now.
fn is_untouched(line: &Line, was: &ListenerDescription, is: &ListenerDescription) -> bool {
    let trusted = |listener: &ListenerDescription| -> Vec<Network> {
        let items = listener.settings.get("trusted_proxies").and_then(Node::as_list).unwrap_or_default();
        items.iter().filter_map(|item| Network::read(item, &mut Reader::new())).collect()
    };
    trusted(was).is_empty() && !trusted(is).iter().any(|network| network.contains(line.client))
}

/// What may refuse requests and is not looked at, a sentence each.
pub(in crate::replay) fn notes(old: &Side<'_>, new: &Side<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let header = |side: &Side<'_>| side.setting("limits").and_then(|limits| limits.get("header")).map(tree::line);
    if header(old) != header(new) {
        notes.push("`limits.header` changes; the size of a request's head is not in the log".to_owned());
    }
    for is in &new.description.listeners {
        let inner = |listener: &ListenerDescription, key: &str| {
            listener.settings.get("tls").and_then(|tls| tls.get(key)).map(tree::line)
        };
        let Some((_, was)) = old.listener(&is.name) else { continue };
        let differs = ["client_auth", "min_version"].into_iter().filter(|key| inner(was, key) != inner(is, key));
        if has_tls(was) && has_tls(is) {
            notes.extend(differs.map(|key| {
                format!("`tls.{key}` of listener `{}` changes; what a client can show there is not in the log", is.name)
            }));
        }
    }
    notes
}
