//! Names of services become addresses. Answers are kept as long as their TTL says, and longer where the next lookup
//! fails: who was reachable stays reachable while DNS is not. A name is looked up once at a time, whoever waits for it.
//!
//! How a lookup goes is in `ask.rs`, what configuration and files say of it in `means.rs`.

mod ask;
mod config;
mod means;
#[cfg(test)]
mod tests;

pub use config::{Attempts, Domain, HostsFile, Library, OwnResolver, ResolverConfig, Server};
pub use means::ResolverFault;

use ask::Asking;
use means::Means;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The addresses of a name, in the order in which to try them; never none.
pub(crate) type Addresses = Arc<[IpAddr]>;

/// An answer is kept so long at least, even if its TTL is 0: a lookup for each connection helps nobody.
const SHORTEST: Duration = Duration::from_secs(1);
/// An answer is kept so long at most.
const LONGEST: Duration = Duration::from_secs(300);
/// The system's library tells no TTL.
const OF_LIBRARY: Duration = Duration::from_secs(10);
/// How long a failure holds, before the name is looked up again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long to wait for a new answer where the one before may still do.
const PATIENCE: Duration = Duration::from_millis(500);
/// A lookup that takes longer is given up: no server is asked for so long.
const GIVE_UP: Duration = Duration::from_secs(30);
/// More names than this are not kept at once; no configuration that can be overlooked has as many.
const MOST: usize = 16 * 1024;

/// What became of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// There are addresses.
    Found,
    /// The name has none.
    NoSuchName,
    /// Nobody answered, or not with an answer.
    Failed,
}

/// Who is told what became of each lookup, to count it.
pub type Observer = Arc<dyn Fn(Lookup) + Send + Sync>;

/// Looks names up, and keeps what it found.
pub struct Resolver {
    means: Means,
    asking: Asking,
    kept: Mutex<HashMap<Box<str>, Kept>>,
    observer: Observer,
}

/// What is known of a name.
struct Kept {
    last: Option<Addresses>,
    /// Why the last lookup brought no addresses.
    why: Arc<str>,
    /// Until when it holds.
    until: Instant,
    /// From when on the next answer is looked up beside whoever asks.
    renew: Instant,
    /// Since when it is looked up, and who tells that this is over.
    looking: Option<(Instant, watch::Receiver<()>)>,
}

impl Resolver {
    /// Reads the files that it needs: not for a worker's thread. `before` is the one in force until now, and is taken
    /// over with all that it knows where nothing changed.
    pub fn new(
        config: &ResolverConfig,
        before: Option<&Arc<Resolver>>,
        observer: Observer,
    ) -> Result<Arc<Self>, ResolverFault> {
        let means = Means::read(config)?;
        if let Some(before) = before.filter(|before| before.means == means) {
            return Ok(Arc::clone(before));
        }
        let asking = Asking::new(&means).map_err(|message| ResolverFault { message, span: None })?;
        Ok(Arc::new(Resolver { means, asking, kept: Mutex::default(), observer }))
    }

    /// One that asks the system's library, and tells nobody.
    pub fn library() -> Arc<Self> {
        let (means, asking) = (Means::Library, Asking::Library);
        Arc::new(Resolver { means, asking, kept: Mutex::default(), observer: Arc::new(|_| ()) })
    }

