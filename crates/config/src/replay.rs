//! What becomes of requests that stand in an access log, under another configuration: which go to another route or
//! service, or with another path, which are refused, which are let in.
//!
//! The decision is the real table's. What the log does not hold (most header fields, cookies, credentials in a query) is
//! not guessed: the route that took the request in the log says some of it, and what is left open makes "may change".
//! Not looked at is what depends on the moment: services that fail, time limits, connections, the random choice of a
//! `split`.

mod effect;
mod known;
mod line;
mod outcome;
mod report;
mod side;
#[cfg(test)]
mod tests;
mod verdict;

pub use report::{Group, Kind, Replay, Says, Unread};
pub use side::Side;

use line::Line;
use std::io::{self, BufRead, Read};
use verdict::Judge;

/// A longer line of a log is not read: the gateway's own are bounded far below.
const LONGEST_LINE: u64 = 256 * 1024;

/// Reads a log of the old configuration and says what the new one does with its requests. Fails where the log cannot be
/// read; a line that is none is counted.
pub fn replay(old: &Side<'_>, new: &Side<'_>, mut log: impl BufRead) -> io::Result<Replay> {
    let mut replay = Replay::default();
    replay.notes = verdict::notes(old, new);
    let judge = Judge::new(old, new);
    let mut text = Vec::new();
    let mut number = 0;
    loop {
        text.clear();
        if log.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)? == 0 {
            return Ok(replay);
        }
        number += 1;
        if !text.ends_with(b"\n") && text.len() as u64 == LONGEST_LINE {
            log.skip_until(b'\n')?;
            replay.unread(number, "the line is too long");
            continue;
        }
        let text = text.trim_ascii();
        if text.is_empty() {
            continue;
        }
        match Line::read(text) {
            Ok(line) => replay.count(number, &line, judge.judge(&line)),
            Err(why) => replay.unread(number, why),
        }
    }
}
