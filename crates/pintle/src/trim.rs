//! Memory that a change needed for a moment goes back to the system.
//!
//! The allocator (mimalloc) keeps what was freed for a second, and then gives it back when a thread ends or wants more.
//! A gateway at rest does neither: after loading 100,000 routes it would hold twice what it needs.

use std::thread::Builder;

/// Gives back what was freed more than a second ago. Takes the time of starting a thread: not for a worker.
pub(crate) fn trim() {
    // Without a thread it waits until the next call.
    if let Ok(thread) = Builder::new().name("trim".into()).spawn(|| {}) {
        let _ = thread.join();
    }
}
