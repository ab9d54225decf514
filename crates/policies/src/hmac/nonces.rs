//! Nonces that were seen, until the signatures that they came in are too old anyway. Only what verifies comes here, so
//! that nobody but a consumer fills it; where it is full, nothing more is let in.

use crate::digest::Digest;
use parking_lot::Mutex;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

/// So many are remembered: some 10 MB.
const MOST: usize = 100_000;

/// The nonces of one policy.
pub(super) struct Nonces {
    held: Mutex<Held>,
    most: usize,
}

#[derive(Default)]
struct Held {
    seen: HashSet<Digest, foldhash::quality::RandomState>,
    /// By their end, in seconds since 1970.
    ends: BinaryHeap<Reverse<(i64, [u8; 32])>>,
}

/// Why a nonce is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reused {
    Seen,
    Full,
}

impl Nonces {
    pub(super) fn new() -> Self {
        Nonces { held: Mutex::default(), most: MOST }
    }

    /// Takes a nonce of a key, which can be seen again until `until`.
    pub(super) fn take(&self, key: &str, nonce: &str, until: i64, now: i64) -> Result<(), Reused> {
        // No key's name has a byte like this.
        let digest = Digest::of(format!("{key}\n{nonce}").as_bytes());
        let mut held = self.held.lock();
        while held.ends.peek().is_some_and(|Reverse((end, _))| *end < now) {
            let Some(Reverse((_, gone))) = held.ends.pop() else { break };
            held.seen.remove(&Digest::new(gone));
        }
        if held.seen.contains(&digest) {
            return Err(Reused::Seen);
        }
        if held.seen.len() >= self.most {
            return Err(Reused::Full);
        }
        held.seen.insert(digest);
        held.ends.push(Reverse((until, digest.bytes())));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_good_once_while_its_signature_could_be() {
        let nonces = Nonces { held: Mutex::default(), most: 2 };
        assert_eq!(nonces.take("a", "1", 100, 50), Ok(()));
        assert_eq!(nonces.take("a", "1", 100, 100), Err(Reused::Seen));
        assert_eq!(nonces.take("b", "1", 90, 50), Ok(()), "another key's");
        assert_eq!(nonces.take("a", "2", 100, 50), Err(Reused::Full));
        assert_eq!(nonces.take("a", "2", 200, 95), Ok(()), "one was too old by now");
        assert_eq!(nonces.take("a", "1", 300, 101), Ok(()));
    }
}
