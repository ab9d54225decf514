//! `basic_auth: {realm: …}`: name and password of a consumer (RFC 7617). Passwords are known by their hashes, by Argon2 or
//! bcrypt; looking at one costs a tenth of a second by design, so that it happens beside the workers, few at a time
//! (`hasher.rs`), and a pair that was found good is not hashed again for a minute.
//!
//! A name that nobody has costs as much as one with a wrong password. Both are 401 with the reason `bad_credentials`;
//! where too many wait to be looked at, 503 with `auth_unavailable`. The service does not see the field unless `keep: true`.

mod hasher;
mod password;
mod remembered;
#[cfg(test)]
mod tests;

pub(crate) use password::PasswordHash;

use crate::Consumers;
use crate::authenticate::{Authenticate, Credentials, Verdict};
use crate::bearer::{self, Sent};
use crate::build::Building;
use crate::layers::{Levels, Origin};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hasher::{Busy, Hasher};
use pintle_core::config::{Diagnostic, Map, Node, Read, Reader, Spanned, TemplateText};
use pintle_core::secret::Secret;
use pintle_core::step::BoxFuture;
use pintle_core::{Exchange, Fields, Identity, Reason, Refusal, names};
use remembered::Remembered;
use std::sync::Arc;
use std::time::Instant;

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// No password is longer: `pintle hash` takes none of them.
const LONGEST: usize = 1024 + 256;

/// Asks for name and password of a consumer (RFC 7617). Only of use under TLS, as they come as they are. The service does
/// not see them.
///
/// ```yaml
/// consumers:
///   - {name: ops, basic_auth: {username: ops, password: {argon2: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$0b1w2mUg9Ck0l2i9S0qkQw"}}}
/// routes:
///   - {match: /staff/**, policies: [{basic_auth: {realm: staff, forward: {x-user: "${consumer.name}"}}}], proxy: orders}
///   - {match: /old/**, policies: [{basic_auth: {keep: true, optional: true}}], proxy: users}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "way to ask for a password", check)]
pub struct BasicAuth {
    /// What a browser tells its user that the password is for.
    #[read(default = "gateway")]
    pub realm: Spanned<String>,
    /// Leaves the field `authorization` on the request, for the service.
    #[read(default = "false")]
    pub keep: bool,
    /// Lets a request without a password through, as nobody. A wrong one is refused all the same.
    #[read(default = "false")]
    pub optional: bool,
    /// Fields for the service, with values that may name `consumer`. A client's own of those names are dropped, in
    /// whatever spelling.
    #[read(default)]
    pub forward: Map<TemplateText>,
}

impl BasicAuth {
    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        let fits = |letter: char| letter.is_ascii() && !letter.is_ascii_control() && !matches!(letter, '"' | '\\');
        if !self.realm.chars().all(fits) {
            let message = "this realm cannot be told to a client";
            let help = "ASCII, without quotes, backslashes and control characters";
            reader.report(Diagnostic::error("bad-header", message, &self.realm.span).help(help));
            return None;
        }
        Some(self)
    }
}

impl Credentials for BasicAuth {
    fn optional(&self) -> bool {
        self.optional
    }

    fn forward(&self) -> &Map<TemplateText> {
        &self.forward
    }
}

/// Builds the policy.
pub(crate) fn make(
    config: &BasicAuth,
    _: Origin<'_>,
    building: &mut Building<'_, '_>,
) -> Option<Arc<dyn Authenticate>> {
    let lasting = &building.around.lasting;
    Some(Arc::new(Passwords {
        keep: config.keep,
        challenge: format!("Basic realm=\"{}\", charset=\"UTF-8\"", config.realm.value),
        consumers: Arc::clone(&building.around.consumers),
        hasher: lasting.find("hasher", "", |_| true, || Arc::new(Hasher::new())),
        remembered: lasting.find("passwords", "", |_| true, || Arc::new(Remembered::new())),
    }))
}

struct Passwords {
    keep: bool,
    challenge: String,
    consumers: Arc<Consumers>,
    hasher: Arc<Hasher>,
    remembered: Arc<Remembered>,
}

