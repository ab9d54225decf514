//! The whole configuration as its user writes it. Each room owns its own subject's types; here they are put together.

mod guard;

pub use guard::GuardConfig;

use crate::maybe::Maybe;
use pintle_actions::{ProxyConfig, RedirectConfig, RespondConfig};
use pintle_core::config::{
    ByteSize, ConfigPath, Later, Map, Network, OneOrMany, Read, SecretSource, Span, Spanned, Text, Tree,
};
use pintle_engine::proxy_protocol::ProxyProtocolConfig;
use pintle_engine::socket::Address;
use pintle_engine::tls::TlsConfig;
use pintle_policies::{NamedPolicies, PolicyList};
use pintle_router::Pattern;
use pintle_telemetry::config::Telemetry;
use pintle_upstream::UpstreamConfig;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The configuration of a gateway.
#[derive(Debug, Read)]
#[read(called = "configuration")]
pub struct Document {
    /// More files, as glob patterns relative to this one.
    #[read(default = "[]")]
    pub include: Tree,
    /// Where clients come in.
    pub listeners: Spanned<Vec<Maybe<Spanned<ListenerConfig>>>>,
    /// The services behind, by name.
    #[read(default)]
    pub upstreams: Map<Maybe<UpstreamConfig>>,
    /// Policies that several routes share, by name.
    #[read(default)]
    pub policies: NamedPolicies,
    /// What becomes of requests. Their order means nothing: the most specific match wins.
    #[read(default)]
    pub routes: Vec<Maybe<Spanned<RouteConfig>>>,
    /// Logs and metrics.
    #[read(default = "{}")]
    pub telemetry: Telemetry,
    /// The admin address.
    pub admin: Option<AdminConfig>,
    /// How many threads serve requests: a number, or `auto` for one a core. Read at the start alone.
    #[read(default = "auto")]
    pub workers: Workers,
    /// Bounds on clients.
    #[read(default = "{}")]
    pub limits: LimitsConfig,
    /// Policies for every route.
    #[read(later)]
    pub defaults: Later,
    /// A folder in which the last ten configurations are kept, so that a start with a bad file has one to serve. Read
    /// at the start alone; `--state` of the command line comes before it.
    pub state: Option<Spanned<ConfigPath>>,
    /// Shared stores.
    #[read(later)]
    pub stores: Later,
    /// People and programs with keys.
    #[read(later)]
    pub consumers: Later,
    /// Taking back a change that does harm.
    pub guard: Option<GuardConfig>,
    /// How names are looked up.
    #[read(later)]
    pub resolver: Later,
    /// Pages for errors.
    #[read(later)]
    pub errors: Later,
}

/// Where clients come in.
#[derive(Debug, Read)]
#[read(called = "listener")]
pub struct ListenerConfig {
    /// Its name in logs and routes; the default is its first address.
    pub name: Option<Spanned<String>>,
    /// `IP:PORT`, `[IPv6]:PORT` or `unix:/path`, or a list of them.
    pub address: OneOrMany<Spanned<Address>>,
    /// Terminates TLS.
    pub tls: Option<Spanned<TlsConfig>>,
    /// Takes the client's address from the PROXY protocol.
    pub proxy_protocol: Option<ProxyProtocolConfig>,
    /// Whose `Forwarded` and `X-Forwarded-*` are believed.
    #[read(default)]
    pub trusted_proxies: Vec<Network>,
    /// Policies of every route here, and of requests that no route takes.
    #[read(default)]
    pub policies: PolicyList,
    /// Plain TCP.
    #[read(later)]
    pub protocol: Later,
}

/// What becomes of some requests: an action, or a group of routes.
#[derive(Debug, Read)]
#[read(called = "route")]
pub struct RouteConfig {
    /// Its unique name in logs and metrics; the default is the match in canonical form.
    pub name: Option<Spanned<String>>,
    /// Which requests: `[METHOD[,METHOD] ][host]/path`, or a map.
    #[read(key = "match")]
    pub pattern: Spanned<Pattern>,
    /// The listeners that it belongs to alone; the default is all.
    pub listener: Option<OneOrMany<Spanned<String>>>,
    /// Free labels for logs, metrics and expressions.
    #[read(default)]
    pub labels: Map<String>,
    /// What happens around the action.
    #[read(default)]
    pub policies: PolicyList,
    /// Sends the request to a service.
    pub proxy: Option<Spanned<ProxyConfig>>,
    /// Sends the client elsewhere.
    pub redirect: Option<Spanned<RedirectConfig>>,
    /// Answers by itself.
    pub respond: Option<Spanned<RespondConfig>>,
    /// A group: routes that inherit match and policies.
    pub routes: Option<Vec<Maybe<Spanned<RouteConfig>>>>,
    /// Serves files.
    #[read(later)]
    pub files: Later,
    /// Calls several services and answers once.
    #[read(later)]
    pub aggregate: Later,
    /// Runs a batch that the client wrote.
    #[read(later)]
    pub batch: Later,
}

