//! The route table: built once from all routes' matches, then asked for every request.
//!
//! A request looks its host up, then walks a trie of path segments from the most specific branch to the least, and
//! takes the first route there that fits: the order of the walk is the rule of precedence (semantics, "Match"). A step
//! is one look into a hash table, whatever the number of routes; nothing is allocated.
//!
//! Routes that share host and path stand in one list, in order of precedence, and are tried one by one; a long list has
//! an index by the values of a condition.

mod build;
mod explain;
mod head;
mod index;
mod order;
mod possible;
mod reach;
mod rule;
#[cfg(test)]
mod tests;
mod trie;

pub use explain::{Candidate, Explained, Respect, Verdict};
pub use head::Head;
pub use possible::{Knowledge, Possible, PossibleRoute};
pub use reach::Shadowed;
pub use rule::Miss;

use crate::pattern::{Methods, Pattern, Rank};
use foldhash::fast::FixedState;
use http::Method;
use index::{Candidates, Index};
use pintle_core::exchange::Captures;
use rule::Rule;
use std::collections::HashMap;
use std::ops::ControlFlow;
use trie::Trie;

/// One route as the table takes it.
#[derive(Debug)]
pub struct Entry<T> {
    /// What it matches, its groups' matches included.
    pub pattern: Pattern,
    /// On which listeners.
    pub listeners: Listeners,
    /// What the caller wants back.
    pub value: T,
}

/// The listeners that a route belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// None are all.
    numbers: Option<Box<[u32]>>,
    /// Whether the route names them, which decides between equal ones.
    named: bool,
}

impl Listeners {
    /// Every listener: the route names none.
    pub const ALL: Listeners = Listeners { numbers: None, named: false };

    /// These alone, by the numbers that [`Head::listener`] has.
    pub fn only(listeners: impl IntoIterator<Item = u32>) -> Self {
        let mut all: Vec<u32> = listeners.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        Listeners { numbers: Some(all.into()), named: true }
    }

    /// The part for one listener of a route that names none, and differs from listener to listener.
    pub fn part_of_all(listener: u32) -> Self {
        Listeners { numbers: Some([listener].into()), named: false }
    }

    /// These listeners of a route that names none, and is for no others.
    pub fn some_of_all(listeners: impl IntoIterator<Item = u32>) -> Self {
        Listeners { named: false, ..Listeners::only(listeners) }
    }

    /// Whether the listener is one of them.
    pub fn has(&self, listener: u32) -> bool {
        self.numbers.as_ref().is_none_or(|all| all.contains(&listener))
    }

    /// Whether the route names them.
    pub fn are_named(&self) -> bool {
        self.named
    }

    /// Whether both name their listeners, or neither, and one listener is both's.
    fn compete(&self, other: &Listeners) -> bool {
        self.named == other.named
            && match (&self.numbers, &other.numbers) {
                (Some(mine), Some(theirs)) => mine.iter().any(|listener| theirs.contains(listener)),
                _ => true,
            }
    }
}

impl Default for Listeners {
    fn default() -> Self {
        Listeners::ALL
    }
}

/// Two routes that are equally good for a request that both match, by their places among the entries, the earlier one
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The earlier entry.
    pub first: usize,
    /// The later entry.
    pub second: usize,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<'t, T> {
    /// A route takes it.
    Found {
        /// The route's value.
        value: &'t T,
        /// What its path captured.
        captures: Captures,
    },
    /// Some routes would take it but for its method: 405, with these in `Allow`.
    MethodNotAllowed {
        /// The methods of those routes, HEAD with GET.
        allow: Methods,
    },
    /// No route takes it: 404.
    NotFound,
}

/// All routes, immutable.
#[derive(Debug)]
pub struct Table<T> {
    values: Box<[T]>,
    /// What each value's route matches: what the next table is built of where the route stays.
    patterns: Box<[Pattern]>,
    rules: Box<[Rule]>,
    hosts: Hosts,
    trie: Trie,
    /// By leaf, for those with long lists.
    indexes: HashMap<u32, Index, FixedState>,
}

