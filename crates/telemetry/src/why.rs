//! The last requests, kept in memory for whoever asks why: what came, by which configuration it was answered, and what
//! happened on its way, each as a compact record. What it means is worked out when somebody asks (`config/explain`).
//!
//! A worker writes a record at a request's end into a part of its own; only a reader contends for that, and copies a
//! segment at a time. All is bounded by memory and by count. What went wrong has room of its own, so that neither
//! successes nor the noise of scanners push it out. No configuration is held: a record has names and numbers.
//!
//! A record holds what came as it came, credentials too: it is never shown. What is shown is a [`Recorded`], and only
//! [`Kept::shown`] makes one.

mod bytes;
pub mod config;
mod decision;
mod lane;
mod raw;
mod recorded;
#[cfg(test)]
mod tests;
mod wanted;

pub use decision::{Decision, Way};
pub use recorded::{Came, Kept, Recorded, RecordedCall, RecordedPart, RecordedTls, Time, Tried, Waited};
pub use wanted::{Class, Wanted};

use config::WhyConfig;
use lane::{Bounds, Lane};
use parking_lot::Mutex;
use pintle_core::redact::Names;
use pintle_core::worker;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// No more parts than this, so that each has room for some records: more workers share them.
const MOST_SHARDS: usize = 8;
/// How slow a request is that is kept among those that went wrong.
const SLOW: Duration = Duration::from_secs(1);
/// So many ids are named where several begin as was asked.
const MOST_NAMED: usize = 5;
/// A prefix of an id is enough from so many characters on.
pub const PREFIX: usize = 8;

/// The ring.
pub struct Why {
    on: AtomicBool,
    /// What moments in records count from.
    epoch: Instant,
    /// What is left out where something is shown.
    names: Mutex<Arc<Names>>,
    shards: Box<[Shard]>,
}

/// A worker's part, on cache lines of its own.
#[repr(align(128))]
struct Shard(Mutex<Part>);

#[derive(Default)]
struct Part {
    /// By [`Decision::lane`].
    lanes: [Lane; LANES],
    /// Where a record is put together.
    record: Vec<u8>,
}

/// What went right; what the client did wrong; what went wrong.
const LANES: usize = 3;
/// Which part of the memory and of the count is whose, in quarters.
const QUARTERS: [usize; LANES] = [2, 1, 1];

/// How much there is in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many records.
    pub records: usize,
    /// When the oldest of them ended.
    pub oldest: Option<SystemTime>,
}

/// What came of looking for an id.
#[derive(Debug)]
pub enum Found {
    /// This one.
    One(Box<Kept>),
    /// More than one begins so: the ids of some.
    Several(Vec<String>),
    /// There is none, among so many.
    None(Extent),
}

impl Why {
    /// A ring for so many workers, switched off.
    pub fn new(workers: usize) -> Why {
        let shards = (0..workers.clamp(1, MOST_SHARDS)).map(|_| Shard(Mutex::default())).collect();
        Why { on: AtomicBool::new(false), epoch: Instant::now(), names: Mutex::default(), shards }
    }

    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Goes over to other settings, and other names of credentials. What is kept stays, as far as it has room.
    pub fn go_over(&self, config: &WhyConfig, names: Names) {
        *self.names.lock() = Arc::new(names);
        let bounds = match config {
            WhyConfig::Off => None,
            WhyConfig::On(bounds) => Some((bounds.memory.in_memory(), bounds.requests as usize)),
        };
        self.on.store(bounds.is_some(), Ordering::Relaxed);
        let (memory, count) = bounds.unwrap_or_default();
        for Shard(part) in &self.shards {
            let mut part = part.lock();
            for (lane, quarters) in part.lanes.iter_mut().zip(QUARTERS) {
                let share = |all: usize| all / self.shards.len() * quarters / 4;
                lane.bound(Bounds::of(share(memory), share(count)));
            }
            if bounds.is_none() {
                *part = Part::default();
            }
        }
    }

