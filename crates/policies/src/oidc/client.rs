//! A client of an issuer: what is known of both, and what the gateway asks the issuer for. It outlives configurations in which
//! it is the same.
//!
//! What is asked goes by a connection of the background's own, so that a browser that hangs up takes nothing back: a code and most
//! refresh tokens can be given in once.

use super::cookies::{Cookie, Cookies};
use super::counts::Counts;
use super::ended::EndedSessions;
use super::endpoints::Endpoints;
use super::granted::{Denied, Granted, MOST, request};
use super::id_token::{Belongs, Expected, Wrong};
use super::made::MadeOf;
use super::refresh::Refreshes;
use super::seal::Seals;
use super::session::Session;
use super::stored::{Handle, Stored};
use crate::issuer::{Found, Issuer};
use crate::web_url::WebUrl;
use bytes::Bytes;
use parking_lot::Mutex;
use pintle_core::json::Object;
use pintle_core::secret::Secret;
use pintle_core::{Fields, Lasting, Method, Request, Scheme, names};
use pintle_jose::{Algorithms, Flaw, KeySet};
use pintle_upstream::{Call, Origin, Upstream};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// How long the issuer may take to answer.
const TIME: Duration = Duration::from_secs(10);

/// A client of an issuer.
pub(super) struct Client {
    pub(super) issuer: Arc<Issuer>,
    pub(super) issuer_name: Box<str>,
    pub(super) id: Box<str>,
    pub(super) secret: Option<Secret>,
    pub(super) scope: Box<str>,
    pub(super) parameters: Box<[(Box<str>, Box<str>)]>,
    pub(super) expected: Expected,
    /// What the issuer may sign by: never a shared secret.
    pub(super) allowed: Algorithms,
    pub(super) seals: Seals,
    pub(super) session: Cookie,
    pub(super) browser: Cookie,
    /// In seconds.
    pub(super) ttl: u64,
    /// In seconds.
    pub(super) login_time: u64,
    pub(super) callback: Box<str>,
    pub(super) after_logout: Box<str>,
    pub(super) sends_access_token: bool,
    pub(super) ended: Arc<EndedSessions>,
    /// Where sessions are; none where they are in cookies.
    pub(super) stored: Option<Stored>,
    pub(super) refreshes: Refreshes,
    pub(super) counts: Arc<Counts>,
    pub(super) lasting: Arc<Lasting>,
    pub(super) danger_plain_http: bool,
    /// What it is made of: a client of other settings or secrets is another one.
    pub(super) made_of: MadeOf,
    /// Whom codes are given to; made once the issuer has said who that is, for the background alone.
    pub(super) tokens: Mutex<Option<(Origin, Arc<Upstream>)>>,
    /// What the issuer's description says, as it was when it was last another one.
    pub(super) described: Mutex<Option<(Arc<Found>, Arc<Endpoints>)>>,
}

/// A session, and what its ID token claims.
pub(super) struct Known {
    pub(super) session: Session,
    pub(super) claims: Arc<Object>,
    /// Where the store has it, and in which version it was read; none where all of it is in the cookie.
    pub(super) stored: Option<(Handle, Box<str>)>,
}

/// What must be known of who asks past a wait.
pub(super) struct Asker {
    cookies: Fields,
    scheme: Scheme,
    authority: Box<str>,
}

impl Asker {
    pub(super) fn of(request: &Request) -> Self {
        let mut cookies = Fields::new();
        request.fields.get_all(names::COOKIE).for_each(|line| cookies.append(names::COOKIE, line));
        Asker { cookies, scheme: request.scheme, authority: request.target.authority().into() }
    }

    pub(super) fn cookies(&self) -> Cookies<'_> {
        Cookies { fields: &self.cookies, scheme: self.scheme }
    }

    /// The whole URL of a path here, as the browser sees it.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme.as_str(), self.authority)
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    since_1970().as_secs()
}

