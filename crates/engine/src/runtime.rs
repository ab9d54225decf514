//! A running configuration: immutable, swapped whole. Built by `config`, read by every request once.

mod origin;

pub use origin::{Origin, RouteFile, RoutePlace};

use crate::pages::Pages;
use crate::proxy_protocol::ProxyProtocolConfig;
use crate::socket::Address;
use crate::tls::TlsListener;
use pintle_core::config::{Network, Read};
use pintle_core::exchange::RouteFacts;
use pintle_core::redact::Names;
use pintle_core::step::{Brought, Chain};
use pintle_core::trace::Tracing;
use pintle_router::Table;
use pintle_telemetry::{ListenerMeter, PushSettings, RouteMeter, TraceSettings};
use pintle_upstream::{Resolver, Upstream};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A running configuration.
pub struct Runtime {
    /// Counts the configurations of this process, from 1.
    pub version: u64,
    /// All routes.
    pub table: Table<Arc<Route>>,
    /// The listeners by their numbers, which the table knows.
    pub listeners: Vec<Arc<Listener>>,
    /// Which listener an address belongs to.
    pub addresses: HashMap<Address, u32, foldhash::fast::RandomState>,
    /// Bounds on clients.
    pub limits: Limits,
    /// What looks the names of services up.
    pub resolver: Arc<Resolver>,
    /// Every upstream that a route may reach.
    pub upstreams: Vec<Arc<Upstream>>,
    /// The TLS of the admin address, if it has any.
    pub admin_tls: Option<Arc<TlsListener>>,
    /// Where spans of its requests go; none if nobody takes them.
    pub traces: Option<Arc<TraceSettings>>,
    /// Where its metrics are sent; none if nobody takes them so.
    pub push: Option<Arc<PushSettings>>,
    /// The names of what is left out wherever its requests are shown.
    pub names: Names,
    /// Where its routes were written.
    pub origin: Origin,
    /// The listeners for TCP, by their numbers, where a route names a host: there a server name is waited for.
    pub by_name: Vec<u32>,
}

impl Runtime {
    /// What speaks TLS to clients, by name: listeners, and the admin address.
    pub fn tls(&self) -> impl Iterator<Item = (&str, &Arc<TlsListener>)> {
        let listeners = self.listeners.iter().filter_map(|one| Some((&*one.name, one.tls.as_ref()?)));
        listeners.chain(self.admin_tls.iter().map(|tls| ("the admin address", tls)))
    }
}

/// A route as requests meet it.
pub struct Route {
    /// Its name and labels.
    pub facts: Arc<RouteFacts>,
    /// Its policies and its action.
    pub chain: Arc<Chain>,
    /// Its pages for errors, and its groups'.
    pub pages: Pages,
    /// Its numbers.
    pub meter: Arc<RouteMeter>,
    /// The routes that its policies bring along.
    pub brings: Box<[Brought]>,
    /// Where its connections lead to, on listeners for TCP; no request comes to its chain then.
    pub tunnel: Option<Arc<Upstream>>,
}

/// A listener as connections meet it.
pub struct Listener {
    /// Its place in [`Runtime::listeners`].
    pub number: u32,
    /// Its name.
    pub name: Arc<str>,
    /// What it takes.
    pub protocol: ListenerProtocol,
    /// Where it listens, as asked for.
    pub addresses: Vec<Address>,
    /// TLS, if it terminates it.
    pub tls: Option<Arc<TlsListener>>,
    /// Who must send a PROXY header; nobody else's is read.
    pub proxy_protocol: Option<ProxyProtocolConfig>,
    /// Who may say who the client is.
    pub trusted_proxies: Vec<Network>,
    /// Which traces of its requests are recorded.
    pub tracing: Tracing,
    /// What answers where no route does.
    pub fallback: Arc<Route>,
    /// Its pages for errors, and those of all listeners.
    pub pages: Pages,
    /// Its numbers.
    pub meter: Arc<ListenerMeter>,
}

impl Listener {
    /// Whether the address is one of `trusted_proxies`.
    pub fn trusts(&self, ip: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(ip))
    }
}

/// What a listener takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum ListenerProtocol {
    /// Requests over HTTP/1.1 and HTTP/2.
    Http,
    /// Connections whose bytes are carried on, whatever they mean.
    Tcp,
}

/// Bounds on what clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections, over all workers.
    pub connections: usize,
    /// Bytes of a request's head.
    pub header_size: usize,
    /// Fields of a request's head.
    pub header_count: usize,
    /// For a head, from its first byte.
    pub header_timeout: Duration,
    /// Between two pieces of a request's content, or of an answer that the client takes.
    pub body_timeout: Duration,
    /// For a kept connection without a request.
    pub idle_timeout: Duration,
    /// For a connection, whatever goes on on it; what is under way then ends first.
    pub age: Option<Duration>,
    /// For all that is under way, once the gateway is to stop.
    pub drain_timeout: Duration,
    /// Concurrent streams of an HTTP/2 connection.
    pub streams: u32,
}

impl Limits {
    /// When a connection that begins now has its age: give or take a tenth, so that those that began at once do not end
    /// at once.
    pub(crate) fn end_of_age(&self, now: Instant) -> Option<Instant> {
        self.age.and_then(|age| now.checked_add(age.mul_f64(0.9 + 0.2 * fastrand::f64())))
    }
}
