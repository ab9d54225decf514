//! Which routes may take a request of which not everything is known: one that stands in a log, without its header
//! fields. Walks as [`Table::find`] does, and says of each condition that it holds, fails, or cannot be said.

use super::index::Candidates;
use super::rule::Rule;
use super::{Head, Table};
use crate::pattern::{Condition, Methods, Place, Rank};
use http::Method;
use pintle_core::exchange::Captures;
use std::ops::ControlFlow;

/// What is known of a request beside its head.
pub trait Knowledge {
    /// Whether the head has every value of that name, so that conditions on it can be asked.
    fn is_whole(&self, place: Place, name: &str) -> bool;

    /// What is known of a condition on a name of which the head has not every value.
    fn holds(&self, condition: &Condition) -> Option<bool>;
}

/// Routes that may take a request.
#[derive(Debug, Default)]
pub struct Possible<'t> {
    /// In the order in which they are tried; behind one that surely takes the request there is no other.
    pub routes: Vec<PossibleRoute<'t>>,
    /// Routes that want another method and nothing else, as far as is known: of 405, if no route takes the request.
    pub misses: Vec<PossibleRoute<'t>>,
}

/// A route whose host and path match, and of whose conditions none is known to fail.
#[derive(Debug)]
pub struct PossibleRoute<'t> {
    /// Its place among the entries.
    pub entry: usize,
    /// What its path captures.
    pub captures: Captures,
    /// The conditions of which it is not known whether they hold.
    pub open: Vec<&'t Condition>,
}

impl<T> Table<T> {
    /// The routes that may take a request, matched by `method` (which for a preflight is not the head's own).
    pub fn possible(&self, head: &Head<'_>, method: &Method, known: &dyn Knowledge) -> Possible<'_> {
        let mut possible = Possible::default();
        self.walk(head, |leaf, captures| {
            let index = self.indexes.get(&leaf).filter(|index| known.is_whole(index.place(), index.name()));
            let mut rules: Vec<(usize, &Rule, Vec<&Condition>)> = Candidates::new(self.trie.list(leaf), index, head)
                .map(|rule| (rule as usize, &self.rules[rule as usize]))
                .filter_map(|(entry, rule)| Some((entry, rule, rule.weigh(head, known)?)))
                .collect();
            if *method == Method::HEAD {
                // As in [`Table::find`]: one that lists HEAD goes before one that lists GET; what misses stands last.
                rules.sort_by_key(|(_, rule, _)| {
                    rule.methods().rank(method).map_or((true, Rank::Open), |rank| (false, rank))
                });
            }
            for (entry, rule, open) in rules {
                let fits = rule.methods().rank(method).is_some();
                let is_sure = fits && open.is_empty();
                let candidate = PossibleRoute { entry, captures: captures.clone(), open };
                if fits { &mut possible.routes } else { &mut possible.misses }.push(candidate);
                if is_sure {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        possible
    }

    /// The methods that a route lists.
    pub fn methods(&self, entry: usize) -> &Methods {
        self.rules[entry].methods()
    }

    /// Whether any route asks for a host.
    pub fn asks_for_hosts(&self) -> bool {
        !self.hosts.exact.is_empty() || !self.hosts.wildcard.is_empty()
    }
}
