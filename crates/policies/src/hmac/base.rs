//! The signature base (RFC 9421 2.5): the text that is signed, made of the request as the gateway understands it.

use super::structured::{Bare, Item, Member, Parameters, dictionary, write_item, write_list, write_member};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pintle_core::{Name, Request, names};
use std::borrow::Cow;
use std::fmt::Write as _;

/// The derived components (RFC 9421 2.2) that a configuration may ask for.
pub(super) const DERIVED: &[&str] =
    &["@method", "@authority", "@scheme", "@target-uri", "@request-target", "@path", "@query"];

/// A component that a signature covers.
pub(super) struct Component;

impl Component {
    /// Its name, where it covers all of what has that name: without parameters that take a part.
    pub(super) fn plain(item: &Item) -> Option<&str> {
        match &item.value {
            Bare::Text(name) if item.parameters.0.is_empty() || is_whole(&item.parameters) => Some(name),
            _ => None,
        }
    }
}

/// `;bs` covers the same bytes in another form.
fn is_whole(parameters: &Parameters) -> bool {
    matches!(&parameters.0[..], [(name, Bare::Bool(true))] if name == "bs")
}

/// Whether a component that is covered has all of another one in it.
pub(super) fn includes(covered: &str, wanted: &str) -> bool {
    covered == wanted
        || match wanted {
            "@path" | "@query" => matches!(covered, "@target-uri" | "@request-target"),
            "@authority" => matches!(covered, "@target-uri" | "host"),
            "@scheme" | "@request-target" => covered == "@target-uri",
            _ => false,
        }
}

/// The signature base. The error is for the operator.
pub(super) fn base(covered: &[Item], parameters: &Parameters, request: &Request) -> Result<Vec<u8>, String> {
    let mut base = Vec::with_capacity(512);
    let mut identifiers = Vec::with_capacity(covered.len());
    for item in covered {
        let Bare::Text(name) = &item.value else { return Err("a component's name is no text".into()) };
        let mut identifier = String::with_capacity(name.len() + 2);
        write_item(item, &mut identifier);
        // RFC 9421 2.5: each once.
        if identifiers.contains(&identifier) {
            return Err(format!("{identifier} is covered twice"));
        }
        let value = if name.starts_with('@') {
            Cow::Owned(derived(name, &item.parameters, request)?.into_bytes())
        } else {
            field(name, &item.parameters, request)?
        };
        if value.contains(&b'\n') {
            return Err(format!("{identifier} has a line end in it"));
        }
        base.extend_from_slice(identifier.as_bytes());
        base.extend_from_slice(b": ");
        base.extend_from_slice(&value);
        base.push(b'\n');
        identifiers.push(identifier);
    }
    let mut last = String::from("\"@signature-params\": ");
    write_list(covered, parameters, &mut last);
    base.extend_from_slice(last.as_bytes());
    Ok(base)
}

fn derived(name: &str, parameters: &Parameters, request: &Request) -> Result<String, String> {
    let target = &request.target;
    if name == "@query-param" {
        return query_parameter(parameters, target.query().unwrap_or_default());
    }
    if !parameters.0.is_empty() {
        return Err(format!("`{name}` has parameters that mean nothing here"));
    }
    // RFC 9421 2.2.3: without the port where it is the scheme's own.
    let authority = match target.port() {
        Some(port) if port == request.scheme.default_port() => target.host(),
        _ => target.authority(),
    };
    Ok(match name {
        "@method" => request.method.as_str().to_owned(),
        "@authority" => authority.to_owned(),
        "@scheme" => request.scheme.as_str().to_owned(),
        "@path" => target.path().to_owned(),
        "@query" => format!("?{}", target.query().unwrap_or_default()),
        "@request-target" => target.path_and_query().to_owned(),
        "@target-uri" => format!("{}://{authority}{}", request.scheme.as_str(), target.path_and_query()),
        _ => return Err(format!("`{name}` is no component of a request")),
    })
}

/// RFC 9421 2.2.8: the one value of a parameter, decoded and encoded again.
fn query_parameter(parameters: &Parameters, query: &str) -> Result<String, String> {
    let (Some(wanted), 1) = (parameters.text("name"), parameters.0.len()) else {
        return Err("`@query-param` has a `name` and nothing else".into());
    };
    let mut found = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if encoded(name) == wanted && found.replace(encoded(value)).is_some() {
            return Err(format!("the query has `{wanted}` several times"));
        }
    }
    found.ok_or_else(|| format!("the query has no `{wanted}`"))
}

/// A part of a query in the one form in which it is signed: percent-encoded, but for what forms leave as it is.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, mut after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|letter| char::from(*letter).to_digit(16));
        let byte = match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                after = &after[2..];
                (high << 4 | low) as u8
            }
            (b'+', ..) => b' ',
            (other, ..) => other,
        };
        rest = after;
        if byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The value of a field (RFC 9421 2.1).
fn field<'r>(name: &str, parameters: &Parameters, request: &'r Request) -> Result<Cow<'r, [u8]>, String> {
    let missing = || format!("there is no field `{name}`");
    match &parameters.0[..] {
        [] => whole(name, request).ok_or_else(missing),
        [(parameter, Bare::Bool(true))] if parameter == "bs" => {
            let mut out = String::new();
            for value in request.fields.get_all(name) {
                if !out.is_empty() {
                    out.push_str(", ");
                }
                out.push(':');
                STANDARD.encode_string(value.trim_ascii(), &mut out);
                out.push(':');
            }
            if out.is_empty() { Err(missing()) } else { Ok(Cow::Owned(out.into_bytes())) }
        }
        [(parameter, Bare::Text(key))] if parameter == "key" => {
            let text = request.fields.joined(name).ok_or_else(missing)?;
            let members = dictionary(&text).ok_or_else(|| format!("`{name}` is no dictionary"))?;
            let (_, member): &(String, Member) =
                members.iter().find(|(known, _)| known == key).ok_or_else(|| format!("`{name}` has no `{key}`"))?;
            let mut out = String::new();
            write_member(member, &mut out);
            Ok(Cow::Owned(out.into_bytes()))
        }
        _ => Err(format!("`{name}` has parameters that are not known here")),
    }
}

/// All values of a field as one.
fn whole<'r>(name: &str, request: &'r Request) -> Option<Cow<'r, [u8]>> {
    // What is no field here: the gateway has it in another form.
    match name {
        "host" => return Some(Cow::Borrowed(request.target.authority().as_bytes())),
        "content-length" => return request.body.length().map(|length| Cow::Owned(length.to_string().into_bytes())),
        _ => {}
    }
    let named = Name::from(name);
    let all = request.fields.iter().filter(|(found, _)| *found == named);
    let mut values = all.map(|(_, value)| value.trim_ascii());
    let first = values.next()?;
    let Some(second) = values.next() else { return Some(Cow::Borrowed(first)) };
    // RFC 9113 8.2.3: cookies that were parted are one list again.
    let between: &[u8] = if name == names::COOKIE.as_str() { b"; " } else { b", " };
    let all: Vec<&[u8]> = [first, second].into_iter().chain(values).collect();
    Some(Cow::Owned(all.join(between)))
}
