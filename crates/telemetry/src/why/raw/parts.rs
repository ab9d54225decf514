//! The parts of an aggregate in a record. There may be many, with many calls: those that failed are written first, and what
//! finds no room then is counted alone.

use super::{MESSAGE, RawTry, attempt, moment, put_moment, read_try};
use crate::why::bytes::{Bytes, put_number, put_text};
use pintle_core::notes::{CallNote, PartNote};
use std::time::{Duration, Instant};

/// How many bytes of parts there are before no other one is begun. With one more it is about what the tries of a request take
/// that goes to one service, and a request has either.
const ROOM: usize = 4 * 1024;
/// From here on the calls of those that went well are not told.
const BRIEF: usize = ROOM / 4 * 3;
/// How much of a name.
const NAME: usize = 64;
/// How much of a call as it was written.
const CALL: usize = 200;
/// How many calls of each part, and how many of each one's tries.
const CALLS: usize = 2;
const TRIES: usize = 2;

/// A part as it was kept.
#[derive(Clone, Debug, Default)]
pub(in crate::why) struct RawPart {
    pub(in crate::why) place: u64,
    pub(in crate::why) name: String,
    pub(in crate::why) upstream: String,
    pub(in crate::why) call: String,
    /// A bit for each part that it waits for, by their places.
    pub(in crate::why) needs: u64,
    pub(in crate::why) state: String,
    pub(in crate::why) reason: String,
    pub(in crate::why) internal: String,
    pub(in crate::why) status: Option<u16>,
    pub(in crate::why) is_fatal: bool,
    pub(in crate::why) began: Option<Duration>,
    pub(in crate::why) over: Option<Duration>,
    /// How many calls there were, and how many tries.
    pub(in crate::why) made: u64,
    pub(in crate::why) attempts: u64,
    pub(in crate::why) calls: Vec<RawCall>,
}

/// A call of a part.
#[derive(Clone, Debug)]
pub(in crate::why) struct RawCall {
    pub(in crate::why) number: u64,
    pub(in crate::why) began: Duration,
    pub(in crate::why) over: Option<Duration>,
    /// How many tries there were; the last ones are kept.
    pub(in crate::why) attempts: u64,
    pub(in crate::why) tries: Vec<RawTry>,
}

/// Writes how many there are, how many of them follow, and those.
pub(super) fn write(out: &mut Vec<u8>, parts: &[PartNote], began: Instant) {
    put_number(out, parts.len() as u64);
    // Filled in last: there are fewer than fit into a byte.
    let (start, mut written) = (out.len(), 0);
    out.push(written);
    let ranks: [fn(&PartNote) -> bool; 3] = [
        |part| part.is_fatal,
        |part| !part.is_fatal && part.state != "ok" && part.state != "skipped",
        |part| !part.is_fatal && (part.state == "ok" || part.state == "skipped"),
    ];
    for (at, part) in ranks.iter().flat_map(|is| parts.iter().enumerate().filter(|(_, part)| is(part))) {
        let used = out.len() - start;
        if used > ROOM {
            break;
        }
        let calls = if used > BRIEF && part.reason.is_none() { &[][..] } else { &part.calls };
        put_part(out, at, part, calls, began);
        written += 1;
    }
    out[start] = written;
}

fn put_part(out: &mut Vec<u8>, at: usize, part: &PartNote, calls: &[CallNote], began: Instant) {
    put_number(out, at as u64);
    put_text(out, part.name.as_bytes(), NAME);
    put_text(out, part.upstream.as_bytes(), NAME);
    put_text(out, part.call.as_bytes(), CALL);
    put_number(out, part.needs);
    put_text(out, part.state.as_bytes(), NAME);
    put_text(out, part.reason.unwrap_or_default().as_bytes(), NAME);
    put_text(out, part.why.as_deref().unwrap_or_default().as_bytes(), MESSAGE);
    put_number(out, part.status.map_or(0, u64::from));
    out.push(part.is_fatal.into());
    put_moment(out, began, part.began);
    put_moment(out, began, part.over);
    put_number(out, part.made.into());
    put_number(out, part.attempts.into());
    // Those that went wrong say more.
    let wrong = calls.iter().filter(|call| !call.is_well());
    let kept: Vec<&CallNote> = wrong.chain(calls.iter().filter(|call| call.is_well())).take(CALLS).collect();
    put_number(out, kept.len() as u64);
    kept.into_iter().for_each(|call| put_call(out, call, began));
}

fn put_call(out: &mut Vec<u8>, call: &CallNote, began: Instant) {
    put_number(out, call.number.into());
    put_moment(out, began, Some(call.began));
    put_moment(out, began, call.over);
    let tries = &call.notes.tries;
    put_number(out, tries.len() as u64);
    tries.iter().skip(tries.len().saturating_sub(TRIES)).for_each(|one| attempt(out, one, began));
}

/// Reads how many there were, and those that were kept, by their places.
pub(super) fn read(bytes: &mut Bytes<'_>) -> (u64, Vec<RawPart>) {
    let all = bytes.number();
    let written = bytes.byte();
    let mut parts: Vec<RawPart> = (0..written).map(|_| read_part(bytes)).collect();
    parts.sort_by_key(|part| part.place);
    (all, parts)
}

fn read_part(bytes: &mut Bytes<'_>) -> RawPart {
    let mut part = RawPart {
        place: bytes.number(),
        name: bytes.text(),
        upstream: bytes.text(),
        call: bytes.text(),
        needs: bytes.number(),
        state: bytes.text(),
        reason: bytes.text(),
        internal: bytes.text(),
        status: u16::try_from(bytes.number()).ok().filter(|status| *status > 0),
        is_fatal: bytes.byte() == 1,
        began: moment(bytes),
        over: moment(bytes),
        made: bytes.number(),
        attempts: bytes.number(),
        calls: Vec::new(),
    };
    let calls = bytes.number().min(CALLS as u64);
    part.calls = (0..calls).map(|_| read_call(bytes)).collect();
    part.calls.sort_by_key(|call| call.number);
    part
}

fn read_call(bytes: &mut Bytes<'_>) -> RawCall {
    let (number, began, over, attempts) =
        (bytes.number(), moment(bytes).unwrap_or_default(), moment(bytes), bytes.number());
    let tries = (0..attempts.min(TRIES as u64)).map(|_| read_try(bytes)).collect();
    RawCall { number, began, over, attempts, tries }
}
