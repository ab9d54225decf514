//! What becomes of an answer: compressed, undone, or left as it is; and what its fields say then.
//!
//! Decided by the head alone, without waiting. An answer to HEAD says what the one to GET would, as far as its head
//! tells: whether content is worth it is known there by `content-length`, if by anything.

use super::Wanted;
use super::coding::Coding;
use super::counts::{Counts, Left};
use super::encode::most_at_once;
use super::lent::Lent;
use super::stream::Compressing;
use super::types::{Types, is_event_stream, is_grpc};
use super::undo::Undoing;
use super::validators::{mark_compressed, mark_undone};
use pintle_core::{Body, Exchange, Fields, Method, Response, StatusCode, names};
use std::sync::Arc;

/// What the configuration says.
pub(super) struct Settings {
    pub(super) algorithms: Box<[Coding]>,
    pub(super) min_size: u64,
    pub(super) types: Types,
    pub(super) counts: Arc<Counts>,
}

/// What an answer's Content-Encoding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coded {
    /// Nothing, or `identity`.
    Plain,
    /// One coding that can be undone here.
    Once(Coding),
    /// Something else.
    Otherwise,
}

/// Changes an answer.
pub(super) fn edit(settings: &Settings, wanted: &Wanted, exchange: &Exchange, response: &mut Response) {
    let status = response.status;
    if status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::RESET_CONTENT {
        return;
    }
    let content_type = response.fields.get(names::CONTENT_TYPE);
    let fits = content_type.is_some_and(|content_type| settings.types.has(content_type));
    if status == StatusCode::NOT_MODIFIED {
        return revalidated(wanted, content_type.is_none() || fits, &mut response.fields);
    }
    if content_type.is_some_and(is_grpc) {
        return;
    }
    let forbidden = wanted.no_transform || no_transform(&response.fields);
    let left = match coded(&response.fields) {
        Coded::Otherwise => Left::Encoded,
        Coded::Once(_) if is_part(response) => {
            vary(&mut response.fields);
            Left::Encoded
        }
        Coded::Once(_) if forbidden => Left::Encoded,
        Coded::Once(coding) => return undo(coding, settings, wanted, exchange, response),
        Coded::Plain if !fits => Left::Type,
        Coded::Plain if is_part(response) => return vary(&mut response.fields),
        Coded::Plain if forbidden => Left::NoTransform,
        Coded::Plain if is_small(settings, wanted, exchange, response) => Left::Small,
        Coded::Plain => return compress(settings, wanted, exchange, response),
    };
    settings.counts.leave(left);
}

/// A 304 has what the 200 would have had (RFC 9110 15.4.5), as far as it can be known. `could` is whether that could have
/// been compressed.
fn revalidated(wanted: &Wanted, could: bool, fields: &mut Fields) {
    if !could {
        return;
    }
    vary(fields);
    wanted.validators.mark_again(fields);
    // It was asked by date alone: only the type, where it is told, says what the 200 would have been.
    if let Some(coding) = wanted.accepted.best
        && !wanted.validators.asks_by_tag
        && fields.contains(names::CONTENT_TYPE)
    {
        mark_compressed(fields, coding);
    }
}

fn compress(settings: &Settings, wanted: &Wanted, exchange: &Exchange, response: &mut Response) {
    vary(&mut response.fields);
    let counts = &settings.counts;
    let Some(coding) = wanted.accepted.best else { return counts.leave(Left::NotAccepted) };
    let is_events = response.fields.get(names::CONTENT_TYPE).is_some_and(is_event_stream);
    if exchange.request.method == Method::HEAD {
        // No content comes of it, so nothing is counted.
        response.body = Body::Empty;
    } else {
        let length = response.body.length();
        let Some(mut encoder) = Lent::take(coding, length, is_events) else { return counts.leave(Left::Busy) };
        let flow = &counts.compressed[coding as usize];
        response.body = match std::mem::take(&mut response.body) {
            Body::Full(bytes) if bytes.len() <= most_at_once(coding) => match encoder.whole(&bytes) {
                Some(made) if made.len() < bytes.len() => {
                    flow.begin();
                    flow.moved(bytes.len() as u64, made.len() as u64);
                    Body::full(made)
                }
                _ => {
                    response.body = Body::Full(bytes);
                    return counts.leave(Left::Small);
                }
            },
            body => {
                flow.begin();
                Body::stream(Compressing::new(body, encoder, coding, Arc::clone(counts)), None)
            }
        };
    }
    transformed(&mut response.fields);
    response.fields.append(names::CONTENT_ENCODING, coding.name());
    mark_compressed(&mut response.fields, coding);
}

