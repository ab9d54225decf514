//! How the log's thread is woken: not at all while nothing is logged, at most every `GATHER` while little is.

use super::GATHER;
use parking_lot::{Condvar, Mutex};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// What the thread is asked for.
pub(super) struct Signal {
    pub(super) thread: OnceLock<Thread>,
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

/// What the thread finds when it looks.
pub(super) struct Asked {
    /// Write what is left, and end.
    pub(super) stop: bool,
    /// Open the file anew.
    pub(super) reopen: bool,
    /// Say when all that was recorded up to now is written.
    pub(super) ticket: u64,
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
    pub(super) fn wait(&self) {
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
    }

    /// What is asked for now. Before the buffers are taken: what comes into an emptied one stirs again.
    pub(super) fn take(&self) -> Asked {
        self.stirred.store(false, Ordering::SeqCst);
        self.urgent.store(false, Ordering::SeqCst);
        Asked {
            stop: self.stop.load(Ordering::SeqCst),
            reopen: self.reopen.swap(false, Ordering::SeqCst),
            ticket: self.asked.load(Ordering::SeqCst),
        }
    }

    /// Lets those go who waited for what was asked up to that ticket.
    pub(super) fn finished(&self, ticket: u64) {
        let mut done = self.done.lock();
        if *done < ticket {
            *done = ticket;
            self.done_changed.notify_all();
        }
    }
}
