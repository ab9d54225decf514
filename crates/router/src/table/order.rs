//! Which of two rules with the same host and path goes first, and when that cannot be said.

use super::rule::{Check, Rule};
use super::{Listeners, Respect};
use crate::pattern::{Methods, Test};
use std::cmp::{Ordering, Reverse};

/// Precedence among rules of one host and path: one that lists methods; then more conditions, exact over regex over
/// present; then one that names its listeners. Smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Precedence {
    any_method: bool,
    conditions: Reverse<u16>,
    exact: Reverse<u16>,
    regex: Reverse<u16>,
    any_listener: bool,
}

impl Precedence {
    pub(super) fn new(methods: &Methods, checks: &[Check], listeners: &Listeners) -> Self {
        let count = |kind: fn(&Test) -> bool| {
            let all = checks.iter().filter(|check| kind(check.condition().test())).count();
            Reverse(u16::try_from(all).unwrap_or(u16::MAX))
        };
        Precedence {
            any_method: methods.is_empty(),
            conditions: count(|_| true),
            exact: count(|test| matches!(test, Test::Exact(_))),
            regex: count(|test| matches!(test, Test::Regex(_))),
            any_listener: !listeners.named,
        }
    }

    /// In which respect this one, which goes first, goes before another.
    pub(super) fn over(self, other: Precedence) -> Respect {
        if self.any_method != other.any_method {
            Respect::Method
        } else if (self.conditions, self.exact, self.regex) != (other.conditions, other.exact, other.regex) {
            Respect::Conditions
        } else if self.any_listener != other.any_listener {
            Respect::Listener
        } else {
            Respect::Text
        }
    }
}

/// The order in which rules are tried. Equal ones that no sound request meets both (`x: "1"` and `x: "2"`, where a
/// request may still send both lines) stand by their conditions' text, so that the written order never matters.
pub(super) fn order(a: &Rule, b: &Rule) -> Ordering {
    let (mine, theirs) = (a.checks().iter(), b.checks().iter());
    a.precedence().cmp(&b.precedence()).then_with(|| mine.map(Check::condition).cmp(theirs.map(Check::condition)))
}

/// Whether two rules of one host and path are equally good for a request that both match.
pub(super) fn conflict(a: &Rule, b: &Rule) -> bool {
    let both_open = a.methods().is_empty() && b.methods().is_empty();
    a.precedence() == b.precedence()
        && (both_open || a.methods().overlap(b.methods()))
        && a.listeners().compete(b.listeners())
        && !a.checks().iter().any(|mine| b.checks().iter().any(|theirs| disjoint(mine, theirs)))
}

/// Whether no one value meets both conditions. Two expressions may always find something in one value.
pub(super) fn disjoint(a: &Check, b: &Check) -> bool {
    let (mine, theirs) = (a.condition(), b.condition());
    if mine.place() != theirs.place() || mine.name() != theirs.name() {
        return false;
    }
    match (mine.test(), theirs.test()) {
        (Test::Exact(_), Test::Present(false)) => true,
        (Test::Exact(texts), _) => !texts.iter().any(|text| b.meets(text.as_bytes())),
        (_, Test::Exact(_)) => disjoint(b, a),
        _ => mine.excludes(theirs),
    }
}
