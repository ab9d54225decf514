//! How much memory compression holds in the whole process. A client that takes its answer slowly holds an encoder for as
//! long, 350 KiB to a MiB and more; a thousand of them would otherwise hold most of a small machine. Past the bound answers go
//! out as they are, and are counted.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The bound in bytes: 110 to 640 encoders at a time, by what they are for. An answer of which all is at hand holds one for an instant only, so
/// that they are held by long answers and event streams alone.
const MOST: usize = 128 * 1024 * 1024;

/// What may be held, and is.
#[derive(Debug)]
pub(super) struct Memory {
    held: AtomicUsize,
    most: usize,
}

/// That of this process.
pub(super) static MEMORY: Memory = Memory::new(MOST);

impl Memory {
    pub(super) const fn new(most: usize) -> Self {
        Memory { held: AtomicUsize::new(0), most }
    }

    /// Takes so many bytes, if there are as many left.
    pub(super) fn take(&'static self, bytes: usize) -> Option<Held> {
        let mut held = Held { memory: self, bytes: 0 };
        held.grow_to(bytes).then_some(held)
    }
}

/// Bytes that are held until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    memory: &'static Memory,
    bytes: usize,
}

impl Held {
    /// Takes more, so that it is this many in all; false if that is more than there is.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let before = self.memory.held.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > self.memory.most {
            self.memory.held.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes += more;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_comes_back_and_is_never_more_than_may_be() {
        static SMALL: Memory = Memory::new(100);
        let mut first = SMALL.take(60).expect("there is room");
        assert!(SMALL.take(41).is_none());
        assert!(first.grow_to(100) && !first.grow_to(101) && first.grow_to(50));
        assert!(SMALL.take(1).is_none());
        drop(first);
        assert!(SMALL.take(100).is_some());
    }
}
