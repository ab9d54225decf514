//! One place where a service runs: what is kept to it, and how much is under way.

use crate::checks::Probe;
use crate::clock;
use crate::connect::Connector;
use crate::http2_pool::Http2Pool;
use crate::standing::Standing;
use crate::stream::Stream;
use parking_lot::Mutex;
use pintle_core::worker;
use pintle_http1::client::{Connection, Home};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// An endpoint of an upstream: one address. It lives on over reloads as long as its address and the way to reach it stay the
/// same; how it stands lives on with the address alone.
#[derive(Debug)]
pub struct Endpoint {
    /// Its address: of a name that was looked up, the address that was found.
    pub name: Arc<str>,
    /// What was written for it: its address, or the name that it was found by.
    pub(crate) written: Arc<str>,
    /// What a request that names no host is sent for.
    pub(crate) host: Box<str>,
    /// What a sticky cookie says of it.
    pub(crate) mark: u64,
    pub(crate) connector: Connector,
    pub(crate) standing: Arc<Standing>,
    /// What asks regularly whether it is well.
    pub(crate) probe: Mutex<Option<Arc<Probe>>>,
    /// Idle HTTP/1.1 connections, newest last, one list a worker.
    idle: Box<[Mutex<Vec<Connection<Stream>>>]>,
    /// Open HTTP/2 connections, one list a worker.
    pub(crate) http2: Box<[Mutex<Http2Pool>]>,
    /// Whether a connection spoke HTTP/2, where ALPN decides: then the next one is awaited as one.
    pub(crate) speaks_http2: AtomicBool,
    pub(crate) keeping: Keeping,
}

/// Which connections are kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping {
    /// How many idle ones, by worker.
    pub(crate) keep: usize,
    pub(crate) keep_for: Duration,
    /// How long one is used from its beginning.
    pub(crate) max_age: Option<Duration>,
}

impl Keeping {
    /// When a connection that is made now has its age: give or take a tenth, so that those that were made at once do not
    /// all end at once.
    pub(crate) fn end_of_age(&self, now: Instant) -> Option<Instant> {
        self.max_age.and_then(|age| now.checked_add(age.mul_f64(0.9 + 0.2 * fastrand::f64())))
    }
}

impl Endpoint {
    pub(crate) fn new(
        written: Arc<str>,
        host: Box<str>,
        connector: Connector,
        standing: Arc<Standing>,
        keeping: Keeping,
    ) -> Self {
        let name: Arc<str> = connector.at.to_string().into();
        Endpoint {
            mark: foldhash::quality::FixedState::default().hash_one(&*name),
            name,
            written,
            host,
            connector,
            standing,
            probe: Mutex::default(),
            idle: (0..worker::count()).map(|_| Mutex::default()).collect(),
            http2: (0..worker::count()).map(|_| Mutex::default()).collect(),
            speaks_http2: AtomicBool::new(false),
            keeping,
        }
    }

    /// How many requests are under way to it.
    pub fn active(&self) -> usize {
        self.standing.active()
    }

    /// Nobody asks any more whether it is well.
    pub(crate) fn unchecked(&self) {
        *self.probe.lock() = None;
        self.standing.unchecked();
    }

    /// Why it gets no requests while others do, in a word for operators; `up` if it gets them.
    pub fn state(&self) -> &'static str {
        if self.standing.is_down() {
            "down"
        } else if self.standing.is_unreachable() {
            "unreachable"
        } else if self.standing.out_until() > clock::millis(Instant::now()) {
            "ejected"
        } else {
            "up"
        }
    }

    /// How many idle connections are kept to it, over all workers.
    pub fn idle(&self) -> usize {
        self.idle.iter().map(|list| list.lock().len()).sum()
    }

    /// How many streams are open on its HTTP/2 connections, over all workers.
    pub fn http2_streams(&self) -> usize {
        self.http2.iter().map(|pool| pool.lock().open_streams()).sum()
    }

    fn own<T>(list: &[T]) -> &T {
        &list[worker::index() % list.len()]
    }

    /// A kept connection that the endpoint has not closed.
    pub(crate) fn take(&self, now: Instant) -> Option<Connection<Stream>> {
        loop {
            let mut connection = Self::own(&self.idle).lock().pop()?;
            if self.is_good(&connection, now) && connection.is_open() {
                return Some(connection);
            }
        }
    }

    /// Whether a kept connection is neither idle for too long nor too old.
    fn is_good(&self, connection: &Connection<Stream>, now: Instant) -> bool {
        now.saturating_duration_since(connection.idle_since) < self.keeping.keep_for
            && connection.until.is_none_or(|until| now < until)
    }

    /// A fresh connection for requests.
    pub(crate) fn connection(&self, stream: Stream, now: Instant) -> Connection<Stream> {
        let mut connection = Connection::new(stream, now);
        connection.until = self.keeping.end_of_age(now);
        connection
    }

    fn keep(&self, mut connection: Connection<Stream>) {
        connection.idle_since = Instant::now();
        if !self.is_good(&connection, connection.idle_since) {
            return;
        }
        let mut list = Self::own(&self.idle).lock();
        if list.len() >= self.keeping.keep {
            if self.keeping.keep == 0 {
                return;
            }
            list.remove(0);
        }
        list.push(connection);
    }

    /// This worker's HTTP/2 connections.
    pub(crate) fn own_http2(&self) -> &Mutex<Http2Pool> {
        Self::own(&self.http2)
    }

    /// Closes the kept connections of this worker that were idle for too long or that the endpoint has closed.
    pub(crate) fn sweep(&self, now: Instant) {
        let kept = |since: Instant| now.saturating_duration_since(since) < self.keeping.keep_for;
        Self::own(&self.idle).lock().retain_mut(|connection| self.is_good(connection, now) && connection.is_open());
        Self::own(&self.http2).lock().sweep(kept);
    }
}

/// A request's hold on an endpoint: counts as under way until it is dropped, and takes the connection back.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) endpoint: Arc<Endpoint>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(crate) fn new(endpoint: Arc<Endpoint>, permit: OwnedSemaphorePermit) -> Self {
        endpoint.standing.begin();
        Lease { endpoint, _permit: permit }
    }

    /// The same place at another endpoint.
    pub(crate) fn move_to(&mut self, endpoint: Arc<Endpoint>) {
        endpoint.standing.begin();
        std::mem::replace(&mut self.endpoint, endpoint).standing.end();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.endpoint.standing.end();
    }
}

impl Home<Stream> for Lease {
    fn give_back(self, connection: Connection<Stream>) {
        self.endpoint.keep(connection);
    }
}
