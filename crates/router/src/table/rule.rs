//! What a route asks of a request beyond host and path: listener, conditions, method.

use super::order::Precedence;
use super::possible::Knowledge;
use super::{Head, Listeners};
use crate::path::decode_byte;
use crate::pattern::{Condition, Methods, Place, Rank, Test};
use http::Method;
use regex::bytes::Regex;
use std::borrow::Cow;

/// A route's match without host and path.
#[derive(Debug)]
pub(super) struct Rule {
    methods: Methods,
    listeners: Listeners,
    checks: Box<[Check]>,
    precedence: Precedence,
}

/// A condition, ready to be asked.
#[derive(Debug)]
pub(super) struct Check {
    condition: Condition,
    /// The compiled expression of a [`Test::Regex`].
    regex: Option<Regex>,
}

/// Why a rule does not take a request whose host and path it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It belongs to other listeners.
    Listener,
    /// The condition of that number among the pattern's failed; those after it were not asked.
    Condition(usize),
    /// All else holds.
    Method,
}

impl Rule {
    pub(super) fn new(methods: Methods, listeners: Listeners, checks: Box<[Check]>) -> Self {
        let precedence = Precedence::new(&methods, &checks, &listeners);
        Rule { methods, listeners, checks, precedence }
    }

    pub(super) fn methods(&self) -> &Methods {
        &self.methods
    }

    pub(super) fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    pub(super) fn precedence(&self) -> Precedence {
        self.precedence
    }

    pub(super) fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Whether the rule takes the request. The method comes last: a 405 tells the methods of those that want another
    /// method and nothing else.
    pub(super) fn judge(&self, head: &Head<'_>, method: &Method) -> Result<Rank, Miss> {
        if !self.listeners.has(head.listener) {
            return Err(Miss::Listener);
        }
        if let Some(failed) = self.checks.iter().position(|check| !check.holds(head)) {
            return Err(Miss::Condition(failed));
        }
        self.methods.rank(method).ok_or(Miss::Method)
    }
}

impl Rule {
    /// As [`Rule::judge`] without the method, for a request of which not everything is known: the conditions that may
    /// hold or not; None if one is known to fail.
    pub(super) fn weigh(&self, head: &Head<'_>, known: &dyn Knowledge) -> Option<Vec<&Condition>> {
        if !self.listeners.has(head.listener) {
            return None;
        }
        let mut open = Vec::new();
        for check in &self.checks {
            let condition = &check.condition;
            let holds = match known.is_whole(condition.place(), condition.name()) {
                true => Some(check.holds(head)),
                false => known.holds(condition),
            };
            match holds {
                Some(true) => {}
                Some(false) => return None,
                None => open.push(condition),
            }
        }
        Some(open)
    }
}

impl Check {
    pub(super) fn new(condition: Condition, regex: Option<Regex>) -> Self {
        Check { condition, regex }
    }

    pub(super) fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Whether a value of that name meets the test, or none is there where none is wanted.
    pub(super) fn holds(&self, head: &Head<'_>) -> bool {
        let wanted = *self.condition.test() != Test::Present(false);
        any_value(self.condition.place(), self.condition.name(), head, |value| self.meets(value)) == wanted
    }

    /// Whether this value is what the test is about; for a presence any is.
    pub(super) fn meets(&self, value: &[u8]) -> bool {
        match self.condition.test() {
            Test::Exact(texts) => texts.iter().any(|text| text.as_bytes() == value),
            Test::Regex(_) => self.regex.as_ref().is_some_and(|regex| regex.is_match(value)),
            Test::Present(_) => true,
        }
    }
}

/// Whether `meets` holds for any of a request's values of that name.
pub(super) fn any_value(place: Place, name: &str, head: &Head<'_>, mut meets: impl FnMut(&[u8]) -> bool) -> bool {
    match place {
        Place::Header => head.fields.get_all(name).any(meets),
        Place::Cookie => {
            head.fields.cookies().filter(|(key, _)| *key == name.as_bytes()).any(|(_, value)| meets(value))
        }
        Place::Query => head.query.is_some_and(|query| parameters(query, name).any(|value| meets(&value))),
    }
}

/// The decoded values of one query parameter; `?a` is a value too, an empty one.
fn parameters<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = Cow<'a, [u8]>> {
    query.split('&').filter_map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        decoded(key).eq(name.bytes()).then(|| match value.contains(['%', '+']) {
            true => Cow::Owned(decoded(value).collect()),
            false => Cow::Borrowed(value.as_bytes()),
        })
    })
}

/// The bytes that a part of a query stands for (application/x-www-form-urlencoded).
fn decoded(text: &str) -> impl Iterator<Item = u8> {
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let (byte, tail) = decode_byte(rest)?;
        let raw = rest[0];
        rest = tail;
        Some(if raw == b'+' { b' ' } else { byte })
    })
}
