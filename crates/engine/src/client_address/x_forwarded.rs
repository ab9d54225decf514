//! X-Forwarded-For, -Proto and -Host: lists by custom, without a standard. The last value is of the last hop.

use super::node::{self, Node};
use super::{Found, bad, client_of};
use pintle_core::{Fields, Name, Refusal, names};
use std::net::IpAddr;

/// What these fields say together; None if they are not there, or empty.
pub(super) fn find(fields: &Fields, peer: IpAddr, trusted: &impl Fn(IpAddr) -> bool) -> Result<Option<Found>, Refusal> {
    let addresses: Vec<&[u8]> = fields.list(names::X_FORWARDED_FOR).collect();
    let nodes = addresses.iter().rev().map(|value| node::parse_lenient(text(value)?));
    // Without addresses the rest is what the peer says, and it tells of no client but itself.
    let (place, node) = client_of(nodes, peer, trusted)?.unwrap_or((0, Node::Hidden));
    let scheme = value_at(fields, names::X_FORWARDED_PROTO, place)?.map(node::scheme).transpose()?;
    let host = value_at(fields, names::X_FORWARDED_HOST, place)?.map(node::host).transpose()?;
    Ok((node.is_address() || scheme.is_some() || host.is_some()).then_some(Found { node, scheme, host }))
}

/// The list's value at this place from the right. Most proxies replace these fields instead of adding to them: what the
/// leftmost value says holds for all hops before it.
fn value_at<'f>(fields: &'f Fields, name: Name<'static>, place: usize) -> Result<Option<&'f str>, Refusal> {
    let values = fields.list(name).count();
    let at = values.saturating_sub(place + 1);
    fields.list(name).nth(at).map(text).transpose()
}

fn text(value: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(value).map_err(|_| bad("a trusted proxy sent an X-Forwarded-* field that is no text"))
}
