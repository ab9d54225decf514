//! The ways that a table leaves to a logged request, and what follows for its conditions from the one that it went.

use super::{Gone, Judge, Way};
use crate::replay::known::Known;
use crate::replay::line::Line;
use pintle_core::{Method, Reason};
use pintle_router::{Condition, Head, Place, PossibleRoute};
use std::collections::BTreeSet;

/// Over so many ways that a request may have gone it is not followed further.
const MOST_WAYS: usize = 64;

impl Judge<'_> {
    /// The ways that the request may have gone, as far as the log agrees; none if there are too many.
    pub(super) fn old_ways<'t>(&'t self, line: &'t Line, head: &Head<'_>, method: &Method) -> Option<Vec<Gone<'t>>> {
        let mut known = Known::of(line);
        let possible = self.old.runtime.table.possible(head, method, &known);
        let mut ways = Vec::new();
        for candidate in &possible.routes {
            if ways.len() > MOST_WAYS {
                return None;
            }
            if self.was(line, &Way::Route(candidate.entry, candidate.captures.clone())) && !known.excludes(candidate) {
                let mut taken = known.clone();
                taken.all_hold(&candidate.open);
                ways.push((Way::Route(candidate.entry, candidate.captures.clone()), taken));
            }
            if candidate.open.is_empty() {
                return Some(ways);
            }
            known.not_all(&candidate.open);
        }
        let surely = possible.misses.iter().any(|miss| miss.open.is_empty());
        if !possible.misses.is_empty() && self.was(line, &Way::Refused(Reason::MethodNotAllowed)) {
            let mut missed = known.clone();
            if let [only] = &possible.misses[..] {
                missed.all_hold(&only.open);
            }
            ways.push((Way::Refused(Reason::MethodNotAllowed), missed));
        }
        if !surely && self.was(line, &Way::Refused(Reason::NoRoute)) {
            possible.misses.iter().for_each(|miss| known.not_all(&miss.open));
            ways.push((Way::Refused(Reason::NoRoute), known));
        }
        Some(ways)
    }

    /// Whether the log agrees that the request went this way.
    fn was(&self, line: &Line, way: &Way) -> bool {
        let Some(end) = &line.end else { return true };
        match (way, &end.route) {
            (Way::Route(entry, _), Some(name)) => self.old.route(*entry).name == *name,
            (Way::Refused(reason), None) => {
                // What is too large is refused before it is looked for why no route takes it.
                let said = end.reason.as_deref();
                said == Some(reason.code()) || said == Some(Reason::BodyTooLarge.code())
            }
            _ => false,
        }
    }

    /// The ways that the request may go now, and into `depends` what decides among them.
    pub(super) fn new_ways(
        &self,
        head: &Head<'_>,
        method: &Method,
        known: &Known<'_>,
        depends: &mut BTreeSet<String>,
    ) -> Vec<Way> {
        let possible = self.new.runtime.table.possible(head, method, known);
        let is_left = |candidate: &&PossibleRoute<'_>| !known.excludes(candidate);
        let mut ways = Vec::new();
        for candidate in possible.routes.iter().filter(is_left) {
            ways.push(Way::Route(candidate.entry, candidate.captures.clone()));
            if candidate.open.is_empty() {
                return ways;
            }
            depends.extend(candidate.open.iter().map(|condition| place(condition)));
        }
        let misses: Vec<_> = possible.misses.iter().filter(is_left).collect();
        if !misses.is_empty() {
            ways.push(Way::Refused(Reason::MethodNotAllowed));
        }
        if misses.iter().all(|miss| !miss.open.is_empty()) {
            depends.extend(misses.iter().flat_map(|miss| &miss.open).map(|condition| place(condition)));
            ways.push(Way::Refused(Reason::NoRoute));
        }
        ways
    }
}

/// Where a condition looks, as people say it: `header x-canary`.
fn place(condition: &Condition) -> String {
    let place = match condition.place() {
        Place::Header => "header",
        Place::Query => "query",
        Place::Cookie => "cookie",
    };
    format!("{place} {}", condition.name())
}
