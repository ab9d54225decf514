//! A session that is to be renewed is renewed once, however many requests want it at the same time, and those that still come with
//! the cookie of before get what came of it: most issuers take a refresh token once (RFC 9700 4.14).
//!
//! What came of it is remembered for [`AFTER`], at most [`MOST`] at a time, by this process alone; what replicas do together is in
//! `together.rs`.

use super::client::{Client, Known, now};
use super::granted::Denied;
use super::id_token::Belongs;
use super::session::{IdToken, Session, times};
use crate::digest::Digest;
use parking_lot::Mutex;
use pintle_core::secret::Secret;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long requests with the cookie of before may still come.
const AFTER: Duration = Duration::from_secs(60);
/// How long after an issuer could not be asked it is not asked again for the same session.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a request waits for it at most.
pub(super) const WAIT: Duration = Duration::from_secs(15);
/// How many are under way or remembered.
const MOST: usize = 10_000;

/// What came of it: a new session, none where the issuer has ended it, or why the issuer could not be asked.
pub(super) type Came = Result<Option<Arc<Known>>, Arc<str>>;

/// The same, and when it came.
type Told = Option<(Instant, Came)>;

/// One session's renewal.
struct Renewal {
    came: watch::Receiver<Told>,
}

/// Those that are under way or were lately, by the digests of their refresh tokens, or of their versions in the store.
#[derive(Default)]
pub(super) struct Refreshes(Mutex<HashMap<[u8; 32], Renewal, foldhash::fast::RandomState>>);

impl Renewal {
    /// Whether there is nothing more to be had of it.
    fn is_over(&self, at: Instant) -> bool {
        // Counted from when it came: an issuer that hangs has taken longer than the pause by then.
        match &*self.came.borrow() {
            None => self.came.has_changed().is_err(),
            Some((when, Err(_))) => at.saturating_duration_since(*when) >= PAUSE,
            Some((when, Ok(_))) => at.saturating_duration_since(*when) >= AFTER,
        }
    }
}

impl Refreshes {
    /// The renewal of that token: one that is known, or a new one and where to tell what comes of it. None if there are as many
    /// as may be.
    fn join(&self, token: &[u8], at: Instant) -> Option<(watch::Receiver<Told>, Option<watch::Sender<Told>>)> {
        let key = Digest::of(token).bytes();
        let mut all = self.0.lock();
        if let Some(known) = all.get(&key).filter(|known| !known.is_over(at)) {
            return Some((known.came.clone(), None));
        }
        if all.len() >= MOST {
            all.retain(|_, known| !known.is_over(at));
        }
        if all.len() >= MOST {
            return None;
        }
        let (told, came) = watch::channel(None);
        all.insert(key, Renewal { came: came.clone() });
        Some((came, Some(told)))
    }
}

impl Client {
    /// Renews a session at the issuer; none if it has ended it. The error says why that could not be asked.
    pub(super) async fn renew(self: &Arc<Self>, known: &Arc<Known>) -> Result<Option<Arc<Known>>, String> {
        let Some(token) = &known.session.refresh else { return Ok(None) };
        // In the store a version is renewed, whatever it is renewed with.
        let what = known.stored.as_ref().map_or(token.expose_bytes(), |(_, version)| version.as_bytes());
        let Some((mut came, begins)) = self.refreshes.join(what, Instant::now()) else {
            return Err("as many sessions are renewed as may be at once".into());
        };
        if let Some(told) = begins {
            let (client, known) = (Arc::clone(self), Arc::clone(known));
            self.lasting.spawn(async move {
                let came = match (&client.stored, &known.stored) {
                    (Some(stored), Some(place)) => client.renewed_for_all(stored, place, &known).await,
                    _ => client.renewed(&known).await,
                };
                told.send_replace(Some((Instant::now(), came)));
            });
        }
        let heard = tokio::time::timeout(WAIT, came.wait_for(Option::is_some)).await;
        match heard {
            Ok(Ok(told)) => told.clone().map_or(Ok(None), |(_, came)| came).map_err(|why| why.to_string()),
            Ok(Err(_)) => Err("the gateway is about to end".into()),
            Err(_) => Err("the issuer takes too long to answer".into()),
        }
    }

