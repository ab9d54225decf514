//! The way back from the issuer: the code that a browser brings becomes a session (OpenID Connect Core 1.0 3.1.2.5 to 3.1.3.7,
//! RFC 9207, RFC 9700 4.7).

use super::browser::{Browser, Login};
use super::client::{Asker, Client, now};
use super::form::Form;
use super::granted::{Denied, word};
use super::id_token::Belongs;
use super::login::{CLAIMS, away, sent_to};
use super::seal::random;
use super::session::{IdToken, Session, times};
use super::stored::{Handle, Stored};
use pintle_core::json::Object;
use pintle_core::secret::Secret;
use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::{Exchange, Fields, Method, Reason, Refusal, Request, names};
use std::sync::Arc;

/// Answers at the callback.
pub(super) struct Callback(pub(super) Arc<Client>);

/// What comes once, or means nothing.
const ONCE: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

impl Action for Callback {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let outcome = self.0.come_back(exchange).await;
            match &outcome {
                Ok(_) => self.0.counts.done.add(1),
                Err(refusal) if matches!(refusal.reason, Reason::AuthUnavailable | Reason::StoreUnavailable) => {
                    self.0.counts.failed.add(1);
                }
                Err(_) => self.0.counts.refused.add(1),
            }
            outcome
        })
    }

    /// What the issuer would give for the code, only it says.
    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        self.0.brought(&exchange.request).map(|brought| Plan::Answer(sent_to(&brought.login.page)))
    }
}

/// A login that did not succeed; why is for the operator.
fn bad(why: impl Into<String>) -> Refusal {
    Refusal::new(Reason::BadLogin).detail("Ask for the page again to begin anew.").internal(why)
}

fn failed(why: impl Into<String>) -> Refusal {
    Refusal::new(Reason::AuthUnavailable).internal(why)
}

/// What a browser has brought from the issuer.
struct Brought {
    asker: Asker,
    form: Form,
    browser: Browser,
    login: Login,
}

impl Client {
    /// Looks at what a browser has brought: whether it is what this browser went for.
    fn brought(&self, request: &Request) -> Result<Brought, Refusal> {
        if request.method != Method::GET {
            return Err(Refusal::new(Reason::MethodNotAllowed).field(names::ALLOW, "GET"));
        }
        let query = request.target.query().unwrap_or_default();
        let form =
            Form::read(query, &ONCE).ok_or_else(|| bad("the callback's query is broken, or has something twice"))?;
        let asker = Asker::of(request);
        let Some(browser) = self.browser_of(asker.cookies()) else {
            return Err(bad("this browser has begun no login, or too long ago"));
        };
        let state = form.get("state").ok_or_else(|| bad("the callback has no state"))?;
        let since = now().saturating_sub(self.login_time);
        let Some(login) = browser.login(&self.seals, state, since) else {
            return Err(bad("the state is of another browser or of an old login, or was changed"));
        };
        Ok(Brought { asker, form, browser, login })
    }

    async fn come_back(self: &Arc<Self>, exchange: &mut Exchange) -> Outcome {
        let Brought { asker, form, mut browser, login } = self.brought(&exchange.request)?;
        let endpoints = self.endpoints().await.map_err(failed)?;
        match form.get("iss") {
            Some(issuer) if *issuer == *self.issuer_name => {}
            None if !endpoints.says_issuer => {}
            _ => return Err(bad("the answer is of another issuer (RFC 9207)")),
        }
        if let Some(error) = form.get("error") {
            let why = format!("the issuer says {}", word(error));
            let is_down = matches!(error, "server_error" | "temporarily_unavailable");
            return Err(if is_down { failed(why) } else { bad(why) });
        }
        let code = form.get("code").ok_or_else(|| bad("the callback has no code"))?;
        if !browser.end(&login) {
            // Somebody went back in the browser's history: asking again would have the issuer take back what it gave.
            return if self.is_known(&asker).await? {
                Ok(sent_to(&login.page))
            } else {
                Err(bad("this login is over"))
            };
        }
        let pairs = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", asker.url(&self.callback)),
            ("code_verifier", browser.verifier(&login)),
        ];
        let session = self.begun(pairs, &browser.nonce(&login)).await.map_err(|denied| match denied {
            Denied::Grant(why) => bad(why),
            Denied::Failed(why) => failed(why),
        })?;
        let mut response = sent_to(&login.page);
        if let Some(stored) = &self.stored {
            self.keep_there(stored, &session, &asker, &mut response.fields).await?;
        } else if !self.keep(&session, asker.cookies(), &mut response.fields) {
            let size = session.to_bytes().len();
            return Err(failed(format!(
                "the session has {size} bytes, more than browsers keep: have the issuer claim less"
            )));
        }
        self.write_browser(&browser, asker.cookies(), &mut response.fields);
        Ok(response)
    }

    /// Whether a browser has a session.
    async fn is_known(&self, asker: &Asker) -> Result<bool, Refusal> {
        if self.stored.is_none() {
            return Ok(self.session_of(asker.cookies()).is_some());
        }
        let Some(handle) = self.handle_of(asker.cookies()) else { return Ok(false) };
        Ok(self.read(&handle, false).await.map_err(|failure| away(&failure))?.is_some())
    }

    /// Puts a session in the store, and what leads to it in the browser: always another secret, and what it had before is over.
    async fn keep_there(
        &self,
        stored: &Stored,
        session: &Session,
        asker: &Asker,
        out: &mut Fields,
    ) -> Result<(), Refusal> {
        let claims = Object::parse(session.id_token.claims(), CLAIMS);
        let claims = claims.map_err(|fault| failed(format!("the ID token is not read: {fault}")))?;
        let handle = Handle::new(&self.seals, session, &claims);
        let text = handle.text(&self.seals, session);
        // The new one first: where the store goes away between, the browser has that of before.
        let kept = match (stored.keep(&handle, text, self.ttl).await, self.handle_of(asker.cookies())) {
            (Ok(()), Some(before)) => stored.end(&before).await.map(drop),
            (kept, _) => kept,
        };
        kept.map_err(|failure| {
            self.counts.not_kept.add(1);
            away(&failure)
        })?;
        // It is always shorter than a cookie may be.
        let left = (session.began + self.ttl).saturating_sub(now());
        self.session.write(&handle.seal(&self.seals), left, asker.cookies(), out);
        Ok(())
    }

    /// The session that a code is given for.
    async fn begun(self: &Arc<Self>, pairs: Vec<(&'static str, String)>, nonce: &str) -> Result<Session, Denied> {
        let began = now();
        let granted = self.grant(pairs).await?;
        let token = granted.id_token.ok_or_else(|| Denied::Failed("the issuer gave no ID token".into()))?;
        let access = granted.access.as_ref().and_then(Secret::expose_text);
        self.claims(&token, Belongs { nonce: Some(nonce), access, subject: None }).await?;
        let id_token = IdToken::new(&token).ok_or_else(|| Denied::Grant("the ID token is not in its form".into()))?;
        let (good_until, due) = times(began, granted.seconds);
        Ok(Session {
            id: random(),
            began,
            good_until,
            due,
            id_token,
            refresh: granted.refresh,
            access: granted.access.filter(|_| self.sends_access_token),
        })
    }
}
