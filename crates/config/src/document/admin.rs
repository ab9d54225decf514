//! `admin` as its user writes it.

use pintle_core::config::{Grammar, Node, Read, Reader, SecretSource, Shape, Spanned, Text, derived};
use pintle_engine::socket::Address;
use pintle_engine::tls::TlsConfig;
use std::net::IpAddr;

/// An address for operators: health, status, metrics, changes, explanations. [admin.md](admin.md) has all that can be asked
/// there, and how to keep it to those who may.
///
/// ```yaml
/// admin:
///   address: 0.0.0.0:9900
///   token: {env: PINTLE_ADMIN_TOKEN}
///   tls: {certificates: [{cert: certs/own.pem, key: certs/own.key}]}
///   hosts: [gateway.internal]
/// ```
#[derive(Debug, Read)]
#[read(called = "`admin`")]
pub struct AdminConfig {
    /// Where to listen. Not one of the listeners'.
    pub address: Spanned<Address>,
    /// What callers must show as `authorization: Bearer …` to change something; beyond loopback they need it to read, too.
    pub token: Option<Spanned<SecretSource>>,
    /// Speaks TLS alone, as a listener does, with HTTP/1.1 inside. A client certificate is asked for beside the token, not in
    /// its place.
    pub tls: Option<Spanned<TlsConfig>>,
    /// Names by which it may be asked. Without any, the Host of a request must be an address or `localhost`: a web page can
    /// make another name lead to this address (DNS rebinding).
    #[read(default)]
    pub hosts: Vec<AdminHost>,
}

const EXPECTED: &str = "a host name such as gateway.internal, without port";

/// A name by which the admin address may be asked, in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminHost(pub String);

impl Text for AdminHost {
    fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if text.contains("://") {
            return Err("write the name alone, without a scheme".into());
        }
        if name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok() || name == "localhost" {
            return Err("leave it out: addresses and `localhost` may always be asked".into());
        }
        if let Some((host, port)) = name.rsplit_once(':')
            && port.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(format!("write `{host}`: the port of a request is not compared"));
        }
        if name.contains('*') {
            return Err("write each name: what a pattern stands for could be anybody's".into());
        }
        let is_label = |label: &str| {
            let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
        };
        match name.len() <= 253 && name.split('.').all(is_label) {
            true => Ok(AdminHost(name.to_ascii_lowercase())),
            false => Err("a name has labels of letters, digits and hyphens, with dots between them".into()),
        }
    }
}

impl Read for AdminHost {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        derived::read_text(node, EXPECTED, reader)
    }

    fn shape() -> Shape {
        let doc = "A name by which the admin address may be asked.";
        let grammar = Grammar::Pattern("^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*[.]?$");
        Shape::Text { name: "AdminHost", doc, expected: EXPECTED, grammar }
    }
}