/// The time since 1970.
pub(super) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Client {
    /// Gives in what the issuer wants for a session. The error is for the operator where the issuer cannot be asked.
    pub(super) async fn grant(self: &Arc<Self>, pairs: Vec<(&'static str, String)>) -> Result<Granted, Denied> {
        let endpoints = self.endpoints().await.map_err(Denied::Failed)?;
        let client = Arc::clone(self);
        let asked = self.beside(async move { client.ask(&endpoints, &pairs).await });
        asked.await.unwrap_or_else(|| Err(Denied::Failed("the gateway is about to end".into())))
    }

    /// Runs something in the background and waits for it. It goes on if nobody waits any more. None where nothing runs there.
    pub(super) async fn beside<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (done, told) = oneshot::channel();
        self.lasting.spawn(async move {
            // Whoever asked may be gone.
            let _ = done.send(task.await);
        });
        told.await.ok()
    }

    /// Asks where tokens are given. In the background alone: the connection is of its runtime.
    async fn ask(&self, endpoints: &Endpoints, pairs: &[(&str, String)]) -> Result<Granted, Denied> {
        let upstream = self.tokens_of(&endpoints.token).await.map_err(Denied::Failed)?;
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, &**value)).collect();
        let (content, fields) = request(&pairs, &self.id, self.secret.as_ref(), endpoints.takes_basic);
        let call = Call {
            method: &Method::POST,
            target: endpoints.token.target(),
            host: Some(endpoints.token.host()),
            fields: &fields,
            body: &Bytes::from(content),
            deadline: Instant::now() + TIME,
            most: MOST,
        };
        let answer = upstream.call(&call).await;
        upstream.sweep(Instant::now());
        let answer = answer.map_err(|refusal| {
            let why = refusal.internal.unwrap_or_default();
            Denied::Failed(format!("the issuer cannot be asked: {} {why}", refusal.reason.code()))
        })?;
        Granted::read(answer.status, &answer.content)
    }

    /// What leads to where tokens are given.
    async fn tokens_of(&self, url: &WebUrl) -> Result<Arc<Upstream>, String> {
        let known = self.tokens.lock().clone();
        if let Some((_, upstream)) = known.filter(|(origin, _)| origin == url.origin()) {
            return Ok(upstream);
        }
        let (issuer, origin) = (Arc::clone(&self.issuer), url.origin().clone());
        // It reads the authorities that are trusted.
        let make = move || issuer.way_to(&origin);
        let made = tokio::task::spawn_blocking(make).await.map_err(|_| "the way to it could not be prepared")?;
        let made = made.map_err(|fault| fault.message)?;
        *self.tokens.lock() = Some((url.origin().clone(), Arc::clone(&made)));
        Ok(made)
    }

    /// What is known of where the issuer is asked what; none before it has answered for the first time.
    pub(super) fn known_endpoints(&self) -> Option<Arc<Endpoints>> {
        self.read_endpoints(&self.issuer.now()?).ok()
    }

    /// The same; waits for the issuer's first answer. The error is for the operator.
    pub(super) async fn endpoints(&self) -> Result<Arc<Endpoints>, String> {
        match self.issuer.first(Instant::now() + TIME).await {
            Some(found) => self.read_endpoints(&found),
            None => Err(self.issuer.why()),
        }
    }

    fn read_endpoints(&self, found: &Arc<Found>) -> Result<Arc<Endpoints>, String> {
        let mut described = self.described.lock();
        if let Some((of, endpoints)) = &*described
            && Arc::ptr_eq(of, found)
        {
            return Ok(Arc::clone(endpoints));
        }
        let document = found.discovery.as_ref().ok_or("the issuer's description was not asked for")?.document();
        let endpoints = Arc::new(Endpoints::read(document, self.danger_plain_http)?);
        *described = Some((Arc::clone(found), Arc::clone(&endpoints)));
        Ok(endpoints)
    }

    /// Holds a token against the issuer's keys.
    fn check<T>(&self, check: impl Fn(&KeySet) -> Result<T, Wrong>) -> Result<T, Wrong> {
        // Before it has keys, any key is one that is not known.
        self.issuer.now().map_or(Err(Wrong::Flaw(Flaw::UnknownKey)), |found| check(&found.keys))
    }

    /// Holds a token against the issuer's keys, and once more against newer ones where it is signed by a key that is not known.
    pub(super) async fn checked<T>(&self, check: impl Fn(&KeySet) -> Result<T, Wrong>) -> Result<T, Wrong> {
        match self.check(&check) {
            Err(Wrong::Flaw(Flaw::UnknownKey)) => {
                self.issuer.newer(Instant::now() + TIME).await;
                self.check(&check)
            }
            checked => checked,
        }
    }

    /// What an ID token claims, if it is good.
    pub(super) async fn claims(&self, token: &str, belongs: Belongs<'_>) -> Result<Object, Denied> {
        let check = |keys: &KeySet| self.expected.identity(token, keys, &self.allowed, belongs, since_1970());
        let checked = self.checked(check).await;
        checked.map_err(|wrong| Denied::Grant(format!("the ID token is not good: {}", wrong.word())))
    }
}
