//! Pairs that were found good a short while ago, so that each request of a page does not cost a hash of its own. Kept is
//! a keyed digest of hash and password, never either; the key is of this process. A user who goes, or whose password is
//! another one, has another hash, and is not found.

use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use parking_lot::Mutex;
use pintle_core::secret::Secret;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// For so long a pair stays good without another look.
const TIME: Duration = Duration::from_secs(60);
/// So many are kept, the oldest give way: some 500 KB.
const MOST: usize = 4096;

type Mark = [u8; 32];

/// The pairs.
pub(super) struct Remembered {
    key: hmac::Key,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    until: HashMap<Mark, Instant, foldhash::quality::RandomState>,
    /// In the order of their coming, which is that of their end.
    order: VecDeque<(Mark, Instant)>,
}

impl Remembered {
    pub(super) fn new() -> Self {
        let mut bytes = [0; 32];
        // Without random numbers there is no TLS either; a key that is known would still be of this process.
        let _ = rand::fill(&mut bytes);
        Remembered { key: hmac::Key::new(hmac::HMAC_SHA256, &bytes), held: Mutex::default() }
    }

    /// Whether the pair was found good.
    pub(super) fn has(&self, hash: &str, password: &Secret, now: Instant) -> bool {
        let mark = self.mark(hash, password);
        self.held.lock().until.get(&mark).is_some_and(|until| *until > now)
    }

    /// Remembers that the pair is good.
    pub(super) fn put(&self, hash: &str, password: &Secret, now: Instant) {
        let mark = self.mark(hash, password);
        let until = now + TIME;
        let mut held = self.held.lock();
        while held.order.len() >= MOST || held.order.front().is_some_and(|(_, until)| *until <= now) {
            let Some((mark, until)) = held.order.pop_front() else { break };
            // One that was put again stays for its later end.
            if held.until.get(&mark) == Some(&until) {
                held.until.remove(&mark);
            }
        }
        held.until.insert(mark, until);
        held.order.push_back((mark, until));
    }

    fn mark(&self, hash: &str, password: &Secret) -> Mark {
        let mut context = hmac::Context::with_key(&self.key);
        // A hash has no byte like this.
        context.update(hash.as_bytes());
        context.update(&[0]);
        context.update(password.expose_bytes());
        context.sign().as_ref().try_into().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_good_for_a_while_and_for_its_own_hash() {
        let remembered = Remembered::new();
        let (right, wrong) = (Secret::new("right".into()), Secret::new("wrong".into()));
        let start = Instant::now();
        remembered.put("$a", &right, start);
        assert!(remembered.has("$a", &right, start + TIME / 2));
        assert!(!remembered.has("$a", &wrong, start) && !remembered.has("$b", &right, start));
        assert!(!remembered.has("$a", &right, start + TIME));
        remembered.put("$a", &right, start + TIME / 2);
        assert!(remembered.has("$a", &right, start + TIME), "it was put again");
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let remembered = Remembered::new();
        let now = Instant::now();
        for number in 0..MOST + 100 {
            remembered.put(&number.to_string(), &Secret::default(), now);
        }
        let held = remembered.held.lock();
        assert_eq!((held.until.len(), held.order.len()), (MOST, MOST));
        drop(held);
        assert!(!remembered.has("0", &Secret::default(), now) && remembered.has("200", &Secret::default(), now));
    }
}
