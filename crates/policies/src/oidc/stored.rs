//! Sessions that replicas share in the store (`session.shared`): what stands there, what the browser has of it, and the
//! scripts that read, keep and end it. Knows no issuer.
//!
//! The browser's cookie is sealed and holds a random secret. The store has the session under that secret's digest, sealed with
//! `session.keys` and the secret together: who reads the store can neither open a session nor make a cookie of it, and a
//! cookie that was made up is known for that before the store is asked. Each request reads the session once, so an end holds on
//! every replica at once.
//!
//! All keys of one client have one hash tag, so that a script may touch several: in a cluster they are on one node.

use super::client::{Known, now};
use super::ended::Mark;
use super::id_token::Ended;
use super::login::CLAIMS;
use super::seal::{Purpose, SALT_LETTERS, Seals, UNBOUND, random};
use super::session::Session;
use crate::digest::Digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pintle_core::json::Object;
use pintle_store::{Failure, Script, Store};
use std::sync::{Arc, LazyLock};

/// For how long one replica may be about to renew a session, in milliseconds: as long as it may wait for the issuer, in all.
const LOCK: u64 = 30_000;
/// How long after an issuer could not be asked no replica asks it for the same session, in milliseconds.
const PAUSE: u64 = 5_000;

/// Reads a session that nothing has ended, and has it last on.
static READ: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "for at = 2, #KEYS do
  local ended = redis.call('GET', KEYS[at])
  if ended and tonumber(ARGV[1]) <= tonumber(ended) then return false end
end
if tonumber(ARGV[2]) > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])",
    )
});

static KEEP: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1"));

static END: LazyLock<Script> = LazyLock::new(|| Script::new("return redis.call('DEL', KEYS[1])"));

/// Takes note that all that began before a moment is over.
static END_ALL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "for at = 1, #KEYS do
  local said = ARGV[1]
  local known = redis.call('GET', KEYS[at])
  if known and tonumber(known) > tonumber(said) then said = known end
  redis.call('SET', KEYS[at], said, 'EX', ARGV[2])
end
return 1",
    )
});

/// Whose it is to renew a session that was read in that version.
static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local text = redis.call('GET', KEYS[1])
if not text then return {0, ''} end
if string.sub(text, 1, #ARGV[1]) ~= ARGV[1] then return {2, text} end
if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return {1, ''} end
if redis.call('GET', KEYS[2]) == 'failed' then return {4, ''} end
return {3, ''}",
    )
});

/// Puts the renewed session in the place of the one that was read. None in its place where that was ended meanwhile.
static REPLACE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[2]) == ARGV[2] then redis.call('DEL', KEYS[2]) end
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
if string.sub(text, 1, #ARGV[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL') end
return 1",
    )
});

/// Lets the others know that it could not be renewed now.
static FAIL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], 'failed', 'PX', ARGV[2]) end
return 1",
    )
});

/// Where the sessions of one client of one issuer are.
pub(super) struct Stored {
    pub(super) store: Arc<Store>,
    /// What all its keys begin with.
    place: String,
    /// How long a session lasts that nobody uses, in milliseconds.
    idle: Option<u64>,
}

/// What a browser's cookie says of a session.
#[derive(Clone)]
pub(super) struct Handle {
    secret: [u8; 32],
    /// When the login was, in seconds since 1970.
    pub(super) began: u64,
    /// What it is ended by beside itself: its person, and its number at the issuer.
    marks: [Mark; 2],
}

/// Whose it is to renew a session.
pub(super) enum Claim {
    /// The caller's.
    Mine,
    /// Another one's, who is about to.
    Another,
    /// Another one's, who could not a moment ago.
    Failed,
    /// It was renewed: this is what the store has.
    Done(String),
    /// There is no session any more.
    Over,
}

impl Handle {
    /// A new one for a session: at each login, so that nobody can have prepared it.
    pub(super) fn new(seals: &Seals, session: &Session, claims: &Object) -> Self {
        // A text that is not there has a mark of its own, which nothing is ended by.
        let mark = |kind, name| seals.names(kind, claims.text(name)).next().expect("there is a key");
        Handle { secret: random(), began: session.began, marks: [mark(b"sub", "sub"), mark(b"sid", "sid")] }
    }