    /// Renews it for this process.
    pub(super) async fn renewed(self: &Arc<Self>, known: &Known) -> Came {
        match self.asked_anew(known).await {
            Ok(renewed) => {
                self.counts.renewed.add(1);
                Ok(Some(Arc::new(renewed)))
            }
            Err(Denied::Grant(_)) => {
                self.counts.not_renewed.add(1);
                Ok(None)
            }
            Err(Denied::Failed(why)) => {
                self.counts.renewal_failed.add(1);
                Err(why.into())
            }
        }
    }

    /// Gives a refresh token in. What the issuer does not say anew stays as it was (OpenID Connect Core 1.0 12.2).
    async fn asked_anew(self: &Arc<Self>, known: &Known) -> Result<Known, Denied> {
        let before = &known.session;
        let token = before.refresh.as_ref().and_then(Secret::expose_text).unwrap_or_default();
        let pairs = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())];
        let at = now();
        let granted = self.grant(pairs).await?;
        let (id_token, claims) = match &granted.id_token {
            None => (before.id_token.clone(), Arc::clone(&known.claims)),
            Some(token) => {
                let access = granted.access.as_ref().and_then(Secret::expose_text);
                let belongs = Belongs { nonce: None, access, subject: known.claims.text("sub") };
                let claims = self.claims(token, belongs).await?;
                let form = || Denied::Grant("the ID token is not in its form".into());
                (IdToken::new(token).ok_or_else(form)?, Arc::new(claims))
            }
        };
        let (good_until, due) = times(at, granted.seconds);
        let session = Session {
            id: before.id,
            began: before.began,
            good_until,
            due,
            id_token,
            refresh: granted.refresh.or_else(|| before.refresh.clone()),
            access: granted.access.filter(|_| self.sends_access_token),
        };
        Ok(Known { session, claims, stored: known.stored.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_renewed_once_and_told_to_all() {
        let (all, at) = (Refreshes::default(), Instant::now());
        let (mine, begins) = all.join(b"a", at).expect("there is room");
        let told = begins.expect("it is the first");
        let (other, second) = all.join(b"a", at).expect("it is known");
        assert!(second.is_none());
        assert!(all.join(b"b", at).expect("there is room").1.is_some(), "another session");
        told.send_replace(Some((at, Ok(None))));
        assert!(mine.borrow().is_some() && other.borrow().is_some());
        assert!(all.join(b"a", at + AFTER / 2).expect("it is known").1.is_none());
        assert!(all.join(b"a", at + AFTER).expect("there is room").1.is_some(), "long ago");
    }

    #[test]
    fn one_that_failed_is_tried_again_after_a_pause() {
        let (all, at) = (Refreshes::default(), Instant::now());
        let told = all.join(b"a", at).and_then(|(_, begins)| begins).expect("it is the first");
        // It hung for longer than the pause before that was known.
        let failed = at + 2 * PAUSE;
        told.send_replace(Some((failed, Err("down".into()))));
        assert!(all.join(b"a", failed + PAUSE / 2).expect("it is known").1.is_none());
        assert!(all.join(b"a", failed + PAUSE).expect("there is room").1.is_some());
    }

    #[test]
    fn at_the_bound_what_is_over_makes_room_and_nothing_else() {
        let (all, at) = (Refreshes::default(), Instant::now());
        let mut open = Vec::new();
        for number in 0..MOST as u32 {
            open.push(all.join(&number.to_be_bytes(), at).expect("there is room"));
        }
        assert!(all.join(b"more", at).is_none());
        // Whoever was to tell is gone.
        open.truncate(MOST - 1);
        assert!(all.join(b"more", at).is_some() && all.0.lock().len() == MOST);
    }
}
