//! Which routes no request comes to. Asked by a check of a configuration and never for a request.
//!
//! Says so only where it is certain: a route is out of reach where, at each of its hosts and paths, on each of its
//! listeners and for each of its methods, another one of the same host and path goes first and takes every request that
//! it would take. Routes of other hosts or paths are not put together to cover it, and a route that lists no method is
//! covered only by one that lists none either, as methods have no end.

use super::Table;
use super::order::{disjoint, order};
use super::rule::{Check, Rule};
use crate::pattern::{Condition, Rank, Test};
use http::Method;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

/// A route that no request comes to, and those that take its requests, by their places among the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// The route.
    pub route: usize,
    /// Those that go first everywhere.
    pub by: Vec<usize>,
}

/// In lists up to this long each rule is held against each other one; in longer ones only against those with the same
/// conditions, so that the time stays linear.
const FEW: usize = 64;

impl<T> Table<T> {
    /// Every route out of reach, where there are `listeners` listeners with the numbers from 0.
    pub fn shadowed(&self, listeners: u32) -> Vec<Shadowed> {
        // By rule: those that shadow it at the leaves so far; None once it is in reach at one.
        let mut shadows: HashMap<u32, Option<BTreeSet<u32>>> = HashMap::new();
        for leaf in self.trie.leaves() {
            let list = self.trie.list(leaf);
            let alike = if list.len() > FEW { self.by_conditions(list) } else { HashMap::new() };
            for &late in list {
                let own = self.rules[late as usize].checks();
                let near =
                    if list.len() > FEW { alike.get(&conditions(own)).map_or(&[][..], Vec::as_slice) } else { list };
                let by = self.covering(late, near, listeners);
                match (shadows.entry(late).or_insert_with(|| Some(BTreeSet::new())), by) {
                    (Some(all), Some(by)) => all.extend(by),
                    (held, _) => *held = None,
                }
            }
        }
        let mut found: Vec<Shadowed> = shadows
            .into_iter()
            .filter_map(|(rule, by)| {
                Some(Shadowed { route: rule as usize, by: by?.into_iter().map(|by| by as usize).collect() })
            })
            .collect();
        found.sort_by_key(|one| one.route);
        found
    }

    /// Every route two of whose conditions no single value meets, with those two: only a request that sends the name
    /// twice comes to it.
    pub fn contradictory(&self) -> impl Iterator<Item = (usize, &Condition, &Condition)> {
        self.rules.iter().enumerate().filter_map(|(at, rule)| {
            let checks = rule.checks();
            let pairs = checks.iter().enumerate().flat_map(|(at, a)| checks[..at].iter().map(move |b| (b, a)));
            let (a, b) = pairs.into_iter().find(|(a, b)| disjoint(a, b))?;
            Some((at, a.condition(), b.condition()))
        })
    }

    fn by_conditions(&self, list: &[u32]) -> HashMap<Vec<&Condition>, Vec<u32>> {
        let mut alike: HashMap<_, Vec<u32>> = HashMap::new();
        for &rule in list {
            alike.entry(conditions(self.rules[rule as usize].checks())).or_default().push(rule);
        }
        alike
    }

    /// Those of `near` that take all that `late` would take, if they do.
    fn covering(&self, late: u32, near: &[u32], listeners: u32) -> Option<BTreeSet<u32>> {
        let rule = &self.rules[late as usize];
        let first = |early: u32| {
            let other = &self.rules[early as usize];
            early != late && order(other, rule) == Ordering::Less && implies(rule, other)
        };
        let candidates: Vec<u32> = near.iter().copied().filter(|&early| first(early)).collect();
        // HEAD goes to one that lists it before any that lists GET, so the order alone does not decide.
        if candidates.is_empty() {
            return None;
        }
        let all: Vec<u32> = match &rule.listeners().numbers {
            Some(named) => named.to_vec(),
            None => (0..listeners).collect(),
        };
        let mut by = BTreeSet::new();
        for listener in all {
            if rule.methods().is_empty() {
                let open = |other: &Rule| other.methods().is_empty();
                by.insert(self.find_covering(&candidates, listener, open)?);
                continue;
            }
            for method in rule.methods().iter().chain(implied_head(rule)) {
                let own = rule.methods().rank(method);
                let takes = |other: &Rule| {
                    let rank = other.methods().rank(method);
                    rank.is_some() && (*method != Method::HEAD || rank <= own)
                };
                by.insert(self.find_covering(&candidates, listener, takes)?);
            }
        }
        (!by.is_empty()).then_some(by)
    }

    fn find_covering(&self, candidates: &[u32], listener: u32, takes: impl Fn(&Rule) -> bool) -> Option<u32> {
        let fits = |at: &&u32| {
            let rule = &self.rules[**at as usize];
            rule.listeners().has(listener) && takes(rule)
        };
        candidates.iter().find(fits).copied()
    }
}

/// HEAD, where it comes with GET and is not listed itself.
fn implied_head(rule: &Rule) -> Option<&'static Method> {
    (rule.methods().rank(&Method::HEAD) == Some(Rank::Implied)).then_some(&Method::HEAD)
}

fn conditions(checks: &[Check]) -> Vec<&Condition> {
    checks.iter().map(Check::condition).collect()
}

/// Whether every request that meets the conditions of `rule` meets those of `other`.
fn implies(rule: &Rule, other: &Rule) -> bool {
    other.checks().iter().all(|wanted| rule.checks().iter().any(|given| meets_always(given, wanted)))
}

/// Whether a request that meets `given` meets `wanted`.
fn meets_always(given: &Check, wanted: &Check) -> bool {
    let (mine, theirs) = (given.condition(), wanted.condition());
    if mine.place() != theirs.place() || mine.name() != theirs.name() {
        return false;
    }
    match (mine.test(), theirs.test()) {
        (mine, theirs) if mine == theirs => true,
        (Test::Exact(_) | Test::Regex(_), Test::Present(true)) => true,
        (Test::Exact(texts), Test::Exact(_) | Test::Regex(_)) => texts.iter().all(|text| wanted.meets(text.as_bytes())),
        _ => false,
    }
}
