//! What a message says about its connection (RFC 9110 7.6.1), and what of its fields goes no further.
//!
//! Never left in [`Fields`](pintle_core::Fields), in either direction: `connection`, `content-length`, `host`, `te`,
//! `transfer-encoding`, `upgrade`, `keep-alive`, `proxy-connection`, `http2-settings`. Their meaning is in the head's
//! members. The exception: Content-Length stays in an answer to HEAD and in a 304, where it frames nothing (9110 8.6).
//! `expect` and `trailer` stay: they are not the connection's.
//!
//! A field that Connection names goes too, unless it is one that every recipient is meant to see ([`is_end_to_end`]):
//! RFC 9110 7.6.1 forbids to name such, and to obey would let a client take away what a proxy before the gateway added,
//! as the client's address or an identity (hop-by-hop abuse). The name is then ignored and the field kept.

use crate::flaw::{self, Flaw};
use crate::section::{Section, Special};
use pintle_core::Version;
use smallvec::SmallVec;

/// More options than any honest message has; each costs a comparison with each field.
const MOST_OPTIONS: usize = 64;

/// The options of Connection.
#[derive(Default)]
pub(crate) struct Options<'b> {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: bool,
    named: SmallVec<[&'b [u8]; 4]>,
}

impl<'b> Options<'b> {
    /// Reads the Connection fields.
    pub(crate) fn read(section: &Section<'b>) -> Result<Self, Flaw> {
        let mut options = Options::default();
        if !section.has(Special::Connection) {
            return Ok(options);
        }
        for (index, option) in section.members(Special::Connection).enumerate() {
            if index == MOST_OPTIONS {
                return Err(flaw::OPTIONS);
            }
            match option {
                o if o.eq_ignore_ascii_case(b"close") => options.close = true,
                o if o.eq_ignore_ascii_case(b"keep-alive") => options.keep_alive = true,
                o if o.eq_ignore_ascii_case(b"upgrade") => options.upgrade = true,
                o => options.named.push(o),
            }
        }
        Ok(options)
    }

    /// Whether the connection may be used again after this message (RFC 9112 9.3).
    pub(crate) fn persists(&self, version: Version) -> bool {
        !self.close && (version != Version::Http10 || self.keep_alive)
    }

    /// Whether the field of this name, in any case, goes no further because Connection names it.
    pub(crate) fn drops(&self, name: &[u8]) -> bool {
        !self.named.is_empty() && self.named.iter().any(|n| n.eq_ignore_ascii_case(name)) && !is_end_to_end(name)
    }
}

/// Names that are for every recipient, so that Connection cannot be about them. All in small letters; a `-` at the end
/// stands for all names that begin so.
const END_TO_END: &[&str] = &[
    "accept",
    "accept-",
    "access-control-",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "cdn-cache-control",
    "cf-",
    "client-",
    "content-",
    "cookie",
    "date",
    "dnt",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "grpc-",
    "idempotency-key",
    "if-",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-",
    "range",
    "referer",
    "retry-after",
    "sec-",
    "server",
    "set-cookie",
    "signature",
    "signature-",
    "strict-transport-security",
    "true-client-ip",
    "traceparent",
    "tracestate",
    "trailer",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-client-",
    "x-forwarded-",
    "x-http-method-override",
    "x-original-",
    "x-real-ip",
    "x-request-id",
    "x-rewrite-url",
];

/// Whether every recipient is meant to see this field; the name is in any case.
fn is_end_to_end(name: &[u8]) -> bool {
    END_TO_END.iter().any(|known| {
        let known = known.as_bytes();
        match known {
            [.., b'-'] => name.len() > known.len() && name[..known.len()].eq_ignore_ascii_case(known),
            _ => name.eq_ignore_ascii_case(known),
        }
    })
}
