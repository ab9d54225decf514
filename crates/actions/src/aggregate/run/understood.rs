//! What the end of a call is for a part: a body, or why it is none.

use super::super::decode::{Reading, decode};
use super::super::part::Failure;
use super::super::plan::Part;
use super::calls::Outcome;
use super::under_way::Taken;
use pintle_core::json::{self, Json};
use pintle_core::{Method, names};
use std::sync::Arc;

/// `null` as a body.
pub(super) fn null() -> Arc<Json> {
    let limits = json::Limits { bytes: 4, depth: 1 };
    Arc::new(Json::parse(b"null", limits).expect("it is JSON"))
}

/// What the end of a call is for a part: a body, or why it is none.
pub(super) fn understood(part: &Part, outcome: &Outcome, limits: json::Limits) -> Result<Taken, Failure> {
    let answer = outcome.as_ref().map_err(Failure::clone)?;
    let status = Some(answer.status);
    if !part.accepts(answer.status) {
        let why = format!("it answered {}", answer.status.as_u16());
        return Err(Failure { status, answer: Some(Arc::clone(answer)), ..Failure::new("status", why) });
    }
    // These have no content, whatever their fields say of it (RFC 9110 6.4.1).
    let is_bare = part.method == Method::HEAD || matches!(answer.status.as_u16(), 204 | 205 | 304);
    let (reading, kind) = match is_bare {
        true => (Reading { how: None, ..part.reading }, None),
        false => (part.reading, answer.fields.get(names::CONTENT_TYPE)),
    };
    let read = match &answer.read {
        Some((read_as, read)) if *read_as == reading.how && !is_bare => read.clone(),
        _ => decode(reading, kind, &answer.content(), limits).map(Arc::new),
    };
    match read {
        Ok(body) => {
            let (status, fields) = (answer.status, Arc::clone(&answer.fields));
            Ok(Taken { status, fields, body })
        }
        Err(fault) => Err(Failure { status, ..Failure::new("decode", fault.to_string()) }),
    }
}
