//! The authority of a request: a host and a port (RFC 9110 7.2, RFC 3986 3.2.2).

use std::fmt;
use std::net::Ipv6Addr;

/// A host with an optional port.
///
/// Narrower than RFC 3986: no percent-encoding, which servers compare in different ways; no comma, by which repeated
/// Host fields come joined; no IPvFuture; not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    host: Box<str>,
    port: Option<u16>,
}

impl Host {
    /// Reads `uri-host [":" port]`. An empty port is as none (RFC 3986 3.2.3).
    pub fn parse(text: &[u8]) -> Option<Host> {
        let (host, port) = split(text)?;
        let port = match port {
            None | Some([]) => None,
            Some(digits) => Some(number(digits)?),
        };
        let mut host: Box<str> = std::str::from_utf8(host).ok()?.into();
        host.make_ascii_lowercase();
        Some(Host { host, port })
    }

    /// The host in small letters, an IPv6 address in its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where one was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether both name the same authority where the scheme's port is `default` (RFC 9110 4.2.3).
    pub fn same(&self, other: &Host, default: u16) -> bool {
        self.host == other.host && self.port.unwrap_or(default) == other.port.unwrap_or(default)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// The valid host, and what follows its colon.
fn split(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let end = match text {
        [b'[', inner @ ..] => {
            let close = memchr::memchr(b']', inner)?;
            std::str::from_utf8(&inner[..close]).ok()?.parse::<Ipv6Addr>().ok()?;
            close + 2
        }
        _ => text.iter().position(|&b| !is_reg_name(b)).unwrap_or(text.len()),
    };
    match &text[end..] {
        // An empty label is no name's (RFC 1035 2.3.1): it would miss the routes of the name that it looks like.
        _ if end == 0 || text[0] == b'.' || text[..end].windows(2).any(|two| two == b"..") => None,
        [] => Some((text, None)),
        [b':', port @ ..] => Some((&text[..end], Some(port))),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0u16, |sum, b| match b {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u16::from(b - b'0')),
        _ => None,
    })
}

/// Unreserved bytes and sub-delims but the comma.
const fn is_reg_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b';' | b'='
        )
}