/// What a request says of its sender.
enum Said {
    Nothing,
    Pair(Pair),
    /// Something that is no name with a password.
    Broken(&'static str),
}

/// A name with its password.
struct Pair {
    name: String,
    password: Secret,
}

impl Authenticate for Passwords {
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict> {
        let verdict = match said(&exchange.request.fields) {
            Said::Nothing => return Some(Verdict::Nobody),
            Said::Broken(why) => self.refused(why),
            // What takes long is not done for an explanation.
            Said::Pair(_) if exchange.rehearsed => Verdict::Nobody,
            Said::Pair(pair) => {
                let user = self.consumers.of_user(&pair.name)?;
                if !self.remembered.has(user.password.text(), &pair.password, Instant::now()) {
                    return None;
                }
                Verdict::Somebody(Identity::of(Arc::clone(&user.consumer)))
            }
        };
        self.take_off(exchange);
        Some(verdict)
    }

    fn may_wait(&self) -> bool {
        true
    }

    fn wait<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let Said::Pair(pair) = said(&exchange.request.fields) else { return Verdict::Nobody };
            let verdict = self.look_at(&pair, exchange.deadline).await;
            self.take_off(exchange);
            verdict
        })
    }

    fn challenge(&self) -> Option<&str> {
        Some(&self.challenge)
    }
}

impl Passwords {
    async fn look_at(&self, pair: &Pair, deadline: Option<Instant>) -> Verdict {
        let user = self.consumers.of_user(&pair.name);
        let Some(hash) = user.map(|user| &user.password).or_else(|| self.consumers.decoy(&pair.name)) else {
            return self.refused("no consumer has a password");
        };
        let known = || user.is_some() && self.remembered.has(hash.text(), &pair.password, Instant::now());
        match self.hasher.verifies(hash, &pair.password, known, deadline).await {
            Err(Busy) => {
                let why = "too many passwords wait to be looked at, or the request's time is over";
                Verdict::Refused(Refusal::new(Reason::AuthUnavailable).internal(why).field(names::RETRY_AFTER, "1"))
            }
            // What a name that nobody has comes with is good for nothing.
            Ok(good) => match user.filter(|_| good) {
                Some(user) => {
                    self.remembered.put(hash.text(), &pair.password, Instant::now());
                    Verdict::Somebody(Identity::of(Arc::clone(&user.consumer)))
                }
                None => self.refused(if user.is_some() { "the password is wrong" } else { "nobody has this name" }),
            },
        }
    }

    fn refused(&self, why: &str) -> Verdict {
        let refusal = Refusal::new(Reason::BadCredentials).internal(why);
        Verdict::Refused(refusal.field(names::WWW_AUTHENTICATE, &self.challenge))
    }

    fn take_off(&self, exchange: &mut Exchange) {
        if !self.keep {
            exchange.request.fields.remove(names::AUTHORIZATION);
        }
    }
}

/// Reads the field (RFC 7617 2). Another scheme's credentials are none of this kind.
fn said(fields: &Fields) -> Said {
    let token = match bearer::of_scheme(fields, "basic") {
        Sent::Nothing => return Said::Nothing,
        Sent::Wrong(why) => return Said::Broken(why),
        Sent::Token(token) => token,
    };
    if token.len() > LONGEST * 4 / 3 {
        return Said::Broken("name and password are longer than any");
    }
    let Ok(decoded) = STANDARD.decode(&*token) else { return Said::Broken("what follows `Basic` is no base64") };
    let decoded = Secret::from(decoded);
    let bytes = decoded.expose_bytes();
    let Some(colon) = bytes.iter().position(|&byte| byte == b':') else {
        return Said::Broken("there is no colon after the name");
    };
    // RFC 7617 2: neither has control characters.
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().any(char::is_control) => Said::Broken("name or password has a control character"),
        Ok(text) => {
            let password = Secret::from(bytes[colon + 1..].to_vec());
            Said::Pair(Pair { name: text[..colon].to_owned(), password })
        }
        Err(_) => Said::Broken("name and password are no UTF-8"),
    }
}