/// The admin address.
#[derive(Debug, Read)]
#[read(called = "admin")]
pub struct AdminConfig {
    /// `IP:PORT` or `unix:/path`.
    pub address: Spanned<Address>,
    /// What callers that change something must show as a Bearer token; needed beyond loopback for all.
    pub token: Option<Spanned<SecretSource>>,
}

/// How many workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a number of workers, or `auto`")]
pub enum Workers {
    /// One a core.
    Auto,
    /// So many.
    Count(usize),
}

impl Text for Workers {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Workers::Auto),
            text => match text.parse() {
                Ok(count @ 1..=1024) => Ok(Workers::Count(count)),
                _ => Err("from 1 to 1024; `auto` is one a core".into()),
            },
        }
    }
}

impl Workers {
    /// How many that are on this machine.
    pub fn count(self) -> usize {
        match self {
            Workers::Auto => std::thread::available_parallelism().map_or(1, usize::from),
            Workers::Count(count) => count,
        }
    }
}

/// Bounds on clients.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "limits")]
pub struct LimitsConfig {
    /// Open connections, over all workers.
    #[read(default = "20000")]
    pub connections: u32,
    /// A request's head.
    #[read(default = "{}")]
    pub header: HeaderLimits,
    /// How long to wait.
    #[read(default = "{}")]
    pub timeout: TimeLimits,
    /// A request's content.
    #[read(default = "10MiB")]
    pub body: ByteSize,
    /// Concurrent streams of an HTTP/2 connection.
    #[read(default = "128")]
    pub streams: u32,
}

/// Bounds on a request's head.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "header")]
pub struct HeaderLimits {
    /// Bytes of all of it.
    #[read(default = "32KiB")]
    pub size: ByteSize,
    /// Fields.
    #[read(default = "100")]
    pub count: u32,
}

/// How long clients may take.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "timeout")]
pub struct TimeLimits {
    /// For a head, from its first byte.
    #[read(default = "10s")]
    pub header: Duration,
    /// Between two pieces of content.
    #[read(default = "30s")]
    pub body: Duration,
    /// For a kept connection without a request.
    #[read(default = "60s")]
    pub idle: Duration,
    /// For what is under way when the gateway is to stop.
    #[read(default = "30s")]
    pub drain: Duration,
}

impl Document {
    /// Every file that the certificates and keys of the listeners are read from, and the authorities of their clients.
    pub fn listener_files(&self) -> impl Iterator<Item = &ConfigPath> {
        let listeners = self.listeners.iter().filter_map(Maybe::get);
        listeners.filter_map(|listener| listener.tls.as_ref()).flat_map(|tls| tls.files()).map(|file| &file.value)
    }

    /// Where an address of a listener was written.
    pub fn address_span(&self, address: &Address) -> Option<&Span> {
        let mut all = self.listeners.iter().filter_map(Maybe::get).flat_map(|listener| listener.address.iter());
        // Several with port 0 differ by numbers that are given later.
        all.find(|written| written.value == address.numbered(0)).map(|written| &written.span)
    }

    /// Every other file that is read with the configuration: those of TLS to services, and secrets.
    pub fn other_files(&self) -> impl Iterator<Item = &ConfigPath> {
        let upstreams = self.upstreams.0.iter().filter_map(|(_, upstream)| upstream.get());
        let tls = upstreams.filter_map(|upstream| upstream.tls.as_ref()).flat_map(|tls| tls.files());
        let token = self.admin.iter().filter_map(|admin| admin.token.as_ref()).filter_map(|token| match &token.value {
            SecretSource::File(path) => Some(path),
            SecretSource::Env(_) => None,
        });
        tls.map(|file| &file.value).chain(token)
    }

    /// Puts other ports in place of some, in loopback addresses of listeners and endpoints: for a demo whose ports are
    /// taken.
    pub fn move_loopback_ports(&mut self, ports: &HashMap<u16, u16>) {
        let moved = |address: &mut SocketAddr| {
            if address.ip().is_loopback()
                && let Some(&port) = ports.get(&address.port())
            {
                address.set_port(port);
            }
        };
        for listener in self.listeners.value.iter_mut().filter_map(Maybe::get_mut) {
            for address in &mut listener.value.address.0 {
                if let Address::Tcp(tcp) = &mut address.value {
                    moved(tcp);
                }
            }
        }
        for upstream in self.upstreams.0.iter_mut().filter_map(|(_, upstream)| upstream.get_mut()) {
            upstream.move_ports(|host, port| {
                let mut address = SocketAddr::new(host.parse().ok()?, port);
                moved(&mut address);
                Some(address.port())
            });
        }
    }
}
