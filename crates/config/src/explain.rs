//! What becomes of a request, and why: the listener, each route that was a candidate, the policies in run order, and what
//! a service would get. For people first: [`Explanation`] prints itself; [`Explanation::json`] says the same to programs.
//!
//! Owns the words. What is said comes from where it is decided: the head is read, accepted, routed and checked by the
//! functions that do it for real requests (`Runtime::rehearse`), a route's verdict is the table's, a value is made by the
//! step that makes it. What only a service, a shared counter or the bytes of a connection decide is not said.

mod aggregated;
mod door;
mod explanation;
mod happened;
mod json;
mod mermaid;
mod near;
mod outcome;
mod question;
mod routes;
mod sentence;
mod text;

pub use aggregated::{Aggregated, Part, Said, Shape};
pub use explanation::{
    Answer, Candidate, Change, Explanation, Field, Happened, Judged, Outcome, Policy, Sent, Service, Standing, Told,
    Verdict,
};
pub use happened::{Past, happened, listed};
pub use question::{Mistake, Question};

use crate::describe::{Description, Level, PolicyDescription, RouteDescription};
use pintle_engine::{Asker, Listener, Rehearsal, Runtime};
use pintle_router::{Explained, Head};

/// How many routes that did not win are told of.
const CANDIDATES: usize = 100;

/// Says what would become of a request over HTTP/1.1. `description` is the one of the document that `runtime` was made
/// of. Reads the files of the authorities of clients: not for a worker's thread.
pub fn explain(runtime: &Runtime, description: &Description, question: &Question) -> Result<Explanation, Mistake> {
    let (listener, why) = door::find(runtime, question)?;
    let described = description.listeners.iter().find(|one| *one.name == *listener.name);
    let address = door::peer(listener, question);
    let bare = |outcome: Outcome| Explanation {
        sentence: None,
        request: outcome::target_shown(&question.to_string(), &description.names),
        from: address.map_or_else(|| "a unix socket".to_owned(), |peer| peer.ip().to_string()),
        notes: Vec::new(),
        listener: Told {
            name: listener.name.to_string(),
            place: described.map(|one| one.span.to_string()).unwrap_or_default(),
            why,
        },
        candidates: Vec::new(),
        left_out: 0,
        near: Vec::new(),
        route: None,
        policies: Vec::new(),
        outcome,
    };
    let tls = match door::handshake(listener, question)? {
        Ok(tls) => tls,
        Err(why) => return Ok(bare(Outcome::NoHandshake(why))),
    };
    let asker = Asker { address, tls };
    let worked = work_out(runtime, description, listener, &asker, question.head().as_bytes());
    let Worked { candidates, left_out, near, route, policies, rehearsal } = worked;
    Ok(Explanation {
        notes: if rehearsal.is_accepted { notes(question, listener, &rehearsal) } else { Vec::new() },
        candidates,
        left_out,
        near,
        route: route.map(|route| route.name.clone()),
        policies,
        ..bare(outcome::outcome(rehearsal, route, description))
    })
}

/// What a head comes to, up to where it would be sent.
struct Worked<'d> {
    candidates: Vec<Candidate>,
    left_out: usize,
    near: Vec<Told>,
    route: Option<&'d RouteDescription>,
    policies: Vec<Policy>,
    rehearsal: Rehearsal,
}

fn work_out<'d>(
    runtime: &Runtime,
    description: &'d Description,
    listener: &Listener,
    asker: &Asker,
    head: &[u8],
) -> Worked<'d> {
    let rehearsal = runtime.rehearse(listener, asker, head);
    let head = Head::new(listener.number, &rehearsal.asked);
    let seen = match rehearsal.is_accepted {
        true => runtime.table.explain(&head, CANDIDATES),
        false => Explained::default(),
    };
    let (name, routes, names) = (&listener.name, &description.routes, &description.names);
    let route = routes::winner(&seen).map(|entry| &routes[entry]);
    let described = description.listeners.iter().find(|one| *one.name == **name);
    let policies = route.map(|route| &route.policies).or(described.map(|listener| &listener.policies));
    Worked {
        candidates: routes::candidates(&seen, &head, name, &runtime.table, routes, names),
        left_out: seen.left_out,
        near: match rehearsal.is_accepted {
            true => near::near(&seen, &head, name, routes),
            false => Vec::new(),
        },
        route,
        policies: policies.into_iter().flatten().map(policy).collect(),
        rehearsal,
    }
}

fn notes(question: &Question, listener: &Listener, rehearsal: &Rehearsal) -> Vec<String> {
    let (asked, client) = (&rehearsal.asked, &rehearsal.exchange.client);
    let mut notes = Vec::new();
    let path = question.target.split(['?', '#']).next().unwrap_or_default();
    if path != asked.target.path() && asked.target.path() != "*" {
        notes.push(format!("its path is {} once it is normalised", asked.target.path()));
    }
    if client.peer.is_some_and(|peer| peer.ip().to_canonical() != client.ip) {
        notes.push(format!("the peer is one of `trusted_proxies`, and says that the client is {}", client.ip));
    }
    if asked.scheme != (if question.https { pintle_core::Scheme::Https } else { pintle_core::Scheme::Http }) {
        notes.push(format!("`{}` takes it as {}", listener.name, asked.scheme.as_str()));
    }
    let method = Head::new(listener.number, asked).asked().into_owned();
    if method != asked.method && asked.protocol.is_none() {
        notes.push(format!("a preflight: routes are sought for {method}"));
    }
    notes
}

fn policy(policy: &PolicyDescription) -> Policy {
    Policy {
        name: policy.place,
        settings: policy.settings.to_string(),
        level: match &policy.level {
            Level::Defaults => "`defaults`".into(),
            Level::Listener(name) => format!("the listener `{name}`"),
            Level::Group(name) => format!("the group `{name}`"),
            Level::Route => "the route".into(),
        },
        named: policy.named.clone(),
        place: policy.span.to_string(),
        judged: None,
    }
}