    /// The cookie's value.
    pub(super) fn seal(&self, seals: &Seals) -> String {
        let mut bytes = self.secret.to_vec();
        bytes.extend_from_slice(&self.began.to_be_bytes());
        bytes.extend_from_slice(self.marks.as_flattened());
        seals.seal(Purpose::Handle, UNBOUND, &bytes)
    }

    /// The one that a cookie is of; none where it is none of ours.
    pub(super) fn open(seals: &Seals, cookie: &str) -> Option<Self> {
        let bytes = seals.open(Purpose::Handle, UNBOUND, cookie)?;
        let (secret, rest) = bytes.split_first_chunk()?;
        let (began, rest) = rest.split_first_chunk()?;
        let (marks, []) = rest.as_chunks() else { return None };
        Some(Handle { secret: *secret, began: u64::from_be_bytes(*began), marks: marks.try_into().ok()? })
    }

    /// What a text of the store says; none where it is of another session or of other keys.
    pub(super) fn opened(&self, seals: &Seals, text: &str) -> Option<Known> {
        let session = Session::from_bytes(&seals.open(Purpose::Stored, &self.secret, text)?)?;
        let claims = Object::parse(session.id_token.claims(), CLAIMS).ok()?;
        let version = text.get(..SALT_LETTERS)?.into();
        Some(Known { session, claims: Arc::new(claims), stored: Some((self.clone(), version)) })
    }

    /// What the store is to hold of a session.
    pub(super) fn text(&self, seals: &Seals, session: &Session) -> String {
        seals.seal(Purpose::Stored, &self.secret, &session.to_bytes())
    }
}

impl Stored {
    pub(super) fn new(store: Arc<Store>, of: [&str; 2], idle: Option<std::time::Duration>) -> Self {
        let both = format!("{} {}{}", of[0].len(), of[0], of[1]);
        let tag = URL_SAFE_NO_PAD.encode(&Digest::of(both.as_bytes()).bytes()[..12]);
        let place = format!("{}:oidc:{{{tag}}}", store.settings().prefix);
        let idle = idle.map(|idle| u64::try_from(idle.as_millis()).unwrap_or(u64::MAX).max(1));
        Stored { store, place, idle }
    }

    fn key(&self, kind: &str, bytes: &[u8]) -> String {
        format!("{}:{kind}:{}", self.place, URL_SAFE_NO_PAD.encode(bytes))
    }

    fn session(&self, handle: &Handle) -> String {
        self.key("session", &Digest::of(&handle.secret).bytes())
    }

    fn lock(&self, handle: &Handle) -> String {
        self.key("renews", &Digest::of(&handle.secret).bytes())
    }

    /// For how many milliseconds a session lasts from now on.
    fn lasts(&self, began: u64, ttl: u64) -> u64 {
        let left = began.saturating_add(ttl).saturating_sub(now()).saturating_mul(1000).max(1);
        self.idle.map_or(left, |idle| idle.min(left))
    }

    /// The session's text, and that it was used. Where `looks`, it lasts no longer for that.
    pub(super) async fn read(&self, handle: &Handle, ttl: u64, looks: bool) -> Result<Option<String>, Failure> {
        let [person, number] = handle.marks.map(|mark| self.key("ended", &mark));
        let lasts = if self.idle.is_some() && !looks { self.lasts(handle.began, ttl) } else { 0 };
        let arguments = [handle.began.to_string(), lasts.to_string()];
        self.store.run(&READ, &[self.session(handle), person, number], &arguments).await
    }

    pub(super) async fn keep(&self, handle: &Handle, text: String, ttl: u64) -> Result<(), Failure> {
        let arguments = [text, self.lasts(handle.began, ttl).to_string()];
        self.store.run::<u8>(&KEEP, &[self.session(handle)], &arguments).await.map(drop)
    }

    /// Ends a session on every replica. False if there was none any more.
    pub(super) async fn end(&self, handle: &Handle) -> Result<bool, Failure> {
        let ended: u8 = self.store.run(&END, &[self.session(handle)], &[] as &[String]).await?;
        Ok(ended > 0)
    }

