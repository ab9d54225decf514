//! The thread that collects the workers' buffers and hands them to the sink. It waits for a sink that is full only as long
//! as nothing else is asked of it.

use super::lines::Lines;
use super::sink::{Out, Progress};
use super::{Change, HAND_OVER, Shared};
use crate::log::{self, Level};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a sink that is full before looking for what else there is to do.
const FULL: Duration = Duration::from_millis(100);
/// How long a sink that takes nothing is waited for when another one takes its place.
const GRACE: Duration = Duration::from_secs(1);

/// The thread's own state.
pub(super) struct Writer {
    shared: Arc<Shared>,
    out: Out,
    /// Which of the sinks that there were in turn is in use.
    generation: u64,
    /// Records that the sink is to take, and how many bytes of them it has taken.
    records: Lines,
    taken: usize,
    /// The sink has taken records that have not gone yet.
    waits: bool,
    /// The sink takes nothing since then.
    full_since: Option<Instant>,
    /// It failed when it was last asked.
    failing: bool,
    /// How many lost records were told of.
    told: u64,
}

impl Writer {
    /// Starts the thread; it ends when the signal says stop.
    pub(super) fn spawn(shared: &Arc<Shared>, out: Out) -> io::Result<()> {
        let mut writer = Writer {
            told: shared.dropped.get(),
            shared: shared.clone(),
            out,
            generation: 0,
            records: Lines::default(),
            taken: 0,
            waits: false,
            full_since: None,
            failing: false,
        };
        let thread = thread::Builder::new().name("access-log".into()).spawn(move || writer.run())?;
        let _ = shared.signal.thread.set(thread.thread().clone());
        // Whoever wanted to wake it before could not.
        thread.thread().unpark();
        Ok(())
    }

    fn run(&mut self) {
        let shared = self.shared.clone();
        loop {
            match self.full_since {
                None => shared.signal.wait(),
                Some(_) => self.out.wait(FULL),
            }
            let asked = shared.signal.take();
            let now = Instant::now();
            let is_done = self.sweep(now);
            if asked.reopen
                && let Err(error) = self.out.reopen(now)
            {
                let name = self.out.name();
                log::error(format_args!(
                    "access log: cannot reopen {name}, the old file stays until that can be done: {error}"
                ));
            }
            if is_done {
                shared.signal.finished(asked.ticket);
            } else if asked.stop {
                self.give_up();
            }
            self.tell();
            if asked.stop {
                return;
            }
        }
    }

    /// Writes what there is, as far as the sink takes it; true if that is all.
    fn sweep(&mut self, now: Instant) -> bool {
        let shared = self.shared.clone();
        loop {
            let is_over = self.full_since.is_some_and(|since| now.saturating_duration_since(since) >= GRACE);
            if !self.write(now) {
                if !is_over || !shared.has_changes() {
                    return false;
                }
                self.give_up();
            }
            match shared.next_change() {
                Some(Change::Before(records)) => (self.records, self.taken) = (records, 0),
                Some(Change::Sink(out, generation)) => {
                    // What lay in the old one's buffers went first.
                    (self.out, self.generation) = (*out, generation);
                    (self.full_since, self.failing) = (None, false);
                }
                None => break,
            }
        }
        for shard in &shared.shards {
            if shard.give(self.generation, &mut self.records) {
                self.taken = 0;
                if !self.write(now) {
                    return false;
                }
            }
        }
        true
    }

    /// Hands the sink what it has not taken yet; true if it took all.
    fn write(&mut self, now: Instant) -> bool {
        let records = &self.records.as_slice()[self.taken..];
        if records.is_empty() && !self.waits {
            return true;
        }
        let Progress { taken, lost, error, waits } = self.out.write(records, now);
        let is_done = taken == records.len() && !waits;
        (self.taken, self.waits) = (self.taken + taken, waits);
        if is_done {
            self.records.clear(2 * HAND_OVER);
            self.taken = 0;
        }
        self.full_since = match is_done {
            true => None,
            false if taken > 0 => Some(now),
            false => self.full_since.or(Some(now)),
        };
        match error {
            Some(error) => self.complain(lost, &error),
            None if is_done && std::mem::take(&mut self.failing) => {
                let message = format_args!("access log: {} takes records again", self.out.name());
                log::limited("access_log.again", Level::Info, message);
            }
            None => {}
        }
        is_done
    }

    /// Loses what the sink does not take.
    fn give_up(&mut self) {
        let left = &self.records.as_slice()[self.taken..];
        let lost = self.out.count(left) + self.out.abandon();
        self.shared.dropped.add(lost);
        self.records.clear(2 * HAND_OVER);
        (self.taken, self.waits, self.full_since) = (0, false, None);
    }

    /// Tells of records that were dropped because there was no room for them.
    fn tell(&mut self) {
        let dropped = self.shared.dropped.get();
        if dropped > self.told {
            let count = dropped - self.told;
            log::limited(
                "access_log.dropped",
                Level::Warn,
                format_args!("access log: {} does not take records fast enough, {count} dropped", self.out.name()),
            );
            self.told = dropped;
        }
    }

    fn complain(&mut self, lost: u64, error: &str) {
        self.shared.errors.inc();
        self.shared.dropped.add(lost);
        self.told += lost;
        self.failing = true;
        let name = self.out.name();
        let lost = if lost > 0 { format!(", {lost} records lost") } else { String::new() };
        let message = format_args!("access log: cannot write to {name}{lost}: {error}");
        log::limited("access_log.write", Level::Error, message);
    }
}
