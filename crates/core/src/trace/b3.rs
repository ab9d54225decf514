//! B3 (github.com/openzipkin/b3-propagation): in one field, or in several.

use super::{Parent, Propagate, digits, is_id, number};
use crate::Fields;

const SINGLE: &str = "b3";
const TRACE: &str = "x-b3-traceid";
const SPAN: &str = "x-b3-spanid";
const PARENT: &str = "x-b3-parentspanid";
const SAMPLED: &str = "x-b3-sampled";
const FLAGS: &str = "x-b3-flags";

/// Its fields.
pub(super) const NAMES: [&str; 6] = [SINGLE, TRACE, SPAN, PARENT, SAMPLED, FLAGS];

/// What the fields say, the single one before the others.
pub(super) fn read(fields: &Fields) -> Option<Parent> {
    match fields.get(SINGLE) {
        Some(value) => single(value),
        None => several(fields),
    }
}

/// `TRACE-SPAN[-SAMPLED[-PARENT]]`, or the decision alone.
fn single(value: &[u8]) -> Option<Parent> {
    let mut parts = value.split(|&byte| byte == b'-');
    let first = parts.next()?;
    let Some(span) = parts.next() else {
        return Some(Parent { place: None, sampled: Some(decision(first)?), random: false, has_state: false });
    };
    let sampled = match parts.next() {
        None => None,
        Some(told) => Some(decision(told)?),
    };
    Some(Parent { place: Some(place(first, span)?), sampled, random: false, has_state: false })
}

fn several(fields: &Fields) -> Option<Parent> {
    let sampled = match (fields.get(FLAGS), fields.get(SAMPLED)) {
        // Debug, which is sampled.
        (Some(b"1"), _) => Some(true),
        (_, Some(told)) => Some(decision(told)?),
        _ => None,
    };
    let place = match (fields.get(TRACE), fields.get(SPAN)) {
        (Some(trace), Some(span)) => Some(place(trace, span)?),
        _ => None,
    };
    (place.is_some() || sampled.is_some()).then_some(Parent { place, sampled, random: false, has_state: false })
}

fn decision(told: &[u8]) -> Option<bool> {
    match told {
        b"1" | b"d" | b"true" => Some(true),
        b"0" | b"false" => Some(false),
        _ => None,
    }
}

/// A trace's id may have half the digits.
fn place(trace: &[u8], span: &[u8]) -> Option<([u8; 32], u64)> {
    let mut id = [b'0'; 32];
    if trace.len() != 16 && trace.len() != 32 {
        return None;
    }
    id[32 - trace.len()..].copy_from_slice(trace);
    id.make_ascii_lowercase();
    let mut digits: [u8; 16] = span.try_into().ok()?;
    digits.make_ascii_lowercase();
    (is_id(&id, 32) && is_id(&digits, 16)).then(|| (id, number(&digits)))
}

/// Adds what is asked for.
pub(super) fn append(fields: &mut Fields, propagate: Propagate, id: &[u8; 32], span: u64, sampled: bool) {
    let (span, sampled) = (digits(span), if sampled { b"1" } else { b"0" });
    if propagate.b3 {
        let mut text = [b'-'; 51];
        text[..32].copy_from_slice(id);
        text[33..49].copy_from_slice(&span);
        text[50] = sampled[0];
        fields.append(SINGLE, text);
    }
    if propagate.b3_multi {
        fields.append(TRACE, id);
        fields.append(SPAN, span);
        fields.append(SAMPLED, sampled);
    }
}
