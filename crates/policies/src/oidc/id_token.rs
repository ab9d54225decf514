//! Whether an ID token says who logged in here and now (OpenID Connect Core 1.0 3.1.3.7, 12.2), and whether a logout token
//! may end sessions (Back-Channel Logout 1.0 2.6). Signature, issuer, audience and times are `pintle-jose`'s to check.

use aws_lc_rs::digest::{Algorithm as Hash, SHA256, SHA384, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pintle_core::json::Object;
use pintle_jose::{Algorithm, Algorithms, Audience, Compact, Flaw, KeySet, Rules, Types};
use std::time::Duration;

/// Why a token is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is not sound by itself.
    Flaw(Flaw),
    /// A claim is not what it must be.
    Claim(&'static str),
}

impl Wrong {
    /// A word for it, for the operator.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Wrong::Flaw(flaw) => flaw.word(),
            Wrong::Claim(name) => name,
        }
    }
}

/// Who tokens must be of, and for whom.
#[derive(Debug)]
pub(super) struct Expected {
    client: Box<str>,
    identity: Rules,
    logout: Rules,
}

/// What an ID token belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belongs<'a> {
    /// The login's nonce; none where it was made for a refresh, which has none or the first one's.
    pub(super) nonce: Option<&'a str>,
    /// The access token beside it.
    pub(super) access: Option<&'a str>,
    /// The subject that was logged in before.
    pub(super) subject: Option<&'a str>,
}

/// Whom a logout token ends the sessions of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// When it was said, in seconds since 1970.
    pub(super) said: u64,
    pub(super) session: Option<Box<str>>,
    pub(super) subject: Option<Box<str>>,
}

/// What logout tokens are recognised by.
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Expected {
    pub(super) fn new(issuer: &str, client: &str, skew: Duration) -> Self {
        let rules = |required: &[&str]| Rules {
            issuer: issuer.into(),
            audience: Audience::AnyOf([client.into()].into()),
            skew,
            required: required.iter().map(|name| Box::from(*name)).collect(),
            types: Types::Usual,
        };
        Expected { client: client.into(), identity: rules(&["sub", "iat"]), logout: rules(&["iat", "jti"]) }
    }

    /// The claims of an ID token that is good at `now`, the time since 1970.
    pub(super) fn identity(
        &self,
        token: &str,
        keys: &KeySet,
        allowed: &Algorithms,
        belongs: Belongs<'_>,
        now: Duration,
    ) -> Result<Object, Wrong> {
        let token = Compact::read(token).map_err(Wrong::Flaw)?;
        let claims = token.verified(keys, allowed).map_err(Wrong::Flaw)?;
        if token.header().kind().is_some_and(|kind| !kind.eq_ignore_ascii_case("jwt")) {
            return Err(Wrong::Flaw(Flaw::Type));
        }
        self.identity.check(token.header(), &claims, now).map_err(Wrong::Flaw)?;
        let several = claims.array("aud").and_then(|all| all.texts()).is_some_and(|all| all.len() > 1);
        match claims.text("azp") {
            Some(party) if *party == *self.client => {}
            // Others that it is for are trusted only where it says that it was made for this client.
            None if !claims.has("azp") && !several => {}
            _ => return Err(Wrong::Claim("azp")),
        }
        if let Some(nonce) = belongs.nonce
            && claims.text("nonce") != Some(nonce)
        {
            return Err(Wrong::Claim("nonce"));
        }
        if belongs.subject.is_some_and(|before| claims.text("sub") != Some(before)) {
            return Err(Wrong::Claim("sub"));
        }
        if let Some(access) = belongs.access
            && claims.has("at_hash")
            && claims.text("at_hash") != Some(&*half_hash(token.header().algorithm(), access))
        {
            return Err(Wrong::Claim("at_hash"));
        }
        Ok(claims)
    }

    /// Whom a logout token ends the sessions of.
    pub(super) fn logout(
        &self,
        token: &str,
        keys: &KeySet,
        allowed: &Algorithms,
        now: Duration,
    ) -> Result<Ended, Wrong> {
        let token = Compact::read(token).map_err(Wrong::Flaw)?;
        let claims = token.verified(keys, allowed).map_err(Wrong::Flaw)?;
        let mut rules = self.logout.clone();
        // What says that it is something else is (RFC 8725 3.11); many issuers say `JWT`, or nothing.
        if token.header().kind().is_some_and(|kind| kind.to_ascii_lowercase().ends_with("logout+jwt")) {
            rules.types = Types::Only("logout+jwt".into());
        }
        rules.check(token.header(), &claims, now).map_err(Wrong::Flaw)?;
        if claims.has("nonce") {
            return Err(Wrong::Claim("nonce"));
        }
        if claims.object("events").and_then(|events| events.object(LOGOUT)).is_none() {
            return Err(Wrong::Claim("events"));
        }
        let text = |name: &'static str| match claims.text(name) {
            None if claims.has(name) => Err(Wrong::Claim(name)),
            text => Ok(text.map(Box::from)),
        };
        let said = claims.number("iat").and_then(|said| said.parse::<f64>().ok()).ok_or(Wrong::Claim("iat"))?;
        let ended = Ended { said: said as u64, session: text("sid")?, subject: text("sub")? };
        if ended.session.is_none() && ended.subject.is_none() { Err(Wrong::Claim("sid")) } else { Ok(ended) }
    }
}

/// The left half of a token's hash, by the hash of the algorithm (OpenID Connect Core 1.0 3.1.3.6).
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let hash: &'static Hash = match algorithm.name() {
        name if name.ends_with("256") => &SHA256,
        name if name.ends_with("384") => &SHA384,
        // Ed25519 hashes by it too (RFC 8032 5.1).
        _ => &SHA512,
    };
    let hash = digest(hash, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}
