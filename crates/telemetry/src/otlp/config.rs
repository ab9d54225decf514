//! A collector as its user writes it.

use super::address::{CollectorUrl, HTTP_PORT};
use pintle_core::config::{Diagnostic, Map, Node, Read, Reader, SecretSource, Spanned};
use pintle_upstream::settings::TlsConfig;
use std::time::Duration;

/// A collector of OpenTelemetry: its URL, or a map that says more.
///
/// ```yaml
/// telemetry:
///   traces:
///     otlp:
///       url: https://otlp.example.com/v1
///       protocol: http
///       headers: {x-api-key: {env: OTLP_KEY}}
///       timeout: 5s
///       compression: gzip
///       tls: {ca: certs/ca.pem}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "a collector's URL such as http://127.0.0.1:4317, or a map with `url`")]
#[expect(clippy::large_enum_variant, reason = "there are two of it")]
pub enum OtlpConfig {
    /// Where it is. It is spoken to by gRPC, or over HTTP if the port is 4318 or there is a path.
    #[read(text)]
    Url(Spanned<CollectorUrl>),
    /// Where it is and how it is spoken to.
    #[read(map)]
    Map(CollectorConfig),
}

/// Where a collector is and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "otlp", check)]
pub struct CollectorConfig {
    /// Where it is. A path stands before `/v1/traces` and `/v1/metrics`, unless it ends in the one that is asked for.
    pub url: Spanned<CollectorUrl>,
    /// What is spoken; the default is `grpc`, and `http` if the port is 4318 or the URL has a path.
    pub protocol: Option<Spanned<Protocol>>,
    /// Fields that go along with each request: what the collector asks for in order to let one in. Their values are secrets.
    #[read(default)]
    pub headers: Map<SecretSource>,
    /// How long one request may take, connecting included.
    #[read(default = "10s")]
    pub timeout: Duration,
    /// Whether requests are made smaller.
    #[read(default = "none")]
    pub compression: Compression,
    /// What an `https` URL asks of the collector's certificate, and shows it; the default trusts the system's authorities.
    pub tls: Option<Spanned<TlsConfig>>,
}

/// What is spoken with a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Protocol {
    /// OTLP/gRPC, over HTTP/2.
    Grpc,
    /// OTLP/HTTP with protobuf.
    Http,
}

/// How requests are made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Compression {
    /// Not at all.
    None,
    /// By gzip.
    Gzip,
}

/// What the protocol itself says in fields.
const OWN: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

impl CollectorConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut sound = true;
        let mut refuse = |message: String, help: &str, span| {
            reader.report(Diagnostic::error("otlp", message, span).help(help));
            sound = false;
        };
        if let Some(protocol) = &self.protocol
            && protocol.value == Protocol::Grpc
            && !self.url.value.path.is_empty()
        {
            let message = format!("gRPC has no path, and the URL has `{}`", self.url.value.path);
            refuse(message, "leave the path out, or write `protocol: http`", &protocol.span);
        }
        if let Some(tls) = self.tls.as_ref().filter(|_| !self.url.value.tls) {
            let help = "write `https://` in the URL, or leave `tls` out";
            refuse("`tls` is given for a URL in cleartext".into(), help, &tls.span);
        }
        for (name, _) in &self.headers.0 {
            let text = name.value.to_ascii_lowercase();
            let is_name = !text.is_empty() && text.bytes().all(pintle_core::fields::is_token);
            if !is_name {
                refuse(format!("`{}` is no field's name", name.value), "such as `x-api-key`", &name.span);
            } else if OWN.contains(&&*text) {
                refuse(format!("`{}` is written by the protocol itself", name.value), "leave it out", &name.span);
            }
        }
        if self.timeout.is_zero() {
            reader.zero(node, "timeout");
            return None;
        }
        sound.then_some(self)
    }
}

impl OtlpConfig {
    /// Where the collector is.
    pub fn url(&self) -> &Spanned<CollectorUrl> {
        match self {
            OtlpConfig::Url(url) => url,
            OtlpConfig::Map(map) => &map.url,
        }
    }

    /// What is spoken with it.
    pub fn protocol(&self) -> Protocol {
        if let OtlpConfig::Map(map) = self
            && let Some(protocol) = &map.protocol
        {
            return protocol.value;
        }
        let url = &self.url().value;
        if url.port() == Some(HTTP_PORT) || !url.path.is_empty() { Protocol::Http } else { Protocol::Grpc }
    }

    /// The fields that go along, and where their values are kept.
    pub fn headers(&self) -> impl Iterator<Item = &(Spanned<String>, SecretSource)> {
        self.map().into_iter().flat_map(|map| &map.headers.0)
    }

    pub(super) fn map(&self) -> Option<&CollectorConfig> {
        match self {
            OtlpConfig::Url(_) => None,
            OtlpConfig::Map(map) => Some(map),
        }
    }
}
