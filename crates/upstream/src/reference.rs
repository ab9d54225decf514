//! The one way to name what is called: an upstream's name, or a URL that stands for an upstream of its own.

use std::fmt;
use std::path::PathBuf;

/// What a configuration says where something is to be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// An upstream by its name.
    Named(String),
    /// `http(s)://host[:port]` or `unix:/path`; for a tunnel `tcp://host:port` or `unix:/path`.
    Url(Origin),
}

/// An upstream given by its address alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// What is spoken with it.
    pub scheme: Scheme,
    /// Where it is.
    pub address: Address,
}

/// What is spoken with a service that a URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP in cleartext; on a unix socket whatever is sent there.
    Http,
    /// HTTP over TLS.
    Https,
    /// The bytes of a tunnel.
    Tcp,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Tcp => "tcp",
        })
    }
}

impl Origin {
    /// Whether it is reached over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::Https
    }
}

/// Where an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A name or an address, and a port.
    Host {
        /// Name, IPv4 address, or IPv6 address without brackets; in small letters.
        host: String,
        /// The port.
        port: u16,
    },
    /// A unix socket's path.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Host { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Host { host, port } => write!(f, "{host}:{port}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
            address => {
                write!(f, "{}://{address}", self.scheme)
            }
        }
    }
}

impl Address {
    /// Reads `host:port`, `[v6]:port` or `unix:/path`; the port may be left out where there is a default.
    pub fn parse(text: &str, default_port: Option<u16>) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            if !path.starts_with('/') {
                return Err(format!("a unix socket is given by its whole path: `unix:/{path}`"));
            }
            return Ok(Address::Unix(path.into()));
        }
        if text.contains("://") {
            let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
            let place = rest.split('/').next().unwrap_or(rest);
            let tls = if scheme == "https" { ", and `tls: {}` beside `endpoints`" } else { "" };
            return Err(format!("an endpoint has no scheme: write `{place}`{tls}"));
        }
        let (host, port) = split_port(text)?;
        let port = match (port, default_port) {
            (Some(port), _) => {
                port.parse().ok().filter(|&p: &u16| p != 0).ok_or_else(|| format!("`{port}` is no port"))?
            }
            (None, Some(port)) => port,
            (None, None) => return Err(format!("`{text}` has no port: write `{text}:80`")),
        };
        check_host(host)?;
        Ok(Address::Host { host: host.to_ascii_lowercase(), port })
    }

    /// Whether it is a name, which has to be looked up.
    pub(crate) fn is_name(&self) -> bool {
        self.host().is_some_and(|host| host.parse::<std::net::IpAddr>().is_err())
    }

    /// The host as a Host field or a server name would give it; none for a unix socket.
    pub fn host(&self) -> Option<&str> {
        match self {
            Address::Host { host, .. } => Some(host),
            Address::Unix(_) => None,
        }
    }
}

fn split_port(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or_else(|| format!("`{text}` lacks its `]`"))?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| format!("`{host}` is no IPv6 address"))?;
        return match after {
            "" => Ok((host, None)),
            after => after.strip_prefix(':').map(|p| (host, Some(p))).ok_or_else(|| format!("`{text}` is no address")),
        };
    }
    match text.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            let whole = text.rsplit_once(':').filter(|(host, _)| host.parse::<std::net::Ipv6Addr>().is_ok());
            let written = whole.map_or_else(|| format!("[{text}]"), |(host, port)| format!("[{host}]:{port}"));
            Err(format!("an IPv6 address stands in brackets: `{written}`"))
        }
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

