//! A request's head in the one form that every room sees, whatever version it came by.

use crate::{Body, Fields, Method};
use std::fmt;
use std::ops::Range;

/// A request: what is asked for, in normalised form, and its content.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it points.
    pub target: Target,
    /// By which scheme the client came.
    pub scheme: Scheme,
    /// By which version of HTTP it came.
    pub version: Version,
    /// Header fields, without `host` and those of the connection.
    pub fields: Fields,
    /// The content.
    pub body: Body,
    /// What the connection or stream is to become, if anything.
    pub protocol: Option<Protocol>,
}

/// What a request may turn its connection or stream into (RFC 9110 7.8, RFC 8441).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 6455.
    WebSocket,
}

/// A URI's scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Cleartext.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// 80 or 443.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2
    Http2,
}

impl Version {
    /// As logs and `Via` write it: `1.0`, `1.1`, `2`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "1.0",
            Version::Http11 => "1.1",
            Version::Http2 => "2",
        }
    }
}

/// Host, path and query, in one buffer. The path is normalised and begins with `/`, or is `*` (OPTIONS alone).
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    text: String,
    host: u32,
    authority: u32,
    path: u32,
    port: Option<u16>,
}

impl Target {
    /// Puts a target together. `host` is in small letters and without port (IPv6 in brackets), empty where an HTTP/1.0
    /// request named none; `path` is normalised; `query` is without its `?`.
    pub fn new(host: &str, port: Option<u16>, path: &str, query: Option<&str>) -> Self {
        let mut text = String::with_capacity(host.len() + 6 + path.len() + query.map_or(0, |q| q.len() + 1));
        text.push_str(host);
        if let Some(port) = port {
            use fmt::Write;
            let _ = write!(text, ":{port}");
        }
        let authority = text.len() as u32;
        text.push_str(path);
        let end = text.len() as u32;
        if let Some(query) = query {
            text.push('?');
            text.push_str(query);
        }
        Target { text, host: host.len() as u32, authority, path: end, port }
    }

    fn at(&self, range: Range<u32>) -> &str {
        &self.text[range.start as usize..range.end as usize]
    }

    /// The host without its port, in small letters.
    pub fn host(&self) -> &str {
        self.at(0..self.host)
    }

    /// The host with its port, where one was given.
    pub fn authority(&self) -> &str {
        self.at(0..self.authority)
    }

    /// The port, where one was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The normalised path, still encoded.
    pub fn path(&self) -> &str {
        self.at(self.authority..self.path)
    }

    /// The query without its `?`, as it was sent.
    pub fn query(&self) -> Option<&str> {
        (self.path < self.text.len() as u32).then(|| &self.text[self.path as usize + 1..])
    }

    /// Path and query as they stand in a request line.
    pub fn path_and_query(&self) -> &str {
        &self.text[self.authority as usize..]
    }
}

impl fmt::Debug for Target {
    /// Without the query, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.authority(), self.path())
    }
}
