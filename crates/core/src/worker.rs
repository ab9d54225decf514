//! Which of the workers this thread is. Each worker is one thread with one runtime; what is kept a worker (idle upstream
//! connections, counters) is found by this number without a lock that another worker could hold.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

static COUNT: AtomicUsize = AtomicUsize::new(1);

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(0) };
}

/// Says how many workers there are; once, before anything is made that is kept a worker.
pub fn set_count(count: usize) {
    COUNT.store(count.max(1), Ordering::Relaxed);
}

/// How many workers there are; at least one.
pub fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// Says which worker this thread is. Threads that never say count as worker 0.
pub fn enter(index: usize) {
    INDEX.set(index);
}

/// Which worker this thread is.
pub fn index() -> usize {
    INDEX.get()
}