fn check_host(host: &str) -> Result<(), String> {
    let good = !host.is_empty()
        && (host.contains(':') || host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')));
    if good { Ok(()) } else { Err(format!("`{host}` is no host name")) }
}

impl Reference {
    /// Reads a reference. A URL with a path is refused with the remedy `remedy` (such as "`proxy.path`").
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("unix:") {
            return Address::parse(text, None).map(Self::cleartext);
        }
        let Some((scheme, rest)) = text.split_once("://") else { return named(text, "http") };
        let (scheme, port) = match scheme {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            "grpc" | "h2c" | "h2" => {
                return Err("for HTTP/2 name an upstream with `protocol: http2`, and write its name here".into());
            }
            other => return Err(format!("`{other}` is no scheme for a service: use http or https")),
        };
        if let Some(at) = rest.find(['/', '?', '#']) {
            return Err(format!(
                "a service's URL has no path here: write `{}`, and give the path by `path:`",
                &text[..text.len() - rest.len() + at]
            ));
        }
        let address = Address::parse(rest, Some(port))?;
        Ok(Reference::Url(Origin { scheme, address }))
    }

    /// Reads what a tunnel leads to: an upstream's name, `tcp://host:port` or `unix:/path`.
    pub fn parse_tunnel(text: &str) -> Result<Self, String> {
        if text.starts_with("unix:") {
            return Address::parse(text, None).map(Self::cleartext);
        }
        let Some((scheme, rest)) = text.split_once("://") else { return named(text, "tcp") };
        let place = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        // What it was written for has a port of its own, which here must be said.
        let remedy = |port| match Address::parse(place, Some(port)) {
            Ok(address) => Origin { scheme: Scheme::Tcp, address }.to_string(),
            Err(_) => format!("tcp://{place}"),
        };
        match scheme {
            "tcp" if place.len() == rest.len() => {}
            "tcp" => return Err(format!("a tunnel has no path: write `tcp://{place}`")),
            "https" | "tls" => {
                let help = "name an upstream that has `tls: {}`";
                return Err(format!(
                    "a tunnel carries bytes as they are: write `{}`; to encrypt them {help}",
                    remedy(443)
                ));
            }
            _ => return Err(format!("a tunnel carries bytes, whatever they mean: write `{}`", remedy(80))),
        }
        let address = Address::parse(rest, None)
            .map_err(|why| why.replace(":80`", ":5432`").replace("write `", "write `tcp://"))?;
        Ok(Reference::Url(Origin { scheme: Scheme::Tcp, address }))
    }

    fn cleartext(address: Address) -> Self {
        Reference::Url(Origin { scheme: Scheme::Http, address })
    }
}

fn named(text: &str, scheme: &str) -> Result<Reference, String> {
    if text.contains("${") {
        return Err(format!("`{text}`: variables mean nothing here; write the upstream's name or its URL"));
    }
    if text.is_empty() || text.bytes().any(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'?' | b'#')) {
        return Err(format!("`{text}` is neither an upstream's name nor a URL such as {scheme}://127.0.0.1:9001"));
    }
    if text.contains(':') {
        return Err(format!("`{text}` is no upstream's name; for an address write `{scheme}://{text}`"));
    }
    Ok(Reference::Named(text.to_owned()))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Named(name) => f.write_str(name),
            Reference::Url(origin) => origin.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule: service-reference
    #[test]
    fn names_and_urls_are_told_apart() {
        assert_eq!(Reference::parse("orders"), Ok(Reference::Named("orders".into())));
        assert_eq!(Reference::parse("http://127.0.0.1:9001").unwrap().to_string(), "http://127.0.0.1:9001");
        assert_eq!(Reference::parse("https://Example.com").unwrap().to_string(), "https://example.com:443");
        assert_eq!(Reference::parse("http://[::1]:80").unwrap().to_string(), "http://[::1]:80");
        assert_eq!(Reference::parse("unix:/run/chat.sock").unwrap().to_string(), "unix:/run/chat.sock");
    }

    // Rule: tunnel-to
    #[test]
    fn a_tunnel_leads_to_a_name_an_address_or_a_socket() {
        assert_eq!(Reference::parse_tunnel("orders"), Ok(Reference::Named("orders".into())));
        assert_eq!(Reference::parse_tunnel("tcp://[::1]:5432").unwrap().to_string(), "tcp://[::1]:5432");
        assert_eq!(Reference::parse_tunnel("unix:/run/pg.sock"), Reference::parse("unix:/run/pg.sock"));
        let message = |text| Reference::parse_tunnel(text).unwrap_err();
        assert!(message("http://a:80/b").contains("write `tcp://a:80`"));
        assert!(
            message("https://a").contains("write `tcp://a:443`; to encrypt them name an upstream that has `tls: {}`")
        );
        assert!(message("tcp://a:1/b").contains("no path: write `tcp://a:1`"));
        assert!(message("tcp://a").contains("write `tcp://a:5432`"));
        assert!(message("127.0.0.1:9001").contains("write `tcp://127.0.0.1:9001`"));
    }

    // Rule: service-no-path
    #[test]
    fn what_is_wrong_is_said_with_its_remedy() {
        let message = |text| Reference::parse(text).unwrap_err();
        assert!(message("http://a/b").contains("give the path by `path:`"));
        assert!(message("127.0.0.1:9001").contains("write `http://127.0.0.1:9001`"));
        assert!(message("ftp://a").contains("use http or https"));
        assert!(message("unix:run/x").contains("`unix:/run/x`"));
        assert!(message("http://a:b").contains("no port"));
        assert!(Address::parse("::1:80", None).unwrap_err().contains("brackets"));
        assert!(Address::parse("a", None).unwrap_err().contains("`a:80`"));
    }
}
