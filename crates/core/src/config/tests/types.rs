//! A small gateway's configuration, with every feature of the derive.
#![expect(dead_code, reason = "much is read only to be found good or bad")]

use std::time::Duration;

use crate::config::{
    ByteSize, ConfigPath, Later, Map, Network, Node, OneOrMany, Rate, Read, Reader, SecretSource, Share, Span, Spanned,
    Text, Tree,
};

/// The whole file.
#[derive(Debug, Read)]
pub(super) struct Document {
    pub(super) listeners: Vec<Listener>,
    #[read(default)]
    pub(super) upstreams: Map<Upstream>,
    #[read(default)]
    pub(super) policies: Map<Policy>,
    #[read(default)]
    pub(super) routes: Vec<Route>,
    #[read(default = "auto")]
    pub(super) workers: Workers,
    #[read(default = "{}")]
    pub(super) limits: Limits,
    /// The admin interface.
    #[read(later)]
    pub(super) admin: Later,
}

/// A door.
#[derive(Debug, Read)]
#[read(called = "listener")]
pub(super) struct Listener {
    /// Where it listens.
    pub(super) address: OneOrMany<Address>,
    #[read(default)]
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) token: Option<SecretSource>,
}

/// An address with a port.
#[derive(Debug)]
pub(super) struct Address(pub(super) std::net::SocketAddr);

impl Text for Address {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| String::new())
    }
}

impl Read for Address {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        crate::config::derived::read_text(node, "an address such as 0.0.0.0:80", reader)
    }

    fn shape() -> crate::config::Shape {
        crate::config::Shape::Any
    }
}

/// One per core or a number.
#[derive(Debug, Read, PartialEq)]
#[read(text, expected = "`auto` or a whole number")]
pub(super) enum Workers {
    Auto,
    Count(usize),
}

impl Text for Workers {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => text.parse().map(Self::Count).map_err(|_| String::new()),
        }
    }
}

#[derive(Debug, Read)]
pub(super) struct Limits {
    #[read(default = "20000")]
    pub(super) connections: u32,
    #[read(default = "10MiB")]
    pub(super) body: ByteSize,
}

#[derive(Debug, Read)]
#[read(called = "upstream")]
pub(super) struct Upstream {
    pub(super) endpoints: Vec<Endpoint>,
    #[read(default = "least_requests")]
    pub(super) balance: Balance,
    #[read(default = "30s")]
    pub(super) timeout: Duration,
    pub(super) ca: Option<ConfigPath>,
    #[read(later)]
    pub(super) health: Later,
}

#[derive(Debug, Read)]
#[read(forms, expected = "an address or a map")]
pub(super) enum Endpoint {
    #[read(text)]
    Short(String),
    #[read(map)]
    Long(Weighted),
}

#[derive(Debug, Read)]
#[read(called = "endpoint")]
pub(super) struct Weighted {
    pub(super) address: String,
    #[read(default = "1")]
    pub(super) weight: u16,
}

#[derive(Debug, Read)]
#[read(forms, expected = "a way to balance, or {hash: EXPRESSION}")]
pub(super) enum Balance {
    #[read(text)]
    Word(BalanceWord),
    #[read(map)]
    By(BalanceBy),
}

#[derive(Debug, Read, PartialEq)]
#[read(word)]
pub(super) enum BalanceWord {
    RoundRobin,
    LeastRequests,
    PeakEwma,
    #[read(later)]
    Random,
}

#[derive(Debug, Read)]
#[read(kind, called = "way to balance")]
pub(super) enum BalanceBy {
    Hash(String),
}

#[derive(Debug, Read)]
#[read(called = "route", check)]
pub(super) struct Route {
    pub(super) name: Option<String>,
    #[read(key = "match")]
    pub(super) pattern: Spanned<String>,
    #[read(default)]
    pub(super) policies: Vec<PolicyRef>,
    #[read(default)]
    pub(super) routes: Vec<Route>,
    pub(super) proxy: Option<Target>,
    pub(super) respond: Option<Respond>,
    #[read(span)]
    pub(super) at: Span,
}

impl Route {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.proxy.is_some() && self.respond.is_some() {
            reader.error("two-actions", "a route has one action, this one has `proxy` and `respond`", node.span());
            return None;
        }
        Some(self)
    }
}

#[derive(Debug, Read)]
#[read(forms, expected = "an upstream's name, a URL, or a map")]
pub(super) enum Target {
    #[read(text)]
    To(Spanned<String>),
    #[read(map)]
    Proxy(Box<Proxy>),
}

#[derive(Debug, Read)]
#[read(called = "proxy")]
pub(super) struct Proxy {
    pub(super) to: String,
    pub(super) mirror: Option<Share>,
}

#[derive(Debug, Read)]
#[read(called = "respond")]
pub(super) struct Respond {
    #[read(default = "200")]
    pub(super) status: u16,
    pub(super) body: Option<Tree>,
}

#[derive(Debug, Read)]
#[read(forms, expected = "a policy's name or a map")]
pub(super) enum PolicyRef {
    #[read(text)]
    Named(Spanned<String>),
    #[read(map)]
    Inline(Policy),
}

#[derive(Debug, Read)]
#[read(kind, called = "policy")]
pub(super) enum Policy {
    Timeout(OrNone),
    RateLimit(RateLimit),
    #[read(later)]
    Waf,
}

#[derive(Debug, Read, PartialEq)]
#[read(forms, expected = "a duration or `none`")]
pub(super) enum OrNone {
    #[read(none)]
    Off,
    #[read(text)]
    After(Duration),
}

#[derive(Debug, Read)]
#[read(called = "rate_limit")]
pub(super) struct RateLimit {
    pub(super) rate: Rate,
    pub(super) burst: Option<u32>,
    #[read(default = "client.ip")]
    pub(super) key: String,
    #[read(default = "false")]
    pub(super) shared: bool,
}
