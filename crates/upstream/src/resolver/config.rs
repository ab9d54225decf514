//! `resolver` as its user writes it.

use pintle_core::config::{ConfigPath, Diagnostic, Grammar, Node, Read, Reader, Shape, Spanned, Text};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How the names of services are looked up. A name's addresses are tried in turn, those of IPv6 and IPv4 alternating.
///
/// ```yaml
/// resolver:
///   servers: [10.96.0.10, "10.96.0.11:53"]
///   search: [shop.svc.cluster.local, svc.cluster.local]
///   ndots: 2
///   hosts: none
///   timeout: 1s
///   attempts: 2
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "`system`, or a map such as `{servers: [10.0.0.2]}`")]
pub enum ResolverConfig {
    /// `system` asks the system's library, with all that it is set up for (`nsswitch.conf`). It tells no TTL, so its
    /// answers are kept for ten seconds.
    #[read(text)]
    Library(Library),
    /// Pintle asks by itself: the hosts file first, then DNS servers. An answer is kept as long as its TTL says, from a
    /// second to five minutes; where a lookup fails, the last answer stays in use. What is left out is as
    /// `/etc/resolv.conf` says; it is watched.
    #[read(map)]
    Own(Box<OwnResolver>),
}

/// The system's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Library {
    /// `getaddrinfo` of the system's library.
    System,
}

/// Lookups of Pintle's own.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "resolver", check)]
pub struct OwnResolver {
    /// The DNS servers, `IP` or `IP:PORT`: the next is asked where one does not answer. The default is those of
    /// `/etc/resolv.conf`; with servers given here nothing else of that file counts.
    pub servers: Option<Spanned<Vec<Spanned<Server>>>>,
    /// Domains that are tried behind a name with few dots.
    pub search: Option<Vec<Domain>>,
    /// Names that are known without DNS: a file in the form of `/etc/hosts`, `system` for that one, or `none`. It is watched.
    #[read(default = "system")]
    pub hosts: HostsFile,
    /// How long to wait for one server's answer; 2s where servers are given.
    pub timeout: Option<Spanned<Duration>>,
    /// How often all servers are asked in turn; 2 where servers are given.
    pub attempts: Option<Attempts>,
    /// A name with so many dots is tried as it is before the domains of `search`; 1 where servers are given.
    pub ndots: Option<u8>,
}

impl OwnResolver {
    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        let mut wrong = Vec::new();
        if let Some(servers) = self.servers.as_ref().filter(|servers| servers.is_empty()) {
            wrong.push(("there is no server to ask", "name one, or leave `servers` out", &servers.span));
        }
        if let Some(timeout) = self.timeout.as_ref().filter(|time| time.is_zero() || ***time > Duration::from_secs(30))
        {
            wrong.push(("a server gets from 1ms to 30s to answer", "such as `2s`", &timeout.span));
        }
        let good = wrong.is_empty();
        for (message, help, span) in wrong {
            reader.report(Diagnostic::error("resolver", message, span).help(help));
        }
        good.then_some(self)
    }
}

/// How often servers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a number from 1 to 10", range = "1-10")]
pub struct Attempts(pub u8);

impl Text for Attempts {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().ok().filter(|count| (1..=10).contains(count)).map(Attempts).ok_or_else(String::new)
    }
}

/// A DNS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a DNS server such as 10.0.0.2 or 10.0.0.2:53")]
pub struct Server(pub SocketAddr);

impl Text for Server {
    fn parse(text: &str) -> Result<Self, String> {
        let port = |ip: IpAddr| SocketAddr::new(ip, 53);
        match text.parse::<SocketAddr>().or_else(|_| text.parse().map(port)) {
            Ok(address) if address.port() != 0 => Ok(Server(address)),
            Ok(_) => Err("a server has a port; 53 needs not be written".into()),
            Err(_) if text.contains(|c: char| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit()) => {
                Err("write its address: nobody could look its name up".into())
            }
            Err(_) => Err(String::new()),
        }
    }
}

/// A domain to search.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a domain such as svc.cluster.local")]
pub struct Domain(pub String);

impl Text for Domain {
    fn parse(text: &str) -> Result<Self, String> {
        let name = text.trim_end_matches('.');
        let label = |label: &str| {
            (1..64).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        match name.len() < 250 && name.split('.').all(label) {
            true => Ok(Domain(name.to_ascii_lowercase())),
            false => Err(String::new()),
        }
    }
}

/// Where names are known without DNS.
#[derive(Clone, Debug, PartialEq)]
pub enum HostsFile {
    /// `/etc/hosts`
    System,
    /// Nowhere.
    None,
    /// In a file of that form.
    File(Spanned<ConfigPath>),
}

impl Read for HostsFile {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.as_plain() {
            Some("system") => Some(HostsFile::System),
            Some("none") => Some(HostsFile::None),
            _ => Spanned::read(node, reader).map(HostsFile::File),
        }
    }

    fn shape() -> Shape {
        Shape::Text {
            name: "HostsFile",
            doc: "Where names are known without DNS.",
            expected: "`system`, `none` or a path",
            grammar: Grammar::Free,
        }
    }
}