/// What the service has compressed: goes to who can read it, and is undone for others.
fn undo(coding: Coding, settings: &Settings, wanted: &Wanted, exchange: &Exchange, response: &mut Response) {
    vary(&mut response.fields);
    if wanted.accepted.can_read(coding) || wanted.accepted.refuses_identity {
        return settings.counts.leave(Left::Encoded);
    }
    if exchange.request.method == Method::HEAD {
        response.body = Body::Empty;
    } else if !response.body.is_empty() {
        let undoing = Undoing::new(std::mem::take(&mut response.body), coding, Arc::clone(&settings.counts));
        match undoing {
            Ok(undoing) => response.body = Body::stream(undoing, None),
            Err(body) => {
                response.body = body;
                return settings.counts.leave(Left::Busy);
            }
        }
        settings.counts.undone[coding as usize].begin();
    }
    transformed(&mut response.fields);
    mark_undone(&mut response.fields);
}

/// Takes away what was said of the content as it was (RFC 9110 8.6, 14.3; RFC 9530 2, 3).
fn transformed(fields: &mut Fields) {
    for name in [names::CONTENT_LENGTH, names::CONTENT_ENCODING, names::ACCEPT_RANGES] {
        fields.remove(name);
    }
    without_digests(fields);
}

/// Takes away digests of other bytes than those that go out.
pub(super) fn without_digests(fields: &mut Fields) {
    for name in ["content-digest", "repr-digest", "digest", "content-md5"] {
        fields.remove(name);
    }
}

/// Says once that the answer is another one for another Accept-Encoding (RFC 9110 12.5.5).
fn vary(fields: &mut Fields) {
    let said = fields.list(names::VARY).any(|name| name == b"*" || name.eq_ignore_ascii_case(b"accept-encoding"));
    if !said {
        fields.append(names::VARY, "accept-encoding");
    }
}

fn coded(fields: &Fields) -> Coded {
    let mut codings = fields.list(names::CONTENT_ENCODING).filter(|name| !name.eq_ignore_ascii_case(b"identity"));
    match (codings.next(), codings.next()) {
        (None, _) => Coded::Plain,
        (Some(name), None) => Coding::named(name).map_or(Coded::Otherwise, Coded::Once),
        _ => Coded::Otherwise,
    }
}

/// A part of a representation, whose bytes are counted as they are (RFC 9110 14).
fn is_part(response: &Response) -> bool {
    response.status == StatusCode::PARTIAL_CONTENT || response.fields.contains(names::CONTENT_RANGE)
}

/// RFC 9111 5.2.1.6, 5.2.2.6.
pub(super) fn no_transform(fields: &Fields) -> bool {
    fields.list(names::CACHE_CONTROL).any(|directive| directive.eq_ignore_ascii_case(b"no-transform"))
}

/// Whether there is too little of it. A client that refuses what is not compressed gets compressed what there is.
fn is_small(settings: &Settings, wanted: &Wanted, exchange: &Exchange, response: &Response) -> bool {
    let announced = || response.fields.get_str(names::CONTENT_LENGTH)?.parse().ok();
    let length = match response.body.length() {
        Some(0) if exchange.request.method == Method::HEAD => announced(),
        length => length,
    };
    let least = if wanted.accepted.refuses_identity && wanted.accepted.best.is_some() { 1 } else { settings.min_size };
    length.is_some_and(|length| length < least.max(1))
}
