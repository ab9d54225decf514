//! `redis://…` in all its forms: where a Redis is, and in which arrangement. No password stands in one.

use pintle_core::config::{Diagnostic, Grammar, Node, Read, Reader, Shape};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a Redis is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreUrl {
    /// In which arrangement.
    pub layout: Layout,
    /// Whether connections use TLS.
    pub tls: bool,
    /// The number of the database.
    pub database: u32,
}

/// How a Redis is arranged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// One server.
    Single(Host),
    /// One server, by a socket on this machine.
    Unix(PathBuf),
    /// A cluster, by some of its nodes.
    Cluster(Vec<Host>),
    /// The master of that name, as these sentinels know it.
    Sentinel(Vec<Host>, String),
}

/// A host and its port.
pub(crate) type Host = (String, u16);

const EXPECTED: &str = "the URL of a Redis such as redis://127.0.0.1:6379";
const FORMS: &str = "one of redis://HOST, redis-cluster://HOST,HOST, redis-sentinel://HOST,HOST/MASTER, each with \
                     `rediss` for TLS, or unix:/PATH";

const DOC: &str = "Where a Redis is: `redis://HOST:PORT/DATABASE`, `redis-cluster://HOST,HOST` with some of the nodes, \
                   `redis-sentinel://HOST,HOST/MASTER/DATABASE`; `rediss` in place of `redis` is with TLS; or \
                   `unix:/PATH`. Ports are 6379 unless told, those of sentinels 26379. No password stands in it.";

impl Read for StoreUrl {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(text) = node.as_text() else {
            reader.expected(EXPECTED, node, "");
            return None;
        };
        let authority = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
        if authority.contains('@') {
            reader.diagnostics.hide(node.span());
            let message = "a password stands in the URL of a store";
            let help =
                "leave it out, and name where it is kept: {url: redis://HOST, username: NAME, password: {env: NAME}}";
            reader.report(Diagnostic::error("plain-secret", message, node.span()).help(help));
            return None;
        }
        parse(text).map_err(|help| reader.expected(EXPECTED, node, help)).ok()
    }

    fn shape() -> Shape {
        Shape::Text {
            name: "StoreUrl",
            doc: DOC,
            expected: EXPECTED,
            grammar: Grammar::Pattern("^(rediss?(-cluster|-sentinel)?://[^@]+|unix:/.+)$"),
        }
    }
}

fn parse(text: &str) -> Result<StoreUrl, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        let is_path = Path::new(path).is_absolute();
        let layout = is_path.then(|| Layout::Unix(path.into())).ok_or("a path from the root: unix:/run/redis.sock")?;
        return Ok(StoreUrl { layout, tls: false, database: 0 });
    }
    let (scheme, rest) = text.split_once("://").ok_or(FORMS)?;
    let (tls, kind) = match scheme.strip_prefix("redis").ok_or(FORMS)? {
        "" => (false, "single"),
        "s" => (true, "single"),
        "-cluster" => (false, "cluster"),
        "s-cluster" => (true, "cluster"),
        "-sentinel" => (false, "sentinel"),
        "s-sentinel" => (true, "sentinel"),
        _ => return Err(FORMS.into()),
    };
    if rest.contains(['?', '#']) {
        return Err("what else there is to say stands beside it: {url: …, timeout: 250ms}".into());
    }
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let usual = if kind == "sentinel" { 26379 } else { 6379 };
    let hosts: Vec<Host> = hosts.split(',').map(|one| host(one, usual)).collect::<Result<_, _>>()?;
    let number = |text: &str| match text {
        "" => Ok(0),
        digits => digits.parse().map_err(|_| "after the host stands the number of a database".to_owned()),
    };
    match (kind, hosts.as_slice()) {
        ("single", [one]) => Ok(StoreUrl { layout: Layout::Single(one.clone()), tls, database: number(path)? }),
        ("single", _) => Err(format!("for several servers write redis{}-cluster:// or -sentinel://", mark(tls))),
        ("cluster", _) if !path.is_empty() => Err("a cluster has one database alone: leave the path out".into()),
        ("cluster", _) => Ok(StoreUrl { layout: Layout::Cluster(hosts), tls, database: 0 }),
        _ => {
            let (master, database) = path.split_once('/').unwrap_or((path, ""));
            if master.is_empty() {
                return Err("after the sentinels stands the name by which they know the master".into());
            }
            Ok(StoreUrl { layout: Layout::Sentinel(hosts, master.into()), tls, database: number(database)? })
        }
    }
}

/// `HOST`, `HOST:PORT`, `[IPV6]:PORT`.
fn host(text: &str, usual: u16) -> Result<Host, String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').ok_or("after `]` stands a port, or nothing")?)),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let sound = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte));
    let port = port.map_or(Ok(usual), str::parse).ok().filter(|port| *port > 0);
    match (sound, port) {
        (true, Some(port)) => Ok((host.into(), port)),
        _ => Err(FORMS.into()),
    }
}

fn mark(tls: bool) -> &'static str {
    if tls { "s" } else { "" }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, hosts, master) = match &self.layout {
            Layout::Unix(path) => return write!(f, "unix:{}", path.display()),
            Layout::Single(host) => ("", std::slice::from_ref(host), None),
            Layout::Cluster(hosts) => ("-cluster", hosts.as_slice(), None),
            Layout::Sentinel(hosts, master) => ("-sentinel", hosts.as_slice(), Some(master)),
        };
        write!(f, "redis{}{kind}://", mark(self.tls))?;
        for (at, (host, port)) in hosts.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match host.contains(':') {
                true => write!(f, "{comma}[{host}]:{port}")?,
                false => write!(f, "{comma}{host}:{port}")?,
            }
        }
        master.map_or(Ok(()), |master| write!(f, "/{master}"))?;
        if self.database > 0 { write!(f, "/{}", self.database) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_shown_in_full() {
        for (text, shown) in [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379"),
            ("rediss://cache.internal:7000/3", "rediss://cache.internal:7000/3"),
            ("redis://[::1]:6380", "redis://[::1]:6380"),
            ("redis-cluster://a,b:7001", "redis-cluster://a:6379,b:7001"),
            ("rediss-sentinel://a,b/shop/2", "rediss-sentinel://a:26379,b:26379/shop/2"),
            ("unix:/run/redis.sock", "unix:/run/redis.sock"),
        ] {
            assert_eq!(parse(text).map(|url| url.to_string()), Ok(shown.to_owned()));
        }
    }

    #[test]
    fn what_is_none_is_refused_with_what_to_write() {
        for (text, help) in [
            ("127.0.0.1:6379", "one of redis://HOST"),
            ("http://a", "one of redis://HOST"),
            ("redis://a,b", "for several servers"),
            ("redis://a/x", "the number of a database"),
            ("redis-sentinel://a", "the name by which they know the master"),
            ("redis-cluster://a/1", "one database alone"),
            ("redis://a?timeout=1", "stands beside it"),
            ("redis://a:0", "one of redis://HOST"),
            ("unix:run", "a path from the root"),
        ] {
            let said = parse(text).expect_err(text);
            assert!(said.contains(help), "{text}: {said}");
        }
    }
}