    /// The addresses of a name in small letters, and until when they hold; the error says why there are none. Cancelled by
    /// dropping, while the lookup goes on for others. To be called on a runtime that goes on.
    ///
    /// Who asks in the last quarter of an answer's time gets it, while the next one is looked up.
    pub(crate) async fn resolve(self: &Arc<Self>, host: &str) -> Result<(Addresses, Instant), Arc<str>> {
        if let Some(addresses) = self.means.of_file(host) {
            return Ok((Arc::clone(addresses), Instant::now() + LONGEST));
        }
        let (mut over, limit) = {
            let mut names = self.kept.lock();
            let now = Instant::now();
            match names.get(host) {
                Some(kept) if kept.until > now => {
                    let outcome = kept.outcome();
                    if now >= kept.renew && kept.looking.is_none() {
                        drop(self.look(host, &mut names, now));
                    }
                    return outcome;
                }
                Some(Kept { looking: Some((since, over)), last, .. }) => {
                    (over.clone(), last.as_ref().map(|_| *since + PATIENCE))
                }
                kept => {
                    let limit = kept.and_then(|kept| kept.last.as_ref()).map(|_| now + PATIENCE);
                    (self.look(host, &mut names, now), limit)
                }
            }
        };
        // An error means that it is over as well: whoever looked is gone.
        match limit {
            None => drop(over.changed().await),
            Some(limit) => drop(tokio::time::timeout_at(limit.into(), over.changed()).await),
        }
        let names = self.kept.lock();
        names.get(host).map_or_else(|| Err("the lookup was cut".into()), Kept::outcome)
    }

    /// Starts a lookup beside whoever asks, who may go away.
    fn look(self: &Arc<Self>, host: &str, names: &mut HashMap<Box<str>, Kept>, now: Instant) -> watch::Receiver<()> {
        if names.len() >= MOST && !names.contains_key(host) {
            names.retain(|_, kept| kept.looking.is_some() || kept.until > now);
            if names.len() >= MOST {
                names.retain(|_, kept| kept.looking.is_some());
            }
        }
        let (sender, over) = watch::channel(());
        let why = "the lookup was cut";
        let kept = names.entry(host.into()).or_insert_with(|| Kept {
            last: None,
            why: why.into(),
            until: now,
            renew: now,
            looking: None,
        });
        kept.looking = Some((now, over.clone()));
        let looking = Looking { resolver: Arc::clone(self), host: host.into(), _over: sender };
        tokio::spawn(async move {
            let found = tokio::time::timeout(GIVE_UP, looking.resolver.asking.ask(&looking.host)).await;
            let found = found.unwrap_or_else(|_| Err(format!("no answer within {GIVE_UP:?}")));
            looking.resolver.keep(&looking.host, found);
        });
        over
    }

    fn keep(&self, host: &str, found: Result<Option<Found>, String>) {
        let now = Instant::now();
        let (lookup, until) = match &found {
            Ok(Some(found)) => (Lookup::Found, now + found.for_time.clamp(SHORTEST, LONGEST)),
            Ok(None) => (Lookup::NoSuchName, now + AFTER_FAILURE),
            Err(_) => (Lookup::Failed, now + AFTER_FAILURE),
        };
        if let Some(kept) = self.kept.lock().get_mut(host) {
            kept.until = until;
            kept.renew = now + (until - now).mul_f64(0.75);
            match found {
                Ok(Some(found)) => kept.last = Some(found.addresses),
                Ok(None) => kept.why = "there is no such name, or it has no address".into(),
                Err(why) => kept.why = why.into(),
            }
        }
        (self.observer)(lookup);
    }
}

impl Kept {
    fn outcome(&self) -> Result<(Addresses, Instant), Arc<str>> {
        self.last.clone().map(|addresses| (addresses, self.until)).ok_or_else(|| Arc::clone(&self.why))
    }
}

/// What a lookup found.
#[derive(Debug, PartialEq)]
struct Found {
    addresses: Addresses,
    /// How long the answer holds.
    for_time: Duration,
}

/// A lookup under way. When it is over, however it ends, the next may begin, and whoever waits is told.
struct Looking {
    resolver: Arc<Resolver>,
    host: Box<str>,
    _over: watch::Sender<()>,
}

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(kept) = self.resolver.kept.lock().get_mut(&self.host) {
            kept.looking = None;
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("means", &self.means).finish_non_exhaustive()
    }
}

/// Addresses of both families in turn, those of IPv6 first (RFC 8305 4), each once.
fn interleaved(addresses: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
    let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = addresses.into_iter().partition(IpAddr::is_ipv6);
    let mut all = Vec::with_capacity(six.len() + four.len());
    for at in 0..six.len().max(four.len()) {
        for address in [six.get(at), four.get(at)].into_iter().flatten() {
            if !all.contains(address) {
                all.push(*address);
            }
        }
    }
    all
}
