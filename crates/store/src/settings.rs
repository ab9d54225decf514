//! `stores`: which Redis replicas share, as it stands in a configuration.

use crate::StoreUrl;
use pintle_core::config::{ConfigPath, Diagnostic, Node, Read, Reader, SecretSource, Spanned};
use std::time::Duration;

/// What is kept outside of the process, for several replicas to share. Without one every replica counts for itself.
///
/// ```yaml
/// stores:
///   shared:
///     url: rediss://redis.internal:6379
///     username: gateway
///     password: {env: REDIS_PASSWORD}
///     timeout: 250ms
///     prefix: shop
///     tls: {ca: certs/ca.pem, cert: certs/shop.pem, key: certs/shop.key}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Read)]
#[read(called = "set of stores")]
pub struct Stores {
    /// What policies with `shared: true` count in.
    pub shared: Option<Spanned<StoreConfig>>,
}

/// A Redis, version 6 or later.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(forms, expected = "the URL of a Redis, or a map with its `url`")]
pub enum StoreConfig {
    /// Where it is: `redis://127.0.0.1:6379`.
    #[read(text)]
    Url(StoreUrl),
    /// Where it is, and how to ask it.
    #[read(map)]
    Map(Box<StoreMap>),
}

/// A Redis with all that can be said of it.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(called = "store", check)]
pub struct StoreMap {
    /// Where it is.
    pub url: StoreUrl,
    /// The user to be (Redis' ACL); without it the default one.
    pub username: Option<String>,
    /// The password.
    pub password: Option<SecretSource>,
    /// How to know it, with `rediss`. Without it, by the system's authorities.
    pub tls: Option<StoreTls>,
    /// How long one call may take, connecting included. What is not answered by then has failed.
    #[read(default = "500ms")]
    pub timeout: Duration,
    /// What the name of each key begins with, so that several gateways can share one Redis apart.
    #[read(default = "pintle")]
    pub prefix: String,
}

/// TLS to a store.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(called = "store's `tls`", check)]
pub struct StoreTls {
    /// The authorities that may vouch for it (PEM), in place of the system's.
    pub ca: Option<ConfigPath>,
    /// The gateway's own certificate (PEM), where the store asks for one.
    pub cert: Option<ConfigPath>,
    /// Its key (PEM).
    pub key: Option<ConfigPath>,
}

impl StoreTls {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.cert.is_some() != self.key.is_some() {
            let help = "a certificate of the gateway's own needs both `cert` and `key`";
            let message = "one of `cert` and `key` is missing";
            reader.report(Diagnostic::error("missing-key", message, node.span()).help(help));
            return None;
        }
        Some(self)
    }
}

impl StoreMap {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.timeout.is_zero() {
            reader.zero(node, "timeout");
            return None;
        }
        if self.tls.is_some() && !self.url.tls {
            let at = node.get("tls").unwrap_or(node).span();
            let message = "the URL of this store is one without TLS";
            reader.report(Diagnostic::error("unexpected", message, at).help("write `rediss` in place of `redis`"));
            return None;
        }
        Some(self)
    }

    /// What is kept apart by this alone: equal ones are one store.
    pub(crate) fn of(url: StoreUrl) -> Self {
        let timeout = Duration::from_millis(500);
        StoreMap { url, username: None, password: None, tls: None, timeout, prefix: "pintle".into() }
    }
}

impl StoreConfig {
    /// Where its password is kept.
    pub fn password(&self) -> Option<&SecretSource> {
        match self {
            StoreConfig::Url(_) => None,
            StoreConfig::Map(map) => map.password.as_ref(),
        }
    }

    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &ConfigPath> {
        let map = match self {
            StoreConfig::Url(_) => None,
            StoreConfig::Map(map) => Some(map),
        };
        let password = map.and_then(|map| match &map.password {
            Some(SecretSource::File(path)) => Some(path),
            _ => None,
        });
        let tls = map.and_then(|map| map.tls.as_ref()).into_iter();
        tls.flat_map(|tls| [&tls.ca, &tls.cert, &tls.key]).flatten().chain(password)
    }

    /// All that is said of it.
    pub fn settings(&self) -> StoreMap {
        match self {
            StoreConfig::Url(url) => StoreMap::of(url.clone()),
            StoreConfig::Map(map) => (**map).clone(),
        }
    }
}
