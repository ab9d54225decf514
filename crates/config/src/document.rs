//! The whole configuration as its user writes it. Each room owns its own subject's types; here they are put together.

mod admin;
mod credentials;
mod guard;
mod limits;
mod places;

use crate::assemble::actions;
use crate::errors::ErrorsConfig;
use crate::maybe::Maybe;
pub use admin::{AdminConfig, AdminHost};
pub use guard::GuardConfig;
pub(crate) use limits::LimitsConfig;
pub use limits::Workers;
use pintle_actions::{
    AggregateConfig, BatchConfig, FilesConfig, MaintenanceConfig, ProxyConfig, RedirectConfig, RespondConfig,
    TunnelConfig,
};
use pintle_core::config::{
    ConfigPath, Diagnostic, Map, Network, Node, OneOrMany, Read, Reader, Shape, Spanned, WithFiles,
};
use pintle_engine::ListenerProtocol;
use pintle_engine::proxy_protocol::ProxyProtocolConfig;
use pintle_engine::socket::Address;
use pintle_engine::tls::TlsConfig;
use pintle_policies::geo::GeoConfig;
use pintle_policies::{ConsumerEntry, NamedPolicies, PolicyList};
use pintle_router::Pattern;
use pintle_store::Stores;
use pintle_telemetry::config::Telemetry;
use pintle_upstream::{ResolverConfig, UpstreamConfig};

/// The keys at the top of a file.
///
/// ```yaml
/// include: [conf.d/*.yaml]
/// listeners: [{address: 127.0.0.1:8080}]
/// upstreams: {orders: {endpoints: [127.0.0.1:9001]}}
/// policies: {patient: {timeout: 2m}}
/// routes:
///   - match: /orders/**
///     policies: [patient]
///     proxy: orders
/// telemetry: {access_log: {to: stdout}}
/// admin: {address: 127.0.0.1:9900}
/// limits: {connections: 50000}
/// workers: 4
/// defaults: {policies: [{timeout: 30s}]}
/// errors: {404: {json: {nothing: here}}}
/// resolver: {timeout: 1s}
/// state: /var/lib/pintle
/// guard: {for: 60s, errors: 5%}
/// geo: {file: geo/GeoLite2-Country.mmdb}
/// ```
#[derive(Debug, Read)]
#[read(called = "configuration", check)]
pub struct Document {
    /// More files, as paths with `*` and `?` in them, relative to this one. Each holds keys of the same kind, and all are
    /// joined; the same name twice is an error, a pattern that finds nothing a warning.
    #[read(default)]
    pub include: Vec<String>,
    /// Where clients come in; at least one.
    pub listeners: Spanned<Vec<Maybe<Spanned<ListenerConfig>>>>,
    /// The services behind, each under the name by which routes call it.
    #[read(default)]
    pub upstreams: Map<Maybe<UpstreamConfig>>,
    /// Policies under names, for lists to take: `policies: [NAME]`. Each is one instance, whoever names it.
    #[read(default)]
    pub policies: NamedPolicies,
    /// What becomes of requests. Their order means nothing: [the most specific match wins](#which-route-wins).
    #[read(default)]
    pub routes: Vec<Maybe<Spanned<RouteConfig>>>,
    /// Logs and metrics.
    #[read(default = "{}")]
    pub telemetry: Telemetry,
    /// An address for operators; without it there is none.
    pub admin: Option<AdminConfig>,
    /// How many threads serve requests: a number, or `auto` for one a core. Read at the start alone.
    #[read(default = "auto")]
    pub workers: Workers,
    /// Bounds on what clients may send and hold.
    #[read(default = "{}")]
    pub limits: LimitsConfig,
    /// What holds for all routes, and for requests that no route takes.
    #[read(default = "{}")]
    pub defaults: DefaultsConfig,
    /// A folder of its own in which [the last ten configurations are kept](changes.md#what-is-kept), so that a start with
    /// a bad file has one to serve. Read at the start alone; `--state` of the command line wins over it.
    pub state: Option<Spanned<ConfigPath>>,
    /// What is kept outside of the process.
    #[read(default)]
    pub stores: Stores,
    /// People and programs that routes know by name and groups.
    #[read(default)]
    pub consumers: WithFiles<Vec<Maybe<ConsumerEntry>>>,
    /// Where addresses are, for `ip_filter`.
    pub geo: Option<GeoConfig>,
    /// Takes back a change that does harm; without it none is.
    pub guard: Option<GuardConfig>,
    /// How the names of services are looked up.
    #[read(default = "{}")]
    pub resolver: ResolverConfig,
    /// Pages for errors, on all listeners.
    #[read(default)]
    pub errors: ErrorsConfig,
}

