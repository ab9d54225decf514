//! What configuration and files say of how to look up: two that are equal look up the same way.

use super::config::{HostsFile, OwnResolver, ResolverConfig};
use super::{Addresses, interleaved};
use pintle_core::config::{ConfigPath, Span, Spanned, read_file};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

/// The largest file that is read, in bytes; hosts files with a hundred thousand names are smaller.
const LARGEST: u64 = 16 << 20;

static RESOLV_CONF: LazyLock<ConfigPath> = LazyLock::new(|| ConfigPath::new("/etc/resolv.conf"));
static HOSTS: LazyLock<ConfigPath> = LazyLock::new(|| ConfigPath::new("/etc/hosts"));

/// Why there is no resolver.
#[derive(Debug)]
pub struct ResolverFault {
    /// What is wrong.
    pub message: String,
    /// Where, if it is at one place.
    pub span: Option<Span>,
}

impl ResolverConfig {
    /// The files that it is made of, whether they are there or not.
    pub fn files(&self) -> impl Iterator<Item = &ConfigPath> {
        let (servers, hosts) = match self {
            ResolverConfig::Library(_) => (None, None),
            ResolverConfig::Own(own) => {
                let hosts = match &own.hosts {
                    HostsFile::System => Some(&*HOSTS),
                    HostsFile::None => None,
                    HostsFile::File(path) => Some(&path.value),
                };
                (own.servers.is_none().then_some(&*RESOLV_CONF), hosts)
            }
        };
        servers.into_iter().chain(hosts)
    }
}

/// How names are looked up.
#[derive(PartialEq)]
pub(super) enum Means {
    /// The system's library does it.
    Library,
    /// Pintle does it.
    Own(Own),
}

#[derive(PartialEq)]
pub(super) struct Own {
    pub(super) hosts: HashMap<Box<str>, Addresses>,
    pub(super) servers: Vec<SocketAddr>,
    pub(super) search: Vec<String>,
    pub(super) ndots: usize,
    pub(super) timeout: Duration,
    pub(super) attempts: usize,
}

impl Means {
    pub(super) fn read(config: &ResolverConfig) -> Result<Self, ResolverFault> {
        let ResolverConfig::Own(config) = config else { return Ok(Means::Library) };
        let mut own = match &config.servers {
            // Without the file libc asks the same machine, too.
            None => resolv_conf(&text(&RESOLV_CONF).unwrap_or_default()),
            Some(servers) => Own { servers: servers.iter().map(|server| server.0).collect(), ..resolv_conf("") },
        };
        let OwnResolver { search, timeout, attempts, ndots, .. } = &**config;
        if let Some(search) = search {
            own.search = search.iter().map(|domain| domain.0.clone()).collect();
        }
        own.timeout = timeout.as_ref().map_or(own.timeout, |timeout| timeout.value);
        own.attempts = attempts.map_or(own.attempts, |attempts| attempts.0.into());
        own.ndots = ndots.map_or(own.ndots, usize::from);
        own.hosts = match &config.hosts {
            HostsFile::System => hosts(&text(&HOSTS).unwrap_or_default()),
            HostsFile::None => HashMap::new(),
            HostsFile::File(path) => hosts(&text(path).map_err(|error| unreadable(path, &error))?),
        };
        Ok(Means::Own(own))
    }

    /// What the hosts file says.
    pub(super) fn of_file(&self, host: &str) -> Option<&Addresses> {
        match self {
            Means::Library => None,
            Means::Own(own) => own.hosts.get(host.trim_end_matches('.')),
        }
    }
}

fn unreadable(path: &Spanned<ConfigPath>, error: &io::Error) -> ResolverFault {
    ResolverFault { message: format!("{} cannot be read: {error}", path.display()), span: Some(path.span.clone()) }
}

fn text(path: &Path) -> io::Result<String> {
    let bytes = read_file(path, LARGEST)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What stands before a comment.
fn said(line: &str) -> &str {
    line.split(['#', ';']).next().unwrap_or_default()
}

/// Names with their addresses (hosts(5)). What is no address is passed over, as everywhere.
fn hosts(text: &str) -> HashMap<Box<str>, Addresses> {
    let mut all: HashMap<Box<str>, Vec<IpAddr>> = HashMap::new();
    for line in text.lines() {
        let mut words = said(line).split_whitespace();
        let Some(Ok(address)) = words.next().map(str::parse) else { continue };
        for name in words {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            all.entry(name.into()).or_default().push(address);
        }
    }
    all.into_iter().map(|(name, addresses)| (name, interleaved(addresses).into())).collect()
}

/// resolv.conf(5), as much as is of use: `nameserver`, the last of `search` and `domain`, and three options.
fn resolv_conf(text: &str) -> Own {
    let mut own = Own {
        hosts: HashMap::new(),
        servers: Vec::new(),
        search: Vec::new(),
        ndots: 1,
        timeout: Duration::from_secs(2),
        attempts: 2,
    };
    for line in text.lines() {
        let mut words = said(line).split_whitespace();
        match words.next() {
            Some("nameserver") => {
                // An address of a link has its interface behind it.
                let ip = words.next().and_then(|word| word.split('%').next()?.parse().ok());
                own.servers.extend(ip.map(|ip: IpAddr| SocketAddr::new(ip, 53)));
            }
            Some("search" | "domain") => {
                own.search = words.map(|domain| domain.trim_end_matches('.').to_ascii_lowercase()).collect();
                own.search.retain(|domain| !domain.is_empty());
            }
            Some("options") => {
                for (name, value) in words.filter_map(|word| word.split_once(':')) {
                    let Ok(value) = value.parse::<u8>() else { continue };
                    match name {
                        "ndots" => own.ndots = value.min(15).into(),
                        "timeout" => own.timeout = Duration::from_secs(value.clamp(1, 30).into()),
                        "attempts" => own.attempts = value.clamp(1, 5).into(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if own.servers.is_empty() {
        own.servers.push((Ipv4Addr::LOCALHOST, 53).into());
    }
    own
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Means::Library => f.write_str("library"),
            Means::Own(own) => write!(f, "{:?}, {} names of a file", own.servers, own.hosts.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file_is_read_as_everywhere() {
        let all = hosts(
            "\u{feff}# a comment\n127.0.0.1 localhost Shop.Test\n::1 localhost # again\nnonsense a\n\n10.0.0.1\n",
        );
        let of = |name: &str| all.get(name).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of("localhost"), Some(vec!["::1".into(), "127.0.0.1".into()]));
        assert_eq!(of("shop.test"), Some(vec!["127.0.0.1".into()]));
        assert_eq!((of("a"), all.len()), (None, 2));
    }

    #[test]
    fn resolv_conf_is_read_as_everywhere() {
        let text = "; one\nnameserver 10.0.0.2\nnameserver fe80::1%eth0\nnameserver no\ndomain a.test\n\
                    search b.test. C.test\noptions ndots:5 timeout:3 attempts:9 rotate edns0\n";
        let own = resolv_conf(text);
        let servers: Vec<String> = own.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.2:53", "[fe80::1]:53"]);
        assert_eq!((own.search, own.ndots), (vec!["b.test".to_owned(), "c.test".to_owned()], 5));
        assert_eq!((own.timeout, own.attempts), (Duration::from_secs(3), 5));
        assert_eq!(resolv_conf("").servers, ["127.0.0.1:53".parse().expect("an address")]);
    }
}
