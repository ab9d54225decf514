//! A head in its wire's form becomes an [`Exchange`]: what is ambiguous is refused, the target normalised, the client
//! found, loops stopped. From here on all versions look alike.

use crate::client_address::{self, ClientAddress};
use crate::connection::Peer;
use crate::runtime::Listener;
use pintle_core::exchange::{Captures, RouteFacts};
use pintle_core::kept::Kept;
use pintle_core::notes::Notes;
use pintle_core::{
    Body, BodyError, BodySource, Client, Exchange, Fields, Frame, Method, Protocol, Reason, Refusal, Request, Scheme,
    Target, Trace, Version, grpc, names, trace,
};
use std::borrow::Cow;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

/// A head whose grammar has been checked, in the words of its wire.
pub(crate) struct Head<'a> {
    pub(crate) method: Method,
    /// As it was sent; `*` for the asterisk form, empty for CONNECT.
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    /// Host in small letters and port.
    pub(crate) host: Cow<'a, str>,
    pub(crate) port: Option<u16>,
    pub(crate) version: Version,
    pub(crate) fields: Fields,
    pub(crate) protocol: Option<Protocol>,
}

impl Head<'static> {
    /// Stands for a head that could not be read.
    pub(crate) fn unreadable(version: Version) -> Self {
        Head {
            method: Method::from_bytes(b"_OTHER").unwrap_or(Method::GET),
            path: "/",
            query: None,
            host: Cow::Borrowed(""),
            port: None,
            version,
            fields: Fields::new(),
            protocol: None,
        }
    }
}

/// Makes an exchange of a head. A refusal still has the exchange that it belongs to, for the answer and the log.
pub(crate) fn accept(
    head: Head<'_>,
    body: Body,
    peer: &Peer,
    listener: &Listener,
    instance: &str,
    now: Instant,
) -> (Exchange, Result<(), Refusal>) {
    let Head { method, path, query, host, port, version, mut fields, protocol } = head;
    let (client, resolved) = find_client(&mut fields, peer, listener);
    let normal = if path == "*" { Ok(path.into()) } else { pintle_router::normalise(path) };
    let (host, port) = match resolved.as_ref().ok().and_then(|r| r.host.as_deref()).and_then(split_authority) {
        Some((host, port)) => (host, port),
        None => (host.into_owned(), port),
    };
    let target = Target::new(&host, port, normal.as_deref().unwrap_or("/"), query);
    let scheme = match resolved.as_ref().ok().and_then(|resolved| resolved.scheme) {
        Some(scheme) => scheme,
        None if client.tls.is_some() => Scheme::Https,
        None => Scheme::Http,
    };
    let (id, own) = match client.peer_is_trusted.then(|| fields.get_str(names::X_REQUEST_ID)).flatten() {
        Some(id) if (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()) => {
            (id.into(), trace::id_of(id).unwrap_or_else(new_id))
        }
        _ => text_of(new_id()),
    };
    let trace = Trace::of(&fields, own, &listener.tracing, client.peer_is_trusted, random);
    let deadline = deadline(&fields, now);
    let looped = fields.list(names::VIA).any(|member| names_us(member, instance));
    let result = match (&normal, resolved) {
        (_, Err(refusal)) => Err(refusal),
        (Err(fault), _) => Err(Refusal::new(Reason::BadPath).detail(fault.to_string())),
        _ if method == Method::CONNECT => Err(Refusal::new(Reason::NotImplemented).detail("CONNECT is not served.")),
        _ if protocol.is_some() && fields.get_all(names::SEC_WEBSOCKET_KEY).nth(1).is_some() => {
            Err(Refusal::new(Reason::BadRequest).detail("several Sec-WebSocket-Key fields (RFC 6455 11.3.1)"))
        }
        _ if deadline.is_err() => Err(Refusal::new(Reason::BadRequest).detail("`grpc-timeout` is malformed.")),
        _ if looped => Err(Refusal::new(Reason::Loop).internal("the request's Via names this very process")),
        _ => Ok(()),
    };
    let mut exchange = Exchange {
        request: Request { method, target, scheme, version, fields, body, protocol },
        client,
        id,
        trace,
        listener: Arc::clone(&listener.name),
        route: no_route(),
        captures: Captures::default(),
        identity: pintle_core::Identity::default(),
        rehearsed: false,
        started: now,
        deadline: deadline.unwrap_or_default(),
        notes: Notes::default(),
        kept: Kept::default(),
        unrouted: None,
        interim: None,
        inside: None,
    };
    count_content(&mut exchange);
    (exchange, result)
}

