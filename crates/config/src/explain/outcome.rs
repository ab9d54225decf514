//! What a request comes to: what a service gets and what changed on the way there, or what the client gets.

use super::aggregated::aggregated;
use super::{Answer, Change, Field, Outcome, Sent, Service, Told};
use crate::describe::{Description, RouteDescription};
use pintle_core::redact::Names;
use pintle_core::step::{Destination, Plan};
use pintle_core::{Body, Exchange, Fields, Protocol, Response, instance, names};
use pintle_engine::Rehearsal;
use pintle_http1::Framing;

/// Stands for what is made anew for each request.
const NEW: &str = "<new>";
/// Stands for a credential.
const HIDDEN: &str = "<hidden>";
/// How much of an answer's content is shown, in characters.
const CONTENT: usize = 1000;

pub(super) fn outcome(rehearsal: Rehearsal, route: Option<&RouteDescription>, description: &Description) -> Outcome {
    let names = &description.names;
    let Rehearsal { sent, exchange, outcome, .. } = rehearsal;
    let action = route.map(|route| Told {
        name: route.action.kind.to_owned(),
        place: route.action.span.to_string(),
        why: route.action.summary(),
    });
    match (outcome, action) {
        (Ok(Plan::Send { target, to, copy }), action) => {
            let action = action.expect("what answers where no route does sends nothing");
            let all: u32 = to.iter().map(|one| one.weight).sum();
            let several = to.len() > 1;
            let shared = |one: &Destination| {
                let share = several.then(|| format!("{} of {all}", one.weight));
                service(one, share, description)
            };
            Outcome::Sent(Sent {
                action,
                to: to.iter().map(shared).collect(),
                copy: copy.map(|(one, share)| service(&one, Some(share), description)),
                method: exchange.request.method.to_string(),
                target: target_shown(&target, names),
                fields: changes(&sent, &exchange, names),
            })
        }
        (Ok(Plan::Aggregate { parts, answer, stream }), _) => {
            let route = route.expect("what answers where no route does calls nothing");
            let plan = (parts, &answer[..], stream);
            Outcome::Aggregated(Box::new(aggregated(plan, &route.action, &sent, &exchange, description)))
        }
        (Ok(Plan::Answer(response)), action) => Outcome::Answered { action, answer: answer(&response, names) },
        (Err((refusal, response)), _) => Outcome::Refused {
            reason: refusal.reason.code(),
            title: refusal.reason.title(),
            detail: refusal.detail.into_owned(),
            internal: refusal.internal,
            answer: refused(response, names),
        },
    }
}

pub(super) fn service(one: &Destination, share: Option<String>, description: &Description) -> Service {
    let described = description.upstreams.iter().find(|upstream| *upstream.name == *one.upstream);
    Service {
        name: one.upstream.to_string(),
        place: described.map(|upstream| upstream.span.to_string()),
        endpoints: one.endpoints.iter().map(|endpoint| endpoint.to_string()).collect(),
        share,
        host: one.host.clone(),
    }
}

fn answer(response: &Response, names: &Names) -> Answer {
    let text = match &response.body {
        Body::Full(bytes) => std::str::from_utf8(bytes).ok(),
        Body::Empty | Body::Stream { .. } => None,
    };
    let cut = |text: &str| match text.char_indices().nth(CONTENT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    let fields = lines(&response.fields).map(|(name, value)| {
        let value = shown(&name, &value, names);
        (name, value)
    });
    Answer { status: response.status.as_u16(), content: text.map(cut), fields: fields.collect() }
}

/// The answer to a refused request without what each of those has: a problem, which says what is told here already.
fn refused(mut response: Response, names: &Names) -> Answer {
    response.body = Body::Empty;
    response.fields.remove(names::CONTENT_TYPE);
    response.fields.remove(names::CACHE_CONTROL);
    answer(&response, names)
}

fn lines(fields: &Fields) -> impl Iterator<Item = (String, String)> {
    fields.iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value).into_owned()))
}

/// The fields that the service gets, in order, and after them those that it does not get.
fn changes(sent: &Fields, exchange: &Exchange, names: &Names) -> Vec<Field> {
    let mut all = changed(sent, exchange, names);
    let kept = all.iter().position(|field| field.change == Change::Dropped).unwrap_or(all.len());
    all.splice(kept..kept, of_connection(exchange));
    all
}

/// The same without what is told for the connection anew.
pub(super) fn changed(sent: &Fields, exchange: &Exchange, names: &Names) -> Vec<Field> {
    let mut before: Vec<(String, String)> = lines(sent).collect();
    let begins = exchange.trace.parent().is_none();
    let made = Some(exchange.trace.id()).filter(|id| begins && sent.get_str(names::X_REQUEST_ID) != Some(id));
    let mut all = Vec::new();
    for (name, value) in lines(&exchange.request.fields) {
        let change = match before.iter().position(|old| *old == (name.clone(), value.clone())) {
            Some(place) => {
                before.remove(place);
                Change::Kept
            }
            None => Change::Added,
        };
        let value = if change == Change::Added { anew(&name, value, made) } else { value };
        all.push(Field { change, value: shown(&name, &value, names), name });
    }
    let left = before.into_iter().map(|(name, value)| Field {
        change: Change::Dropped,
        value: shown(&name, &value, names),
        name,
    });
    all.extend(left);
    all
}

/// What is told for the connection anew: how the content is framed, and what the connection is to become.
fn of_connection(exchange: &Exchange) -> Vec<Field> {
    let request = &exchange.request;
    let came = matches!(request.body, Body::Stream { .. }) || request.protocol.is_some();
    let change = if came { Change::Kept } else { Change::Added };
    let field = |name: &str, value: String| Field { change, name: name.to_owned(), value };
    let mut fields = match Framing::for_request(&request.method, request.body.length()) {
        Framing::Length(length) => vec![field("content-length", length.to_string())],
        Framing::Chunked => vec![field("transfer-encoding", "chunked".into())],
        Framing::None | Framing::UntilClose => vec![],
    };
    if let Some(Protocol::WebSocket) = request.protocol {
        fields.extend([field("connection", "upgrade".into()), field("upgrade", "websocket".into())]);
    }
    fields
}

/// A value of the gateway's with what differs from one request to the next taken out; `trace` is the trace's id, if it was
/// made for the request.
fn anew(name: &str, value: String, trace: Option<&str>) -> String {
    // Spans are the gateway's, and the trace where nobody sent one.
    let parts = |spans: &[usize]| {
        let part = |(at, part)| if spans.contains(&at) || Some(part) == trace { NEW } else { part };
        value.split('-').enumerate().map(part).collect::<Vec<_>>().join("-")
    };
    match name {
        "x-request-id" | "x-b3-spanid" | "x-b3-parentspanid" => NEW.to_owned(),
        "via" => value.replace(instance(), &format!("pintle-{NEW}")),
        // `00-TRACE-SPAN-FLAGS`
        "traceparent" => parts(&[2]),
        // `TRACE-SPAN-SAMPLED-PARENT`
        "b3" => parts(&[1, 3]),
        "x-b3-traceid" => parts(&[]),
        _ => value,
    }
}

/// A value without what is nobody's business: an explanation is sent around.
pub(super) fn shown(name: &str, value: &str, names: &Names) -> String {
    if names.is_credential(name) { HIDDEN.to_owned() } else { names.value(value).into_owned() }
}

/// Path and query without the credentials of the query.
pub(super) fn target_shown(target: &str, names: &Names) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let mut shown = format!("{path}?");
    names.query(query, |piece| shown.push_str(piece));
    shown
}
