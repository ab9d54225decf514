//! `traceparent` and `tracestate` (W3C Trace Context).

use super::{Parent, RANDOM, SAMPLED, digits, is_hex, is_id, number};
use crate::{Fields, names};

/// Members of a `tracestate` (3.3.1.1).
const MEMBERS: usize = 32;
/// How long a `tracestate` may be that goes on unchanged; its senders can count on 512 characters (3.3.1.5).
const STATE: usize = 512;
/// Members longer than this go first.
const LONG: usize = 128;

/// What a valid `traceparent` says, if there is one and no other.
pub(super) fn read(fields: &Fields) -> Option<Parent> {
    let mut sent = fields.get_all(names::TRACEPARENT);
    let only = sent.next()?;
    if sent.next().is_some() { None } else { parse(only) }
}

/// 2.2.2 to 2.2.5. A higher version is read as this one, with whatever follows.
fn parse(value: &[u8]) -> Option<Parent> {
    let (version, id, span, flags) = (value.get(..2)?, value.get(3..35)?, value.get(36..52)?, value.get(53..55)?);
    let dashes = [2, 35, 52].iter().all(|&at| value[at] == b'-');
    let ends = match value.get(55) {
        None => true,
        Some(next) => version != b"00" && *next == b'-',
    };
    let good = dashes && ends && is_hex(version) && version != b"ff" && is_id(id, 32) && is_id(span, 16);
    if !good || !is_hex(flags) {
        return None;
    }
    // The others mean nothing in the version that is sent on.
    let low = char::from(flags[1]).to_digit(16)? as u8;
    let (sampled, random) = (Some(low & SAMPLED != 0), low & RANDOM != 0);
    Some(Parent { place: Some((id.try_into().ok()?, number(span))), sampled, random, has_state: true })
}

/// `00-TRACE-SPAN-FLAGS`.
pub(super) fn parent(id: &[u8; 32], span: u64, flags: u8) -> [u8; 55] {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    text[3..35].copy_from_slice(id);
    text[36..52].copy_from_slice(&digits(span));
    text[54] = b'0' + (flags & (SAMPLED | RANDOM));
    text
}

/// Leaves out what is more of a `tracestate` than has to go on: all of it, where it has more members than it may have; else
/// long members first, and then the last ones (3.3.1.5).
pub(super) fn bound_state(fields: &mut Fields) {
    let Some(state) = fields.joined(names::TRACESTATE) else { return };
    let members = || state.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty());
    let count = members().count();
    if count <= MEMBERS && state.len() <= STATE {
        return;
    }
    let mut kept: Vec<&[u8]> = if count > MEMBERS { Vec::new() } else { members().collect() };
    let length = |kept: &[&[u8]]| kept.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1);
    while length(&kept) > STATE {
        let long = kept.iter().rposition(|member| member.len() > LONG);
        kept.remove(long.unwrap_or(kept.len() - 1));
    }
    let kept = kept.join(&b',');
    fields.remove(names::TRACESTATE);
    if !kept.is_empty() {
        fields.append(names::TRACESTATE, kept);
    }
}
