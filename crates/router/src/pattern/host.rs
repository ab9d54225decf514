//! Host patterns: a name, or `*.` and a name.

use super::fault::{Fault, fault};
use std::fmt;
use std::net::Ipv6Addr;

/// A host in a match, without port and in small letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// This host alone.
    Exact(Box<str>),
    /// `*.x.y`, held as `x.y`: one or more labels before it.
    Wildcard(Box<str>),
}

impl HostPattern {
    /// Reads a host name, an address (IPv6 in brackets) or `*.` and a name.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let refuse = |why: &str, remedy: &str| Err(fault(format!("host `{text}` {why}"), remedy));
        let host = text.to_ascii_lowercase();
        if let Some(address) = host.strip_prefix('[') {
            return match address.strip_suffix(']').map(str::parse::<Ipv6Addr>) {
                // A request's host is compared as text: the form of RFC 5952 is what clients send.
                Some(Ok(address)) => Ok(HostPattern::Exact(format!("[{address}]").into())),
                _ => refuse("is no IPv6 address in brackets", "write it as [2001:db8::1], without port"),
            };
        }
        if host == "*" {
            return refuse("is not needed", "leave the host out for any host");
        }
        if host.contains(':') {
            return refuse("has a port", "leave it out; the request's port is not compared");
        }
        if !host.is_ascii() {
            return refuse("is not in ASCII", "write the name in its xn-- form");
        }
        if host.ends_with('.') {
            return refuse("ends in a dot", "leave the last dot out; requests match with and without");
        }
        let (wildcard, name) = match host.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, host.as_str()),
        };
        if name.contains('*') {
            return refuse("has a `*` that is not its first label", "write *.example.com for one or more labels");
        }
        if name.contains(['{', '}', '(', '[', '^', '$', '|', '\\', '+', '?']) {
            return refuse("looks like a pattern", "the one pattern is *.example.com; several hosts are a list");
        }
        let label = |label: &str| {
            matches!(label.len(), 1..=63) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if name.len() > 253 || !name.split('.').all(label) {
            return refuse("is no host name", "labels of letters, digits and hyphens, with dots between them");
        }
        Ok(if wildcard { HostPattern::Wildcard(name.into()) } else { HostPattern::Exact(name.into()) })
    }

    /// Whether every host that `other` stands for is one of this one's.
    pub fn covers(&self, other: &HostPattern) -> bool {
        match (self, other) {
            (HostPattern::Exact(mine), HostPattern::Exact(theirs)) => mine == theirs,
            (HostPattern::Exact(_), HostPattern::Wildcard(_)) => false,
            (HostPattern::Wildcard(mine), HostPattern::Exact(theirs)) => is_below(theirs, mine),
            (HostPattern::Wildcard(mine), HostPattern::Wildcard(theirs)) => mine == theirs || is_below(theirs, mine),
        }
    }
}

/// Whether `host` is one or more labels and then `.name`.
fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name).and_then(|head| head.strip_suffix('.')).is_some_and(|labels| !labels.is_empty())
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Exact(host) => f.write_str(host),
            HostPattern::Wildcard(name) => write!(f, "*.{name}"),
        }
    }
}
