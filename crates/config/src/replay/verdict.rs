//! What becomes of one logged request before and after. Both tables are asked; where the old one leaves several routes
//! open, the log says which it was, and what follows from that is known to the new one.

use super::known::Known;
use super::line::{Line, UserAgent};
use super::outcome::Outcome;
use super::side::Side;
use crate::describe::PolicyDescription;
use crate::diff::{items, routes, tree};
use door::Door;
use found::Found;
use pintle_core::exchange::Captures;
use pintle_core::{Fields, Method, Reason, names};
use pintle_router::Head;
use std::collections::{BTreeSet, HashMap};

mod content;
mod door;
mod found;
mod ways;

pub(super) use door::notes;

/// What changes for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    Changed {
        old: Outcome,
        new: Outcome,
    },
    /// It cannot be said what becomes of it: one of these, by what the log does not have.
    Open {
        old: Option<Outcome>,
        new: Vec<Outcome>,
        depends: BTreeSet<String>,
    },
    /// The old configuration would not have done what the log says.
    Foreign,
}

/// Where a table leads a request.
#[derive(Clone, Debug)]
enum Way {
    Route(usize, Captures),
    Refused(Reason),
}

/// A way that a request may have gone, and what is known if it has.
type Gone<'t> = (Way, Known<'t>);

/// Both configurations, and what is the same in them under other names.
pub(super) struct Judge<'j> {
    old: &'j Side<'j>,
    new: &'j Side<'j>,
    listeners: HashMap<&'j str, &'j str>,
    routes: HashMap<String, String>,
    /// The methods that a preflight may ask for: any, but only those that routes list make a difference.
    preflights: Vec<Method>,
    asks_for_hosts: bool,
}

impl<'j> Judge<'j> {
    pub(super) fn new(old: &'j Side<'j>, new: &'j Side<'j>) -> Self {
        let listeners = items::renamed_listeners(old.description, new.description);
        let tables = [&old.runtime.table, &new.runtime.table];
        let mut preflights: Vec<Method> = Vec::new();
        let any = [Method::OPTIONS, Method::GET, Method::HEAD].into_iter().chain(Method::from_bytes(b"_ANY"));
        let listed = tables.iter().flat_map(|table| (0..table.len()).flat_map(|entry| table.methods(entry).iter()));
        for method in any.chain(listed.cloned()) {
            if !preflights.contains(&method) {
                preflights.push(method);
            }
        }
        Judge {
            routes: routes::renamed(old.description, new.description, &listeners),
            asks_for_hosts: tables.iter().any(|table| table.asks_for_hosts()),
            old,
            new,
            listeners,
            preflights,
        }
    }

    pub(super) fn judge(&self, line: &Line) -> Verdict {
        // The gateway answers by itself, whatever its routes.
        if line.path == "*" {
            return Verdict::Same;
        }
        let open = |depends: &str| Verdict::Open { old: None, new: Vec::new(), depends: [depends.to_owned()].into() };
        if !line.has_path() {
            return open("the path, which the log cut");
        }
        if line.host.is_none() && self.asks_for_hosts {
            return open("the host, which this log does not have");
        }
        let Some(door) = Door::find(line, self.old, self.new, &self.listeners) else {
            return match line.listener {
                Some(_) => Verdict::Foreign,
                None => open("the listener, which this log does not have"),
            };
        };
        if let Some(refused) = before_routes(line) {
            return match door.opens(&refused) {
                true => Verdict::Open { old: Some(refused), new: Vec::new(), depends: door.what_opens() },
                false => Verdict::Same,
            };
        }
        let fields = fields(line);
        let own = [line.method.clone()];
        let asked = if line.method == Method::OPTIONS { &self.preflights[..] } else { &own };
        let mut found = Found { beside: door.depends.clone(), ..Found::default() };
        for method in asked {
            let head = |listener| Head {
                listener,
                method: &line.method,
                host: line.host.as_deref().unwrap_or_default(),
                path: &line.path,
                query: line.query.as_deref(),
                fields: &fields,
            };
            let Some(ways) = self.old_ways(line, &head(door.old), method) else {
                return open("which of many routes took it");
            };
            for (way, known) in ways {
                let Ok(number) = &door.new else {
                    found.add(self, self.old_outcome(line, &way), door.unserved());
                    continue;
                };
                let old = self.old_outcome(line, &way);
                for new_way in self.new_ways(&head(*number), method, &known, &mut found.depends) {
                    for new in self.new_outcomes(line, &way, &new_way, &door, &mut found) {
                        found.add(self, old.clone(), new);
                    }
                }
            }
        }
        found.verdict(asked.len() > 1)
    }

