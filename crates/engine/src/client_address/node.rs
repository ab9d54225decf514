//! One address in a forwarding field (RFC 7239 6), and the scheme and host beside it.

use super::bad;
use pintle_core::{Refusal, Scheme};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who made a hop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Node {
    /// An address and its port, 0 if none was told.
    Address(IpAddr, u16),
    /// Somebody that the proxy does not tell: `unknown`, `_hidden`, or nothing at all.
    #[default]
    Hidden,
}

impl Node {
    pub(super) fn is_address(self) -> bool {
        matches!(self, Node::Address(..))
    }
}

impl PartialEq for Node {
    /// Ports are compared where both are told: X-Forwarded-For mostly has none.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Node::Address(a, p), Node::Address(b, q)) => a == b && (p == q || *p == 0 || *q == 0),
            (Node::Hidden, Node::Hidden) => true,
            _ => false,
        }
    }
}

impl Eq for Node {}

/// Reads `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`, `unknown`, `_hidden`, the last two with a
/// port too (RFC 7239 6). A port may be hidden (`_p`).
pub(super) fn parse(text: &str) -> Result<Node, Refusal> {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inner, "")) => (Name::V6(inner), None),
        Some((inner, rest)) => (Name::V6(inner), Some(rest.strip_prefix(':').ok_or_else(|| malformed(text))?)),
        None => match text.split_once(':') {
            Some((name, port)) => (Name::Other(name), Some(port)),
            None => (Name::Other(text), None),
        },
    };
    let port = port.map_or(Some(0), parse_port).ok_or_else(|| malformed(text))?;
    let node = match name {
        Name::V6(inner) => inner.parse::<Ipv6Addr>().ok().map(|ip| Node::Address(ip.to_canonical(), port)),
        Name::Other(name) if name.eq_ignore_ascii_case("unknown") || is_obfuscated(name) => Some(Node::Hidden),
        Name::Other(name) => name.parse::<Ipv4Addr>().ok().map(|ip| Node::Address(ip.into(), port)),
    };
    node.ok_or_else(|| malformed(text))
}

/// As [`parse`], and the bare IPv6 address that X-Forwarded-For is customarily written with.
pub(super) fn parse_lenient(text: &str) -> Result<Node, Refusal> {
    match text.parse::<Ipv6Addr>() {
        Ok(ip) => Ok(Node::Address(ip.to_canonical(), 0)),
        Err(_) => parse(text),
    }
}

enum Name<'t> {
    V6(&'t str),
    Other(&'t str),
}

fn parse_port(text: &str) -> Option<u16> {
    if is_obfuscated(text) {
        return Some(0);
    }
    (text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// `obfnode` and `obfport` (RFC 7239 6.3).
fn is_obfuscated(text: &str) -> bool {
    text.strip_prefix('_').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    })
}

/// `http` or `https`; proxies write `ws` and `wss` for WebSockets.
pub(super) fn scheme(text: &str) -> Result<Scheme, Refusal> {
    let is = |name| text.eq_ignore_ascii_case(name);
    match () {
        () if is("https") || is("wss") => Ok(Scheme::Https),
        () if is("http") || is("ws") => Ok(Scheme::Http),
        () => Err(bad("a trusted proxy names a scheme that is neither http nor https")),
    }
}

/// A host with or without port, in small letters. The engine reads it as it reads Host.
pub(super) fn host(text: &str) -> Result<Box<str>, Refusal> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(bad("a trusted proxy names an empty or malformed host"));
    }
    Ok(text.to_ascii_lowercase().into())
}

fn malformed(text: &str) -> Refusal {
    bad(format!("a trusted proxy names a malformed address: {:?}", text.chars().take(64).collect::<String>()))
}
