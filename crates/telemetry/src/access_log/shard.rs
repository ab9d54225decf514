//! One worker's part of the log: its buffer, and how it writes into it.

use super::escape;
use super::json::Manner;
use super::lines::Lines;
use super::sink::{Sink, count};
use super::style::{Kept, Style, Subject};
use super::syslog::Head;
use crate::stamp::Stamp;
use parking_lot::Mutex;
use std::sync::Arc;

/// Where a message of syslog would be longer than it may be, its values are cut to so many bytes, the largest number first
/// by which it fits; then what the configuration added is left out.
const SHORTER: [(usize, bool); 4] = [(256, false), (64, false), (16, false), (16, true)];

/// A buffer on cache lines of its own. Its lock is contended only while the thread swaps the buffer.
#[repr(align(128))]
pub(super) struct Shard(Mutex<Buffer>);

struct Buffer {
    lines: Lines,
    stamp: Stamp,
    how: Arc<How>,
}

/// How records are written for one sink. All in a buffer are written for the same one.
pub(super) struct How {
    style: Style,
    /// The share in JSON.
    share: String,
    /// Whether each is a message behind its length, and not a line.
    syslog: Option<Head>,
    /// The sink's number.
    generation: u64,
}

/// Records that were written for a sink that is not in use any more.
pub(super) struct Left {
    pub(super) records: Lines,
    how: Arc<How>,
}

impl Left {
    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        count(self.records.as_slice(), self.how.syslog.is_some())
    }
}

/// What became of a record.
pub(super) enum Put {
    /// It is none of those that are to be written.
    Left,
    /// There is no room for it.
    Dropped,
    /// It is in the buffer, which held so many bytes before and after; so many of its fields failed.
    Written { before: usize, after: usize, failed: u64 },
}

impl How {
    pub(super) fn new(style: Style, sink: &Sink, generation: u64) -> Self {
        let share = style.sample.fraction().to_string();
        let syslog = match sink {
            Sink::Syslog(syslog) => Some(Head::new(syslog)),
            _ => None,
        };
        How { style, share, syslog, generation }
    }

    fn manner(&self, kept: Kept) -> Manner<'_> {
        let sample = (kept == Kept::Sampled).then_some(self.share.as_str());
        Manner { names: &self.style.names, longest: escape::LONGEST, is_cut: false, is_bare: false, sample }
    }
}

impl Shard {
    pub(super) fn new(how: Arc<How>) -> Self {
        Shard(Mutex::new(Buffer { lines: Lines::default(), stamp: Stamp::new(), how }))
    }

    /// Writes a record, if the buffer holds no more than `room` bytes.
    #[inline]
    pub(super) fn put(&self, subject: &Subject<'_>, room: usize) -> Put {
        let mut buffer = self.0.lock();
        let Buffer { lines, stamp, how } = &mut *buffer;
        let kept = how.style.keeps(subject);
        if kept == Kept::No {
            return Put::Left;
        }
        let before = lines.len();
        if before > room {
            return Put::Dropped;
        }
        let manner = how.manner(kept);
        let failed = match &how.syslog {
            None => {
                let failed = how.style.write(lines, stamp, subject, manner);
                lines.push(b'\n');
                failed
            }
            Some(head) => match message(head, &how.style, lines, stamp, subject, manner) {
                Some(failed) => failed,
                None => return Put::Dropped,
            },
        };
        Put::Written { before, after: lines.len(), failed }
    }

    /// Gives all that was written for the sink of that number, for `records`, which are empty; false if there is nothing.
    pub(super) fn give(&self, generation: u64, records: &mut Lines) -> bool {
        let mut buffer = self.0.lock();
        if buffer.lines.len() == 0 || buffer.how.generation != generation {
            return false;
        }
        std::mem::swap(&mut buffer.lines, records);
        true
    }

    /// Writes in another way from now on, and gives what was written for another sink.
    pub(super) fn turn_to(&self, how: Arc<How>, is_same: bool) -> Option<Left> {
        let mut buffer = self.0.lock();
        let before = std::mem::replace(&mut buffer.how, how);
        let is_any = !is_same && buffer.lines.len() > 0;
        is_any.then(|| Left { records: std::mem::take(&mut buffer.lines), how: before })
    }

    /// How many bytes it holds.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().lines.len()
    }
}

/// Writes a message of syslog behind its length, with its values cut until it is no longer than it may be; `None` where it
/// cannot be made to fit.
fn message(
    head: &Head,
    style: &Style,
    out: &mut Lines,
    stamp: &mut Stamp,
    subject: &Subject<'_>,
    manner: Manner<'_>,
) -> Option<u64> {
    let start = out.len();
    out.put(&[0; 4]);
    head.write(out, stamp, subject);
    let text = out.len();
    let mut failed = style.write(out, stamp, subject, manner);
    for (longest, is_bare) in SHORTER {
        if out.len() - start - 4 <= head.most {
            break;
        }
        out.truncate(text);
        failed = style.write(out, stamp, subject, Manner { longest, is_cut: true, is_bare, ..manner });
    }
    let length = out.len() - start - 4;
    if length > head.most {
        out.truncate(start);
        return None;
    }
    out.written_mut(start)[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Some(failed)
}
