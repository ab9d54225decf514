//! Which instances of an upstream are well, as its user writes it.

use pintle_core::config::{Diagnostic, Node, OneOrMany, Read, Reader, Share, Text};
use std::time::Duration;

/// Which instances get requests. When none of them is well all are tried: a doubtful answer is better than none.
///
/// ```yaml
/// upstreams:
///   orders:
///     endpoints: [127.0.0.1:9001, 127.0.0.1:9011]
///     health:
///       check: {path: /healthz, every: 5s, timeout: 1s, expect: [200-299, 401], up_after: 2, down_after: 3, host: orders.internal}
///       eject: {after: 5, for: 30s, at_most: 50%}
///       slow_start: 30s
///   billing:
///     endpoints: [127.0.0.1:9003]
///     protocol: http2
///     health: {check: {grpc: billing.v1.Billing, port: 9903}}
///   mail:
///     endpoints: [127.0.0.1:9025]
///     health: {check: {tcp: true}}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "health", instead = "such as `{check: {path: /healthz}}`", check)]
pub struct HealthConfig {
    /// Asks each instance regularly; without it only requests tell.
    pub check: Option<CheckConfig>,
    /// Takes an instance out whose answers fail; without it none is.
    pub eject: Option<EjectConfig>,
    /// How long an instance that comes new or back takes to get its whole share, from a tenth of it on.
    pub slow_start: Option<Duration>,
}

impl HealthConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.slow_start.is_some_and(|time| time.is_zero()) {
            reader.zero(node, "slow_start");
            return None;
        }
        Some(self)
    }
}

/// A question that each instance is asked regularly, one of three: by `path` over HTTP, by `grpc` over `grpc.health.v1`, or by `tcp`
/// whether it takes a connection (and shakes hands, where the upstream has TLS). One process asks an instance once, however
/// many routes and workers there are. An instance counts as well until a check says otherwise.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "check", instead = "such as `{path: /healthz}`", check)]
pub struct CheckConfig {
    /// The path of a GET, with its query.
    pub path: Option<CheckPath>,
    /// The name of a gRPC service, or `""` for the server as a whole. Needs an upstream with `protocol: http2`, or `auto`.
    pub grpc: Option<String>,
    /// `true`: a connection is enough.
    #[read(default = "false")]
    pub tcp: bool,
    /// From one question to the next; a tenth more or less, so that not all are asked at once.
    #[read(default = "5s")]
    pub every: Duration,
    /// How long an answer may take, connection included.
    #[read(default = "1s")]
    pub timeout: Duration,
    /// The statuses that are good.
    #[read(default = "200-299")]
    pub expect: OneOrMany<StatusRange>,
    /// How many good answers in a row bring an instance back. The very first answer of an instance counts at once.
    #[read(default = "2")]
    pub up_after: u32,
    /// How many bad ones in a row take it out. The very first answer of an instance counts at once.
    #[read(default = "3")]
    pub down_after: u32,
    /// The Host to ask for; the default is the endpoint as it is written.
    pub host: Option<String>,
    /// The port to ask at, without a header of the PROXY protocol; the default is the endpoint's own.
    pub port: Option<CheckPort>,
}

impl CheckConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let ways = [("path", self.path.is_some()), ("grpc", self.grpc.is_some()), ("tcp", self.tcp)];
        let given: Vec<&str> = ways.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        let mut good = true;
        if given.len() != 1 {
            let message = match given[..] {
                [] => "a check asks something".to_owned(),
                _ => format!("a check asks one thing: `{}` stand side by side", given.join("` and `")),
            };
            let help = "one of `path: /healthz`, `grpc: SERVICE` and `tcp: true`";
            reader.report(Diagnostic::error("health-check", message, node.span()).help(help));
            good = false;
        }
        let zero = [
            ("every", self.every.is_zero()),
            ("timeout", self.timeout.is_zero()),
            ("up_after", self.up_after == 0),
            ("down_after", self.down_after == 0),
        ];
        for (key, _) in zero.into_iter().filter(|(_, zero)| *zero) {
            reader.zero(node, key);
            good = false;
        }
        let valid = self.host.as_ref().is_none_or(|host| pintle_http1::Host::parse(host.as_bytes()).is_some());
        if !valid && let Some(host) = node.get("host") {
            reader.expected("a host with an optional port", host, "");
            good = false;
        }
        good.then_some(self)
    }
}

/// A path with an optional query, as it stands in a request line.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a path such as /healthz")]
pub struct CheckPath(pub String);

impl Text for CheckPath {
    fn parse(text: &str) -> Result<Self, String> {
        match text.as_bytes() {
            [b'/', rest @ ..] if rest.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#') => {
                Ok(CheckPath(text.to_owned()))
            }
            [b'/', ..] => Err("percent-encode what a URL cannot hold".into()),
            _ => Err(format!("it begins with a slash: /{text}")),
        }
    }
}

/// A port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a port from 1 to 65535", range = "1-65535")]
pub struct CheckPort(pub u16);

impl Text for CheckPort {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().ok().filter(|port| *port != 0).map(CheckPort).ok_or_else(String::new)
    }
}

/// A status, or a range of them: `204`, `200-299`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a status such as 200, or a range such as 200-299")]
pub struct StatusRange(pub u16, pub u16);

impl Text for StatusRange {
    fn parse(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let status = |text: &str| text.parse().ok().filter(|status| (100..=599).contains(status));
        match (status(first), status(last)) {
            (Some(first), Some(last)) if first <= last => Ok(StatusRange(first, last)),
            (Some(first), Some(last)) => Err(format!("the smaller one stands first: {last}-{first}")),
            _ => match text.as_bytes() {
                [class @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => {
                    let class = char::from(*class);
                    Err(format!("write the range: {class}00-{class}99"))
                }
                _ => Err("statuses go from 100 to 599".into()),
            },
        }
    }
}

impl StatusRange {
    /// Whether the status is in it.
    pub(crate) fn holds(self, status: u16) -> bool {
        (self.0..=self.1).contains(&status)
    }
}

/// Takes an instance out after failures in a row: no answer, or a status from 500 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(called = "eject", instead = "such as `{after: 5}`", check)]
pub struct EjectConfig {
    /// How many failures in a row.
    #[read(default = "5")]
    pub after: u32,
    /// How long it stays out.
    #[read(default = "30s", key = "for")]
    pub time: Duration,
    /// Which share of the instances may be out. When more would be, it is not they who are ill, and all are tried.
    #[read(default = "50%")]
    pub at_most: Share,
}

impl EjectConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let zero = [("after", self.after == 0), ("for", self.time.is_zero())].into_iter().filter(|(_, zero)| *zero);
        (zero.inspect(|(key, _)| reader.zero(node, key)).count() == 0).then_some(self)
    }
}
