//! Who asks, by the session in the request's cookies; and a login that begins where there is none.

use super::browser::Browser;
use super::client::{Asker, Client, Known, now};
use super::cookies::{Cookies, take_off};
use super::endpoints::{Endpoints, open_query};
use super::form;
use super::seal::{Purpose, UNBOUND};
use super::session::Session;
use super::stored::Handle;
use crate::Consumers;
use crate::authenticate::{Authenticate, Verdict};
use pintle_core::json::{Limits, Object};
use pintle_core::step::{BoxFuture, Outcome};
use pintle_core::{Exchange, Fields, Identity, Method, Reason, Refusal, Request, Response, StatusCode, names};
use pintle_store::Failure;
use std::sync::Arc;

/// How much an ID token may claim; what is sealed was read before.
pub(super) const CLAIMS: Limits = Limits { bytes: 64 * 1024, depth: 32 };

/// The login as a policy.
pub(super) struct Login {
    pub(super) client: Arc<Client>,
    pub(super) consumers: Arc<Consumers>,
    pub(super) optional: bool,
}

/// What was asked, as it came: cookies are taken off before it goes on.
struct Came(Asker);

/// A session that must be renewed before it counts.
struct Due(Arc<Known>);

/// A session that the store has, or had.
struct There(Handle);

/// Cookies that go with the answer.
struct Renewed(Fields);

impl Authenticate for Login {
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict> {
        let client = &*self.client;
        if client.stored.is_some() {
            return self.now_there(exchange);
        }
        let known = client.session_of(Cookies::of(&exchange.request));
        let is_due = known.as_ref().is_none_or(|known| known.session.is_due(now()));
        if is_due {
            exchange.kept.put(Came(Asker::of(&exchange.request)));
        }
        take_off(&[&client.session, &client.browser], &mut exchange.request.fields);
        let Some(known) = known else { return self.without(exchange) };
        if is_due {
            exchange.kept.put(Due(Arc::new(known)));
            return None;
        }
        Some(self.somebody(&known, exchange))
    }

    fn may_wait(&self) -> bool {
        true
    }

    fn wait<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            if let Some(There(handle)) = exchange.kept.get() {
                let read = self.client.read(handle, exchange.rehearsed).await;
                match read {
                    Err(failure) => return Verdict::Refused(away(&failure)),
                    Ok(Some(known)) if known.session.is_due(now()) => exchange.kept.put(Due(Arc::new(known))),
                    Ok(Some(known)) => return self.somebody(&known, exchange),
                    Ok(None) => {
                        if let Some(verdict) = self.without(exchange) {
                            return verdict;
                        }
                    }
                }
            }
            let Some(Due(known)) = exchange.kept.get() else {
                self.client.endpoints().await.ok();
                return Verdict::Nobody;
            };
            let known = Arc::clone(known);
            if exchange.rehearsed {
                // It would be taken for renewed, and is asked for by nobody.
                return self.somebody(&known, exchange);
            }
            match self.client.renew(&known).await {
                Ok(Some(renewed)) if renewed.stored.is_some() => self.somebody(&renewed, exchange),
                Ok(Some(renewed)) => {
                    let mut cookies = Fields::new();
                    let came = exchange.kept.get::<Came>().map(|came| came.0.cookies());
                    if came.is_some_and(|came| self.client.keep(&renewed.session, came, &mut cookies)) {
                        exchange.kept.put(Renewed(cookies));
                    }
                    self.somebody(&renewed, exchange)
                }
                // The issuer ended it.
                Ok(None) => Verdict::Nobody,
                Err(_) if known.session.is_good(now()) => self.somebody(&known, exchange),
                Err(why) => Verdict::Refused(Refusal::new(Reason::AuthUnavailable).internal(why)),
            }
        })
    }

    fn nobody(&self, exchange: &Exchange) -> Outcome {
        let Some(Came(came)) = exchange.kept.get() else { return Err(Refusal::new(Reason::NoCredentials)) };
        if !asks_for_a_page(&exchange.request) {
            let challenge = format!("Cookie realm=\"{}\"", exchange.route.name.escape_default());
            let mut refusal = Refusal::new(Reason::NoCredentials).field(names::WWW_AUTHENTICATE, challenge);
            // What is no session is not sent again.
            self.client.session.remove(came.cookies(), refusal.fields.get_or_insert_default());
            return Err(refusal);
        }
        let Some(endpoints) = self.client.known_endpoints() else {
            let why = "the issuer's description was not had yet";
            return Err(Refusal::new(Reason::AuthUnavailable).internal(why));
        };
        Ok(self.client.begin(&endpoints, came, exchange.request.target.path_and_query()))
    }

    fn edits(&self) -> bool {
        true
    }

    fn edit(&self, exchange: &Exchange, response: &mut Response) {
        if let Some(Renewed(cookies)) = exchange.kept.get() {
            cookies.iter().for_each(|(name, value)| response.fields.append(name, value));
            // Whoever keeps this answer for others would hand the session out with it.
            response.fields.set(names::CACHE_CONTROL, "no-store");
        }
    }
}

