//! What of a request the table looks at.

use http::Method;
use pintle_core::{Fields, Request, names};
use std::borrow::Cow;

/// A request's head, and the listener that it came in by.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The listener's number, as [`crate::Listeners::only`] has it.
    pub listener: u32,
    /// The method. For a tunnel over HTTP/2 that is GET, as in HTTP/1.1 (RFC 8441 4).
    pub method: &'a Method,
    /// The host in small letters, without port.
    pub host: &'a str,
    /// The path as [`crate::normalise`] makes it.
    pub path: &'a str,
    /// The query without its `?`, as it was sent.
    pub query: Option<&'a str>,
    /// The header fields.
    pub fields: &'a Fields,
}

impl<'a> Head<'a> {
    /// The head of a request that came in by `listener`.
    pub fn new(listener: u32, request: &'a Request) -> Self {
        let target = &request.target;
        Head {
            listener,
            method: if request.protocol.is_some() { &Method::GET } else { &request.method },
            host: target.host(),
            path: target.path(),
            query: target.query(),
            fields: &request.fields,
        }
    }

    /// The method that routes are matched by: a preflight's is the one that it asks for (Fetch, "CORS-preflight
    /// request": OPTIONS with `Origin` and `Access-Control-Request-Method`).
    pub fn asked(&self) -> Cow<'a, Method> {
        if *self.method == Method::OPTIONS
            && self.fields.contains(names::ORIGIN)
            && let Some(asked) = self.fields.get(names::ACCESS_CONTROL_REQUEST_METHOD)
            && let Ok(asked) = Method::from_bytes(asked)
        {
            return Cow::Owned(asked);
        }
        Cow::Borrowed(self.method)
    }
}
