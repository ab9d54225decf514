//! What was decided before, by all that was asked. It has a bound, and what is in it leaves by time alone: nobody's flood of
//! requests has another one asked again.

use super::answer::Copied;
use super::ask::Asked;
use super::counts::Counts;
use aws_lc_rs::digest::{Context, SHA256};
use parking_lot::Mutex;
use pintle_core::{Exchange, Fields, names};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What was asked, as a digest: a collision would let one through for another.
pub(super) type Key = [u8; 32];

/// Who was let through.
pub(super) struct Cache {
    by: Box<[Box<str>]>,
    ttl: Duration,
    most: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    all: HashMap<Key, (Instant, Copied), foldhash::fast::RandomState>,
    /// When it was last looked through for what is over.
    swept: Option<Instant>,
}

impl Cache {
    pub(super) fn new(by: Box<[Box<str>]>, ttl: Duration, most: usize) -> Self {
        Cache { by, ttl, most, known: Mutex::default() }
    }

    /// The key of what is asked about a request.
    pub(super) fn key(&self, asked: &Asked, exchange: &Exchange) -> Key {
        let mut context = Context::new(&SHA256);
        let mut add = |part: &[u8]| {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        };
        let request = &exchange.request;
        for part in [
            request.method.as_str(),
            request.scheme.as_str(),
            request.target.authority(),
            request.target.path_and_query(),
        ] {
            add(part.as_bytes());
        }
        for name in &self.by {
            let mut values = asked.fields.get_all(&**name).peekable();
            add(if values.peek().is_some() { b"+" } else { b"-" });
            values.for_each(&mut add);
        }
        add(&asked.content);
        context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    pub(super) fn get(&self, key: &Key, now: Instant) -> Option<Copied> {
        let known = self.known.lock();
        known.all.get(key).filter(|(until, _)| *until > now).map(|(_, copied)| copied.clone())
    }

    /// Remembers who was let through, unless the answer forbids it or as many as may be are.
    pub(super) fn put(&self, key: Key, copied: &Copied, answer: &Fields, now: Instant, counts: &Counts) {
        let Some(until) = may_keep(answer, self.ttl).and_then(|ttl| now.checked_add(ttl)) else { return };
        let mut known = self.known.lock();
        let Known { all, swept } = &mut *known;
        // Looking through all of them is done once a second at most.
        if all.len() >= self.most && swept.is_none_or(|at| now.duration_since(at) >= Duration::from_secs(1)) {
            *swept = Some(now);
            all.retain(|_, (until, _)| *until > now);
        }
        if all.len() < self.most || all.contains_key(&key) {
            all.insert(key, (until, copied.clone()));
        } else {
            drop(known);
            counts.not_remembered();
        }
    }
}

/// How long an answer may be kept: as long as is wanted, and no longer than it allows itself (RFC 9111 5.2.2).
fn may_keep(answer: &Fields, wanted: Duration) -> Option<Duration> {
    let mut ttl = wanted;
    for member in answer.list(names::CACHE_CONTROL) {
        let member = member.to_ascii_lowercase();
        match &*member {
            b"no-store" | b"no-cache" => return None,
            other => {
                if let Some(age) = other.strip_prefix(b"max-age=") {
                    let age = std::str::from_utf8(age).ok().and_then(|age| age.trim_matches('"').parse().ok());
                    ttl = ttl.min(Duration::from_secs(age.unwrap_or(0)));
                }
            }
        }
    }
    (!ttl.is_zero()).then_some(ttl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::counters::Uncounted;

    fn copied() -> Copied {
        Copied::new(&[], &Fields::new())
    }

    #[test]
    fn an_answer_is_kept_as_long_as_it_may_be() {
        let ttl = |value: &str| {
            let fields: Fields = [("cache-control", value)].into_iter().collect();
            may_keep(&fields, Duration::from_secs(10)).map(|ttl| ttl.as_secs())
        };
        assert_eq!(may_keep(&Fields::new(), Duration::from_secs(10)), Some(Duration::from_secs(10)));
        assert_eq!(
            [ttl("private"), ttl("max-age=3"), ttl("Max-Age=\"3\", private"), ttl("max-age=60")],
            [Some(10), Some(3), Some(3), Some(10)]
        );
        assert_eq!([ttl("no-store"), ttl("max-age=0"), ttl("max-age=x"), ttl("private, No-Cache")], [None; 4]);
    }

    #[test]
    fn at_its_bound_nobody_is_pushed_out() {
        let cache = Cache::new(Box::new(["cookie".into()]), Duration::from_secs(10), 2);
        let (now, counts) = (Instant::now(), Counts::new(&Uncounted));
        for number in 1..=3 {
            cache.put([number; 32], &copied(), &Fields::new(), now, &counts);
        }
        let known = |number, at| cache.get(&[number; 32], at).is_some();
        assert!(known(1, now) && known(2, now) && !known(3, now));
        let later = now + Duration::from_secs(11);
        assert!(!known(1, later), "it is over");
        cache.put([3; 32], &copied(), &Fields::new(), later, &counts);
        assert!(known(3, later) && cache.known.lock().all.len() == 1);
    }
}
