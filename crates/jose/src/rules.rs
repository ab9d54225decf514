//! Whether what a token says holds here and now (RFC 7519 4.1, RFC 8725 3.8 to 3.11).

use crate::compact::plain_type;
use crate::{Flaw, Header};
use pintle_core::json::Object;
use pintle_core::template::{Entries, Value};
use std::time::Duration;

/// The last second that a time may be: the end of the year 9999. What is later is milliseconds, or a mistake.
const LATEST: f64 = 253_402_300_799.0;

/// What must hold for a token to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Who must have made it: `iss`, by the letter.
    pub issuer: Box<str>,
    /// Whom it must be for.
    pub audience: Audience,
    /// How far clocks may differ.
    pub skew: Duration,
    /// Claims that must be there, beside `iss` and `exp`, and not be `null`.
    pub required: Box<[Box<str>]>,
    /// What kind of token it must be.
    pub types: Types,
}

/// Whom a token must be for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// `aud` must name one of these.
    AnyOf(Box<[Box<str>]>),
    /// `aud` is not looked at: a token that was made for another service is taken here too.
    DangerAnyone,
}

/// What `typ` may say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Types {
    /// Nothing, or that it is a token for access: `JWT`, or `at+jwt` (RFC 9068).
    Usual,
    /// This and nothing else.
    Only(Box<str>),
}

impl Rules {
    /// Whether a token's claims hold at `now`, the time since 1970. Gives until when, in the same clock, `skew` included.
    pub fn check(&self, header: &Header, claims: &Object, now: Duration) -> Result<Duration, Flaw> {
        self.types.check(header.kind())?;
        match claims.text("iss") {
            Some(issuer) if *issuer == *self.issuer => {}
            Some(_) => return Err(Flaw::Issuer),
            None if claims.has("iss") => return Err(Flaw::Claim("iss")),
            None => return Err(Flaw::Missing("iss".into())),
        }
        self.audience.check(claims)?;
        let expires = time(claims, "exp")?.ok_or_else(|| Flaw::Missing("exp".into()))?;
        let until = expires.saturating_add(self.skew);
        if now >= until {
            return Err(Flaw::Expired(now - expires));
        }
        // What was made in the future was made by a clock that says nothing about `exp` either.
        for name in ["nbf", "iat"] {
            if let Some(begins) = time(claims, name)?
                && begins > now.saturating_add(self.skew)
            {
                return Err(Flaw::NotYet(begins - now));
            }
        }
        if claims.has("sub") && claims.text("sub").is_none() {
            return Err(Flaw::Claim("sub"));
        }
        let is_there = |name: &str| !matches!(claims.get(name), None | Some(Value::Null));
        match self.required.iter().find(|name| !is_there(name)) {
            Some(name) => Err(Flaw::Missing(name.clone())),
            None => Ok(until),
        }
    }
}

impl Audience {
    fn check(&self, claims: &Object) -> Result<(), Flaw> {
        let named: Vec<&str> = match (claims.text("aud"), claims.array("aud")) {
            (Some(one), _) => vec![one],
            (None, Some(several)) => several.texts().ok_or(Flaw::Claim("aud"))?,
            (None, None) if claims.has("aud") => return Err(Flaw::Claim("aud")),
            (None, None) => Vec::new(),
        };
        match self {
            Audience::DangerAnyone => Ok(()),
            Audience::AnyOf(_) if !claims.has("aud") => Err(Flaw::Missing("aud".into())),
            Audience::AnyOf(ours) if named.iter().any(|name| ours.iter().any(|our| **our == **name)) => Ok(()),
            Audience::AnyOf(_) => Err(Flaw::Audience),
        }
    }
}

impl Types {
    fn check(&self, kind: Option<&str>) -> Result<(), Flaw> {
        let is = |wanted: &str| kind.is_some_and(|kind| plain_type(kind).eq_ignore_ascii_case(plain_type(wanted)));
        let good = match self {
            Types::Usual => kind.is_none() || is("jwt") || is("at+jwt"),
            Types::Only(wanted) => is(wanted),
        };
        if good { Ok(()) } else { Err(Flaw::Type) }
    }
}

/// A claim that is a time, in seconds since 1970 (RFC 7519 2: NumericDate). A fraction is taken.
fn time(claims: &Object, name: &'static str) -> Result<Option<Duration>, Flaw> {
    let Some(text) = claims.number(name) else {
        return if claims.has(name) { Err(Flaw::Claim(name)) } else { Ok(None) };
    };
    let seconds: f64 = text.parse().map_err(|_| Flaw::Claim(name))?;
    if !(0.0..=LATEST).contains(&seconds) {
        return Err(Flaw::Claim(name));
    }
    Ok(Some(Duration::from_secs_f64(seconds)))
}
