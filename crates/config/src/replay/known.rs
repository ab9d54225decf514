//! What is known of a logged request's conditions: what the log holds, and what follows from the route that took it.

use super::line::{Line, UserAgent};
use pintle_router::{Condition, Knowledge, Place, PossibleRoute, Test};
use std::collections::{HashMap, HashSet};

/// Conditions that were found to hold or fail.
#[derive(Clone, Debug)]
pub(super) struct Known<'t> {
    line: &'t Line,
    facts: HashMap<&'t Condition, bool>,
    /// Whether a value of that name is there, as far as it follows from the facts.
    present: HashMap<(Place, &'t str), bool>,
    /// Conditions that do not all hold, though it is not known which fails.
    not_all: HashSet<Vec<&'t Condition>>,
}

impl<'t> Known<'t> {
    /// What the line says.
    pub(super) fn of(line: &'t Line) -> Self {
        Known { line, facts: HashMap::new(), present: HashMap::new(), not_all: HashSet::new() }
    }

    /// These hold, every one.
    pub(super) fn all_hold(&mut self, conditions: &[&'t Condition]) {
        conditions.iter().for_each(|condition| self.learn(condition, true));
    }

    /// Not every one of these holds.
    pub(super) fn not_all(&mut self, conditions: &[&'t Condition]) {
        match conditions {
            [] => {}
            [one] => self.learn(one, false),
            many => drop(self.not_all.insert(many.to_vec())),
        }
    }

    fn learn(&mut self, condition: &'t Condition, holds: bool) {
        self.facts.insert(condition, holds);
        let is_there = match condition.test() {
            Test::Present(wanted) => *wanted == holds,
            _ if holds => true,
            // Another value may be there.
            _ => return,
        };
        self.present.insert((condition.place(), condition.name()), is_there);
    }

    /// Whether a candidate is known not to take the request.
    pub(super) fn excludes(&self, candidate: &PossibleRoute<'_>) -> bool {
        let among = |set: &Vec<&Condition>| set.iter().all(|condition| candidate.open.contains(condition));
        !candidate.open.is_empty() && self.not_all.iter().any(among)
    }
}

impl Knowledge for Known<'_> {
    fn is_whole(&self, place: Place, name: &str) -> bool {
        match place {
            Place::Query => self.line.has_parameter(name),
            Place::Header => name == "user-agent" && self.line.user_agent != UserAgent::Unknown,
            Place::Cookie => false,
        }
    }

    fn holds(&self, condition: &Condition) -> Option<bool> {
        if let Some(known) = self.facts.get(condition) {
            return Some(*known);
        }
        let wants_none = *condition.test() == Test::Present(false);
        if condition.place() == Place::Query && self.line.names_parameter(condition.name()) {
            // It is there, and its value is hidden.
            return match condition.test() {
                Test::Present(wanted) => Some(*wanted),
                _ => None,
            };
        }
        let is_there = self.present.get(&(condition.place(), condition.name())).copied();
        match (is_there?, condition.test()) {
            (is_there, Test::Present(wanted)) => Some(is_there == *wanted),
            (false, _) => Some(wants_none),
            (true, _) => None,
        }
    }
}