    fn old_outcome(&self, line: &Line, way: &Way) -> Outcome {
        let route = match way {
            Way::Route(entry, _) => Some(self.old.route(*entry).name.clone()),
            Way::Refused(_) => None,
        };
        let told = line.end.as_ref().and_then(|end| end.reason.as_deref());
        for reason in [Reason::BodyTooLarge, Reason::BadTemplate] {
            if told == Some(reason.code()) {
                return refused(reason, route);
            }
        }
        self.outcome(self.old, line, way)
    }

    /// What the new configuration may do with a request that goes this way.
    fn new_outcomes(&self, line: &Line, old: &Way, new: &Way, door: &Door, found: &mut Found) -> Vec<Outcome> {
        let reads = |side: &Side<'_>, way: &Way| match way {
            Way::Route(entry, _) => side.effect(*entry).is_some_and(|effect| effect.reads_content()),
            Way::Refused(_) => false,
        };
        let before = policies(self.old, old, Some(door.old));
        let after = policies(self.new, new, door.new.as_ref().ok().copied());
        for kind in unknown_kinds(before, after) {
            found.beside.insert(format!("policy {kind}"));
        }
        let limits = content::Limits {
            old: self.old.body_limit(before),
            new: self.new.body_limit(after),
            old_reads: reads(self.old, old),
            new_reads: reads(self.new, new),
        };
        let route = match new {
            Way::Route(entry, _) => Some(self.new.route(*entry).name.clone()),
            Way::Refused(_) => None,
        };
        let mut outcomes = Vec::new();
        let fits = limits.fits(line.end.as_ref());
        if fits != Some(true) {
            outcomes.push(refused(Reason::BodyTooLarge, route));
        }
        if fits != Some(false) {
            outcomes.push(self.outcome(self.new, line, new));
        }
        if fits.is_none() {
            found.depends.insert("the size of its content".to_owned());
        }
        outcomes
    }

    fn outcome(&self, side: &Side<'_>, line: &Line, way: &Way) -> Outcome {
        match way {
            Way::Refused(reason) => refused(*reason, None),
            Way::Route(entry, captures) => match side.effect(*entry) {
                Some(effect) => effect.outcome(line, captures),
                None => Outcome::unknown(&side.route(*entry).name, side.route(*entry).action.kind),
            },
        }
    }
}

fn refused(reason: Reason, route: Option<String>) -> Outcome {
    Outcome::Refused { status: reason.status().as_u16(), reason: reason.code().to_owned(), route }
}

/// What a request was refused for before any route was looked for, which no change of routes changes.
fn before_routes(line: &Line) -> Option<Outcome> {
    let end = line.end.as_ref().filter(|end| end.route.is_none())?;
    let reason = end.reason.clone()?;
    let of_routes = [Reason::NoRoute, Reason::MethodNotAllowed, Reason::BodyTooLarge];
    let is_earlier = !of_routes.iter().any(|known| known.code() == reason);
    is_earlier.then_some(Outcome::Refused { status: end.status, reason, route: None })
}

/// The header fields that the log has.
fn fields(line: &Line) -> Fields {
    let mut fields = Fields::new();
    if let UserAgent::Is(agent) = &line.user_agent {
        fields.append(names::USER_AGENT, agent);
    }
    fields
}

fn policies<'s>(side: &Side<'s>, way: &Way, listener: Option<u32>) -> &'s [PolicyDescription] {
    match way {
        Way::Route(entry, _) => &side.route(*entry).policies,
        Way::Refused(_) => {
            listener.and_then(|at| side.description.listeners.get(at as usize)).map_or(&[], |door| &door.policies)
        }
    }
}

/// Kinds of policies that differ and may refuse requests by what no log has.
fn unknown_kinds<'p>(old: &'p [PolicyDescription], new: &'p [PolicyDescription]) -> BTreeSet<&'p str> {
    /// These refuse nothing, refuse late, or are looked at by themselves.
    const KNOWN: [&str; 3] = ["body_limit", "headers", "timeout"];
    let all = |policies: &'p [PolicyDescription], kind: &str| -> Vec<String> {
        policies.iter().filter(|policy| policy.kind == kind).map(|policy| tree::line(&policy.settings)).collect()
    };
    let kinds = old.iter().chain(new).map(|policy| policy.kind).filter(|kind| !KNOWN.contains(kind));
    kinds.filter(|kind| all(old, kind) != all(new, kind)).collect()
}
