//! The thread that collects the workers' buffers and writes them, and how it is woken: not at all while nothing is
//! logged, at most every `GATHER` while little is.

use super::sink::{Lost, Out};
use super::{GATHER, HAND_OVER, Shared};
use crate::log::{self, Level};
use parking_lot::{Condvar, Mutex};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// What the thread is asked for.
pub(super) struct Signal {
    thread: OnceLock<Thread>,
    /// A buffer that was empty has a record.
    stirred: AtomicBool,
    /// Write now.
    urgent: AtomicBool,
    reopen: AtomicBool,
    stop: AtomicBool,
    /// How many flushes were asked for, and up to which they are done.
    asked: AtomicU64,
    done: Mutex<u64>,
    done_changed: Condvar,
}

impl Signal {
    pub(super) fn new() -> Self {
        Signal {
            thread: OnceLock::new(),
            stirred: AtomicBool::new(false),
            urgent: AtomicBool::new(false),
            reopen: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            done: Mutex::new(0),
            done_changed: Condvar::new(),
        }
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Says that there is a first record: it will be written soon.
    pub(super) fn stir(&self) {
        if !self.stirred.swap(true, Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Says that there is enough to write.
    pub(super) fn urge(&self) {
        self.urgent.store(true, Ordering::SeqCst);
        self.wake();
    }

    pub(super) fn reopen(&self) {
        self.reopen.store(true, Ordering::SeqCst);
        self.wake();
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.wake();
    }

    pub(super) fn flush(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.wake();
        let mut done = self.done.lock();
        while *done < ticket {
            if self.done_changed.wait_until(&mut done, until).timed_out() {
                return *done >= ticket;
            }
        }
        true
    }

    fn is_pressing(&self) -> bool {
        self.urgent.load(Ordering::SeqCst)
            || self.reopen.load(Ordering::SeqCst)
            || self.stop.load(Ordering::SeqCst)
            || self.asked.load(Ordering::SeqCst) > *self.done.lock()
    }

    /// Waits until there is something to do.
    fn wait(&self) {
        while !self.stirred.load(Ordering::SeqCst) && !self.is_pressing() {
            thread::park();
        }
        let until = Instant::now() + GATHER;
        while !self.is_pressing() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
        // Before the buffers are taken: what comes into an emptied one stirs again.
        self.stirred.store(false, Ordering::SeqCst);
        self.urgent.store(false, Ordering::SeqCst);
    }

    fn finished(&self, ticket: u64) {
        let mut done = self.done.lock();
        if *done < ticket {
            *done = ticket;
            self.done_changed.notify_all();
        }
    }
}

/// The thread's own state.
pub(super) struct Writer {
    shared: Arc<Shared>,
    out: Out,
    /// An empty buffer to give for a full one.
    spare: Vec<u8>,
    /// How many dropped records were told of.
    told: u64,
}

impl Writer {
    /// Starts the thread; it ends when the signal says stop.
    pub(super) fn spawn(shared: &Arc<Shared>, out: Out) -> io::Result<()> {
        let mut writer = Writer { told: shared.dropped.get(), shared: shared.clone(), out, spare: Vec::new() };
        let thread = thread::Builder::new().name("access-log".into()).spawn(move || writer.run())?;
        let _ = shared.signal.thread.set(thread.thread().clone());
        // Whoever wanted to wake it before could not.
        thread.thread().unpark();
        Ok(())
    }

    fn run(&mut self) {
        let shared = self.shared.clone();
        let signal = &shared.signal;
        loop {
            signal.wait();
            let stop = signal.stop.load(Ordering::SeqCst);
            let ticket = signal.asked.load(Ordering::SeqCst);
            if self.out.is_none() {
                self.change();
            }
            self.sweep();
            if signal.reopen.swap(false, Ordering::SeqCst)
                && let Err(error) = self.out.reopen()
            {
                log::error(format_args!("access log: cannot reopen {}, the old file stays: {error}", self.out.name()));
            }
            self.change();
            signal.finished(ticket);
            if stop {
                return;
            }
        }
    }

    /// Goes over to another sink if there is one to go to.
    fn change(&mut self) {
        if let Some(out) = self.shared.next.lock().take() {
            self.out = out;
        }
    }

    /// Writes what the workers have, one after the other.
    fn sweep(&mut self) {
        let shared = self.shared.clone();
        for shard in &shared.shards {
            std::mem::swap(&mut shard.0.lock().lines, &mut self.spare);
            if self.spare.is_empty() {
                continue;
            }
            if let Err(lost) = self.out.write(&self.spare) {
                self.complain(&lost);
            }
            self.spare.clear();
            self.spare.shrink_to(2 * HAND_OVER);
        }
        let dropped = shared.dropped.get();
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

    fn complain(&mut self, lost: &Lost) {
        self.shared.errors.inc();
        self.shared.dropped.add(lost.lines);
        self.told += lost.lines;
        log::limited(
            "access_log.write",
            Level::Error,
            format_args!(
                "access log: cannot write to {}, {} records lost: {}",
                self.out.name(),
                lost.lines,
                lost.error
            ),
        );
    }
}
