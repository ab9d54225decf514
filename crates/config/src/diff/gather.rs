//! What many routes have alike is said once: a default, a listener's policy, a named one, a group's path.

use super::{Change, Edit, Item, Shared, Written};
use std::collections::HashMap;

/// A change of a route's own stands with the route unless more routes than these have it.
const FEW: usize = 3;

/// Takes what several items have alike out of them; an item that has nothing else goes.
pub(super) fn gather(items: Vec<Item>) -> (Vec<Item>, Vec<Shared>) {
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut groups: Vec<(Edit, Vec<usize>)> = Vec::new();
    let mut members: Vec<Vec<usize>> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let of_item = item.edits.iter().map(|edit| {
            let (key, said) = key(edit);
            let group = *places.entry(key).or_insert(groups.len());
            if group == groups.len() {
                groups.push((said, Vec::new()));
            }
            groups[group].1.push(at);
            group
        });
        members.push(of_item.collect());
    }
    for (_, routes) in &mut groups {
        routes.dedup();
    }
    let is_shared =
        |(edit, routes): &(Edit, Vec<usize>)| routes.len() > if comes_from_elsewhere(edit) { 1 } else { FEW };
    let shared = groups
        .iter()
        .filter(|group| is_shared(group))
        .map(|(edit, routes)| Shared {
            edit: edit.clone(),
            routes: routes.iter().map(|&at| items[at].name.clone()).collect(),
        })
        .collect();
    let mut left = Vec::new();
    for (mut item, groups_of) in items.into_iter().zip(members) {
        let mut of_edits = groups_of.into_iter();
        item.edits.retain(|_| of_edits.next().is_some_and(|group| !is_shared(&groups[group])));
        if item.change != Change::Changed || !item.edits.is_empty() {
            left.push(item);
        }
    }
    (left, shared)
}

/// By what two edits are the same one, wherever they stand.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    what: String,
    old: Option<(String, String)>,
    new: Option<(String, String)>,
}

/// The key of an edit, and the edit as it is said of all that have it.
fn key(edit: &Edit) -> (Key, Edit) {
    let mut said = edit.clone();
    if let ("match", Some(old), Some(new)) = (&*edit.what, &mut said.old, &mut said.new) {
        let (before, after) = without_tail(&old.text, &new.text);
        (old.text, new.text) = (before, after);
    }
    let side = |side: &Option<Written>| side.as_ref().map(|side| (side.text.clone(), side.from.clone()));
    let key = Key { what: said.what.clone(), old: side(&said.old), new: side(&said.new) };
    (key, said)
}

/// Two matches without the segments in which they end alike: what a changed group has in common over its routes.
fn without_tail(old: &str, new: &str) -> (String, String) {
    let alike = old.bytes().rev().zip(new.bytes().rev()).take_while(|(a, b)| a == b).count();
    let tail = old.get(old.len() - alike..).unwrap_or_default();
    // Only whole segments; bytes that are alike may begin within a character, a slash does not.
    match tail.find('/') {
        Some(slash) => {
            let length = tail.len() - slash;
            (format!("{}/…", &old[..old.len() - length]), format!("{}/…", &new[..new.len() - length]))
        }
        None => (old.to_owned(), new.to_owned()),
    }
}

fn comes_from_elsewhere(edit: &Edit) -> bool {
    [&edit.old, &edit.new].into_iter().flatten().any(|side| !side.from.is_empty())
}