    /// Ends what the issuer said, on every replica. By all keys: sessions are marked by the one that was first when they began.
    pub(super) async fn end_all(&self, seals: &Seals, ended: &Ended, ttl: u64) -> Result<(), Failure> {
        // With a session's number the others of that person go on.
        let (kind, text): (&[u8], _) = match (&ended.session, &ended.subject) {
            (Some(session), _) => (b"sid", session),
            (None, Some(subject)) => (b"sub", subject),
            (None, None) => return Ok(()),
        };
        let keys: Vec<String> = seals.names(kind, Some(text)).map(|mark| self.key("ended", &mark)).collect();
        // They are there for longer than any session that they end.
        let lasts = ended.said.saturating_sub(now()).saturating_add(ttl).max(1);
        self.store.run::<u8>(&END_ALL, &keys, &[ended.said.to_string(), lasts.to_string()]).await.map(drop)
    }

    /// Asks whose it is to renew a session that was read in that version; `own` is random, and the caller's.
    pub(super) async fn claim(&self, handle: &Handle, version: &str, own: &str) -> Result<Claim, Failure> {
        let arguments = [version, own, &LOCK.to_string()];
        let answer: (u8, String) =
            self.store.run(&CLAIM, &[self.session(handle), self.lock(handle)], &arguments).await?;
        Ok(match answer {
            (0, _) => Claim::Over,
            (1, _) => Claim::Mine,
            (2, text) => Claim::Done(text),
            (4, _) => Claim::Failed,
            _ => Claim::Another,
        })
    }

    /// Puts a renewed session in the place of the one in that version. False if there is none any more.
    pub(super) async fn replace(&self, handle: &Handle, version: &str, own: &str, text: &str) -> Result<bool, Failure> {
        let keys = [self.session(handle), self.lock(handle)];
        let there: u8 = self.store.run(&REPLACE, &keys, &[version, own, text]).await?;
        Ok(there > 0)
    }

    /// Has nobody renew it for a moment.
    pub(super) async fn fail(&self, handle: &Handle, own: &str) -> Result<(), Failure> {
        let arguments = [own, &PAUSE.to_string()];
        self.store.run::<u8>(&FAIL, &[self.lock(handle)], &arguments).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::tests::session;
    use super::*;
    use pintle_core::secret::Secret;

    fn seals(keys: &[&str]) -> Seals {
        let keys: Vec<Secret> =
            keys.iter().map(|key| Secret::new(format!("{key} of more than thirty-two bytes"))).collect();
        Seals::new(&keys, ["i", "c"])
    }

    #[test]
    fn what_the_store_has_opens_with_the_browsers_secret_alone() {
        let (seals, one) = (seals(&["a"]), session("{\"sub\":\"alice\"}"));
        let claims = Object::parse(one.id_token.claims(), CLAIMS).expect("JSON");
        let handle = Handle::new(&seals, &one, &claims);
        let again = Handle::open(&seals, &handle.seal(&seals)).expect("it is its cookie");
        let text = handle.text(&seals, &one);
        assert_eq!(again.opened(&seals, &text).expect("it is its own").session.id, one.id);
        let other = Handle::new(&seals, &one, &claims);
        assert!(other.secret != handle.secret && other.marks == handle.marks && other.opened(&seals, &text).is_none());
        assert!(Handle::open(&seals, &text).is_none(), "what stands in the store is no cookie");
        assert!(seals.open(Purpose::Session, UNBOUND, &handle.seal(&seals)).is_none(), "nor is a cookie a session");
    }

    #[test]
    fn marks_of_a_key_that_was_first_are_found_by_all_who_have_it() {
        let (before, after) = (seals(&["a"]), seals(&["b", "a"]));
        let mark = before.names(b"sid", Some("s")).next();
        assert!(after.names(b"sid", Some("s")).nth(1) == mark && after.names(b"sid", Some("s")).count() == 2);
        assert_ne!(before.names(b"sub", Some("s")).next(), mark);
        assert_ne!(before.names(b"sub", None).next(), before.names(b"sub", Some("")).next());
    }
}
