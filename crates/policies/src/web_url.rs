//! A whole http(s) URL, as it names a document or an endpoint of an identity provider: where it is, and what is asked for
//! there. Knows who may be asked in cleartext.

use pintle_core::config::{Read, Text};
use pintle_upstream::reference::Scheme;
use pintle_upstream::{Address, Origin, Upstream};
use std::fmt;
use std::net::IpAddr;

/// An http or https URL without user and fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Read)]
#[read(text, expected = "a URL such as https://login.example.com/")]
pub struct WebUrl {
    origin: Origin,
    /// What Host says.
    host: Box<str>,
    /// Path and query; the path is `/` at least.
    target: Box<str>,
}

impl WebUrl {
    /// Where it is.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What Host says.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Whether nobody on the way can read or change what is asked there: over TLS, or on this machine.
    pub(crate) fn is_private(&self) -> bool {
        self.origin.is_tls() || is_here(&self.origin.address.to_string())
    }
}

/// Whether nobody on the way to an upstream can read or change what is asked there.
pub(crate) fn is_private(upstream: &Upstream) -> bool {
    upstream.is_tls() || upstream.places().all(|place| is_here(place))
}

/// Whether an address, as it is written, is of this machine.
fn is_here(place: &str) -> bool {
    match Address::parse(place, Some(80)) {
        Ok(Address::Unix(_)) => true,
        Ok(Address::Host { host, .. }) => {
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Err(_) => false,
    }
}

impl Text for WebUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (scheme, port) = match scheme {
            "https" => (Scheme::Https, 443),
            "http" => (Scheme::Http, 80),
            _ => return Err("it begins with `https://`".into()),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err("a user has no place in it".into());
        }
        if target.contains('#') {
            return Err("a fragment has no place in it".into());
        }
        if !target.bytes().all(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        }) {
            return Err("what is no letter, digit or mark of a URL is percent-encoded in it".into());
        }
        let address = Address::parse(authority, Some(port))?;
        let slash = if target.starts_with('/') { "" } else { "/" };
        let host = match &address {
            Address::Host { host, port: own } if *own == port && host.contains(':') => format!("[{host}]"),
            Address::Host { host, port: own } if *own == port => host.clone(),
            other => other.to_string(),
        };
        Ok(WebUrl { origin: Origin { scheme, address }, host: host.into(), target: format!("{slash}{target}").into() })
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.origin.scheme, self.host, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_what() {
        let read = |text| WebUrl::parse(text).map(|url| (url.to_string(), url.is_private()));
        assert_eq!(read("https://Login.example.com"), Ok(("https://login.example.com/".into(), true)));
        assert_eq!(read("https://a:8443/x/y?z=1"), Ok(("https://a:8443/x/y?z=1".into(), true)));
        assert_eq!(read("http://a/keys"), Ok(("http://a/keys".into(), false)));
        assert_eq!(read("http://[::1]?a"), Ok(("http://[::1]/?a".into(), true)));
        assert_eq!(read("http://127.3.2.1:80/"), Ok(("http://127.3.2.1/".into(), true)));
        for wrong in [
            "login.example.com",
            "ftp://a/",
            "https://",
            "https://u:p@a/",
            "https://a/#b",
            "https://a/ b",
            "https://a/\n",
        ] {
            assert!(WebUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
