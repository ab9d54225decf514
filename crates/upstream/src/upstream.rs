//! An upstream: its endpoints, its bounds, and how it is built anew from a configuration without losing what it keeps.

use crate::balance::Way;
use crate::breaker::Breaker;
use crate::budget::Budget;
use crate::client_tls::client_config;
use crate::connect::Tls;
use crate::discovery::{Before, Discovery, Source};
use crate::endpoint::{Endpoint, Keeping};
use crate::event::{Event, Observer};
use crate::members::{Members, Rules};
use crate::proxy_header::Caller;
use crate::reference::{Address, Origin};
use crate::resolver::Resolver;
use crate::settings::{BalanceBy, BalanceConfig, ProtocolChoice, TlsConfig, UpstreamConfig};
use crate::sticky::Sticky;
use pintle_core::config::{ExpressionText, FILE_LIMIT, Span, read_file};
use pintle_core::template::{Declared, Key, Scope};
use rustls_pki_types::ServerName;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;
use tokio::sync::Semaphore;

/// A service behind the gateway.
pub struct Upstream {
    /// Its name, or its URL.
    pub name: Arc<str>,
    pub(crate) config: UpstreamConfig,
    pub(crate) files: TlsFiles,
    pub(crate) members: Members,
    pub(crate) discovery: Discovery,
    pub(crate) protocol: ProtocolChoice,
    key: Option<Key>,
    pub(crate) sticky: Option<Sticky>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) breaker: Option<Arc<Breaker>>,
    pub(crate) observer: Observer,
    /// Whether somebody sees to its checks.
    pub(crate) is_followed: AtomicBool,
    /// One permit for each request that may be under way.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) waiting: AtomicU32,
    tls: bool,
}

