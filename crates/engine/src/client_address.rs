//! Who the client is: the peer, or whom a trusted proxy names in `Forwarded` (RFC 7239) or `X-Forwarded-*`.
//!
//! Owns the rules of `trusted_proxies` and the grammar of both forms. Knows nothing of connections: it is a function of
//! a request's fields, the peer's address and the question whether an address is trusted. What nobody trusted sent is
//! dropped, so that no service behind the gateway takes it for true.

mod forwarded;
mod node;
#[cfg(test)]
mod tests;
mod x_forwarded;

use node::Node;
use pintle_core::{Fields, Name, Reason, Refusal, Scheme};
use std::net::{IpAddr, SocketAddr};

/// What the peer and the forwarding fields say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    /// The client's address; IPv4 mapped into IPv6 is IPv4.
    pub ip: IpAddr,
    /// The client's port; 0 where only a forwarding field named the address and had no port.
    pub port: u16,
    /// Whether the peer is trusted. `x-request-id` is then as it was sent; else it is gone.
    pub peer_is_trusted: bool,
    /// The scheme by which the client came to the first trusted proxy, if a trusted one says so.
    pub scheme: Option<Scheme>,
    /// The host (and port) that the client asked the first trusted proxy for, if a trusted one says so. Visible ASCII,
    /// not checked further.
    pub host: Option<Box<str>>,
}

/// What one form of forwarding fields says about the client.
#[derive(Debug)]
struct Found {
    node: Node,
    scheme: Option<Scheme>,
    host: Option<Box<str>>,
}

/// Finds the client of a request that came from `peer`, and drops the forwarding fields that cannot be trusted.
///
/// The client is the rightmost address that is not `trusted`; the leftmost one where all are. A proxy that hides the
/// address before it (`unknown`, RFC 7239 6.2 and 6.3) counts as the client itself. Fails with
/// [`Reason::BadForwarded`] where a trusted peer's fields are malformed or contradict each other; addresses beyond the
/// client are its own words and are not looked at.
pub fn resolve(
    fields: &mut Fields,
    peer: SocketAddr,
    trusted: impl Fn(IpAddr) -> bool,
) -> Result<ClientAddress, Refusal> {
    let ip = peer.ip().to_canonical();
    let peer_is_trusted = trusted(ip);
    let mut client = ClientAddress { ip, port: peer.port(), peer_is_trusted, scheme: None, host: None };
    if !peer_is_trusted {
        fields.retain(|name, _| !is_forwarding(name));
        return Ok(client);
    }
    // No proxy writes these; from behind one they are the client's, and many services take them for the others.
    fields.retain(|name, _| !(is_forwarding(name) && name.as_str().contains('_')));
    let standard = forwarded::find(fields, ip, &trusted)?;
    let customary = x_forwarded::find(fields, ip, &trusted)?;
    for found in [&standard, &customary].into_iter().flatten() {
        if let Node::Address(ip, port) = found.node {
            client.port = if client.ip == ip && port == 0 { client.port } else { port };
            client.ip = ip;
        }
    }
    client.scheme = both(&standard, &customary, |found| found.scheme, "scheme")?;
    client.host = both(&standard, &customary, |found| found.host.clone(), "host")?;
    both(&standard, &customary, |found| found.node.is_address().then_some(found.node), "address")?;
    Ok(client)
}

/// The hop that the client made, as its place counted from the right, and the client; None if there are no hops.
/// `nodes` are those of the hops from the right: the first was received by the peer.
fn client_of(
    nodes: impl Iterator<Item = Result<Node, Refusal>>,
    peer: IpAddr,
    trusted: &impl Fn(IpAddr) -> bool,
) -> Result<Option<(usize, Node)>, Refusal> {
    let mut nearest = Node::Address(peer, 0);
    let mut last = None;
    for (place, node) in nodes.enumerate() {
        match node? {
            node @ Node::Address(ip, _) if trusted(ip) => nearest = node,
            node @ Node::Address(..) => return Ok(Some((place, node))),
            Node::Hidden => return Ok(Some((place, nearest))),
        }
        last = Some((place, nearest));
    }
    Ok(last)
}

/// What one of the two forms says, or both alike.
fn both<T: PartialEq>(
    standard: &Option<Found>,
    customary: &Option<Found>,
    part: impl Fn(&Found) -> Option<T>,
    what: &'static str,
) -> Result<Option<T>, Refusal> {
    match (standard.as_ref().and_then(&part), customary.as_ref().and_then(&part)) {
        (Some(standard), Some(customary)) if standard != customary => Err(bad(format!(
            "Forwarded and X-Forwarded-* of a trusted proxy name different values of the client's {what}"
        ))),
        (standard, customary) => Ok(standard.or(customary)),
    }
}

fn bad(internal: impl Into<String>) -> Refusal {
    Refusal::new(Reason::BadForwarded).internal(internal)
}

/// Whether the field says something about the request's way here: `forwarded`, `x-forwarded-*`, `x-real-ip`,
/// `x-request-id`. `_` counts as `-`: many services (CGI, WSGI) cannot tell them apart.
fn is_forwarding(name: Name<'_>) -> bool {
    let name = name.as_str().as_bytes();
    match name.first() {
        Some(b'f') => name == b"forwarded",
        Some(b'x') => {
            same(name, b"x-real-ip")
                || same(name, b"x-request-id")
                || name.get(..12).is_some_and(|start| same(start, b"x-forwarded-"))
        }
        _ => false,
    }
}

fn same(name: &[u8], wanted: &[u8]) -> bool {
    name.len() == wanted.len() && name.iter().zip(wanted).all(|(&a, &b)| a == b || (a == b'_' && b == b'-'))
}
