//! One lookup: which names are tried for one that may be short, which servers are asked, and what their answers mean.
//!
//! The servers are asked one after the other, each by a client of its own: within one of hickory's the first that is
//! silent would use up the time of all. Its cache is off; what is kept is kept by `resolver.rs`.

use super::means::Means;
use super::{Found, OF_LIBRARY, interleaved};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RecordType};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::{Duration, Instant};

/// How long addresses of one family wait for those of the other (RFC 8305 3).
const OTHER_FAMILY: Duration = Duration::from_millis(50);

/// Who is asked.
pub(super) enum Asking {
    /// The system's library.
    Library,
    /// DNS servers.
    Own(Servers),
}

pub(super) struct Servers {
    clients: Vec<(SocketAddr, TokioResolver)>,
    search: Vec<String>,
    ndots: usize,
    timeout: Duration,
    attempts: usize,
}

/// What is known after a question: addresses, that there are none, or nothing.
type Outcome = Result<Option<Found>, String>;

impl Asking {
    pub(super) fn new(means: &Means) -> Result<Self, String> {
        let Means::Own(own) = means else { return Ok(Asking::Library) };
        let client = |server: &SocketAddr| Ok((*server, client(*server, own.timeout)?));
        Ok(Asking::Own(Servers {
            clients: own.servers.iter().map(client).collect::<Result<_, String>>()?,
            search: own.search.clone(),
            ndots: own.ndots,
            timeout: own.timeout,
            attempts: own.attempts,
        }))
    }

    pub(super) async fn ask(&self, host: &str) -> Outcome {
        match self {
            Asking::Library => library(host).await,
            Asking::Own(servers) => servers.ask(host).await,
        }
    }
}

async fn library(host: &str) -> Outcome {
    // On a thread for what blocks; one lookup a name, so that no name can take all of them.
    let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
    Ok(Found::of(found.map(|address| address.ip()), OF_LIBRARY))
}

fn client(server: SocketAddr, timeout: Duration) -> Result<TokioResolver, String> {
    let at = |mut connection: ConnectionConfig| {
        connection.port = server.port();
        connection
    };
    let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
    let config =
        ResolverConfig::from_parts(None, Vec::new(), vec![NameServerConfig::new(server.ip(), true, connections)]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options(timeout);
    builder.build().map_err(|error| error.to_string())
}

fn options(timeout: Duration) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = timeout;
    options.attempts = 0;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options
}

impl Servers {
    /// Tries each name that the host may stand for. A failure ends it: the next name might be another's.
    async fn ask(&self, host: &str) -> Outcome {
        for name in names(host, &self.search, self.ndots) {
            // One that is too long with its domain is no name.
            let Ok(name) = Name::from_ascii(&name) else { continue };
            if let Some(found) = self.ask_in_turn(&name).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn ask_in_turn(&self, name: &Name) -> Outcome {
        let mut why = String::from("there is no server to ask");
        for _ in 0..self.attempts {
            for (server, client) in &self.clients {
                match tokio::time::timeout(self.timeout, ask_one(client, name)).await {
                    Ok(Ok(found)) => return Ok(found),
                    Ok(Err(error)) => why = format!("{server}: {error}"),
                    Err(_) => why = format!("{server} gave no answer within {:?}", self.timeout),
                }
            }
        }
        Err(why)
    }
}

/// The names that a host may stand for, whole, in the order in which to try them.
fn names(host: &str, search: &[String], ndots: usize) -> Vec<String> {
    if host.ends_with('.') {
        return vec![host.to_owned()];
    }
    let itself = format!("{host}.");
    let mut names: Vec<String> = search.iter().map(|domain| format!("{host}.{domain}.")).collect();
    let dots = host.bytes().filter(|byte| *byte == b'.').count();
    names.insert(if dots >= ndots { 0 } else { names.len() }, itself);
    names
}

/// Asks a server for the addresses of both families at once.
async fn ask_one(client: &TokioResolver, name: &Name) -> Outcome {
    let mut four = pin!(ask_for(client, name, RecordType::A));
    let mut six = pin!(ask_for(client, name, RecordType::AAAA));
    tokio::select! {
        one = &mut four => both(one, six).await,
        one = &mut six => both(one, four).await,
    }
}

/// What both families have. The one that has addresses waits for the other no more than a moment.
async fn both(one: Outcome, other: impl Future<Output = Outcome>) -> Outcome {
    let Ok(Some(one)) = one else {
        return match (one, other.await) {
            (_, Ok(Some(other))) => Ok(Some(other)),
            (Err(why), _) | (_, Err(why)) => Err(why),
            (Ok(_), Ok(None)) => Ok(None),
        };
    };
    match tokio::time::timeout(OTHER_FAMILY, other).await {
        Ok(Ok(Some(other))) => {
            let addresses = one.addresses.iter().chain(&*other.addresses).copied();
            Ok(Found::of(addresses, one.for_time.min(other.for_time)))
        }
        _ => Ok(Some(one)),
    }
}

/// What one family has, and for how long.
async fn ask_for(client: &TokioResolver, name: &Name, kind: RecordType) -> Outcome {
    match client.lookup(name.clone(), kind).await {
        Ok(lookup) => {
            let addresses = lookup.answers().iter().filter_map(|record| record.data.ip_addr());
            Ok(Found::of(addresses, lookup.valid_until().saturating_duration_since(Instant::now())))
        }
        Err(error) if error.is_no_records_found() => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

impl Found {
    /// Addresses, if there is one.
    fn of(addresses: impl Iterator<Item = IpAddr>, for_time: Duration) -> Option<Self> {
        let addresses = interleaved(addresses);
        (!addresses.is_empty()).then(|| Found { addresses: addresses.into(), for_time })
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_short_name_is_searched_for_first_and_a_long_one_last() {
        let search = ["a.test".to_owned(), "b.test".to_owned()];
        assert_eq!(names("shop", &search, 1), ["shop.a.test.", "shop.b.test.", "shop."]);
        assert_eq!(names("shop.test", &search, 1), ["shop.test.", "shop.test.a.test.", "shop.test.b.test."]);
        assert_eq!(names("shop.test", &search, 2), ["shop.test.a.test.", "shop.test.b.test.", "shop.test."]);
        assert_eq!(names("shop.", &search, 5), ["shop."], "a whole name is itself alone");
        assert_eq!(names("shop", &[], 1), ["shop."]);
    }
}
