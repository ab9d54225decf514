//! Why a request gets to its route: every route whose host and path match, in order of precedence, each with a verdict.
//!
//! Off the path of requests. It asks the same rules in the same order as [`Table::find`] and differs in not stopping.

use super::rule::{Miss, any_value};
use super::{Head, Table};
use crate::pattern::Condition;
use foldhash::fast::FixedState;
use std::collections::HashSet;

/// What became of one route whose host and path match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place among the entries that the table was built from.
    pub entry: usize,
    /// What became of it.
    pub verdict: Verdict,
}

/// Whether a route takes the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes it.
    Won,
    /// It would take it, but another one goes before it in this respect.
    Lost(Respect),
    /// It does not take it.
    Missed(Miss),
}

/// What decides between two routes that both take a request, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Respect {
    /// The other one's host is more specific.
    Host,
    /// The other one's path is more specific.
    Path,
    /// The other one lists the method.
    Method,
    /// The other one has more conditions, or more exact ones.
    Conditions,
    /// The other one names the listener.
    Listener,
    /// Only a request with two values of one name meets both: the text of the conditions decides.
    Text,
}

/// The routes whose host and path match a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// In order of precedence; the one that won is always among them.
    pub shown: Vec<Candidate>,
    /// How many more there are that did not win.
    pub left_out: usize,
}

impl<T> Table<T> {
    /// Every route whose host and path match, the most specific first, and what became of it. Of those that did not win
    /// at most `most`.
    pub fn explain(&self, head: &Head<'_>, most: usize) -> Explained {
        let method = head.asked();
        let mut all = Explained::default();
        let mut seen: HashSet<u32, FixedState> = HashSet::default();
        let mut best: Option<(u32, u32, u32)> = None;
        for root in self.hosts.roots(head.host) {
            let _ = self.trie.walk(root, head.path, &mut |leaf, _| {
                if best.is_none() {
                    best = self.first(self.candidates(leaf, head), head, &method).map(|rule| (root, leaf, rule));
                }
                for &number in self.trie.list(leaf) {
                    if !seen.insert(number) {
                        continue;
                    }
                    let rule = &self.rules[number as usize];
                    let verdict = match (rule.judge(head, &method), best) {
                        (Err(miss), _) => Verdict::Missed(miss),
                        (Ok(_), Some((_, _, won))) if won == number => Verdict::Won,
                        (Ok(_), Some((host, _, _))) if host != root => Verdict::Lost(Respect::Host),
                        (Ok(_), Some((_, path, _))) if path != leaf => Verdict::Lost(Respect::Path),
                        (Ok(rank), Some((_, _, won))) => {
                            let won = &self.rules[won as usize];
                            let by_method = won.judge(head, &method).is_ok_and(|best| best != rank);
                            let respect =
                                if by_method { Respect::Method } else { won.precedence().over(rule.precedence()) };
                            Verdict::Lost(respect)
                        }
                        // Whoever takes the request in the first leaf with such a rule has won there.
                        (Ok(_), None) => continue,
                    };
                    if all.shown.len() < most || verdict == Verdict::Won {
                        all.shown.push(Candidate { entry: number as usize, verdict });
                    } else {
                        all.left_out += 1;
                    }
                }
                std::ops::ControlFlow::Continue(())
            });
        }
        all
    }

    /// Every condition of an entry that the request does not meet, by its number among the pattern's.
    pub fn unmet(&self, entry: usize, head: &Head<'_>) -> Vec<usize> {
        let checks = self.rules.get(entry).map(|rule| rule.checks()).unwrap_or_default();
        checks.iter().enumerate().filter(|(_, check)| !check.holds(head)).map(|(number, _)| number).collect()
    }
}

impl Condition {
    /// The request's values of what the condition asks about, at most `most` of them, as text.
    pub fn values(&self, head: &Head<'_>, most: usize) -> Vec<String> {
        let mut values = Vec::new();
        any_value(self.place(), self.name(), head, |value| {
            values.push(String::from_utf8_lossy(value).into_owned());
            values.len() >= most
        });
        values
    }
}
