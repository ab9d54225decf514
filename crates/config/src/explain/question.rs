//! What is asked: a request as people write one, checked as far as it must be to be sent; what is wrong with it beyond
//! that is the gateway's to say.

use pintle_core::config::{ByteSize, Text};
use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};

/// A request to explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub(super) method: String,
    pub(super) https: bool,
    /// Host and port as they were written.
    pub(super) authority: String,
    /// Path and query as they were written.
    pub(super) target: String,
    fields: Vec<(String, String)>,
    /// Who asks; the default is a client on this machine.
    pub from: Option<SocketAddr>,
    /// The certificate that the client shows, as PEM.
    pub client_certificate: Option<String>,
    /// The listener that it comes in by, where the URL does not say.
    pub listener: Option<String>,
    /// How many bytes of content come with it.
    body_size: u64,
}

/// Why a question cannot be answered, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub what: String,
    /// The remedy.
    pub help: String,
}

impl Mistake {
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Mistake { what: what.into(), help: help.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n  = help: {}", self.what, self.help)
    }
}

impl std::error::Error for Mistake {}

impl Question {
    /// Reads `METHOD URL`, as in `GET https://shop.example.com/orders/1`.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (method, url) = match words[..] {
            [one] | [_, one] if one.starts_with("tcp://") => {
                let help = "a connection's route is the one whose host is its server name, then the longest `*.` one, \
                            then any; `pintle check` shows mistakes in them";
                return Err(Mistake::new(format!("`{one}` is no request: what connections carry is not read"), help));
            }
            [method, url] => (method, url),
            [] => return Err(Mistake::new("the request is empty", "write one as in 'GET https://shop.example.com/'")),
            [one] if one.contains(['/', '.', ':']) => {
                return Err(Mistake::new(format!("`{one}` has no method"), format!("write 'GET {one}'")));
            }
            [one] => {
                let help = format!("write one as in '{one} https://shop.example.com/'");
                return Err(Mistake::new(format!("`{one}` has no URL"), help));
            }
            _ => {
                let help = "write 'METHOD URL'; a space in a URL is %20, fields are given by -H";
                return Err(Mistake::new(format!("`{text}` is more than a method and a URL"), help));
            }
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(match url.starts_with('/') {
                true => Mistake::new(format!("`{url}` has no host"), format!("write 'https://HOST{url}'")),
                false => {
                    let help = format!("write 'https://{url}', or 'http://{url}' for a listener without TLS");
                    Mistake::new(format!("`{url}` has no scheme"), help)
                }
            });
        };
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            "ws" | "wss" => {
                let help =
                    "a WebSocket is a GET: write http(s)://, -H 'connection: upgrade' and -H 'upgrade: websocket'";
                return Err(Mistake::new(format!("`{scheme}` is no scheme of HTTP"), help));
            }
            _ => return Err(Mistake::new(format!("`{scheme}` is no scheme of HTTP"), "write http:// or https://")),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.is_empty() {
            return Err(Mistake::new(format!("`{url}` has no host"), format!("write '{scheme}://HOST{target}'")));
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Question {
            method: method.to_owned(),
            https,
            authority: authority.to_owned(),
            target: format!("{slash}{target}"),
            fields: Vec::new(),
            from: None,
            client_certificate: None,
            listener: None,
            body_size: 0,
        })
    }

    /// Adds a field, `name: value`; `host` stands in place of the URL's.
    pub fn field(&mut self, line: &str) -> Result<(), Mistake> {
        let Some((name, value)) = line.split_once(':') else {
            let help = format!("write it as in '{}: VALUE'", line.trim());
            return Err(Mistake::new(format!("the field `{line}` has no colon"), help));
        };
        if line.contains(['\r', '\n']) {
            return Err(Mistake::new(
                format!("the field `{name}` holds a line break"),
                "give each field by a -H of its own",
            ));
        }
        self.fields.push((name.to_owned(), value.trim().to_owned()));
        Ok(())
    }

    /// Reads who asks: an address with or without a port.
    pub fn from(&mut self, text: &str) -> Result<(), Mistake> {
        let address = text.parse::<SocketAddr>().ok();
        let bare = || text.trim_matches(['[', ']']).parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 0));
        let Some(address) = address.or_else(bare) else {
            return Err(Mistake::new(
                format!("`{text}` is no address"),
                "write one as in 203.0.113.7 or 203.0.113.7:4711",
            ));
        };
        self.from = Some(address);
        Ok(())
    }

    /// Reads how much content comes with it: a size, or a number of bytes.
    pub fn body_size(&mut self, text: &str) -> Result<(), Mistake> {
        let bytes = text.parse().ok().or_else(|| ByteSize::parse(text).ok().map(ByteSize::bytes));
        let Some(bytes) = bytes else {
            return Err(Mistake::new(format!("`{text}` is no size"), "write one as in 2MiB or 4096"));
        };
        self.body_size = bytes;
        Ok(())
    }

    /// The port that the URL names.
    pub(super) fn port(&self) -> Option<u16> {
        let after = self.authority.rsplit_once(']').map_or(self.authority.as_str(), |(_, after)| after);
        after.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
    }

    /// The address that the URL names, if it names one.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        let host = match self.authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => self.authority.split(':').next(),
        };
        host?.parse().ok()
    }

    /// The name that a TLS client asks for: no address is one (RFC 6066 3).
    pub(super) fn server_name(&self) -> Option<String> {
        if self.ip().is_some() || self.authority.starts_with('[') {
            return None;
        }
        self.authority.split(':').next().map(str::to_ascii_lowercase)
    }

    /// The head as a client sends it over HTTP/1.1.
    pub(super) fn head(&self) -> String {
        let is = |wanted: &str| self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        // CONNECT has a form of its own (RFC 9112 3.2.3).
        let target = if self.method == "CONNECT" { &self.authority } else { &self.target };
        let mut head = format!("{} {target} HTTP/1.1\r\n", self.method);
        if !is("host") {
            let _ = write!(head, "host: {}\r\n", self.authority);
        }
        for (name, value) in &self.fields {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if self.body_size > 0 && !is("content-length") && !is("transfer-encoding") {
            let _ = write!(head, "content-length: {}\r\n", self.body_size);
        }
        head.push_str("\r\n");
        head
    }
}

/// As it was asked: `GET https://shop.example.com/orders/1`.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{} {scheme}://{}{}", self.method, self.authority, self.target)
    }
}
