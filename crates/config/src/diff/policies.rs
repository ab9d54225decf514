//! The policies in effect: what holds before and after of each kind, and from which level it comes.
//!
//! Where a policy was written is told, and is no change by itself: the same settings from a group or from the route have
//! the same effect.

use super::tree::{line, same};
use super::{Edit, Written};
use crate::describe::{Level, PolicyDescription};
use std::collections::HashMap;

/// What changes from one list in run order to another.
pub(super) fn compare(
    old: &[PolicyDescription],
    new: &[PolicyDescription],
    renamed: &HashMap<&str, &str>,
) -> Vec<Edit> {
    let mut kinds: Vec<&str> = Vec::new();
    for policy in old.iter().chain(new) {
        if !kinds.contains(&policy.kind) {
            kinds.push(policy.kind);
        }
    }
    kinds.into_iter().flat_map(|kind| one_kind(kind, &of_kind(old, kind), &of_kind(new, kind), renamed)).collect()
}

/// The policies of a kind, outer ones first. One that runs in two places is described at each, and is one policy.
fn of_kind<'p>(all: &'p [PolicyDescription], kind: &str) -> Vec<&'p PolicyDescription> {
    let mut found: Vec<&PolicyDescription> = Vec::new();
    for policy in all.iter().filter(|policy| policy.kind == kind) {
        let is = |other: &&PolicyDescription| {
            other.place != policy.place
                && other.level == policy.level
                && other.span == policy.span
                && other.settings == policy.settings
        };
        if !found.iter().any(is) {
            found.push(policy);
        }
    }
    found
}

fn one_kind(
    kind: &str,
    old: &[&PolicyDescription],
    new: &[&PolicyDescription],
    renamed: &HashMap<&str, &str>,
) -> Vec<Edit> {
    let alike = |(a, b): &(&&PolicyDescription, &&PolicyDescription)| same(&a.settings, &b.settings);
    if old.len() == new.len() && old.iter().zip(new).all(|pair| alike(&pair)) {
        return Vec::new();
    }
    let head = old.iter().zip(new).take_while(alike).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(alike).count();
    let mut gone = old[head..old.len() - tail].to_vec();
    let came = &new[head..new.len() - tail];
    let what = format!("policy {kind}");
    let mut edits = Vec::new();
    let mut alone = Vec::new();
    for policy in came {
        let same_level = |other: &&PolicyDescription| level_now(&other.level, renamed) == policy.level;
        match gone.iter().position(same_level) {
            Some(at) => edits.extend(changed(&what, gone.remove(at), policy)),
            None => alone.push(*policy),
        }
    }
    // Of those that only the inner one holds of, one from another level is in the place of the one before.
    while !gone.is_empty() && !alone.is_empty() {
        edits.extend(changed(&what, gone.remove(0), alone.remove(0)));
    }
    edits.extend(gone.into_iter().map(|policy| Edit::new(&*what, Some(written(policy)), None)));
    edits.extend(alone.into_iter().map(|policy| Edit::new(&*what, None, Some(written(policy)))));
    if edits.is_empty() {
        // The same settings in another order of levels.
        let all = |list: &[&PolicyDescription]| {
            let texts: Vec<String> = list.iter().map(|policy| line(&policy.settings)).collect();
            list.last().map(|policy| Written { text: texts.join(", then "), ..written(policy) })
        };
        edits.push(Edit::new(what, all(old), all(new)));
    }
    edits
}

/// The parts of a policy that change, each with where the policy came from.
fn changed(what: &str, old: &PolicyDescription, new: &PolicyDescription) -> Vec<Edit> {
    let from = |side: &mut Option<Written>, policy: &PolicyDescription| match side {
        Some(side) => side.from = source(policy),
        None => {}
    };
    let mut edits = super::tree::differences(what, &old.settings, &new.settings);
    for edit in &mut edits {
        from(&mut edit.old, old);
        from(&mut edit.new, new);
    }
    edits
}

fn written(policy: &PolicyDescription) -> Written {
    Written { from: source(policy), ..Written::new(line(&policy.settings), &policy.span) }
}

/// The level with the name that its listener has now.
fn level_now(level: &Level, renamed: &HashMap<&str, &str>) -> Level {
    match level {
        Level::Listener(name) => {
            Level::Listener(renamed.get(&**name).map_or_else(|| name.clone(), |name| (*name).to_owned()))
        }
        other => other.clone(),
    }
}

/// From where a policy comes to a route, if not from the route itself.
fn source(policy: &PolicyDescription) -> String {
    let level = match &policy.level {
        Level::Defaults => "defaults".to_owned(),
        Level::Listener(name) => format!("listener `{name}`"),
        Level::Group(name) => format!("group `{name}`"),
        Level::Route => String::new(),
    };
    match &policy.named {
        Some(name) if level.is_empty() => format!("policy `{name}`"),
        Some(name) => format!("policy `{name}` in {level}"),
        None => level,
    }
}
