//! `introspect` as its user writes it.

use crate::authenticate::Credentials;
use crate::issuer::IssuerName;
use crate::web_url::WebUrl;
use pintle_core::config::{Diagnostic, Map, Node, OneOrMany, Read, Reader, SecretSource, Spanned, TemplateText};
use std::time::Duration;

/// A token that the service is asked about that issued it (RFC 7662). Without one the answer is 401, and where it does not hold
/// as well; 503 where the service does not answer. What the service says is `claims` in expressions; a consumer it makes only
/// where `consumers[].jwt` says so. An authentication on an inner level stands in place of all outer ones.
///
/// ```yaml
/// routes:
///   - match: /opaque/**
///     policies:
///       - introspect:
///           url: https://login.example.com/introspect
///           client_id: gateway
///           client_secret: {env: INTROSPECT_SECRET}
///           cache: 30s
///     proxy: orders
///   - match: /shop/**
///     policies:
///       - introspect:
///           url: https://login.example.com/introspect
///           client_id: gateway
///           client_secret: {env: INTROSPECT_SECRET}
///           auth: post
///           via: login
///           timeout: 2s
///           issuer: https://login.example.com/
///           audience: [shop]
///           require: [sub]
///           header: x-token
///           forward: {x-user: "${claims.sub}"}
///           optional: true
///     proxy: orders
///   - match: /old/**
///     policies:
///       - introspect: {url: "http://login.internal/i", danger_plain_http: true, client_id: gw, client_secret: {env: S}, cookie: token}
///     proxy: orders
///   - match: /files/**
///     policies: [{introspect: {url: "https://login.example.com/i", client_id: gw, client_secret: {env: S}, query: token}}]
///     proxy: orders
/// upstreams:
///   orders: {endpoints: [127.0.0.1:9001]}
///   login: {endpoints: [10.0.0.7:8443], tls: {ca: certs/ca.pem, server_name: login.example.com}}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "introspect", check)]
pub struct Introspect {
    /// Where the service is asked.
    pub url: Spanned<WebUrl>,
    /// The gateway's name there.
    pub client_id: String,
    /// The gateway's password there.
    pub client_secret: Spanned<SecretSource>,
    /// How the two are sent (RFC 6749 2.3.1).
    #[read(default = "basic")]
    pub auth: ClientAuthentication,
    /// An upstream by its name, through which the service is asked.
    pub via: Option<Spanned<String>>,
    /// Lets the service be asked in cleartext on another machine. Whoever is on the way then reads tokens and the password.
    #[read(default = "false")]
    pub danger_plain_http: bool,
    /// How long the service may take.
    #[read(default = "5s")]
    pub timeout: Duration,
    /// How long it is remembered that a token holds, never past its `exp`; so long a token that is revoked may still be taken.
    /// `0s` asks each time.
    #[read(default = "1m")]
    pub cache: Duration,
    /// What the answer's `iss` must be.
    pub issuer: Option<IssuerName>,
    /// Whom the token must be for: one of these must be in the answer's `aud`.
    #[read(default)]
    pub audience: OneOrMany<String>,
    /// What must be in the answer beside.
    #[read(default)]
    pub require: OneOrMany<String>,
    /// A header whose value is the token, in place of `Authorization: Bearer`.
    pub header: Option<Spanned<String>>,
    /// A cookie that is the token, in place of `Authorization: Bearer`. Then add `csrf`: browsers send cookies by themselves.
    pub cookie: Option<Spanned<String>>,
    /// A value of the query that is the token, in place of `Authorization: Bearer` (RFC 6750 2.3).
    pub query: Option<Spanned<String>>,
    /// Fields for the service behind, whose values may name `claims` and `consumer`. The client's own of these names are dropped.
    #[read(default)]
    pub forward: Map<TemplateText>,
    /// Lets requests without a token through, as nobody. A wrong one is refused all the same.
    #[read(default = "false")]
    pub optional: bool,
}

/// How the gateway says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum ClientAuthentication {
    /// By `Authorization: Basic`.
    Basic,
    /// In the request's content.
    Post,
}

/// The longest that it may be remembered that a token holds.
const LONGEST_CACHE: Duration = Duration::from_secs(3600);

impl Introspect {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.timeout.is_zero() {
            reader.zero(node, "timeout");
            return None;
        }
        if self.cache > LONGEST_CACHE {
            let at = node.get("cache").unwrap_or(node).span();
            let message = "a token that is revoked would be taken for too long";
            reader.report(Diagnostic::error("introspect", message, at).help("at most 1h"));
            return None;
        }
        Some(self)
    }

    /// What that which is remembered depends on.
    pub(super) fn identity(&self) -> String {
        let Introspect { url, client_id, issuer, audience, require, cache, via, .. } = self;
        let via = via.as_ref().map(|via| via.as_str());
        format!("{} {client_id} {issuer:?} {:?} {:?} {cache:?} {via:?}", url.value, audience.0, require.0)
    }
}

impl Credentials for Introspect {
    fn optional(&self) -> bool {
        self.optional
    }

    fn forward(&self) -> &Map<TemplateText> {
        &self.forward
    }
}