/// What holds everywhere, unless a listener, a group or a route says otherwise.
///
/// ```yaml
/// defaults:
///   policies: [{timeout: 30s}, {headers: {response: {remove: [server, x-powered-by]}}}]
/// ```
#[derive(Debug, Read)]
#[read(called = "defaults")]
pub struct DefaultsConfig {
    /// Policies around every route and around 404 and 405: the outermost level, outside of those of listeners.
    #[read(default)]
    pub policies: PolicyList,
}

/// Where clients come in. HTTP/1.1 and HTTP/2 share a port: over TLS the client chooses by ALPN, in cleartext by its first
/// bytes (RFC 9113 3.3).
///
/// ```yaml
/// listeners:
///   - name: public
///     address: ["0.0.0.0:8443", "[::]:8443"]
///     tls: {certificates: [{cert: certs/shop.pem, key: certs/shop.key}]}
///   - name: inside
///     address: unix:/run/pintle/http.sock
///   - name: behind-balancer
///     address: 127.0.0.1:8080
///     proxy_protocol: {from: [10.0.0.0/8]}
///     trusted_proxies: [10.0.0.0/8]
///     policies: [{timeout: 30s}]
///     errors: {404: {json: {inside: false}}}
///   - {name: databases, address: 127.0.0.1:5432, protocol: tcp}
/// routes: [{listener: databases, match: /**, tunnel: "tcp://10.0.0.9:5432"}]
/// ```
#[derive(Debug, Read)]
#[read(called = "listener", check)]
pub struct ListenerConfig {
    /// Its name in logs and routes; the default is its first address.
    pub name: Option<Spanned<String>>,
    /// Where to listen; a list listens at each. Port 0 takes a free one.
    pub address: OneOrMany<Spanned<Address>>,
    /// Terminates TLS; without it the listener speaks cleartext.
    pub tls: Option<Spanned<TlsConfig>>,
    /// Takes the client's address from the PROXY protocol, version 1 or 2, as some load balancers send it.
    pub proxy_protocol: Option<ProxyProtocolConfig>,
    /// Peers whose `Forwarded` (RFC 7239) and `X-Forwarded-*` are believed. The client is then the rightmost address that
    /// is not one of them. From anyone else these fields are dropped.
    #[read(default)]
    pub trusted_proxies: Vec<Network>,
    /// Policies around every route here, and around the 404 and 405 of requests that no route takes.
    #[read(default)]
    pub policies: PolicyList,
    /// Pages for errors here.
    #[read(default)]
    pub errors: ErrorsConfig,
    /// What it takes. A listener for `tcp` has routes with `tunnel` alone, and none of what is for requests:
    /// `trusted_proxies`, `policies`, `errors`. With `tls` it ends TLS and carries what is inside; its clients' offers by
    /// ALPN are passed over.
    #[read(default = "http")]
    pub protocol: ListenerProtocol,
}

