//! Long lists: many routes on one host and path that an exact header, parameter or cookie tells apart (tenants). An
//! index by that value leaves a few of them to be tried, in the same order.

use super::Head;
use super::rule::{Rule, any_value};
use crate::pattern::{Place, Test};
use foldhash::fast::FixedState;
use smallvec::SmallVec;
use std::collections::{BTreeMap, HashMap};
use std::slice::Iter;

/// From this many on an index pays for itself; in tests a few, so that random tables have some.
const LONG: usize = if cfg!(test) { 3 } else { 16 };
/// A request with more values of the name than these is not worth the merging: the whole list is tried.
const VALUES: usize = 8;

/// One list's rules by the value that they want of one name.
#[derive(Debug)]
pub(super) struct Index {
    place: Place,
    name: Box<str>,
    /// The places in the list of the rules that want this value, ascending.
    wanted: HashMap<Box<[u8]>, Vec<u32>, FixedState>,
    /// The places of those that want no certain value of it.
    others: Vec<u32>,
}

impl Index {
    /// An index for a list, if the list is long and many of its rules want a certain value of the same name.
    pub(super) fn new<'r>(list: &[u32], rule: &impl Fn(u32) -> &'r Rule) -> Option<Index> {
        if list.len() < LONG {
            return None;
        }
        let mut counts: BTreeMap<(Place, &str), usize> = BTreeMap::new();
        for condition in list.iter().flat_map(|&at| rule(at).checks()).map(|check| check.condition()) {
            if matches!(condition.test(), Test::Exact(_)) {
                *counts.entry((condition.place(), condition.name())).or_default() += 1;
            }
        }
        let (&(place, name), _) =
            counts.iter().max_by_key(|(_, count)| **count).filter(|(_, count)| **count >= LONG)?;
        let mut index = Index { place, name: name.into(), wanted: HashMap::default(), others: Vec::new() };
        for (at, &number) in (0..).zip(list) {
            let about = rule(number).checks().iter().map(|check| check.condition()).find_map(|condition| {
                let same = condition.place() == place && condition.name() == name;
                match condition.test() {
                    Test::Exact(texts) if same => Some(texts),
                    _ => None,
                }
            });
            match about {
                Some(texts) => texts.iter().for_each(|text| {
                    index.wanted.entry(text.as_bytes().into()).or_default().push(at);
                }),
                None => index.others.push(at),
            }
        }
        Some(index)
    }

    /// Where it looks.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The name that it looks for.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The rules of `list` that the request's values leave, or all.
    fn narrow<'t>(&'t self, list: &'t [u32], head: &Head<'_>) -> Candidates<'t> {
        let mut parts: SmallVec<[&[u32]; 4]> = SmallVec::new();
        parts.push(&self.others);
        let too_many = any_value(self.place, &self.name, head, |value| {
            parts.extend(self.wanted.get(value).map(Vec::as_slice));
            parts.len() > VALUES
        });
        if too_many { Candidates::All(list.iter()) } else { Candidates::Some(list, parts) }
    }
}

/// Rules that may take a request, the best first.
#[derive(Clone)]
pub(super) enum Candidates<'t> {
    /// A whole list.
    All(Iter<'t, u32>),
    /// The rules at these places of a list; each part ascends. One that is in two parts comes twice.
    Some(&'t [u32], SmallVec<[&'t [u32]; 4]>),
}

impl<'t> Candidates<'t> {
    pub(super) fn new(list: &'t [u32], index: Option<&'t Index>, head: &Head<'_>) -> Self {
        index.map_or(Candidates::All(list.iter()), |index| index.narrow(list, head))
    }
}

impl Iterator for Candidates<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Candidates::All(rules) => rules.next().copied(),
            Candidates::Some(list, parts) => {
                let part = parts.iter_mut().filter(|part| !part.is_empty()).min_by_key(|part| part[0])?;
                let (&at, rest) = part.split_first()?;
                *part = rest;
                list.get(at as usize).copied()
            }
        }
    }
}
