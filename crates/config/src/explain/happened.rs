//! What became of a request that was made: what was recorded of it, and beside it what its configuration makes of its head,
//! worked out anew by what explains. Where the two differ, what was recorded is believed, and that is said.

use super::sentence::sentence;
use super::{Explanation, Happened, Judged, Outcome, Policy, Standing, Told, Worked, policy, work_out};
use crate::describe::{Description, RouteDescription};
use pintle_core::exchange::Tls;
use pintle_core::step::Plan;
use pintle_engine::{Asker, Listener, Runtime};
use pintle_http1::websocket::new_key;
use pintle_telemetry::why::{Came, Kept, Recorded};
use std::sync::Arc;

/// The configuration by which a request was answered.
pub enum Past<'p> {
    /// It is there.
    Known(&'p Runtime, &'p Description),
    /// It cannot be had any more; why.
    Gone(String),
}

/// Says what became of a request. `now` says how an upstream stands. Works as long as an explanation does: not for a
/// worker's thread.
pub fn happened(kept: &Kept, past: &Past<'_>, now: impl FnOnce(&str) -> Option<Standing>) -> Explanation {
    let recorded = kept.shown();
    let mut notes = notes(&recorded);
    let fatal = recorded.parts.iter().find(|part| part.is_fatal).map(|part| &*part.upstream);
    let now = recorded.upstream.as_deref().or(fatal).and_then(now);
    let mut explanation = bare(&recorded, past);
    let (mut action, mut endpoints, mut is_worked_out) = (None, None, false);
    match past {
        Past::Gone(why) => notes.push(format!("which routes were candidates cannot be told: {why}")),
        Past::Known(runtime, description) => {
            let route = took(&recorded, description, None);
            match (kept.head(), listener(runtime, &recorded)) {
                (Some(head), Some(listener)) => {
                    let worked = work_out(runtime, description, listener, &asker(&recorded), &rebuilt(head, &recorded));
                    is_worked_out = true;
                    endpoints = known(&worked, &recorded);
                    let (route, differs) = compared(&worked, &recorded, description);
                    notes.extend(differs);
                    let Worked { candidates, left_out, near, policies, .. } = worked;
                    explanation = Explanation { candidates, left_out, near, policies, ..explanation };
                    if let Some(route) = route {
                        explanation.policies = route.policies.iter().map(policy).collect();
                    }
                    action = route.map(action_of);
                }
                (head, _) => {
                    notes.extend(no_candidates(&recorded, head));
                    explanation.policies = route.iter().flat_map(|route| &route.policies).map(policy).collect();
                    action = route.map(action_of);
                }
            }
        }
    }
    judge(&mut explanation.policies, &recorded);
    explanation.route.clone_from(&recorded.route);
    explanation.notes = notes;
    let happened = Happened { recorded, is_worked_out, action, endpoints, now };
    explanation.sentence = Some(sentence(&explanation, &happened));
    Explanation { outcome: Outcome::Happened(Box::new(happened)), ..explanation }
}

/// The same in one line, without its candidates.
pub fn listed(kept: &Kept) -> Explanation {
    happened(kept, &Past::Gone(String::new()), |_| None)
}

fn bare(recorded: &Recorded, past: &Past<'_>) -> Explanation {
    let described = match past {
        Past::Known(_, description) => description.listeners.iter().find(|one| one.name == recorded.listener),
        Past::Gone(_) => None,
    };
    let request = match &recorded.came {
        Came::Request { method, scheme, authority, target, .. } => format!("{method} {scheme}://{authority}{target}"),
        Came::Tunnel { server_name: Some(name), .. } => format!("a connection for {name}"),
        Came::Tunnel { server_name: None, .. } => "a connection without a server name".to_owned(),
    };
    let from = match (recorded.peer, recorded.client) {
        (None, _) => "a unix socket".to_owned(),
        (Some(_), Some(client)) => client.to_string(),
        (Some(peer), None) => peer.to_string(),
    };
    let (name, place) = (recorded.listener.clone(), described.map(|one| one.span.to_string()).unwrap_or_default());
    Explanation {
        sentence: None,
        request,
        from,
        notes: Vec::new(),
        listener: Told { name, place, why: String::new() },
        candidates: Vec::new(),
        left_out: 0,
        near: Vec::new(),
        route: None,
        policies: Vec::new(),
        // Filled in last.
        outcome: Outcome::NoHandshake(String::new()),
    }
}

/// What is to be known of the request beside its text.
fn notes(recorded: &Recorded) -> Vec<String> {
    let mut notes = Vec::new();
    if let Came::Request { version, .. } = &recorded.came {
        notes.push(format!("over HTTP/{version}"));
    }
    if let (Some(client), Some(peer)) = (recorded.client, recorded.peer)
        && peer.ip().to_canonical() != client.to_canonical()
    {
        notes.push(format!("the peer is {}, one of `trusted_proxies`", peer.ip()));
    }
    if let Some(tls) = &recorded.tls {
        let name = tls.server_name.as_ref().map_or("without a server name".into(), |name| format!("for {name}"));
        let certificate = tls.fingerprint.as_ref().map(|print| format!(", with the client certificate {print}"));
        notes.push(format!("TLS {} {name}{}", tls.version, certificate.unwrap_or_default()));
    }
    if let Some(outer) = &recorded.outer {
        notes.push(format!("a request of the batch {outer}"));
    }
    if let Some(consumer) = &recorded.consumer {
        notes.push(format!("from the consumer {consumer}"));
    }
    if recorded.version > 0 {
        notes.push(format!("by configuration {}", recorded.version));
    }
    notes
}