/// The tries' roots by host.
#[derive(Debug, Default)]
struct Hosts {
    exact: HashMap<Box<str>, u32, FixedState>,
    /// `*.x.y` by `x.y`.
    wildcard: HashMap<Box<str>, u32, FixedState>,
    any: Option<u32>,
}

impl Hosts {
    /// The roots that a host has, the most specific first: exact, longer wildcard, any.
    fn roots(&self, host: &str) -> impl Iterator<Item = u32> {
        // A name with its last dot is the same name (RFC 1034 3.1).
        let host = host.strip_suffix('.').unwrap_or(host);
        let names = if self.wildcard.is_empty() { "" } else { host };
        let below = memchr::memchr_iter(b'.', names.as_bytes()).filter(|&dot| dot > 0);
        let wildcards = below.filter_map(|dot| self.wildcard.get(&names[dot + 1..]).copied());
        self.exact.get(host).copied().into_iter().chain(wildcards).chain(self.any)
    }
}

impl<T> Table<T> {
    /// Builds the table, or names the routes that contradict each other: each with the first one that it conflicts with.
    pub fn build(entries: Vec<Entry<T>>) -> Result<Table<T>, Vec<Conflict>> {
        build::build(entries)
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Every route's value, in the order of the entries.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// What the route with that number was built of; None past the last one.
    pub fn entry(&self, number: usize) -> Option<Entry<&T>> {
        let (pattern, rule) = (self.patterns.get(number)?.clone(), self.rules.get(number)?);
        Some(Entry { pattern, listeners: rule.listeners().clone(), value: self.values.get(number)? })
    }

    /// Finds the route for a request.
    pub fn find(&self, head: &Head<'_>) -> Outcome<'_, T> {
        let method = head.asked();
        let mut found = None;
        self.walk(head, |leaf, captures| match self.first(self.candidates(leaf, head), head, &method) {
            Some(rule) => {
                found = Some((rule, std::mem::take(captures)));
                ControlFlow::Break(())
            }
            None => ControlFlow::Continue(()),
        });
        match found {
            Some((rule, captures)) => Outcome::Found { value: &self.values[rule as usize], captures },
            None => self.refuse(head, &method),
        }
    }

    /// Shows `visit` the leaves whose host and path match, with what the path captured, in order of precedence.
    fn walk(&self, head: &Head<'_>, mut visit: impl FnMut(u32, &mut Captures) -> ControlFlow<()>) {
        for root in self.hosts.roots(head.host) {
            if self.trie.walk(root, head.path, &mut visit).is_break() {
                return;
            }
        }
    }

    /// The rules of a leaf that may take the request, the best first.
    fn candidates(&self, leaf: u32, head: &Head<'_>) -> Candidates<'_> {
        let index = if self.indexes.is_empty() { None } else { self.indexes.get(&leaf) };
        Candidates::new(self.trie.list(leaf), index, head)
    }

    /// The first rule that takes the request.
    fn first(&self, mut rules: Candidates<'_>, head: &Head<'_>, method: &Method) -> Option<u32> {
        let rank = |rule: u32| self.rules[rule as usize].judge(head, method).ok();
        if *method != Method::HEAD {
            return rules.find(|&rule| rank(rule).is_some());
        }
        // The list stands as every other method wants it; for HEAD one that lists HEAD goes before one that lists GET.
        let ranks = [Rank::Listed, Rank::Implied, Rank::Open];
        ranks.iter().find_map(|wanted| rules.clone().find(|&rule| rank(rule) == Some(*wanted)))
    }

    /// 405 if the method was all that was wrong for some route, else 404. Off the common path, so it looks again.
    #[cold]
    fn refuse(&self, head: &Head<'_>, method: &Method) -> Outcome<'_, T> {
        let mut allow = Methods::default();
        self.walk(head, |leaf, _| {
            for rule in self.candidates(leaf, head).map(|rule| &self.rules[rule as usize]) {
                if rule.judge(head, method) == Err(Miss::Method) {
                    allow.allow(rule.methods());
                }
            }
            ControlFlow::Continue(())
        });
        if allow.is_empty() { Outcome::NotFound } else { Outcome::MethodNotAllowed { allow } }
    }
}
