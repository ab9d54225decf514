//! The access log: one line a request, and one a tunnel, written away from the requests' path.
//!
//! A worker formats a record into its own buffer; one thread collects the buffers and hands them to the sink. The worker
//! never waits for a disk, a pipe or a syslog: when the sink cannot keep up, records are dropped and counted.

mod combined;
pub mod config;
mod escape;
mod fields;
mod json;
mod lines;
mod record;
mod shard;
mod signal;
mod sink;
mod style;
mod syslog;
#[cfg(test)]
mod tests;
mod tunnel;
mod writer;

pub use fields::Fields;
pub use json::KEYS;
pub use record::Record;
pub use sink::Sink;
pub use style::{Format, Style};
pub use syslog::{Address, Facility, Form, Syslog};
pub use tunnel::{TUNNEL_KEYS, TunnelRecord};

use crate::metrics::families::{LOG_DROPPED, LOG_ERRORS, LOG_FIELDS_FAILED};
use crate::metrics::{Counter, Metrics};
use lines::Lines;
use parking_lot::Mutex;
use pintle_core::worker;
use shard::{How, Put, Shard};
use signal::Signal;
use sink::Out;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use style::Subject;
use writer::Writer;

/// A buffer this full is written at once. Waking the thread every 32 KiB instead costs 170 ns a record more.
const HAND_OVER: usize = 128 * 1024;
/// How long records gather before they are written.
const GATHER: Duration = Duration::from_millis(50);
/// About how many bytes may wait to be written, over all workers.
const IN_FLIGHT: usize = 4 * 1024 * 1024;
/// No worker gets less room than this, however many there are.
const LEAST_ROOM: usize = 2 * HAND_OVER;

/// The access log of one gateway.
pub struct AccessLog {
    shared: Arc<Shared>,
}

/// What the workers and the writing thread have in common.
struct Shared {
    shards: Box<[Shard]>,
    /// How many bytes a shard may hold before it drops records.
    room: usize,
    is_on: AtomicBool,
    signal: Signal,
    next: Mutex<Next>,
    dropped: Arc<Counter>,
    errors: Arc<Counter>,
    failed_fields: Arc<Counter>,
}

/// What the thread is to go over to.
struct Next {
    /// The last of the sinks.
    sink: Sink,
    /// Counts them.
    generation: u64,
    changes: VecDeque<Change>,
}

/// A step from one sink to the next.
enum Change {
    /// Records that are the old one's.
    Before(Lines),
    /// The new one, and its number.
    Sink(Box<Out>, u64),
}

impl Shared {
    fn has_changes(&self) -> bool {
        !self.next.lock().changes.is_empty()
    }

    fn next_change(&self) -> Option<Change> {
        self.next.lock().changes.pop_front()
    }
}

impl AccessLog {
    /// Starts the thread that writes to the sink. What is dropped is counted
    /// in `metrics`, which also say how many workers there are.
    pub fn start(opened: Opened, metrics: &Metrics) -> io::Result<AccessLog> {
        let dropped = metrics.counter(&LOG_DROPPED, &[]);
        let errors = metrics.counter(&LOG_ERRORS, &[]);
        let failed_fields = metrics.counter(&LOG_FIELDS_FAILED, &[]);
        let Opened { out, sink, style } = opened;
        let how = Arc::new(How::new(style, &sink, 0));
        let shards: Box<[Shard]> = (0..metrics.workers()).map(|_| Shard::new(how.clone())).collect();
        let shared = Arc::new(Shared {
            // Half of the room is for what the thread has taken and not yet written.
            room: (IN_FLIGHT / 2 / shards.len()).max(LEAST_ROOM),
            shards,
            is_on: AtomicBool::new(sink != Sink::None),
            signal: Signal::new(),
            next: Mutex::new(Next { sink, generation: 0, changes: VecDeque::new() }),
            dropped,
            errors,
            failed_fields,
        });
        Writer::spawn(&shared, out)?;
        Ok(AccessLog { shared })
    }

    /// Writes one record into the buffer of this worker; costs some hundred nanoseconds and never waits for the sink.
    pub fn write(&self, record: &Record<'_>) {
        self.put(&Subject::Request(record));
    }

    /// The same for a tunnel.
    pub fn write_tunnel(&self, record: &TunnelRecord<'_>) {
        self.put(&Subject::Tunnel(record));
    }

    #[inline]
    fn put(&self, subject: &Subject<'_>) {
        let shared = &*self.shared;
        if !self.is_on() {
            return;
        }
        let shard = shared.shards.get(worker::index()).unwrap_or(&shared.shards[0]);
        match shard.put(subject, shared.room) {
            Put::Left => {}
            Put::Dropped => shared.dropped.inc(),
            Put::Written { before, after, failed } => {
                if before == 0 {
                    shared.signal.stir();
                }
                if before < HAND_OVER && after >= HAND_OVER {
                    shared.signal.urge();
                }
                if failed > 0 {
                    shared.failed_fields.add(failed);
                }
            }
        }
    }

    /// Whether records go anywhere: with `none` there is no need to make one.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.shared.is_on.load(Ordering::Relaxed)
    }

    /// Goes over to another sink and style. Cannot fail: the sink is open. One that is the same stays, with all that waits
    /// for it; a file is opened anew.
    pub fn go_over(&self, opened: Opened) {
        let Opened { out, sink, style } = opened;
        let shared = &*self.shared;
        let mut next = shared.next.lock();
        let is_same = sink == next.sink;
        next.generation += u64::from(!is_same);
        let how = Arc::new(How::new(style, &sink, next.generation));
        let mut waiting: usize = next.changes.iter().map(Change::len).sum();
        for shard in &shared.shards {
            let Some(left) = shard.turn_to(how.clone(), is_same) else { continue };
            waiting += left.records.len();
            // The thread is behind by several changes.
            match waiting <= IN_FLIGHT {
                true => next.changes.push_back(Change::Before(left.records)),
                false => shared.dropped.add(left.count()),
            }
        }
        if !is_same {
            let generation = next.generation;
            next.changes.push_back(Change::Sink(Box::new(out), generation));
        }
        let is_file = matches!(sink, Sink::File(_));
        shared.is_on.store(sink != Sink::None, Ordering::Relaxed);
        next.sink = sink;
        drop(next);
        shared.signal.urge();
        if is_same && is_file {
            // It may be another one by now under its name.
            self.reopen();
        }
    }

    /// Opens the file anew, soon: after a rotation has moved it. While that fails the old one stays in use.
    pub fn reopen(&self) {
        self.shared.signal.reopen();
    }

    /// Waits until all that was recorded before is written, at most `limit`; false when time ran out. Blocks the thread:
    /// for the end of the program.
    pub fn flush(&self, limit: Duration) -> bool {
        self.shared.signal.flush(limit)
    }

    /// How many records were dropped, or lost in a failed write, so far.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.get()
    }
}

impl Change {
    fn len(&self) -> usize {
        match self {
            Change::Before(lines) => lines.len(),
            Change::Sink(..) => 0,
        }
    }
}

/// A sink that is open, and the style for it: the part of a change that may fail, done before what may not.
pub struct Opened {
    out: Out,
    sink: Sink,
    style: Style,
}

impl Opened {
    /// Opens a sink.
    pub fn open(sink: &Sink, style: Style) -> io::Result<Self> {
        Ok(Opened { out: Out::open(sink)?, sink: sink.clone(), style })
    }
}

impl Drop for AccessLog {
    /// Lets the thread write what is left and end; does not wait for it.
    fn drop(&mut self) {
        self.shared.signal.stop();
    }
}
