//! The endpoints of an upstream: those that are written as addresses, and those that names stand for, looked up again as
//! their TTL runs out. While a lookup fails, the last answer stays.

use crate::clock;
use crate::connect::{At, Connector, Tls};
use crate::endpoint::{Endpoint, Keeping};
use crate::members::{Member, Members};
use crate::reference::Address;
use crate::resolver::Resolver;
use crate::standing::Standing;
use parking_lot::Mutex;
use pintle_core::{Reason, Refusal};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long nobody asks again where no name could be looked up.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Where an upstream's endpoints come from.
#[derive(Debug)]
pub(crate) struct Discovery {
    sources: Box<[Source]>,
    resolver: Arc<Resolver>,
    keeping: Keeping,
    timeout: Duration,
    /// The endpoints of the configuration before, for as long as it is not known which of them stay.
    before: Mutex<Vec<Arc<Endpoint>>>,
    /// How those stood that are reached in another way now.
    standings: Mutex<Vec<(At, Arc<Standing>)>>,
    /// From when on to look names up again, and from when on not to use what they stood for without that.
    again: AtomicU64,
    stale: AtomicU64,
    /// Why a name could not be looked up the last time.
    wrong: Mutex<Option<String>>,
}

/// One entry of `endpoints`.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) address: Address,
    pub(crate) written: Arc<str>,
    pub(crate) weight: u32,
    pub(crate) tls: Option<Tls>,
}

/// What is taken over from the upstream of that name before.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// Endpoints that are reached as before.
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    /// How the others stood.
    pub(crate) standings: Vec<(At, Arc<Standing>)>,
}

impl Discovery {
    pub(crate) fn new(
        sources: Vec<Source>,
        resolver: Arc<Resolver>,
        keeping: Keeping,
        timeout: Duration,
        before: Before,
    ) -> Self {
        Discovery {
            sources: sources.into(),
            resolver,
            keeping,
            timeout,
            before: Mutex::new(before.endpoints),
            standings: Mutex::new(before.standings),
            again: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            wrong: Mutex::default(),
        }
    }

    /// What was written, entry by entry.
    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What looks its names up.
    pub(crate) fn resolver(&self) -> &Arc<Resolver> {
        &self.resolver
    }

    /// Whether its names are looked up by this resolver, or there are none.
    pub(crate) fn looks_up_by(&self, resolver: &Arc<Resolver>) -> bool {
        !self.has_names() || Arc::ptr_eq(&self.resolver, resolver)
    }

    fn has_names(&self) -> bool {
        self.sources.iter().any(|source| source.address.is_name())
    }

    /// The endpoints that need no looking up, at once: all of them, where there is no name.
    pub(crate) fn begin(&self, members: &Members) {
        if self.has_names() {
            return;
        }
        let found = self.sources.iter().map(|source| (source, at_once(&source.address)));
        let found: Vec<_> = found.filter_map(|(source, at)| Some((source, at?))).collect();
        self.install(found, members);
        self.again.store(clock::NEVER, Ordering::Relaxed);
        self.stale.store(clock::NEVER, Ordering::Relaxed);
    }

    /// Whether names are to be looked up.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        now >= self.again.load(Ordering::Relaxed)
    }

    /// Whether what is known may be used without asking again.
    pub(crate) fn is_fresh(&self, now: u64) -> bool {
        now < self.stale.load(Ordering::Relaxed)
    }

    /// Takes it upon the caller to look up: true once, until the lookup is over or should be.
    pub(crate) fn take_turn(&self, now: u64) -> bool {
        let due = self.again.load(Ordering::Relaxed);
        let next = now + clock::span(self.timeout);
        now >= due && self.again.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Why there is no endpoint.
    pub(crate) fn nobody(&self) -> Refusal {
        match &*self.wrong.lock() {
            Some(wrong) => Refusal::new(Reason::UpstreamUnresolved).internal(wrong.as_str()),
            None => Reason::Unavailable.into(),
        }
    }

    /// Looks up all names. Where it fails, what is known stays.
    pub(crate) async fn look_up(&self, members: &Members) {
        let mut found = Vec::new();
        let mut until = Instant::now() + Duration::from_secs(300);
        let mut wrong = None;
        for source in &self.sources {
            let (host, port) = match &source.address {
                Address::Host { host, port } if source.address.is_name() => (host, *port),
                address => {
                    found.extend(at_once(address).map(|at| (source, at)));
                    continue;
                }
            };
            match self.resolver.resolve(host).await {
                Ok((addresses, good)) => {
                    until = until.min(good);
                    found.extend(addresses.iter().map(|ip| (source, At::Tcp(SocketAddr::new(*ip, port)))));
                }
                Err(why) => {
                    until = until.min(Instant::now() + AFTER_FAILURE);
                    wrong = Some(format!("{host}: {why}"));
                }
            }
        }
        let now = Instant::now();
        let left = until.saturating_duration_since(now).max(Duration::from_millis(1));
        if !found.is_empty() {
            self.install(found, members);
        }
        *self.wrong.lock() = wrong;
        // While requests come, the next lookup is over before what this one found is too old.
        self.again.store(clock::millis(now + left.mul_f64(0.75)), Ordering::Relaxed);
        self.stale.store(clock::millis(now + left), Ordering::Relaxed);
    }

    /// Makes these the upstream's endpoints: those that there are stay the same.
    fn install(&self, found: Vec<(&Source, At)>, members: &Members) {
        let before = members.all();
        let first = before.is_empty();
        let mut known = std::mem::take(&mut *self.before.lock());
        known.extend(before.iter().map(|member| Arc::clone(&member.endpoint)));
        let mut all: Vec<Member> = Vec::with_capacity(found.len());
        for (source, at) in found {
            // Two names may stand for one address: it is one endpoint, with the weight of the first.
            if all.iter().any(|member| member.endpoint.connector.at == at) {
                continue;
            }
            let same = |endpoint: &&Arc<Endpoint>| endpoint.connector.at == at && endpoint.written == source.written;
            let endpoint = match known.iter().find(same) {
                Some(endpoint) => Arc::clone(endpoint),
                None => Arc::new(self.make(source, at, first, members)),
            };
            all.push(Member { endpoint, weight: source.weight });
        }
        self.standings.lock().clear();
        let same = before.len() == all.len()
            && before.iter().zip(&all).all(|(a, b)| Arc::ptr_eq(&a.endpoint, &b.endpoint) && a.weight == b.weight);
        if !same {
            members.set(all);
        }
    }

    fn make(&self, source: &Source, at: At, first: bool, members: &Members) -> Endpoint {
        let mut standings = self.standings.lock();
        let stood = standings.iter().position(|(stood, _)| *stood == at).map(|place| standings.swap_remove(place).1);
        // Of those that are there from the beginning none starts slowly.
        let since = if first { 0 } else { clock::millis(Instant::now()) };
        let standing = stood.unwrap_or_else(|| Arc::new(Standing::new(Arc::clone(&members.changes), since)));
        let host: Box<str> = match &source.address {
            Address::Host { .. } => (*source.written).into(),
            Address::Unix(_) => "localhost".into(),
        };
        let connector = Connector { at, tls: source.tls.clone(), timeout: self.timeout };
        Endpoint::new(Arc::clone(&source.written), host, connector, standing, self.keeping)
    }
}

/// The address of what needs no looking up.
fn at_once(address: &Address) -> Option<At> {
    match address {
        Address::Unix(path) => Some(At::Unix(path.clone())),
        Address::Host { host, port } => host.parse::<IpAddr>().ok().map(|ip| At::Tcp(SocketAddr::new(ip, *port))),
    }
}
