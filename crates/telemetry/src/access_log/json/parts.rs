//! The parts of an aggregate in a line: the one that failed the whole, and of each what became of it. How many there may be
//! is bounded by what an aggregate may have, and each of their texts is cut as those of the line are.

use super::super::Record;
use super::super::lines::Lines;
use super::{FAILED_PART, Manner, PARTS, millis, text};
use pintle_core::notes::PartNote;
use std::time::{Duration, Instant};

/// What a part says, beside the names of the line's keys.
const STATE: &[u8; 11] = b"\",\"state\":\"";
const UPSTREAM: &[u8; 13] = b",\"upstream\":\"";
const REASON: &[u8; 11] = b",\"reason\":\"";
const MESSAGE: &[u8; 12] = b",\"message\":\"";
const STATUS: &[u8; 10] = b",\"status\":";
const DURATION: &[u8; 15] = b",\"duration_ms\":";
const CALLS: &[u8; 9] = b",\"calls\":";
const ATTEMPTS: &[u8; 12] = b",\"attempts\":";

/// Writes them. A line without what the configuration added has the name of the one that failed the whole alone.
pub(super) fn write(out: &mut Lines, record: &Record<'_>, manner: Manner<'_>) {
    record.parts.with(|parts| {
        if let Some(fatal) = parts.iter().find(|part| part.is_fatal) {
            out.put(FAILED_PART);
            text(out, &fatal.name, manner.longest);
        }
        if manner.is_bare {
            return;
        }
        out.put(PARTS);
        let now = Instant::now();
        let mut mark = b'[';
        for part in parts {
            out.push(mark);
            self::part(out, part, part.duration(now), manner.longest);
            mark = b',';
        }
        if mark == b'[' {
            out.push(mark);
        }
        out.push(b']');
    });
}

fn part(out: &mut Lines, part: &PartNote, duration: Option<Duration>, most: usize) {
    out.put(b"{\"name\":\"");
    super::escape::json(out, &part.name, most);
    out.put(STATE);
    text(out, part.state, most);
    if let Some(duration) = duration {
        out.put(UPSTREAM);
        text(out, &part.upstream, most);
        out.put(DURATION);
        millis(out, duration);
        out.put(CALLS);
        out.number(part.made.into());
        out.put(ATTEMPTS);
        out.number(part.attempts.into());
    }
    if let Some(status) = part.status {
        out.put(STATUS);
        out.number(status.into());
    }
    if let Some(reason) = part.reason {
        out.put(REASON);
        text(out, reason, most);
    }
    if let Some(why) = part.why.as_deref().filter(|why| !why.is_empty()) {
        out.put(MESSAGE);
        text(out, why, most);
    }
    out.push(b'}');
}
