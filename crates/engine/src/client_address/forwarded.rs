//! The Forwarded field (RFC 7239 4). Space around `;` is taken, as everybody writes it; all else is strict.

use super::node::{self, Node};
use super::{Found, bad, client_of};
use pintle_core::fields::is_token;
use pintle_core::{Fields, Refusal, names};
use std::borrow::Cow;
use std::net::IpAddr;

/// The parameters of one element, as they were sent (RFC 7239 5).
#[derive(Default)]
struct Element<'f> {
    by: Option<Cow<'f, str>>,
    node: Option<Cow<'f, str>>,
    host: Option<Cow<'f, str>>,
    proto: Option<Cow<'f, str>>,
}

/// What all Forwarded fields say together; None if there is no element.
pub(super) fn find(fields: &Fields, peer: IpAddr, trusted: &impl Fn(IpAddr) -> bool) -> Result<Option<Found>, Refusal> {
    let mut elements = Vec::new();
    for value in fields.get_all(names::FORWARDED) {
        read(std::str::from_utf8(value).map_err(|_| malformed())?, &mut elements)?;
    }
    let nodes = elements.iter().rev().map(|element| match &element.node {
        Some(text) => node::parse(text),
        None => Ok(Node::Hidden),
    });
    let Some((place, node)) = client_of(nodes, peer, trusted)? else { return Ok(None) };
    let element = &elements[elements.len() - 1 - place];
    Ok(Some(Found {
        node,
        scheme: element.proto.as_deref().map(node::scheme).transpose()?,
        host: element.host.as_deref().map(node::host).transpose()?,
    }))
}

/// One field's elements. Empty ones are left out (RFC 9110 5.6.1.2).
fn read<'f>(mut text: &'f str, elements: &mut Vec<Element<'f>>) -> Result<(), Refusal> {
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        if text.is_empty() {
            return Ok(());
        }
        let mut element = Element::default();
        loop {
            text = pair(text, &mut element)?.trim_start_matches([' ', '\t']);
            match text.as_bytes().first() {
                Some(b';') => text = text[1..].trim_start_matches([' ', '\t']),
                Some(b',') | None => break,
                Some(_) => return Err(malformed()),
            }
            if matches!(text.as_bytes().first(), Some(b',') | None) {
                break;
            }
        }
        elements.push(element);
    }
}

/// One `name=value`, or nothing before a `;`; returns what follows it.
fn pair<'f>(text: &'f str, element: &mut Element<'f>) -> Result<&'f str, Refusal> {
    if text.starts_with(';') {
        return Ok(text);
    }
    let (name, rest) = token(text)?;
    let (value, rest) = value(rest.strip_prefix('=').ok_or_else(malformed)?)?;
    let places = [
        ("for", &mut element.node),
        ("by", &mut element.by),
        ("host", &mut element.host),
        ("proto", &mut element.proto),
    ];
    if let Some((_, place)) = places.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known))
        && place.replace(value).is_some()
    {
        return Err(bad("a trusted proxy sent a parameter of Forwarded twice in one element"));
    }
    Ok(rest)
}

fn token(text: &str) -> Result<(&str, &str), Refusal> {
    let end = text.bytes().position(|b| !is_token(b)).unwrap_or(text.len());
    if end == 0 { Err(malformed()) } else { Ok(text.split_at(end)) }
}

/// A token or a quoted string (RFC 9110 5.6.4).
fn value(text: &str) -> Result<(Cow<'_, str>, &str), Refusal> {
    let Some(quoted) = text.strip_prefix('"') else {
        return token(text).map(|(value, rest)| (Cow::Borrowed(value), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((Cow::Owned(value), &quoted[at + 1..])),
            '\\' => value.push(characters.next().ok_or_else(malformed)?.1),
            other => value.push(other),
        }
    }
    Err(malformed())
}

fn malformed() -> Refusal {
    bad("a trusted proxy sent a malformed Forwarded field")
}
