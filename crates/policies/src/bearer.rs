//! Tokens in requests (RFC 6750): where they stand, and what is said where one is wrong. What they mean, others know.

use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_core::exchange::query;
use pintle_core::fields::is_token;
use pintle_core::{Exchange, Fields, Reason, Refusal, names};
use std::borrow::Cow;

/// Where tokens are sought.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TokenPlace {
    /// `Authorization: Bearer TOKEN`.
    Authorization,
    /// A header of its own, whose value is the token.
    Header(Box<str>),
    /// A cookie.
    Cookie(Box<str>),
    /// A value of the query.
    Query(Box<str>),
}

/// What a request has at that place.
pub(crate) enum Sent<'e> {
    /// Nothing, or credentials of another kind.
    Nothing,
    /// A token, whatever it is worth.
    Token(Cow<'e, str>),
    /// Something that is not one token.
    Wrong(&'static str),
}

impl TokenPlace {
    /// The place that a configuration names: `Authorization` if none of the three is there.
    pub(crate) fn build(
        header: Option<&Spanned<String>>,
        cookie: Option<&Spanned<String>>,
        query: Option<&Spanned<String>>,
        reader: &mut Reader,
    ) -> Option<Self> {
        let refuse = |message: &str, help: &str, at, reader: &mut Reader| {
            reader.report(Diagnostic::error("token-place", message, at).help(help));
            None
        };
        let named = |name: &Spanned<String>| Box::<str>::from(name.as_str());
        match (header, cookie, query) {
            (None, None, None) => Some(TokenPlace::Authorization),
            (Some(name), None, None) if name.is_empty() || !name.bytes().all(is_token) => {
                refuse("this is no header's name", "letters, digits and hyphens", &name.span, reader)
            }
            (Some(name), None, None) if name.eq_ignore_ascii_case("authorization") => {
                refuse("`Authorization` is where tokens are sought anyway", "leave `header` out", &name.span, reader)
            }
            (Some(name), None, None) => Some(TokenPlace::Header(name.to_ascii_lowercase().into())),
            (None, Some(name), None) if name.is_empty() || !name.bytes().all(is_token) => {
                refuse("this is no cookie's name", "letters, digits and hyphens", &name.span, reader)
            }
            (None, Some(name), None) => Some(TokenPlace::Cookie(named(name))),
            (None, None, Some(name)) if name.is_empty() || !name.bytes().all(is_token) => {
                refuse("no token is sought under this name", "letters, digits and `_`", &name.span, reader)
            }
            (None, None, Some(name)) => Some(TokenPlace::Query(named(name))),
            (first, second, third) => {
                let at = first.or(second).or(third).map(|name| &name.span)?;
                let help = "name one of `header`, `cookie` and `query`; for several places write `any`";
                refuse("tokens are sought in one place", help, at, reader)
            }
        }
    }

    /// What the request has there. Two tokens are none: which one counts, two readers would see in two ways.
    pub(crate) fn read<'e>(&self, exchange: &'e Exchange) -> Sent<'e> {
        let fields = &exchange.request.fields;
        match self {
            TokenPlace::Authorization => of_scheme(fields, "bearer"),
            TokenPlace::Header(name) => one(fields.get_all(&**name).map(|value| Cow::Borrowed(value.trim_ascii()))),
            TokenPlace::Cookie(name) => {
                one(fields.cookies().filter(|(key, _)| *key == name.as_bytes()).map(|(_, value)| Cow::Borrowed(value)))
            }
            TokenPlace::Query(name) => {
                let query = exchange.request.target.query().unwrap_or_default();
                one(query::values(query, name).map(|value| match value {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                }))
            }
        }
    }
}

/// What an Authorization field of that scheme has (RFC 9110 11.6.2). Other schemes are others' business; one that begins as
/// this one and goes on without a space is wrong: others may read credentials there, and think that they were looked at here.
pub(crate) fn of_scheme<'f>(fields: &'f Fields, scheme: &str) -> Sent<'f> {
    let mut all = fields.get_all(names::AUTHORIZATION);
    let Some(value) = all.next() else { return Sent::Nothing };
    let value = value.trim_ascii();
    let is_ours = value.get(..scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme.as_bytes()));
    match value.get(scheme.len()) {
        _ if all.next().is_some() => Sent::Wrong("there are several Authorization fields"),
        _ if !is_ours => Sent::Nothing,
        // Another scheme, whose name is longer.
        Some(after) if is_token(*after) => Sent::Nothing,
        Some(b' ') | None => one(std::iter::once(Cow::Borrowed(value[scheme.len()..].trim_ascii()))),
        Some(_) => Sent::Wrong("the scheme is not followed by a space"),
    }
}

fn one<'e>(mut all: impl Iterator<Item = Cow<'e, [u8]>>) -> Sent<'e> {
    match (all.next(), all.next()) {
        (None, _) => Sent::Nothing,
        (Some(_), Some(_)) => Sent::Wrong("there are several tokens"),
        (Some(token), None) if token.is_empty() => Sent::Wrong("the token is empty"),
        (Some(Cow::Borrowed(token)), None) => match str::from_utf8(token) {
            Ok(token) => Sent::Token(Cow::Borrowed(token)),
            Err(_) => Sent::Wrong("the token is no text"),
        },
        (Some(Cow::Owned(token)), None) => match String::from_utf8(token) {
            Ok(token) => Sent::Token(Cow::Owned(token)),
            Err(_) => Sent::Wrong("the token is no text"),
        },
    }
}

/// How a client is told that it needs a token (RFC 6750 3).
pub(crate) const CHALLENGE: &str = "Bearer";

/// What who sent something that is not one token gets (RFC 6750 3.1: invalid_request, which is 400).
pub(crate) fn malformed(why: &'static str) -> Refusal {
    Refusal::new(Reason::BadRequest).internal(why).field(names::WWW_AUTHENTICATE, "Bearer error=\"invalid_request\"")
}

/// What who sent a token that is not taken gets (RFC 6750 3.1: invalid_token). Why is for the operator.
pub(crate) fn invalid(why: String) -> Refusal {
    Refusal::new(Reason::BadToken).internal(why).field(names::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
}

/// The same, for a token whose time is over or has not begun: its client can do something about that.
pub(crate) fn untimely(why: String) -> Refusal {
    let challenge = "Bearer error=\"invalid_token\", error_description=\"The token is not valid at this time\"";
    Refusal::new(Reason::TokenExpired).internal(why).field(names::WWW_AUTHENTICATE, challenge)
}
