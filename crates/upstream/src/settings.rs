//! An upstream as its user writes it: its endpoints, and how to reach them. Whom it asks next is in `settings/balance.rs`;
//! what holds when one of them fails in `settings/health.rs` and `settings/failure.rs`.

mod balance;
mod failure;
mod health;

pub use balance::{BalanceBy, BalanceConfig, StickyConfig};
pub use failure::{BreakerConfig, RetryConfig, RetryOn};
pub use health::{CheckConfig, EjectConfig, HealthConfig, StatusRange};

use crate::proxy_header::ProxyHeader;
use crate::reference::{Address, Origin};
use pintle_core::config::{ConfigPath, Later, Node, Read, Reader, Span, Spanned, Text};
use std::time::Duration;

/// A service behind the gateway: where its instances are and how to talk to them.
///
/// ```yaml
/// upstreams:
///   orders:
///     endpoints: [127.0.0.1:9001, {address: "[::1]:9001", weight: 3}]
///     balance: round_robin
///     openapi: api/orders.yaml
///     health: {check: {path: /healthz}, eject: {after: 5}, slow_start: 30s}
///     retry: {attempts: 2, on: [connect, reset, 503]}
///     breaker: {open_at: 50%}
///     timeout: {connect: 1s, response: 10s, idle: 30s}
///     connections: {max: 200, keep: 16, keep_for: 30s, max_age: 1h, queue: 50, wait: 1s}
///   carts:
///     endpoints: [carts.internal:9001]
///     balance: {hash: "request.headers['x-user']"}
///     sticky: {cookie: cart, ttl: 1h}
///   accounts:
///     endpoints: [accounts.internal:443]
///     tls: {server_name: accounts.example.com, ca: certs/ca.pem, certificate: {cert: certs/own.pem, key: certs/own.key}}
///     protocol: auto
///   mail: {endpoints: [127.0.0.1:2525], proxy_protocol: v2}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "upstream")]
pub struct UpstreamConfig {
    /// Where the instances are. Every address of a name is one, and the name is looked up again as its TTL runs out.
    pub endpoints: Vec<EndpointConfig>,
    /// Which instance gets the next request.
    #[read(default = "least_requests")]
    pub balance: BalanceConfig,
    /// Speaks TLS to the instances, and checks their certificates; without it cleartext.
    pub tls: Option<TlsConfig>,
    /// The version of HTTP; the default is `http1`, and with TLS `auto`.
    pub protocol: Option<ProtocolChoice>,
    /// Begins each connection with a header of the PROXY protocol that tells who the client is, before TLS. A connection
    /// then carries one request, or one tunnel, and none is kept; `protocol` is `http1`.
    pub proxy_protocol: Option<ProxyHeader>,
    /// How long to wait for what.
    #[read(default = "{}")]
    pub timeout: TimeoutConfig,
    /// How much may be under way at once, and which connections are kept.
    #[read(default = "{}")]
    pub connections: ConnectionsConfig,
    /// Which instances are well.
    #[read(default = "{}")]
    pub health: HealthConfig,
    /// Trying again; without it after what was never sent, alone.
    #[read(default = "{on: [connect]}")]
    pub retry: RetryConfig,
    /// Asks nobody for a while when too much has failed; without it every request is tried.
    pub breaker: Option<BreakerConfig>,
    /// Keeps a client with its instance by a cookie.
    pub sticky: Option<StickyConfig>,
    /// What the service says of itself: an OpenAPI document of version 3.0 or 3.1, as YAML or JSON. What an `aggregate` calls
    /// and reads there is [held against it](aggregation.md#services-that-say-what-they-answer) when the configuration loads; requests pay
    /// nothing.
    pub openapi: Option<Spanned<ConfigPath>>,
    /// How names are looked up.
    #[read(later)]
    pub dns: Later,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "an address such as 127.0.0.1:9001, or a map with `address`")]
pub enum EndpointConfig {
    /// `host:port` or `unix:/path`.
    #[read(text)]
    Short(Spanned<EndpointAddress>),
    /// An address with its weight.
    #[read(map)]
    Long(WeightedEndpoint),
}

/// An instance with a weight.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "endpoint")]
pub struct WeightedEndpoint {
    /// `host:port` or `unix:/path`.
    pub address: Spanned<EndpointAddress>,
    /// How much it gets, compared with the others.
    #[read(default = "1")]
    pub weight: Weight,
}

/// Where an instance is.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "an address such as 127.0.0.1:9001")]
pub struct EndpointAddress(pub Address);

impl Text for EndpointAddress {
    fn parse(text: &str) -> Result<Self, String> {
        Address::parse(text, None).map(EndpointAddress)
    }
}

/// A weight from 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a weight from 1 to 65535", range = "1-65535")]
pub struct Weight(pub u32);

impl Text for Weight {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(weight @ 1..=65535) => Ok(Weight(weight)),
            Ok(0) => Err("to send nothing to an endpoint, remove it".into()),
            _ => Err(String::new()),
        }
    }
}

impl EndpointConfig {
    /// The address, and where it was written.
    pub fn place(&self) -> (&Address, &Span) {
        let address = match self {
            EndpointConfig::Short(address) => address,
            EndpointConfig::Long(endpoint) => &endpoint.address,
        };
        (&address.value.0, &address.span)
    }

    /// The address and the weight.
    pub fn parts(&self) -> (&Address, u32) {
        match self {
            EndpointConfig::Short(address) => (&address.value.0, 1),
            EndpointConfig::Long(endpoint) => (&endpoint.address.value.0, endpoint.weight.0),
        }
    }
}

