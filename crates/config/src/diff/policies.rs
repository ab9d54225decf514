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
    let mut places: Vec<&str> = Vec::new();
    for policy in old.iter().chain(new) {
        if !places.contains(&policy.place) {
            places.push(policy.place);
        }
    }
    let at = |all: &'_ [PolicyDescription], place: &str| -> Vec<usize> {
        (0..all.len()).filter(|&at| all[at].place == place).collect()
    };
    let one = |place: &str| {
        let before: Vec<&PolicyDescription> = at(old, place).into_iter().map(|at| &old[at]).collect();
        let after: Vec<&PolicyDescription> = at(new, place).into_iter().map(|at| &new[at]).collect();
        at_place(place, &before, &after, renamed)
    };
    places.into_iter().flat_map(one).collect()
}

/// The changes at one place of the run order; of several policies there the outer ones come first.
fn at_place(
    place: &str,
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
    let what = format!("policy {place}");
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
    let from = |side: &mut Option<Written>, policy: &PolicyDescription| {
        if let Some(side) = side {
            side.from = source(policy);
        }
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
        Level::Defaults => "`defaults`".to_owned(),
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
