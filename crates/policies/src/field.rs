//! Header fields that a configuration names: which names may be set, and values that may be templates. Used by `headers`
//! and by every action that gives fields.

use crate::template;
use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_core::fields::{is_token, is_value};
use pintle_core::template::{Declared, EvalError, Place, Scope, Template};

/// Which message a field is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What goes to a service.
    Request,
    /// What goes to a client.
    Response,
}

/// Framing and connection are told by whoever writes a message, from what they mean (RFC 9110 7.6.1, RFC 9112 6).
const OF_CONNECTION: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// What a client says of its own exchange: content, conditions, ranges and codings of the answer, its connection. A request of the
/// gateway's own that carried it would be answered by a piece, by nothing, or in a coding that nobody here reads.
const OF_EXCHANGE: [&str; 21] = [
    "accept-encoding",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "digest",
    "expect",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "proxy-authorization",
    "range",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "te",
];

/// Whether a request of the gateway's own, made for a client's, leaves that field of the client's out.
pub fn is_of_exchange(name: &str) -> bool {
    OF_EXCHANGE.contains(&name)
}

/// What `proxy` writes itself on every request.
const OF_PROXY: [&str; 5] = ["via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id"];

/// The name in small letters, of a field that may be set, added or removed on that side. Anything else is reported.
pub fn name(text: &Spanned<String>, side: Side, reader: &mut Reader) -> Option<Box<str>> {
    let name = text.to_ascii_lowercase();
    let known = name.as_str();
    let (message, help) = match side {
        _ if known.is_empty() || !known.bytes().all(is_token) => {
            (format!("`{text}` is no header's name"), "letters, digits and hyphens")
        }
        _ if known.contains('*') => {
            (format!("`{text}` names one header, and `*` stands for nothing in it"), "write each name")
        }
        _ if name.len() > 255 => ("this header's name is too long".into(), "at most 255 letters"),
        Side::Request if known == "host" => (
            "`host` is not set as a header".into(),
            "the host that a service is asked for has a key of its own: `host` of `proxy`, or of a part",
        ),
        Side::Response if known == "host" => ("`host` is no field of an answer".into(), "leave it out"),
        _ if OF_CONNECTION.contains(&known) => {
            (format!("`{known}` belongs to the connection"), "leave it out: the gateway writes it as it must be")
        }
        _ => return Some(name.into()),
    };
    reader.report(Diagnostic::error("bad-header", message, &text.span).help(help));
    None
}

/// As [`name`], for a field that is given a value: not what `proxy` writes over anyway.
pub fn name_to_set(text: &Spanned<String>, side: Side, reader: &mut Reader) -> Option<Box<str>> {
    let name = name(text, side, reader)?;
    if side == Side::Request && OF_PROXY.contains(&&*name) {
        let message = format!("`{name}` is written by the gateway itself");
        let help = "leave it out, or give the value under another name";
        reader.report(Diagnostic::error("bad-header", message, &text.span).help(help));
        return None;
    }
    Some(name)
}

/// Whether a value can be a header's as it is written; if not, that is reported. Its expressions are not looked at.
pub fn check_value(text: &Spanned<String>, reader: &mut Reader) -> Option<()> {
    if text.bytes().all(is_value) {
        return Some(());
    }
    let help = "a value is one line; in a text over several lines use `>-`, which joins them";
    let message = "a header's value holds a line end or another control character";
    reader.report(Diagnostic::error("bad-header", message, &text.span).help(help));
    None
}

/// A header's value.
#[derive(Debug)]
pub enum Value {
    /// Known beforehand.
    Literal(Box<str>),
    /// Made for each message.
    Template(Template),
}

impl Value {
    /// Compiles a value; what is wrong is reported.
    pub fn build(text: &Spanned<String>, place: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        check_value(text, reader)?;
        let template = template::compile(text, Place::Header, place, reader)?;
        Some(match template.literal() {
            Some(literal) => Value::Literal(literal.trim_matches([' ', '\t']).into()),
            None => Value::Template(template),
        })
    }

    /// Appends the value to `out`, without white space at its ends (RFC 9110 5.5). On an error `out` is as it was.
    pub fn render(&self, scope: &dyn Scope, out: &mut String) -> Result<(), EvalError> {
        let start = out.len();
        match self {
            Value::Literal(text) => out.push_str(text),
            Value::Template(template) => {
                template.render(scope, out)?;
                out.truncate(start + out[start..].trim_end_matches([' ', '\t']).len());
                let blank = out.len() - start - out[start..].trim_start_matches([' ', '\t']).len();
                out.drain(start..start + blank);
            }
        }
        Ok(())
    }

    /// The template, if it is one.
    pub fn template(&self) -> Option<&Template> {
        match self {
            Value::Literal(_) => None,
            Value::Template(template) => Some(template),
        }
    }
}