    /// Keeps a request that is over. Never waits for whoever reads, but for the copy of a segment; takes memory only once there
    /// is more than before.
    pub fn keep(&self, decision: &Decision<'_>) {
        let Shard(part) = &self.shards[worker::index() % self.shards.len()];
        let mut part = part.lock();
        let Part { lanes, record } = &mut *part;
        record.clear();
        raw::write(record, decision, self.epoch);
        lanes[decision.lane()].push(record);
    }

    /// Looks for a request by its id, its trace's, or the beginning of either, if that is long enough.
    pub fn find(&self, id: &str) -> Found {
        let (mut whole, mut beginning): (Option<Vec<u8>>, Vec<Vec<u8>>) = (None, Vec::new());
        self.each(&mut |record| {
            if raw::ids(record).any(|one| one == id.as_bytes()) {
                // A trace may have come by here more than once; so may an id that a proxy gave. A client may give its trace the
                // id of another one's request: a request's own id goes before any trace's.
                let rank = |record: &[u8]| (raw::ids(record).next() == Some(id.as_bytes()), raw::over(record));
                if whole.as_deref().is_none_or(|other| rank(other) <= rank(record)) {
                    whole = Some(record.to_vec());
                }
            } else if id.len() >= PREFIX && raw::ids(record).any(|one| one.starts_with(id.as_bytes())) {
                beginning.push(record.to_vec());
                beginning.truncate(MOST_NAMED);
            }
        });
        match (whole, &beginning[..]) {
            (Some(record), _) => Found::One(Box::new(self.kept(&record))),
            (None, [record]) => Found::One(Box::new(self.kept(record))),
            (None, []) => Found::None(self.extent()),
            (None, several) => Found::Several(several.iter().map(|record| self.kept(record).id()).collect()),
        }
    }

    /// The last requests that are wanted, the newest first.
    pub fn list(&self, wanted: &Wanted) -> Vec<Kept> {
        let mut newest: BTreeMap<(u64, usize), Vec<u8>> = BTreeMap::new();
        let mut number = 0;
        self.each(&mut |record| {
            number += 1;
            let over = raw::over(record);
            let is_old = newest.len() >= wanted.most && newest.keys().next().is_some_and(|(oldest, _)| *oldest >= over);
            if !is_old && wanted.takes(&self.kept(record)) {
                newest.insert((over, number), record.to_vec());
                if newest.len() > wanted.most {
                    newest.pop_first();
                }
            }
        });
        newest.into_values().rev().map(|record| self.kept(&record)).collect()
    }

    /// How much there is.
    pub fn extent(&self) -> Extent {
        let (mut records, mut oldest) = (0, u64::MAX);
        self.each(&mut |record| {
            records += 1;
            oldest = oldest.min(raw::over(record));
        });
        Extent { records, oldest: (records > 0).then(|| self.time(oldest)) }
    }

    fn kept(&self, record: &[u8]) -> Kept {
        Kept::new(raw::read(record), self.time(raw::over(record)), Arc::clone(&self.names.lock()))
    }

    /// When something was, by today's clock: that of the moment itself may have been wrong.
    fn time(&self, micros: u64) -> SystemTime {
        let ago = self.epoch.elapsed().saturating_sub(Duration::from_micros(micros));
        SystemTime::now().checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Shows every record to `visit`. No worker waits for longer than the copy of a segment takes.
    fn each(&self, visit: &mut dyn FnMut(&[u8])) {
        let mut copy = Vec::new();
        for Shard(part) in &self.shards {
            for lane in 0..LANES {
                let mut after = None;
                loop {
                    // The room is there before the lock is taken.
                    copy.clear();
                    copy.reserve(lane::SEGMENT);
                    let Some(number) = part.lock().lanes[lane].copy_after(after, &mut copy) else { break };
                    after = Some(number);
                    lane::records(&copy).for_each(&mut *visit);
                }
            }
        }
    }
}
