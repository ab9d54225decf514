//! What was found out about tokens, by their digest, so that it is found out once: as long as it holds, and within a bound
//! of memory, whatever clients send. No token is kept.

use aws_lc_rs::aead::{AES_128_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

/// A token's digest, worth nothing without the key that it was made with.
pub(crate) type Digest = [u8; 16];

/// Makes digests of whole tokens, with a key of its own that nobody else ever has.
///
/// Each is the tag of AES-GCM-SIV (RFC 8452) over nothing but the token: a message authentication code. Who does not know
/// the key finds a token with the digest of another only by chance, once in 2^117 tries even where both are as long as tokens
/// may be, and cannot choose digests that begin alike, so that it does not matter how long comparing them takes. With one
/// nonce for all, tags tell whether two tokens are the same (8452 1), which is what they are for; nobody sees them anyway.
///
/// SHA-256 takes twenty times as long on processors without instructions for it, of which there are many in use. Nobody
/// needs what it has beside: that anybody can make the same digest.
pub(crate) struct Digester(LessSafeKey);

impl Digester {
    /// One with a new key.
    pub(crate) fn new() -> Self {
        let mut key = [0; 16];
        rand::fill(&mut key).expect("the system has randomness");
        Digester(LessSafeKey::new(UnboundKey::new(&AES_128_GCM_SIV, &key).expect("16 bytes are a key")))
    }

    /// The digest of a token.
    pub(crate) fn of(&self, token: &str) -> Digest {
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(token), &mut []);
        let tag = tag.expect("a token is shorter than 2^36 bytes");
        tag.as_ref().try_into().expect("a tag has 16 bytes")
    }
}

/// Workers look into different parts most of the time.
const PARTS: usize = 16;

/// What one entry weighs beside what it holds.
const ENTRY: usize = 256;

/// Values by digests.
pub(crate) struct Remembered<T> {
    parts: Box<[Mutex<Part<T>>]>,
    most: usize,
}

struct Part<T> {
    entries: HashMap<Digest, Entry<T>, foldhash::fast::RandomState>,
    /// Every digest once, the oldest first.
    order: VecDeque<Digest>,
    weight: usize,
}

struct Entry<T> {
    value: T,
    /// Until when it holds, since 1970.
    until: Duration,
    /// What it holds for: other keys have another number.
    number: u64,
    weight: usize,
    /// Whether it was asked for since it was old the last time.
    is_used: bool,
}

impl<T: Clone> Remembered<T> {
    /// Remembers about so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let part = || Mutex::new(Part { entries: HashMap::default(), order: VecDeque::new(), weight: 0 });
        Remembered { parts: (0..PARTS).map(|_| part()).collect(), most: bytes / PARTS }
    }

    /// What is remembered, if it holds at `now` for that number.
    pub(crate) fn get(&self, digest: &Digest, number: u64, now: Duration) -> Option<T> {
        let mut part = self.part(digest).lock();
        let entry = part.entries.get_mut(digest).filter(|entry| entry.number == number && now < entry.until)?;
        entry.is_used = true;
        Some(entry.value.clone())
    }

    /// Remembers a value of about so many bytes. The oldest that nobody asks for makes room.
    pub(crate) fn put(&self, digest: Digest, number: u64, until: Duration, value: T, bytes: usize) {
        let weight = ENTRY + bytes;
        let part = &mut *self.part(&digest).lock();
        // As if it was asked for: where all others were, the new one would else be the first to go.
        let entry = Entry { value, until, number, weight, is_used: true };
        match part.entries.insert(digest, entry) {
            Some(before) => part.weight -= before.weight,
            None => part.order.push_back(digest),
        }
        part.weight += weight;
        while part.weight > self.most {
            let Some(oldest) = part.order.pop_front() else { break };
            match part.entries.get_mut(&oldest) {
                Some(entry) if entry.is_used => {
                    entry.is_used = false;
                    part.order.push_back(oldest);
                }
                _ => part.weight -= part.entries.remove(&oldest).map_or(0, |entry| entry.weight),
            }
        }
    }

    fn part(&self, digest: &Digest) -> &Mutex<Part<T>> {
        &self.parts[usize::from(digest[0]) % PARTS]
    }
}

impl<T> fmt::Debug for Remembered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remembered(at most {} bytes)", self.most * PARTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_secs(100);

    fn digest(number: u8) -> Digest {
        // All in one part.
        let mut digest = [0; 16];
        digest[15] = number;
        digest
    }

    #[test]
    fn it_holds_for_its_time_and_its_keys() {
        let all = Remembered::new(1 << 20);
        all.put(digest(1), 7, LATER, "a", 10);
        let at = |number, seconds| all.get(&digest(1), number, Duration::from_secs(seconds));
        assert_eq!((at(7, 99), at(7, 100), at(8, 99)), (Some("a"), None, None));
        all.put(digest(1), 8, LATER, "b", 10);
        assert_eq!((at(8, 1), at(7, 1)), (Some("b"), None));
        assert_eq!(all.get(&digest(2), 7, Duration::ZERO), None);
    }

    #[test]
    fn a_digest_is_of_the_whole_token_and_of_one_key() {
        let (one, other) = (Digester::new(), Digester::new());
        let token = "a".repeat(1000);
        assert_eq!(one.of(&token), one.of(&token));
        assert_ne!(one.of(&token), other.of(&token));
        for at in [0, 15, 16, 500, 998, 999] {
            let mut changed = token.clone();
            changed.replace_range(at..=at, "b");
            assert_ne!(one.of(&changed), one.of(&token), "{at}");
        }
        for length in [0, 15, 16, 17, 999] {
            assert_ne!(one.of(&token[..length]), one.of(&token), "{length}");
        }
    }

    #[test]
    fn what_nobody_asks_for_makes_room() {
        let all = Remembered::new(16 * 10 * (ENTRY + 100));
        let get = |number| all.get(&digest(number), 0, Duration::ZERO);
        for number in 0..10 {
            all.put(digest(number), 0, LATER, number, 100);
        }
        assert!((0..10).all(|number| get(number).is_some()));
        // All were asked for, so all are old by now; those asked for again stay.
        all.put(digest(10), 0, LATER, 10, 100);
        assert_eq!((get(0), get(3), get(10)), (None, Some(3), Some(10)));
        for number in 11..30 {
            all.put(digest(number), 0, LATER, number, 100);
            assert_eq!((get(3), get(number)), (Some(3), Some(number)));
        }
        let part = all.parts[0].lock();
        assert!(part.weight <= all.most && part.order.len() == part.entries.len() && part.entries.len() == 10);
    }

    #[test]
    fn what_is_too_large_is_not_remembered() {
        let all = Remembered::new(16 * 1000);
        all.put(digest(1), 0, LATER, "large", 2000);
        assert_eq!(all.get(&digest(1), 0, Duration::ZERO), None);
    }
}