/// What becomes of some requests. A route has one action (`proxy`, `aggregate`, `redirect`, `respond`, `files`, `batch` or `tunnel`), or it is a group
/// and has `routes`. The match of a group ends in `**`; what its routes match stands below it, and its policies hold for all of them.
///
/// ```yaml
/// routes:
///   - name: api
///     match: api.example.com/v1/**
///     listener: main
///     labels: {team: shop}
///     policies: [{timeout: 10s}]
///     routes:
///       - {match: "GET /orders/{id}", proxy: orders}
///       - {match: /users/**, proxy: users}
///   - {match: /old/**, redirect: {to: "/${path.rest}"}}
///   - {match: GET /health, respond: {body: "ok\n"}}
///   - {listener: databases, match: /**, tunnel: "tcp://10.0.0.9:5432"}
/// listeners:
///   - {name: main, address: 127.0.0.1:8080}
///   - {name: databases, address: 127.0.0.1:5432, protocol: tcp}
/// ```
#[derive(Debug, Read)]
#[read(called = "route", check)]
pub struct RouteConfig {
    /// Its unique name in logs and metrics; in a group it is `group/child`. The default is the match as it is understood.
    pub name: Option<Spanned<String>>,
    /// Which requests it takes.
    #[read(key = "match")]
    pub pattern: Spanned<Pattern>,
    /// The names of the listeners that it belongs to; the default is all that take what its action is for: requests, or
    /// with `tunnel` connections. Routes of different listeners never compete.
    pub listener: Option<OneOrMany<Spanned<String>>>,
    /// Free labels, which expressions know as `route.labels.NAME`.
    #[read(default)]
    pub labels: Map<String>,
    /// What happens around the action, in the [order of the gateway](#policies).
    #[read(default)]
    pub policies: PolicyList,
    /// Pages for errors on this route, or on those of this group.
    #[read(default)]
    pub errors: ErrorsConfig,
    /// Answers 503 in place of the action, or of those of the group's routes.
    pub maintenance: Option<MaintenanceConfig>,
    /// Sends the request to a service and gives its answer back.
    pub proxy: Option<Spanned<ProxyConfig>>,
    /// Sends the client elsewhere.
    pub redirect: Option<Spanned<RedirectConfig>>,
    /// Answers by itself, without a service.
    pub respond: Option<Spanned<RespondConfig>>,
    /// Serves files.
    pub files: Option<Spanned<FilesConfig>>,
    /// Runs a batch of requests that the client wrote, each by its own route.
    pub batch: Option<Spanned<BatchConfig>>,
    /// Carries the bytes of a connection to a service and back, on listeners with `protocol: tcp`: an upstream's name,
    /// `tcp://host:port` or `unix:/path`. The match then has hosts and the path `/**`, no more: a host is the server name
    /// that the client asks for by TLS (RFC 6066 3), which is read of its first bytes and goes on with them.
    pub tunnel: Option<Spanned<TunnelConfig>>,
    /// Makes a group of it: routes that inherit match, listener and policies. When none of them takes a request, other
    /// routes are tried.
    pub routes: Option<Vec<Maybe<Spanned<RouteConfig>>>>,
    /// Calls several services and answers once.
    pub aggregate: Option<Spanned<AggregateConfig>>,
}

/// The keys of a map that it does not have, or does not have yet: each of them is reported.
fn refused<T: Read>(node: &Node) -> impl Iterator<Item = &str> {
    let Shape::Map { fields, .. } = T::shape() else { unreachable!("a struct reads a map") };
    let keys = node.as_map().unwrap_or_default().iter().map(|entry| &*entry.key.value);
    keys.filter(move |key| !fields.iter().any(|field| field.key == *key && !field.later))
}

/// Whether a map has none of these keys, which are for requests; each that it has is reported.
fn has_none_for_requests(node: &Node, keys: &[&str], what: &str, reader: &mut Reader) -> bool {
    let entries = node.as_map().unwrap_or_default().iter();
    let wrong = entries.filter(|entry| keys.contains(&&*entry.key.value)).inspect(|entry| {
        let message = format!("`{}` is for requests, and {what} has none", entry.key.value);
        let help = "leave it out: what a connection carries is not read";
        reader.report(Diagnostic::error("not-for-tcp", message, &entry.key.span).help(help));
    });
    wrong.count() == 0
}

impl ListenerConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        const HTTP: [&str; 3] = ["trusted_proxies", "policies", "errors"];
        let sound = self.protocol == ListenerProtocol::Http
            || has_none_for_requests(node, &HTTP, "a listener with `protocol: tcp`", reader);
        sound.then_some(self)
    }
}

impl RouteConfig {
    /// What it is for.
    pub(crate) fn kind(&self) -> ListenerProtocol {
        if self.tunnel.is_some() { ListenerProtocol::Tcp } else { ListenerProtocol::Http }
    }

    /// A route without an action that has a key which is refused: that one may be the action, and that it is missing
    /// would only follow.
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let acts = actions(&self).next().is_some() || self.routes.is_some();
        if self.tunnel.is_some()
            && !has_none_for_requests(node, &["policies", "errors", "maintenance"], "a tunnel", reader)
        {
            return None;
        }
        (acts || refused::<Self>(node).next().is_none()).then_some(self)
    }
}

impl Document {
    /// With names under a key that is misspelled, that no one knows them would only follow.
    fn check(self, node: &Node, _: &mut Reader) -> Option<Self> {
        let named = ["listeners", "upstreams", "policies"];
        let meant = |key: &str| named.iter().any(|name| strsim::osa_distance(&key.to_lowercase(), name) <= 3);
        (!refused::<Self>(node).any(meant)).then_some(self)
    }
}
