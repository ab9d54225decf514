//! The URL of a collector.

use pintle_core::config::{Diagnostic, Grammar, Node, Read, Reader, Shape};
use pintle_upstream::Address;
use std::fmt;

/// The port of OTLP over HTTP; 4317 is that of gRPC.
pub(super) const HTTP_PORT: u16 = 4318;

/// Where a collector is: `http(s)://host:port`, and over HTTP a path before `/v1/traces` and `/v1/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorUrl {
    /// Whether it is reached over TLS.
    pub tls: bool,
    /// Its host and port.
    pub address: Address,
    /// The path, without a slash at its end; empty if there is none.
    pub path: Box<str>,
}

impl CollectorUrl {
    /// Its port.
    pub(super) fn port(&self) -> Option<u16> {
        match self.address {
            Address::Host { port, .. } => Some(port),
            Address::Unix(_) => None,
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            let port = if text.contains(':') { "" } else { ":4317" };
            return Err(format!("write `http://{text}{port}`"));
        };
        let (place, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let tls = match scheme {
            "http" => false,
            "https" => true,
            "grpc" | "grpcs" | "h2c" => {
                let scheme = if scheme == "grpcs" { "https" } else { "http" };
                return Err(format!("write `{scheme}://{place}`; gRPC is meant unless the port is 4318"));
            }
            other => return Err(format!("`{other}` is no scheme for a collector: use http or https")),
        };
        if path.contains(['?', '#']) {
            return Err("a collector's URL has no query; what it asks for stands in `headers`".into());
        }
        let default = tls.then_some(443);
        let address = Address::parse(place, default).map_err(|why| match Address::parse(place, Some(80)) {
            // Without a port of its own, 80 would be meant, where hardly a collector listens.
            Ok(_) => format!("say the port: `http://{place}:4317` for gRPC, `http://{place}:4318` for HTTP"),
            Err(_) => why,
        })?;
        if matches!(address, Address::Unix(_)) {
            return Err("a collector is named by host and port".into());
        }
        let path = path.trim_end_matches('/');
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a path is written without spaces, others than ASCII's letters as %XX".into());
        }
        Ok(CollectorUrl { tls, address, path: path.into() })
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.address, self.path)
    }
}

const EXPECTED: &str = "a collector's URL such as http://127.0.0.1:4317";

impl Read for CollectorUrl {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.as_text() else {
            reader.expected(EXPECTED, node, "");
            return None;
        };
        let named = text.split('/').nth(2).is_some_and(|place| place.contains('@'));
        if named {
            // What stands before the `@` may be a password, which no message repeats.
            reader.diagnostics.hide(node.span());
            let message = "a collector's URL holds credentials in plain text";
            let help = "give them by `headers`, as {env: NAME} or {file: PATH}";
            reader.report(Diagnostic::error("plain-secret", message, node.span()).help(help));
            return None;
        }
        CollectorUrl::parse(text).map_err(|help| reader.expected(EXPECTED, node, help)).ok()
    }

    fn shape() -> Shape {
        Shape::Text {
            name: "CollectorUrl",
            doc: "Where a collector is: `http(s)://host:port`, with the path before `/v1/traces` where it has one.",
            expected: EXPECTED,
            grammar: Grammar::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_collector_is() {
        for (text, whole) in [
            ("http://127.0.0.1:4317", "http://127.0.0.1:4317"),
            ("https://api.Example.com", "https://api.example.com:443"),
            ("https://collector/otlp/", "https://collector:443/otlp"),
            ("http://[::1]:4318/", "http://[::1]:4318"),
        ] {
            assert_eq!(CollectorUrl::parse(text).expect(text).to_string(), whole);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_remedy() {
        for (text, help) in [
            ("http://localhost", "`http://localhost:4317` for gRPC, `http://localhost:4318` for HTTP"),
            ("localhost:4317", "write `http://localhost:4317`"),
            ("collector", "write `http://collector:4317`"),
            ("grpc://c:4317", "write `http://c:4317`"),
            ("grpcs://c:4317", "write `https://c:4317`"),
            ("udp://c:1", "use http or https"),
            ("http://c:4318/?key=1", "`headers`"),
            ("http://c:0", "no port"),
        ] {
            let said = CollectorUrl::parse(text).expect_err(text);
            assert!(said.contains(help), "{text}: {said}");
        }
    }
}
