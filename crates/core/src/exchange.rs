//! One request and all that is known about it on its way to an answer. Checks change it, expressions read it, the log
//! record is written from it.

mod scope;

pub use scope::{ResponseScope, query};

use crate::certificate::Holder;
use crate::identity::Identity;
use crate::kept::Kept;
use crate::notes::Notes;
use crate::step::Inside;
use crate::{Fields, Refusal, Request, StatusCode, Trace};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// A request on its way.
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    /// Who asked.
    pub client: Client,
    /// 32 hexadecimal digits, or what a trusted proxy sent: the `x-request-id` of both sides and of the log.
    pub id: Box<str>,
    /// The trace that it belongs to.
    pub trace: Trace,
    /// The listener that it came in by.
    pub listener: Arc<str>,
    /// The route that takes it.
    pub route: Arc<RouteFacts>,
    /// What the route's match captured from the path.
    pub captures: Captures,
    /// Who it comes from, as far as policies have found out.
    pub identity: Identity,
    /// Nobody asked: an explanation is worked out. What would be counted or taken is not.
    pub rehearsed: bool,
    /// When its head was complete.
    pub started: Instant,
    /// When all of it must be over, if a policy says so.
    pub deadline: Option<Instant>,
    /// What will be said about it in logs and metrics.
    pub notes: Notes,
    /// What policies keep of the request for its answer.
    pub kept: Kept,
    /// Why no route takes it, where none does: what the listener's fallback answers.
    pub unrouted: Option<Refusal>,
    /// Takes interim answers (1xx) to the client, where its protocol knows them.
    pub interim: Option<Arc<dyn Interim>>,
    /// Runs requests inside of it, where its action asks for that and it is not inside of another itself.
    pub inside: Option<Arc<dyn Inside>>,
}

/// Takes interim answers to the client (RFC 9110 15.2).
pub trait Interim: Send + Sync {
    /// Sends one as soon as possible, or drops it: an interim answer is never needed.
    fn send(&self, status: StatusCode, fields: Fields);
}

/// Who asked.
#[derive(Clone, Debug)]
pub struct Client {
    /// The client's address after PROXY protocol and `trusted_proxies`.
    pub ip: IpAddr,
    /// The port of the address, 0 where only a forwarding field told it.
    pub port: u16,
    /// Who is at the other end of the connection, after PROXY protocol. None on a unix socket.
    pub peer: Option<SocketAddr>,
    /// The local address of the connection; None on a unix socket.
    pub local: Option<SocketAddr>,
    /// Whether the peer is one of the listener's `trusted_proxies`.
    pub peer_is_trusted: bool,
    /// The TLS session of the connection.
    pub tls: Option<Arc<Tls>>,
}

/// What is known of a client's TLS session.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// `1.2` or `1.3`.
    pub version: &'static str,
    /// The cipher suite's IANA name.
    pub cipher: Box<str>,
    /// The server name that the client asked for, in small letters.
    pub server_name: Option<Box<str>>,
    /// The verified client certificate (DER), if one was given.
    pub certificate: Option<Box<[u8]>>,
    /// Its SHA-256.
    pub fingerprint: Option<[u8; 32]>,
    /// What it says of its holder.
    pub holder: Option<Holder>,
    /// What the client sent with it (DER): the certificates between it and an authority.
    pub chain: Box<[Box<[u8]>]>,
    /// What ALPN chose; none where the client offered nothing.
    pub alpn: Option<&'static str>,
}

/// What is fixed about a route: names for logs, metrics and expressions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteFacts {
    /// The route's unique name.
    pub name: Box<str>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The names of what its match captures, in the order of the match.
    pub captures: Box<[Box<str>]>,
}

/// Where the parts of a path are that a match captured: ranges into `Target::path`, still encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// One for each `{name}`, in the order of the match.
    pub segments: SmallVec<[Range<u32>; 4]>,
    /// Where `**` begins (after its slash), if the match has it.
    pub rest: Option<u32>,
}

impl Captures {
    /// The encoded text of the capture `index`.
    pub fn segment<'p>(&self, path: &'p str, index: usize) -> Option<&'p str> {
        let range = self.segments.get(index)?;
        path.get(range.start as usize..range.end as usize)
    }

    /// What `**` stands for, still encoded and without its leading slash; empty where there is none of it.
    pub fn rest<'p>(&self, path: &'p str) -> &'p str {
        self.rest.and_then(|start| path.get(start as usize..)).unwrap_or("")
    }
}
