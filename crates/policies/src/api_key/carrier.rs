//! Where a key is in a request: found there, and taken away from there with nothing else changed.

use super::ApiKey;
use crate::field::{self, Side};
use crate::trailers;
use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_core::exchange::query;
use pintle_core::fields::is_token;
use pintle_core::{Fields, Request, Target, names};
use std::borrow::Cow;
use std::sync::Arc;

/// What carries a key, and under which name.
pub(super) enum Carrier {
    /// A header, in small letters: one name, as what takes it out of trailers has it.
    Header(Arc<[Box<str>]>),
    /// A parameter of the query, as it is once decoded.
    Query(Box<str>),
    /// A cookie.
    Cookie(Box<str>),
}

/// What a request carries.
pub(super) enum Found<'r> {
    Nothing,
    Key(Cow<'r, [u8]>),
    /// Two under one name: a service might take the other one.
    Several,
}

impl Carrier {
    /// What the settings name; a name that nothing can have is reported.
    pub(super) fn new(config: &ApiKey, reader: &mut Reader) -> Option<Self> {
        if let Some(name) = &config.header {
            return field::name(name, Side::Request, reader).map(|name| Carrier::Header([name].into()));
        }
        if let Some(name) = &config.query {
            let fits = !name.is_empty() && name.len() <= 255 && !name.chars().any(char::is_control);
            return said(fits, name, "parameter", reader).then(|| Carrier::Query(name.as_str().into()));
        }
        let name = config.cookie.as_ref()?;
        let fits = !name.is_empty() && name.len() <= 255 && name.bytes().all(is_token);
        said(fits, name, "cookie", reader).then(|| Carrier::Cookie(name.as_str().into()))
    }

    /// Whether it is in the field of that name.
    pub(super) fn is_in(&self, field: &str) -> bool {
        match self {
            Carrier::Header(name) => name.iter().any(|name| **name == *field),
            Carrier::Query(_) => false,
            Carrier::Cookie(_) => field == names::COOKIE.as_str(),
        }
    }

    /// What a client is told: no scheme is registered for keys, and the names say what is wanted.
    pub(super) fn challenge(&self) -> String {
        let (place, name) = match self {
            Carrier::Header(name) => ("header", name.first().map_or("", |name| name)),
            Carrier::Query(name) => ("query", &**name),
            Carrier::Cookie(name) => ("cookie", &**name),
        };
        let mut told = format!("ApiKey {place}=\"");
        for letter in name.chars().filter(char::is_ascii) {
            if matches!(letter, '"' | '\\') {
                told.push('\\');
            }
            told.push(letter);
        }
        told + "\""
    }

    /// The key that a request carries.
    pub(super) fn find<'r>(&self, request: &'r Request) -> Found<'r> {
        match self {
            Carrier::Header(name) => {
                only(name.iter().flat_map(|name| request.fields.get_all(&**name)).map(Cow::Borrowed))
            }
            Carrier::Query(name) => {
                let pairs = request.target.query().into_iter().flat_map(|query| query.split('&'));
                let pairs = pairs.filter(|pair| is_named(pair, name));
                only(pairs.map(|pair| decoded(pair.split_once('=').map_or("", |(_, value)| value))))
            }
            Carrier::Cookie(name) => {
                let named = request.fields.cookies().filter(|(key, _)| *key == name.as_bytes());
                only(named.map(|(_, value)| Cow::Borrowed(value)))
            }
        }
    }

    /// Takes away what a service might take for the key although the gateway does not.
    pub(super) fn remove_unread(&self, request: &mut Request) {
        if let Carrier::Header(_) = self {
            self.remove(request);
        }
    }

    /// Takes the key away, in each spelling that a service might take for it.
    pub(super) fn remove(&self, request: &mut Request) {
        match self {
            Carrier::Header(name) => {
                name.iter().for_each(|name| crate::headers::take_away(name, Side::Request, &mut request.fields));
                trailers::withhold(name, request);
            }
            Carrier::Query(name) => {
                let Some(query) = request.target.query() else { return };
                let kept: Vec<&str> = query.split('&').filter(|pair| !is_named(pair, name)).collect();
                let kept = kept.join("&");
                let target = &request.target;
                let query = Some(&*kept).filter(|kept| !kept.is_empty());
                request.target = Target::new(target.host(), target.port(), target.path(), query);
            }
            Carrier::Cookie(name) => {
                let kept: Vec<&[u8]> = cookies(&request.fields).filter(|pair| !is_cookie(pair, name)).collect();
                let kept = kept.join(&b"; "[..]);
                request.fields.remove(names::COOKIE);
                if !kept.is_empty() {
                    request.fields.append(names::COOKIE, kept);
                }
            }
        }
    }
}

fn said(fits: bool, name: &Spanned<String>, what: &str, reader: &mut Reader) -> bool {
    if !fits {
        let message = format!("`{name}` is no name of a {what}");
        reader.report(Diagnostic::error("api-key", message, &name.span).help("1 to 255 letters, digits and hyphens"));
    }
    fits
}

fn only<'r>(mut values: impl Iterator<Item = Cow<'r, [u8]>>) -> Found<'r> {
    match (values.next(), values.next()) {
        (None, _) => Found::Nothing,
        (Some(key), None) => Found::Key(key),
        (Some(_), Some(_)) => Found::Several,
    }
}

/// Whether a pair of a query has this name, however it is encoded.
fn is_named(pair: &str, name: &str) -> bool {
    let found = pair.split_once('=').map_or(pair, |(found, _)| found);
    *decoded(found) == *name.as_bytes()
}

/// A part of a query as forms encode it.
fn decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text.as_bytes());
    }
    Cow::Owned(query::percent_decoded(text, true))
}

/// The pairs of all cookies (RFC 6265 4.2.1).
fn cookies(fields: &Fields) -> impl Iterator<Item = &[u8]> {
    let pairs = fields.get_all(names::COOKIE).flat_map(|line| line.split(|&byte| byte == b';'));
    pairs.map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty())
}

/// Whether a pair is of that name.
fn is_cookie(pair: &[u8], name: &str) -> bool {
    pair.iter().position(|&byte| byte == b'=').is_some_and(|at| pair[..at].trim_ascii() == name.as_bytes())
}
