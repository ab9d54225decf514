//! Tokens in requests (RFC 6750): where they stand, and what is said where one is wrong. What they mean, others know.

use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_core::fields::is_token;
use pintle_core::{Exchange, Fields, Name, Reason, Refusal, names};

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
    Token(&'e str),
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
            TokenPlace::Authorization => bearer(fields),
            TokenPlace::Header(name) => {
                let name = Name::from(&**name);
                one(fields.iter().filter(|(found, _)| *found == name).map(|(_, value)| value.trim_ascii()))
            }
            TokenPlace::Cookie(name) => {
                one(cookies(fields).filter(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value))
            }
            TokenPlace::Query(name) => {
                let pairs = exchange.request.target.query().unwrap_or_default().split('&');
                let named = pairs.filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == &**name);
                one(named.map(|(_, value)| value.as_bytes()))
            }
        }
    }
}

/// The token of an Authorization field of that scheme (RFC 6750 2.1). Other schemes are others' business.
fn bearer(fields: &Fields) -> Sent<'_> {
    let mut all = fields.get_all(names::AUTHORIZATION);
    let Some(value) = all.next() else { return Sent::Nothing };
    let value = value.trim_ascii();
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, token) = value.split_at(end);
    let another = all.next().is_some();
    match scheme.eq_ignore_ascii_case(b"bearer") {
        _ if another => Sent::Wrong("there are several Authorization fields"),
        true => one(std::iter::once(token.trim_ascii())),
        // A tab, a comma: others may read a token there, and think that it was looked at here.
        false if scheme.get(..6).is_some_and(|word| word.eq_ignore_ascii_case(b"bearer")) => {
            Sent::Wrong("the scheme is not followed by a space")
        }
        false => Sent::Nothing,
    }
}

fn one<'e>(mut all: impl Iterator<Item = &'e [u8]>) -> Sent<'e> {
    match (all.next(), all.next()) {
        (None, _) => Sent::Nothing,
        (Some(_), Some(_)) => Sent::Wrong("there are several tokens"),
        (Some(b""), None) => Sent::Wrong("the token is empty"),
        (Some(token), None) => match str::from_utf8(token) {
            Ok(token) => Sent::Token(token),
            Err(_) => Sent::Wrong("the token is no text"),
        },
    }
}

/// Names and values of the cookies (RFC 6265 4.2.1).
fn cookies(fields: &Fields) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs = fields.get_all(names::COOKIE).flat_map(|line| line.split(|&byte| byte == b';'));
    pairs.filter_map(|pair| {
        let pair = pair.trim_ascii();
        let (name, value) = pair.split_at_checked(pair.iter().position(|&byte| byte == b'=')?)?;
        Some((name, &value[1..]))
    })
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