impl Login {
    /// What a cookie of a session in the store says before the store is asked.
    fn now_there(&self, exchange: &mut Exchange) -> Option<Verdict> {
        let client = &*self.client;
        let handle = client.handle_of(Cookies::of(&exchange.request));
        exchange.kept.put(Came(Asker::of(&exchange.request)));
        take_off(&[&client.session, &client.browser], &mut exchange.request.fields);
        let Some(handle) = handle else { return self.without(exchange) };
        exchange.kept.put(There(handle));
        None
    }

    /// Nobody; none where that must wait.
    fn without(&self, exchange: &mut Exchange) -> Option<Verdict> {
        if self.optional && self.client.sends_access_token {
            // Nobody may pass for who has a token of the issuer's.
            exchange.request.fields.remove(names::AUTHORIZATION);
        }
        // Where a login begins, it must be known where.
        let waits = !self.optional && self.client.issuer.now().is_none() && asks_for_a_page(&exchange.request);
        (!waits).then_some(Verdict::Nobody)
    }

    fn somebody(&self, known: &Known, exchange: &mut Exchange) -> Verdict {
        if self.client.sends_access_token {
            let fields = &mut exchange.request.fields;
            match &known.session.access {
                Some(access) => fields.set(names::AUTHORIZATION, [b"Bearer ", access.expose_bytes()].concat()),
                // A session of before that was asked for has none, and nobody's own passes for it.
                None => drop(fields.remove(names::AUTHORIZATION)),
            }
        }
        let consumer = self.consumers.of_claims(&self.client.issuer_name, &*known.claims);
        Verdict::Somebody(Identity { consumer, claims: Some(Arc::clone(&known.claims) as _) })
    }
}

impl Client {
    /// The session that cookies hold, with what it claims; none where there is none, or it is over.
    pub(super) fn session_of(&self, cookies: Cookies<'_>) -> Option<Known> {
        let text = self.session.read(cookies)?;
        let known = self.opened(&text).filter(|known| {
            // Another replica's clock may be a little ahead.
            let age = now().saturating_sub(known.session.began);
            age < self.ttl && !self.ended.has(&known.session, &known.claims)
        });
        if known.is_none() {
            self.counts.foreign.add(1);
        }
        known
    }

    /// What a cookie says of a session in the store; none where it is not ours, or too old for any.
    pub(super) fn handle_of(&self, cookies: Cookies<'_>) -> Option<Handle> {
        let text = self.session.read(cookies)?;
        let handle = Handle::open(&self.seals, &text).filter(|handle| now().saturating_sub(handle.began) < self.ttl);
        if handle.is_none() {
            self.counts.foreign.add(1);
        }
        handle
    }

    /// The session that the store has; none where it is over.
    pub(super) async fn read(&self, handle: &Handle, looks: bool) -> Result<Option<Known>, Failure> {
        let Some(stored) = &self.stored else { return Ok(None) };
        let read = stored.read(handle, self.ttl, looks).await;
        let text = read.inspect_err(|_| self.counts.not_read.add(1))?;
        let known = text.and_then(|text| handle.opened(&self.seals, &text));
        if known.is_none() {
            self.counts.foreign.add(1);
        }
        Ok(known)
    }

