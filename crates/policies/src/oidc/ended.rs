//! Sessions that were ended before their time: by their users here, or by the issuer (back-channel). A session in a cookie
//! cannot be taken back, so it is remembered that it counts no more, for as long as it could.
//!
//! Remembered by this process alone and at most [`MOST`] at a time; each stands for a real login, so nobody who cannot log in
//! makes one.

use super::id_token::Ended;
use super::session::Session;
use aws_lc_rs::digest::{Context, SHA256};
use parking_lot::Mutex;
use pintle_core::json::Object;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many are remembered.
const MOST: usize = 100_000;

/// What a session was ended by, as a digest.
pub(super) type Mark = [u8; 32];

/// The sessions of one client of one issuer that were ended.
#[derive(Default)]
pub(super) struct EndedSessions {
    /// When each was ended, in seconds since 1970.
    all: Mutex<HashMap<Mark, u64, foldhash::fast::RandomState>>,
    /// How many there are: mostly none, and then nothing is looked for.
    count: AtomicUsize,
}

impl EndedSessions {
    /// Whether a session was ended.
    pub(super) fn has(&self, session: &Session, claims: &Object) -> bool {
        if self.count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let own = mark(b"id", &session.id);
        let text = |kind: &[u8], name| claims.text(name).map(|text| mark(kind, text.as_bytes()));
        let marks = [Some(own), text(b"sid", "sid"), text(b"sub", "sub")];
        let all = self.all.lock();
        // One that began later is another one of the same person.
        marks.iter().flatten().any(|mark| all.get(mark).is_some_and(|ended| session.began <= *ended))
    }

    /// Ends a session here. False if no more can be remembered.
    pub(super) fn end(&self, session: &Session, now: u64, ttl: u64) -> bool {
        self.add(mark(b"id", &session.id), now, now, ttl)
    }

    /// Ends what the issuer said, as of when it said it. False if no more can be remembered.
    pub(super) fn end_all(&self, ended: &Ended, now: u64, ttl: u64) -> bool {
        // With a session's number the others of that person go on.
        let mark = match (&ended.session, &ended.subject) {
            (Some(session), _) => mark(b"sid", session.as_bytes()),
            (None, Some(subject)) => mark(b"sub", subject.as_bytes()),
            (None, None) => return true,
        };
        self.add(mark, ended.said, now, ttl)
    }

    fn add(&self, mark: Mark, ended: u64, now: u64, ttl: u64) -> bool {
        let mut all = self.all.lock();
        if all.len() >= MOST {
            // Past that time no session of before is left.
            all.retain(|_, ended| ended.saturating_add(ttl) > now);
        }
        let fits = all.len() < MOST || all.contains_key(&mark);
        if fits {
            let at = all.entry(mark).or_default();
            *at = ended.max(*at);
        }
        self.count.store(all.len(), Ordering::Relaxed);
        fits
    }
}

fn mark(kind: &[u8], text: &[u8]) -> Mark {
    let mut context = Context::new(&SHA256);
    context.update(kind);
    context.update(&[0]);
    context.update(text);
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::super::session::tests::session;
    use super::*;
    use pintle_core::json::Limits;

    fn claims(text: &str) -> Object {
        Object::parse(text.as_bytes(), Limits { bytes: 1000, depth: 4 }).expect("JSON")
    }

    #[test]
    fn a_session_is_ended_by_its_number_its_issuers_number_or_its_person() {
        let claims = claims("{\"sid\": \"s1\", \"sub\": \"alice\"}");
        let one = session("{}");
        let ended = |session: Option<&str>, subject: Option<&str>| Ended {
            said: one.began,
            session: session.map(Box::from),
            subject: subject.map(Box::from),
        };
        for (what, is_ended) in [
            (ended(Some("s1"), Some("alice")), true),
            (ended(Some("s2"), Some("alice")), false),
            (ended(None, Some("alice")), true),
            (ended(None, Some("bob")), false),
        ] {
            let all = EndedSessions::default();
            assert!(all.end_all(&what, one.began, 60));
            assert_eq!(all.has(&one, &claims), is_ended, "{what:?}");
        }
        let all = EndedSessions::default();
        assert!(!all.has(&one, &claims) && all.end(&one, one.began, 60) && all.has(&one, &claims));
    }

    #[test]
    fn one_that_began_later_goes_on() {
        let all = EndedSessions::default();
        let mut one = session("{}");
        all.end_all(&Ended { said: one.began, session: None, subject: Some("alice".into()) }, one.began, 60);
        one.began += 1;
        assert!(!all.has(&one, &claims("{\"sub\": \"alice\"}")));
    }
}
