//! The ends of sessions: by their users (RP-Initiated Logout 1.0), and by the issuer (Back-Channel Logout 1.0).

use super::client::{Asker, Client, Known, now, since_1970};
use super::endpoints::open_query;
use super::form::{self, Form};
use super::login::{away, sent_to};
use super::stored::Stored;
use crate::held;
use crate::sender::Sender;
use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::{Body, Exchange, Frame, Method, Reason, Refusal, Response, StatusCode, names};
use pintle_jose::KeySet;
use pintle_store::Failure;
use std::sync::Arc;

/// Answers where users end their sessions.
pub(super) struct Logout(pub(super) Arc<Client>);

/// Answers where the issuer ends sessions.
pub(super) struct BackChannel(pub(super) Arc<Client>);

/// The most that the issuer may send.
const MOST: usize = 32 * 1024;

impl Action for Logout {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(self.0.log_out(exchange))
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        // Whether there is a session in the store is not asked for that.
        let asker = self.0.asks_to_end(exchange)?;
        let known = self.0.session.read(asker.cookies()).and_then(|text| self.0.opened(&text));
        Ok(Plan::Answer(self.0.logged_out(&asker, known.as_ref())))
    }
}

impl Action for BackChannel {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(self.0.told_to_end(exchange))
    }

    /// What a token would end, only its issuer's keys say.
    fn plan(&self, _: &mut Exchange) -> Result<Plan, Refusal> {
        Ok(Plan::Answer(Response::new(StatusCode::OK)))
    }
}

impl Client {
    fn asks_to_end(&self, exchange: &Exchange) -> Result<Asker, Refusal> {
        let request = &exchange.request;
        if !matches!(request.method, Method::GET | Method::POST) {
            return Err(Refusal::new(Reason::MethodNotAllowed).field(names::ALLOW, "GET, POST"));
        }
        // Another site's page may not end it; a link from another host of the same site may.
        if let Sender::Other(why) = Sender::of(exchange, &[]) {
            let detail = "A page of another site asks for a logout.";
            return Err(Refusal::new(Reason::CrossSite).detail(detail).internal(why));
        }
        Ok(Asker::of(request))
    }

    async fn log_out(&self, exchange: &mut Exchange) -> Outcome {
        let asker = self.asks_to_end(exchange)?;
        let known = match &self.stored {
            // The cookie stays where that fails: with it the session can be ended by asking again.
            Some(stored) => self.end_there(stored, &asker).await.map_err(|failure| {
                self.counts.not_ended.add(1);
                away(&failure)
            })?,
            None => self.session.read(asker.cookies()).and_then(|text| self.opened(&text)),
        };
        let response = self.logged_out(&asker, known.as_ref());
        if let Some(known) = known {
            self.counts.logged_out.add(1);
            if known.stored.is_none() && !self.ended.end(&known.session, now(), self.ttl) {
                self.counts.forgotten.add(1);
            }
        }
        Ok(response)
    }

    /// Ends the session that the store has for a browser, and gives it.
    async fn end_there(&self, stored: &Stored, asker: &Asker) -> Result<Option<Known>, Failure> {
        let Some(handle) = self.handle_of(asker.cookies()) else { return Ok(None) };
        let text = stored.read(&handle, self.ttl, true).await?;
        stored.end(&handle).await?;
        Ok(text.and_then(|text| handle.opened(&self.seals, &text)))
    }

    /// What a browser gets whose session is over.
    fn logged_out(&self, asker: &Asker, known: Option<&Known>) -> Response {
        let to = match (known, self.known_endpoints().and_then(|endpoints| endpoints.end_session.clone())) {
            (Some(known), Some(end)) => {
                let mut to = open_query(&end);
                form::append(&mut to, "id_token_hint", &known.session.id_token.text());
                form::append(&mut to, "client_id", &self.id);
                form::append(&mut to, "post_logout_redirect_uri", &asker.url(&self.after_logout));
                to
            }
            _ => self.after_logout.to_string(),
        };
        let mut response = sent_to(&to);
        // After a POST too, it is asked for by GET (RFC 9110 15.4.4).
        response.status = StatusCode::SEE_OTHER;
        self.session.remove(asker.cookies(), &mut response.fields);
        self.browser.remove(asker.cookies(), &mut response.fields);
        response
    }

    async fn told_to_end(&self, exchange: &mut Exchange) -> Outcome {
        let head = &exchange.request;
        if head.method != Method::POST {
            return Err(Refusal::new(Reason::MethodNotAllowed).field(names::ALLOW, "POST"));
        }
        let kind = head.fields.get(names::CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        if !kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            return Err(no("it is no form"));
        }
        let content = content(&mut exchange.request.body).await?;
        let form = std::str::from_utf8(&content).ok().and_then(|text| Form::read(text, &["logout_token"]));
        let form = form.ok_or_else(|| no("it is a broken form"))?;
        let token = form.get("logout_token").ok_or_else(|| no("it has no logout token"))?;
        let check = |keys: &KeySet| self.expected.logout(token, keys, &self.allowed, since_1970());
        let checked = self.checked(check).await;
        let ended = checked.map_err(|wrong| no(&format!("the logout token is not good: {}", wrong.word())))?;
        if let Some(stored) = &self.stored {
            // The issuer is told to try again.
            stored.end_all(&self.seals, &ended, self.ttl).await.map_err(|failure| {
                self.counts.not_ended.add(1);
                away(&failure)
            })?;
        } else if !self.ended.end_all(&ended, now(), self.ttl) {
            self.counts.forgotten.add(1);
            return Err(
                Refusal::new(Reason::AuthUnavailable).internal("as many ended sessions are remembered as may be")
            );
        }
        self.counts.back_channel.add(1);
        let mut response = Response::new(StatusCode::OK);
        response.fields.append(names::CACHE_CONTROL, "no-store");
        Ok(response)
    }
}

/// The issuer is told that this ends no session (Back-Channel Logout 1.0 2.8).
fn no(why: &str) -> Refusal {
    Refusal::new(Reason::BadLogin).internal(why.to_owned())
}

/// The whole content. How long it may take is the listener's to say.
async fn content(body: &mut Body) -> Result<Vec<u8>, Refusal> {
    let mut content = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(Frame::Data(data)) if content.len() + data.len() <= MOST => content.extend_from_slice(&data),
            Ok(Frame::Data(_)) => return Err(Refusal::new(Reason::BodyTooLarge)),
            Ok(Frame::Trailers(_)) => {}
            Err(error) => return Err(held::failed(&error)),
        }
    }
    Ok(content)
}
