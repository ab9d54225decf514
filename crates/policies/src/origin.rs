//! Origins as a configuration lists them, for `cors` and `csrf`: a scheme, a host and a port (RFC 6454 6.2), in the one
//! form in which browsers send them.

use pintle_core::config::{Grammar, Node, Read, Reader, Shape};
use std::fmt;

/// An origin, or all those below a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `https://shop.example.com`: this one.
    Exact(Box<str>),
    /// `https://*.example.com`: hosts with one or more labels before that name, and not the name itself.
    Below {
        /// `https://`
        start: Box<str>,
        /// `.example.com`, with the port if there is one.
        end: Box<str>,
    },
}

impl Origin {
    /// Whether a request's `Origin` is it. Browsers send it in one form, so that nothing is normalised.
    pub fn is(&self, sent: &[u8]) -> bool {
        match self {
            Origin::Exact(text) => text.as_bytes() == sent,
            Origin::Below { start, end } => {
                let labels = sent.strip_prefix(start.as_bytes()).and_then(|rest| rest.strip_suffix(end.as_bytes()));
                labels.is_some_and(|labels| labels.split(|&byte| byte == b'.').all(is_label))
            }
        }
    }
}

/// A label of a name, as browsers write it (RFC 1123 2.1, and `_`, which is in use).
fn is_label(label: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    !label.is_empty() && label.iter().all(is_part)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Exact(text) => f.write_str(text),
            Origin::Below { start, end } => write!(f, "{start}*{end}"),
        }
    }
}

const EXPECTED: &str = "an origin such as https://shop.example.com";

impl Read for Origin {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match parse(node.as_text().unwrap_or_default()) {
            Ok(origin) => Some(origin),
            Err(help) => {
                reader.expected(EXPECTED, node, help);
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text {
            name: "Origin",
            doc: "An origin as browsers send it: `https://shop.example.com`, with a port where it is not the scheme's own. \
                  `https://*.example.com` is every host below that name, with one or more labels before it, and not \
                  `https://example.com` itself.",
            expected: EXPECTED,
            grammar: Grammar::Pattern("^[a-z][a-z0-9+.-]*://[^/]+$"),
        }
    }
}

fn parse(text: &str) -> Result<Origin, String> {
    let help = |text: &str| Err(text.to_owned());
    if text == "null" {
        return help("every document in a sandbox and every file has the origin `null`: who allows it allows anybody");
    }
    let Some((scheme, host)) = text.split_once("://") else {
        return help(if text.is_empty() { "" } else { "with its scheme: https://…" });
    };
    if !text.is_ascii() {
        return help("write the host as browsers send it, in ASCII: xn--…");
    }
    let small = text.to_ascii_lowercase();
    if small != text {
        return Err(format!("browsers send small letters: {small}"));
    }
    let starts = scheme.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts
        || !scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'.' | b'-'))
    {
        return help("a scheme is letters and digits: https");
    }
    if let Some(end) = host.find(['/', '?', '#']) {
        return Err(format!("an origin has no path: {scheme}://{}", &host[..end]));
    }
    if host.contains('@') {
        return help("an origin has no user");
    }
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    if let Some(port) = port {
        let number = port.parse::<u16>().ok().filter(|number| number.to_string() == port);
        match (scheme, number) {
            (_, None) => return help("after the colon stands a port"),
            ("https", Some(443)) | ("http", Some(80)) => {
                return Err(format!("browsers leave the scheme's own port out: {scheme}://{name}"));
            }
            _ => {}
        }
    }
    let literal = name.starts_with('[') && name.ends_with(']');
    let name_of = |name: &str| literal || !name.is_empty() && name.split('.').all(|label| is_label(label.as_bytes()));
    match name.strip_prefix("*.") {
        Some(rest) if name_of(rest) => {
            let end = &host[1..];
            Ok(Origin::Below { start: format!("{scheme}://").into(), end: end.into() })
        }
        None if name_of(name) => Ok(Origin::Exact(text.into())),
        _ => help("a `*` stands alone before the first dot: https://*.example.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, try_read};

    #[test]
    fn an_origin_is_matched_as_a_whole() {
        let origins: Vec<Origin> = read("[\"https://shop.example.com\", \"http://localhost:3000\", \"app://local\"]");
        for sent in ["https://shop.example.com", "http://localhost:3000", "app://local"] {
            assert!(origins.iter().any(|origin| origin.is(sent.as_bytes())), "{sent}");
        }
        for sent in [
            "http://shop.example.com",
            "https://shop.example.com:8443",
            "https://shop.example.com.evil.test",
            "https://evil.test/https://shop.example.com",
            "https://Shop.example.com",
            "null",
            "",
            "*",
        ] {
            assert!(!origins.iter().any(|origin| origin.is(sent.as_bytes())), "{sent}");
        }
    }

    // Rule: cors-wildcard
    #[test]
    fn a_wildcard_is_one_or_more_labels_of_a_host() {
        let origin: Origin = read("\"https://*.example.com:8443\"");
        assert_eq!(origin.to_string(), "https://*.example.com:8443");
        for sent in ["https://a.example.com:8443", "https://a.b-c.d_1.example.com:8443"] {
            assert!(origin.is(sent.as_bytes()), "{sent}");
        }
        for sent in [
            "https://example.com:8443",
            "https://.example.com:8443",
            "https://a..example.com:8443",
            "https://a.example.com",
            "http://a.example.com:8443",
            "https://evil.test/.example.com:8443",
            "https://evil.test:1.example.com:8443",
            "https://evil.test#.example.com:8443",
            "https://user@a.example.com:8443",
            "https://aexample.com:8443",
        ] {
            assert!(!origin.is(sent.as_bytes()), "{sent}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_refused_with_what_it_sends() {
        let said = |text: &str| {
            let (_, said) = try_read::<Origin>(&format!("\"{text}\""));
            said.into_iter().next().unwrap_or_default()
        };
        for (text, help) in [
            ("shop.example.com", "with its scheme"),
            ("https://shop.example.com/", "no path: https://shop.example.com"),
            ("https://Shop.example.com", "small letters: https://shop.example.com"),
            ("https://shop.example.com:443", "own port out: https://shop.example.com"),
            ("https://shop.example.com:x", "stands a port"),
            ("https://a.*.example.com", "before the first dot"),
            ("https://*", "before the first dot"),
            ("https://*shop.example.com", "before the first dot"),
            ("https://bücher.example", "in ASCII"),
            ("https://me@example.com", "no user"),
            ("null", "anybody"),
        ] {
            assert!(said(text).contains(help), "{text}: {}", said(text));
        }
        assert_eq!(said("http://[::1]:3000"), "");
    }
}