/// Why candidates are not told.
fn no_candidates(recorded: &Recorded, head: Option<&[u8]>) -> Option<String> {
    let why = match (&recorded.came, head) {
        (Came::Tunnel { .. }, _) => return None,
        (Came::Request { head_cut: true, .. }, _) => "its head was too long to be kept whole",
        (_, None) => "its head could not be read",
        (_, Some(_)) => "there was no such listener",
    };
    Some(format!("which routes were candidates cannot be told: {why}"))
}

fn listener<'r>(runtime: &'r Runtime, recorded: &Recorded) -> Option<&'r Arc<Listener>> {
    runtime.listeners.iter().find(|one| *one.name == *recorded.listener)
}

/// Who asked, as far as it is known.
fn asker(recorded: &Recorded) -> Asker {
    let tls = recorded.tls.as_ref().map(|tls| {
        let version = if tls.version == "1.2" { "1.2" } else { "1.3" };
        Arc::new(Tls { version, server_name: tls.server_name.as_deref().map(Into::into), ..Tls::default() })
    });
    Asker { address: recorded.peer, tls }
}

/// A head that came over HTTP/2 with what its fields lack to be one of HTTP/1.1.
fn rebuilt(head: &[u8], recorded: &Recorded) -> Vec<u8> {
    if !matches!(&recorded.came, Came::Request { version: "2", .. }) {
        return head.to_vec();
    }
    let (mut rebuilt, mut cookies) = (Vec::with_capacity(head.len()), Vec::new());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"cookie: ") {
            // One field that HTTP/2 took apart (RFC 9113 8.2.3).
            Some(cookie) => cookies.push(cookie.trim_ascii()),
            None if line == b"\r\n" => {
                if !cookies.is_empty() {
                    rebuilt.extend([b"cookie: ", &cookies.join(&b"; "[..])[..], b"\r\n"].concat());
                }
                if head.windows(22).any(|part| part == b"\r\nupgrade: websocket\r\n") {
                    rebuilt.extend(format!("sec-websocket-key: {}\r\n", new_key()).into_bytes());
                }
                rebuilt.extend_from_slice(line);
            }
            None => rebuilt.extend_from_slice(line),
        }
    }
    rebuilt
}

/// The route that took it; where there are several of that name, the one that was found.
fn took<'d>(
    recorded: &Recorded,
    description: &'d Description,
    found: Option<&'d RouteDescription>,
) -> Option<&'d RouteDescription> {
    let name = recorded.route.as_deref()?;
    found.filter(|route| route.name == name).or_else(|| description.routes.iter().find(|route| route.name == name))
}

/// The route that took it, and what to say where another one takes it now.
fn compared<'d>(
    worked: &Worked<'d>,
    recorded: &Recorded,
    description: &'d Description,
) -> (Option<&'d RouteDescription>, Option<String>) {
    let route = took(recorded, description, worked.route);
    // A request that nobody answered, or whose head was refused, has no route.
    let (Some(was), Some(is)) = (&recorded.route, worked.route.map(|route| &route.name)) else { return (route, None) };
    let differs = (was != is)
        .then(|| format!("`{was}` took it, which was recorded; by what is kept of its head it would have been `{is}`"));
    (route, differs)
}

/// How many endpoints the service had.
fn known(worked: &Worked<'_>, recorded: &Recorded) -> Option<usize> {
    let Ok(Plan::Send { to, .. }) = &worked.rehearsal.outcome else { return None };
    let asked = to.iter().find(|one| recorded.upstream.as_deref() == Some(&*one.upstream))?;
    Some(asked.endpoints.len())
}

fn action_of(route: &RouteDescription) -> Told {
    Told { name: route.action.kind.to_owned(), place: route.action.span.to_string(), why: route.action.summary() }
}

/// Says of each policy what became of it.
fn judge(policies: &mut [Policy], recorded: &Recorded) {
    let refused_at = recorded.policy.as_deref().and_then(|name| policies.iter().position(|one| one.name == name));
    // Where nobody answered, nobody says how far it came: the action did not begin, and no policy refused.
    let is_lost = recorded.time.action.is_none()
        && recorded.upstream.is_none()
        && recorded.reason == Some(pintle_core::Reason::ClientClosed);
    for (at, policy) in policies.iter_mut().enumerate() {
        let waited = recorded.waits.iter().find(|wait| wait.policy == policy.name);
        policy.judged = match refused_at {
            Some(refused) if at == refused => {
                let reason = recorded.reason.map_or("", |reason| reason.code());
                let detail = recorded.internal.as_deref().or(Some(&*recorded.detail)).filter(|text| !text.is_empty());
                Some(Judged::Refused(detail.map_or(reason.to_owned(), |detail| format!("{reason}: {detail}"))))
            }
            Some(refused) if at > refused => Some(Judged::NotReached),
            None if is_lost => None,
            _ => Some(Judged::Passed { own: waited.map(|wait| wait.own) }),
        };
    }
}