/// What the files of an upstream's TLS hold: other bytes are another upstream.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct TlsFiles(Vec<Option<u64>>);

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
    /// Builds an upstream, whose endpoints' names `resolver` looks up. `before` is the one of that name in force until now:
    /// what did not change is taken over. Reads the files of TLS: not for a worker's thread.
    pub fn new(
        name: &str,
        config: UpstreamConfig,
        resolver: &Arc<Resolver>,
        observer: Observer,
        before: Option<&Arc<Upstream>>,
    ) -> Result<Arc<Self>, UpstreamFault> {
        let files = TlsFiles::read(config.tls.as_ref());
        if let Some(before) = before
            && before.config == config
            && before.files == files
            && before.discovery.looks_up_by(resolver)
        {
            return Ok(Arc::clone(before));
        }
        let protocol = check(name, &config)?;
        let tls = match &config.tls {
            Some(tls) => Some(client_config(tls, protocol)?),
            None => None,
        };
        let source = |endpoint: &crate::settings::EndpointConfig| {
            let (address, weight) = endpoint.parts();
            let named = |client| Ok(Tls { config: Arc::clone(client), name: server_name(&config, address)? });
            let tls = tls.as_ref().map(named).transpose()?;
            Ok(Source { written: address.to_string().into(), address: address.clone(), weight, tls })
        };
        let sources = config.endpoints.iter().map(source).collect::<Result<_, UpstreamFault>>()?;
        let (way, key) = match &config.balance {
            BalanceConfig::Word(balance) => (Way::Balance(*balance), None),
            BalanceConfig::By(BalanceBy::Hash(text)) => (Way::Hash, Some(compile(text)?)),
        };
        let reach = |config: &UpstreamConfig| {
            (config.tls.clone(), config.protocol, config.proxy_protocol, config.timeout, config.connections)
        };
        let keeps = before.filter(|before| reach(&before.config) == reach(&config) && before.files == files);
        let connections = config.connections;
        // A connection that was made for one client is no other one's.
        let keep = if config.proxy_protocol.is_some() { 0 } else { connections.keep as usize };
        let keeping = Keeping { keep, keep_for: connections.keep_for, max_age: connections.max_age };
        let taken = before.map_or_else(Before::default, |before| before.leave(keeps.is_some()));
        let changes = before.map(|before| Arc::clone(&before.members.changes));
        let discovery = Discovery::new(sources, Arc::clone(resolver), keeping, config.timeout.connect, taken);
        let members = Members::new(way, Rules::new(&config.health), changes.unwrap_or_default());
        discovery.begin(&members);
        let budget = before.filter(|before| before.config.retry.budget == config.retry.budget);
        let breaker = config.breaker.map(|breaker| {
            let kept = before.and_then(|before| before.breaker.as_ref()).filter(|kept| kept.is_of(breaker));
            kept.map_or_else(|| Arc::new(Breaker::new(breaker)), Arc::clone)
        });
        Ok(Arc::new(Upstream {
            name: name.into(),
            members,
            discovery,
            protocol,
            key,
            sticky: config.sticky.as_ref().map(|sticky| Sticky::new(sticky, name)),
            budget: budget
                .map_or_else(|| Arc::new(Budget::new(config.retry.budget)), |before| Arc::clone(&before.budget)),
            breaker,
            observer,
            is_followed: AtomicBool::new(false),
            permits: keeps.map_or_else(
                || Arc::new(Semaphore::new(connections.max as usize)),
                |before| Arc::clone(&before.permits),
            ),
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
        observer: Observer,
        before: Option<&Arc<Upstream>>,
    ) -> Result<Arc<Self>, UpstreamFault> {
        Upstream::new(&origin.to_string(), UpstreamConfig::of_url(origin, span), resolver, observer, before)
    }

    /// What the next upstream of that name takes over; `whole` if it reaches its endpoints in the same way.
    fn leave(&self, whole: bool) -> Before {
        let all = self.members.all();
        let endpoints = all.iter().map(|member| &member.endpoint);
        match whole {
            true => Before { endpoints: endpoints.cloned().collect(), standings: Vec::new() },
            false => {
                let standing =
                    |endpoint: &Arc<Endpoint>| (endpoint.connector.at.clone(), Arc::clone(&endpoint.standing));
                Before { endpoints: Vec::new(), standings: endpoints.map(standing).collect() }
            }
        }
    }

    /// Its endpoints, as far as they are known: a name's addresses are, once it has been looked up.
    pub fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        self.members.all().iter().map(|member| Arc::clone(&member.endpoint)).collect()
    }

    /// Where its endpoints are, as it was written.
    pub fn places(&self) -> impl Iterator<Item = &Arc<str>> {
        self.discovery.sources().iter().map(|source| &source.written)
    }

    /// Whether it is spoken to in HTTP/2 and nothing else.
    pub fn is_http2(&self) -> bool {
        self.protocol == ProtocolChoice::Http2
    }

    /// Whether it is reached over TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// What a connection for this caller begins with; without one it is the gateway's own.
    pub(crate) fn header(&self, caller: Option<&Caller<'_>>) -> Vec<u8> {
        self.config.proxy_protocol.map_or_else(Vec::new, |version| version.bytes(caller))
    }

    /// Whether its circuit breaker is open; none without one.
    pub fn is_open(&self) -> Option<bool> {
        self.breaker.as_ref().map(|breaker| breaker.is_open())
    }

    /// How many requests wait for a place among those under way.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed).into()
    }

    /// What decides where a request goes, for an upstream that asks for it (`balance: {hash: …}`).
    pub fn key(&self, scope: &dyn Scope) -> Option<u64> {
        let key = self.key.as_ref()?;
        let hash = key.hash(scope);
        if hash.is_none() {
            self.tell(Event::KeyAbsent);
        }
        hash
    }

    /// Counts a copy of a request that it did not get (`mirror`), because there were too many or it was too large.
    pub fn left_out(&self) {
        self.tell(Event::CopyLeftOut);
    }

    pub(crate) fn tell(&self, event: Event<'_>) {
        (self.observer)(event);
    }

    /// Closes what this worker has kept for too long. To be called every few seconds by each worker.
    pub fn sweep(&self, now: Instant) {
        for member in self.members.all().iter() {
            member.endpoint.sweep(now);
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Routes of any match may lead here, so any capture may be named; where a route has none of that name it is absent.
fn compile(text: &ExpressionText) -> Result<Key, UpstreamFault> {
    Key::compile(text, &Declared::request().any_capture().identity()).map_err(|fault| UpstreamFault {
        message: fault.message,
        help: fault.help,
        span: Some(text.span.clone()),
    })
}

/// Checks what no key can know of the others; gives the version of HTTP.
fn check(name: &str, config: &UpstreamConfig) -> Result<ProtocolChoice, UpstreamFault> {
    let fault = |message: String, help: &str| UpstreamFault { message, help: Some(help.into()), span: None };
    if config.endpoints.is_empty() {
        return Err(fault(format!("`{name}` has no endpoints"), "name at least one: `endpoints: [127.0.0.1:9001]`"));
    }
    let protocol = match (config.protocol, &config.tls) {
        (Some(ProtocolChoice::Auto), None) => {
            let help = "over cleartext say `http1` or `http2`, or add `tls: {}`";
            return Err(fault("`auto` asks by ALPN, which needs TLS".into(), help));
        }
        (Some(ProtocolChoice::Http2 | ProtocolChoice::Auto), _) if config.proxy_protocol.is_some() => {
            let help = "leave `protocol` out, or write `http1`";
            let message =
                format!("`{name}` has `proxy_protocol`, and connections of HTTP/2 are shared by many clients");
            return Err(fault(message, help));
        }
        (Some(choice), _) => choice,
        (None, Some(_)) if config.proxy_protocol.is_none() => ProtocolChoice::Auto,
        (None, _) => ProtocolChoice::Http1,
    };
    let asks_grpc = config.health.check.as_ref().is_some_and(|check| check.grpc.is_some());
    if asks_grpc && protocol == ProtocolChoice::Http1 {
        let help = match config.proxy_protocol {
            None => "add `protocol: http2` to the upstream, or check by `path` or `tcp`",
            Some(_) => "check by `path` or `tcp`",
        };
        return Err(fault(format!("`{name}` speaks HTTP/1.1, and a check by `grpc` needs HTTP/2"), help));
    }
    Ok(protocol)
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