/// When a call of gRPC must be over, as its client says.
fn deadline(fields: &Fields, now: Instant) -> Result<Option<Instant>, ()> {
    let Some(value) = fields.get(names::GRPC_TIMEOUT).filter(|_| grpc::Kind::of(fields).is_some()) else {
        return Ok(None);
    };
    // Past what the clock can count there is no deadline.
    grpc::timeout(value).map(|left| now.checked_add(left)).ok_or(())
}

/// Has the content that comes counted for the log.
fn count_content(exchange: &mut Exchange) {
    let body = &mut exchange.request.body;
    if let Body::Stream { .. } = body {
        let counter = Arc::new(AtomicU64::new(0));
        exchange.notes.receiving = Some(Arc::clone(&counter));
        body.wrap(|inner| Counted { inner, counter });
    } else {
        exchange.notes.received = body.length().unwrap_or(0);
    }
}

struct Counted {
    inner: Body,
    counter: Arc<AtomicU64>,
}

impl BodySource for Counted {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let polled = self.inner.poll_frame(cx);
        if let Poll::Ready(Some(Ok(Frame::Data(data)))) = &polled {
            self.counter.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}

/// Facts of the route that is none.
pub(crate) fn no_route() -> Arc<RouteFacts> {
    thread_local!(static NONE: Arc<RouteFacts> = Arc::default());
    NONE.with(Arc::clone)
}

fn find_client(fields: &mut Fields, peer: &Peer, listener: &Listener) -> (Client, Result<ClientAddress, Refusal>) {
    let address = peer.address.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
    let mut client = Client {
        ip: address.ip(),
        port: address.port(),
        peer: peer.address,
        local: peer.local,
        peer_is_trusted: false,
        tls: peer.tls.clone(),
    };
    let resolved = client_address::resolve(fields, address, |ip| listener.trusts(ip));
    if let Ok(found) = &resolved {
        (client.ip, client.port, client.peer_is_trusted) = (found.ip, found.port, found.peer_is_trusted);
    }
    (client, resolved)
}

/// Host and port of what a trusted proxy says was asked for; nothing if that is no host.
fn split_authority(text: &str) -> Option<(String, Option<u16>)> {
    let host = pintle_http1::Host::parse(text.as_bytes())?;
    Some((host.host().to_owned(), host.port()))
}

/// Whether a member of Via is the one that this process writes (RFC 9110 7.6.3).
fn names_us(member: &[u8], instance: &str) -> bool {
    member.split(|&b| b == b' ').nth(1) == Some(instance.as_bytes())
}

thread_local! {
    static RANDOM: RefCell<fastrand::Rng> = RefCell::new(fastrand::Rng::with_seed(seed()));
}

fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // The standard library's keys come from the system's random source.
    RandomState::new().hash_one(std::thread::current().id())
}

/// A number that nobody foresees.
pub(crate) fn random() -> u64 {
    RANDOM.with_borrow_mut(|random| random.u64(..))
}

/// 32 hexadecimal digits, never all 0, so that they are a trace's id as well.
fn new_id() -> [u8; 32] {
    trace::id_from(random(), random())
}

/// An id of a request or connection, as a text.
pub(crate) fn new_text_id() -> Box<str> {
    text_of(new_id()).0
}

fn text_of(id: [u8; 32]) -> (Box<str>, [u8; 32]) {
    (String::from_utf8_lossy(&id).into(), id)
}