impl TimeoutConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let times = [("connect", self.connect), ("response", self.response), ("idle", self.idle)];
        let zero = times.into_iter().filter(|(_, time)| time.is_zero());
        (zero.inspect(|(key, _)| reader.zero(node, key)).count() == 0).then_some(self)
    }
}

impl ConnectionsConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let age = self.max_age.is_some_and(|age| age.is_zero());
        let zero = [("max", self.max == 0), ("max_age", age), ("wait", self.wait.is_zero())];
        let zero = zero.into_iter().filter(|(_, is)| *is);
        (zero.inspect(|(key, _)| reader.zero(node, key)).count() == 0).then_some(self)
    }
}

impl UpstreamConfig {
    /// What holds for a service that is given by its URL alone: what would hold for its address as an only endpoint.
    pub(crate) fn of_url(origin: &Origin, span: &Span) -> Self {
        let mut reader = Reader::new();
        let mut default = |text| reader.default_from::<UpstreamConfig>(text, span);
        let config = default(if origin.is_tls() { "{endpoints: [], tls: {}}" } else { "{endpoints: []}" });
        let mut config = config.expect("the defaults are good");
        let address = Spanned::new(EndpointAddress(origin.address.clone()), span.clone());
        config.endpoints.push(EndpointConfig::Short(address));
        config
    }

    /// The same without the text that it was written in, which an upstream may outlive.
    pub(crate) fn detached(mut self) -> Self {
        for endpoint in &mut self.endpoints {
            match endpoint {
                EndpointConfig::Short(address) => *address = address.detached(),
                EndpointConfig::Long(endpoint) => endpoint.address = endpoint.address.detached(),
            }
        }
        self.balance = self.balance.detached();
        if let Some(tls) = &mut self.tls {
            tls.ca = tls.ca.as_ref().map(Spanned::detached);
            let detached =
                |own: &ClientCertificate| ClientCertificate { cert: own.cert.detached(), key: own.key.detached() };
            tls.certificate = tls.certificate.as_ref().map(detached);
        }
        self
    }

    /// Puts other ports in place, where `moved` gives one for a host and its port.
    pub fn move_ports(&mut self, moved: impl Fn(&str, u16) -> Option<u16>) {
        for endpoint in &mut self.endpoints {
            let address = match endpoint {
                EndpointConfig::Short(address) => address,
                EndpointConfig::Long(endpoint) => &mut endpoint.address,
            };
            if let Address::Host { host, port } = &mut address.value.0 {
                *port = moved(host, *port).unwrap_or(*port);
            }
        }
    }
}

/// TLS to an upstream.
#[derive(Clone, Debug, Default, PartialEq, Read)]
#[read(called = "upstream's tls")]
pub struct TlsConfig {
    /// The name that the certificate must have, and that is asked for; the default is the endpoint's name.
    pub server_name: Option<String>,
    /// A file of certificates (PEM) to trust instead of the system's.
    pub ca: Option<Spanned<ConfigPath>>,
    /// The certificate to show, where the upstream asks for one.
    pub certificate: Option<ClientCertificate>,
}

/// A certificate of the gateway's own.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "certificate")]
pub struct ClientCertificate {
    /// The certificate and its chain (PEM).
    pub cert: Spanned<ConfigPath>,
    /// Its key (PEM).
    pub key: Spanned<ConfigPath>,
}

impl TlsConfig {
    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &Spanned<ConfigPath>> {
        self.ca.iter().chain(self.certificate.iter().flat_map(|own| [&own.cert, &own.key]))
    }
}

/// The version of HTTP to an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum ProtocolChoice {
    /// HTTP/1.1
    Http1,
    /// HTTP/2, which gRPC needs; in cleartext by prior knowledge (RFC 9113 3.3). gRPC-Web becomes gRPC.
    Http2,
    /// What the endpoint chooses by ALPN; needs TLS.
    Auto,
}

/// Time limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(called = "`timeout`", instead = "such as `{connect: 1s, response: 30s}`", check)]
pub struct TimeoutConfig {
    /// Until a connection is made, TLS included; 504 beyond it, if no other instance is left.
    #[read(default = "5s")]
    pub connect: Duration,
    /// Until the answer's head, from the last byte of the request that went out; 504 beyond it.
    #[read(default = "60s")]
    pub response: Duration,
    /// Between two bytes of content, in both directions; then the request is cut off.
    #[read(default = "60s")]
    pub idle: Duration,
}

/// Connections to an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(called = "connections", instead = "such as `{max: 100}`", check)]
pub struct ConnectionsConfig {
    /// How many requests may be under way at once, over all workers.
    #[read(default = "1024")]
    pub max: u32,
    /// How many idle connections each worker keeps to an endpoint.
    #[read(default = "64")]
    pub keep: u32,
    /// How long an idle connection is kept.
    #[read(default = "60s")]
    pub keep_for: Duration,
    /// How long a connection is used for new requests, give or take a tenth; then it is closed once nothing is under way on
    /// it. So that they spread anew over the instances behind an address. The default is no limit.
    pub max_age: Option<Duration>,
    /// How many requests may wait for one of `max`, over all workers; 503 beyond it.
    #[read(default = "256")]
    pub queue: u32,
    /// How long a request waits for one of `max`; 503 beyond it.
    #[read(default = "5s")]
    pub wait: Duration,
}
