//! An upstream: its endpoints, its bounds, and how it is built anew from a configuration without losing what it keeps.

use crate::balance::{Balance, Balancer};
use crate::client_tls::client_config;
use crate::connect::{Connector, Tls};
use crate::endpoint::Endpoint;
use crate::reference::{Address, Origin};
use crate::resolver::Resolver;
use crate::settings::{
    BalanceConfig, ConnectionsConfig, EndpointAddress, EndpointConfig, ProtocolChoice, TimeoutConfig, TlsConfig,
    UpstreamConfig,
};
use pintle_core::config::{FILE_LIMIT, Later, Span, Spanned, read_file};
use rustls_pki_types::ServerName;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// A service behind the gateway.
#[derive(Debug)]
pub struct Upstream {
    /// Its name, or its URL.
    pub name: Arc<str>,
    config: UpstreamConfig,
    files: TlsFiles,
    pub(crate) balancer: Balancer,
    pub(crate) protocol: ProtocolChoice,
    pub(crate) timeout: TimeoutConfig,
    /// One permit for each request that may be under way.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) queue: u32,
    pub(crate) waiting: AtomicU32,
    tls: bool,
}

/// What the files of an upstream's TLS hold: other bytes are another upstream.
#[derive(Debug, PartialEq, Eq)]
struct TlsFiles(Vec<Option<u64>>);

impl TlsFiles {
    fn read(config: Option<&TlsConfig>) -> Self {
        let digest = |bytes: Vec<u8>| foldhash::quality::FixedState::default().hash_one(bytes);
        TlsFiles(
            config
                .into_iter()
                .flat_map(TlsConfig::files)
                .map(|file| read_file(file, FILE_LIMIT).ok().map(digest))
                .collect(),
        )
    }
}

/// A mistake that shows only when an upstream is built.
#[derive(Debug)]
pub struct UpstreamFault {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Where, if there is a better place than its name.
    pub span: Option<Span>,
}

impl Upstream {
    /// Builds an upstream, whose endpoints' names `resolver` looks up. `before` is the one of that name in force until now: what did not change is taken over. Reads
    /// the files of TLS: not for a worker's thread.
    pub fn new(
        name: &str,
        config: UpstreamConfig,
        resolver: &Arc<Resolver>,
        before: Option<&Arc<Upstream>>,
    ) -> Result<Arc<Self>, UpstreamFault> {
        let files = TlsFiles::read(config.tls.as_ref());
        if let Some(before) = before
            && before.config == config
            && before.files == files
            && before.endpoints().iter().all(|endpoint| endpoint.connector.looks_up_by(resolver))
        {
            return Ok(Arc::clone(before));
        }
        let fault = |message: String, help: &str| UpstreamFault { message, help: Some(help.into()), span: None };
        if config.endpoints.is_empty() {
            return Err(fault(
                format!("`{name}` has no endpoints"),
                "name at least one: `endpoints: [127.0.0.1:9001]`",
            ));
        }
        let protocol = match (config.protocol, &config.tls) {
            (Some(ProtocolChoice::Auto), None) => {
                let help = "over cleartext say `http1` or `http2`, or add `tls: {}`";
                return Err(fault("`auto` asks by ALPN, which needs TLS".into(), help));
            }
            (Some(choice), _) => choice,
            (None, Some(_)) => ProtocolChoice::Auto,
            (None, None) => ProtocolChoice::Http1,
        };
        let tls = match &config.tls {
            Some(tls) => Some(client_config(tls, protocol)?),
            None => None,
        };
        let connections = config.connections;
        let reach = |config: &UpstreamConfig| (config.tls.clone(), config.protocol, config.timeout, config.connections);
        let keeps = before.filter(|before| reach(&before.config) == reach(&config) && before.files == files);
        let mut endpoints = Vec::with_capacity(config.endpoints.len());
        for endpoint in &config.endpoints {
            let (address, weight) = endpoint.parts();
            let same = |kept: &&Arc<Endpoint>| kept.weight == weight && kept.connector.looks_up_by(resolver);
            let kept = keeps.and_then(|before| before.endpoint(address)).filter(same);
            endpoints.push(match kept {
                Some(kept) => Arc::clone(kept),
                None => {
                    let tls = tls
                        .as_ref()
                        .map(|client| Ok(Tls { config: Arc::clone(client), name: server_name(&config, address)? }))
                        .transpose()?;
                    let (timeout, resolver) = (config.timeout.connect, Arc::clone(resolver));
                    let connector = Connector { address: address.clone(), tls, timeout, resolver };
                    let keep = connections.keep as usize;
                    Arc::new(Endpoint::new(address, weight, Arc::new(connector), keep, connections.keep_for))
                }
            });
        }
        let permits = keeps.map(|before| Arc::clone(&before.permits));
        Ok(Arc::new(Upstream {
            name: name.into(),
            balancer: Balancer::new(endpoints, config.balance.into()),
            protocol,
            timeout: config.timeout,
            permits: permits.unwrap_or_else(|| Arc::new(Semaphore::new(connections.max as usize))),
            queue: connections.queue,
            waiting: AtomicU32::new(0),
            tls: config.tls.is_some(),
            config: config.detached(),
            files,
        }))
    }

    /// The upstream that a URL stands for.
    pub fn of_url(
        origin: &Origin,
        span: &Span,
        resolver: &Arc<Resolver>,
        before: Option<&Arc<Upstream>>,
    ) -> Result<Arc<Self>, UpstreamFault> {
        let address = Spanned::new(EndpointAddress(origin.address.clone()), span.clone());
        let config = UpstreamConfig {
            endpoints: vec![EndpointConfig::Short(address)],
            balance: BalanceConfig::Word(Balance::RoundRobin),
            tls: origin.tls.then(TlsConfig::default),
            protocol: None,
            timeout: TimeoutConfig {
                connect: Duration::from_secs(5),
                response: Duration::from_secs(60),
                idle: Duration::from_secs(60),
            },
            connections: ConnectionsConfig { max: 1024, keep: 64, keep_for: Duration::from_secs(60), queue: 256 },
            health: Later,
            retry: Later,
            breaker: Later,
            sticky: Later,
            dns: Later,
        };
        Upstream::new(&origin.to_string(), config, resolver, before)
    }

    /// Its endpoints.
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        self.balancer.endpoints()
    }

    /// Whether it is spoken to in HTTP/2 and nothing else.
    pub fn is_http2(&self) -> bool {
        self.protocol == ProtocolChoice::Http2
    }

    /// Whether it is reached over TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    fn endpoint(&self, address: &Address) -> Option<&Arc<Endpoint>> {
        self.endpoints().iter().find(|endpoint| endpoint.connector.address == *address)
    }

    /// Closes what this worker has kept for too long. To be called every few seconds by each worker.
    pub fn sweep(&self, now: Instant) {
        for endpoint in self.endpoints() {
            endpoint.sweep(now);
        }
    }
}

fn server_name(config: &UpstreamConfig, address: &Address) -> Result<ServerName<'static>, UpstreamFault> {
    let named = config.tls.as_ref().and_then(|tls| tls.server_name.as_deref());
    let Some(name) = named.or(address.host()) else {
        return Err(UpstreamFault {
            message: "a unix socket has no name that a certificate could have".into(),
            help: Some("say which by `tls: {server_name: NAME}`".into()),
            span: None,
        });
    };
    ServerName::try_from(name.to_owned()).map_err(|_| UpstreamFault {
        message: format!("`{name}` is no name that a certificate can have"),
        help: Some("say which by `tls: {server_name: NAME}`".into()),
        span: None,
    })
}