    /// What a cookie holds, over or not.
    pub(super) fn opened(&self, text: &str) -> Option<Known> {
        let bytes = self.seals.open(Purpose::Session, UNBOUND, text)?;
        let session = Session::from_bytes(&bytes)?;
        let claims = Object::parse(session.id_token.claims(), CLAIMS).ok()?;
        Some(Known { session, claims: Arc::new(claims), stored: None })
    }

    /// Has the browser keep a session. False where that is larger than browsers keep.
    pub(super) fn keep(&self, session: &Session, asked: Cookies<'_>, out: &mut Fields) -> bool {
        let text = self.seals.seal(Purpose::Session, UNBOUND, &session.to_bytes());
        let left = (session.began + self.ttl).saturating_sub(now());
        self.session.write(&text, left, asked, out)
    }

    /// Sends a browser to the issuer, to come back to `page`.
    fn begin(&self, endpoints: &Endpoints, asker: &Asker, page: &str) -> Response {
        let mut browser = self.browser_of(asker.cookies()).unwrap_or_else(Browser::new);
        let login = browser.begin(page, now());
        let mut to = open_query(&endpoints.authorization);
        let pairs = [
            ("response_type", "code"),
            ("client_id", &*self.id),
            ("redirect_uri", &*asker.url(&self.callback)),
            ("scope", &*self.scope),
            ("state", &*browser.state(&self.seals, &login)),
            ("nonce", &*browser.nonce(&login)),
            ("code_challenge", &*browser.challenge(&login)),
            ("code_challenge_method", "S256"),
        ];
        let more = self.parameters.iter().map(|(name, value)| (&**name, &**value));
        for (name, value) in pairs.into_iter().chain(more) {
            form::append(&mut to, name, value);
        }
        let mut response = sent_to(&to);
        self.write_browser(&browser, asker.cookies(), &mut response.fields);
        self.session.remove(asker.cookies(), &mut response.fields);
        self.counts.begun.add(1);
        response
    }

    /// What binds the logins of the browser with these cookies, if it has begun one lately.
    pub(super) fn browser_of(&self, cookies: Cookies<'_>) -> Option<Browser> {
        let text = self.browser.read(cookies)?;
        Browser::open(&self.seals, &text, now().saturating_sub(self.login_time))
    }

    /// Has the browser keep what binds its logins.
    pub(super) fn write_browser(&self, browser: &Browser, asked: Cookies<'_>, out: &mut Fields) {
        // It is always shorter than a cookie may be.
        self.browser.write(&browser.seal(&self.seals), self.login_time, asked, out);
    }
}

/// Nothing can be said of a session while the store is away: nobody passes for that.
pub(super) fn away(failure: &Failure) -> Refusal {
    let internal = format!("the session is in the store: {failure}");
    Refusal::new(Reason::StoreUnavailable).internal(internal).field(names::RETRY_AFTER, "1")
}

/// A redirect that nobody keeps.
pub(super) fn sent_to(place: &str) -> Response {
    let mut response = Response::new(StatusCode::FOUND);
    response.fields.append(names::LOCATION, place);
    response.fields.append(names::CACHE_CONTROL, "no-store");
    response.fields.append("referrer-policy", "no-referrer");
    response
}

/// Whether somebody at a browser asks for a page, who can be sent elsewhere to log in: a script cannot, and content would be lost on
/// the way.
pub(super) fn asks_for_a_page(request: &Request) -> bool {
    let says = |name, wanted: &[u8]| request.fields.get(name).is_none_or(|value| value.eq_ignore_ascii_case(wanted));
    let is_html = |member: &[u8]| {
        let kind = member.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        kind.eq_ignore_ascii_case(b"text/html") || kind.eq_ignore_ascii_case(b"application/xhtml+xml")
    };
    request.method == Method::GET
        && request.protocol.is_none()
        && !request.target.authority().is_empty()
        && request.fields.list(names::ACCEPT).any(is_html)
        && says("sec-fetch-mode", b"navigate")
}
