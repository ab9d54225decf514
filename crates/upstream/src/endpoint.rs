//! One place where a service runs: what is kept to it, and how much is under way.

use crate::connect::Connector;
use crate::reference::Address;
use crate::stream::Stream;
use parking_lot::Mutex;
use pintle_core::worker;
use pintle_http1::client::{Connection, Home};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// An endpoint of an upstream. It lives on over reloads as long as its address and the way to reach it stay the same.
#[derive(Debug)]
pub struct Endpoint {
    /// Its address as written.
    pub name: Arc<str>,
    /// What a request that names no host is sent for.
    pub(crate) host: Box<str>,
    pub(crate) weight: u32,
    pub(crate) connector: Arc<Connector>,
    active: AtomicUsize,
    /// Idle HTTP/1.1 connections, newest last, one list a worker.
    idle: Box<[Mutex<Vec<Connection<Stream>>>]>,
    /// Open HTTP/2 connections, one list a worker.
    pub(crate) http2: Box<[Mutex<Vec<pintle_http2::client::Client>>]>,
    keep: usize,
    keep_for: Duration,
}

impl Endpoint {
    pub(crate) fn new(
        address: &Address,
        weight: u32,
        connector: Arc<Connector>,
        keep: usize,
        keep_for: Duration,
    ) -> Self {
        Endpoint {
            name: address.to_string().into(),
            host: match address {
                Address::Host { .. } => address.to_string().into(),
                Address::Unix(_) => "localhost".into(),
            },
            weight,
            connector,
            active: AtomicUsize::new(0),
            idle: (0..worker::count()).map(|_| Mutex::default()).collect(),
            http2: (0..worker::count()).map(|_| Mutex::default()).collect(),
            keep,
            keep_for,
        }
    }

    /// How many requests are under way to it.
    pub fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// How many idle connections are kept to it, over all workers.
    pub fn idle(&self) -> usize {
        self.idle.iter().map(|list| list.lock().len()).sum()
    }

    fn own<T>(list: &[T]) -> &T {
        &list[worker::index() % list.len()]
    }

    /// A kept connection that the endpoint has not closed.
    pub(crate) fn take(&self, now: Instant) -> Option<Connection<Stream>> {
        loop {
            let mut connection = Self::own(&self.idle).lock().pop()?;
            if now.saturating_duration_since(connection.idle_since) < self.keep_for && connection.is_open() {
                return Some(connection);
            }
        }
    }

    fn keep(&self, mut connection: Connection<Stream>) {
        connection.idle_since = Instant::now();
        let mut list = Self::own(&self.idle).lock();
        if list.len() >= self.keep {
            if self.keep == 0 {
                return;
            }
            list.remove(0);
        }
        list.push(connection);
    }

    /// This worker's HTTP/2 connections.
    pub(crate) fn own_http2(&self) -> &Mutex<Vec<pintle_http2::client::Client>> {
        Self::own(&self.http2)
    }

    /// Closes the kept connections of this worker that were idle for too long or that the endpoint has closed.
    pub(crate) fn sweep(&self, now: Instant) {
        let kept = |since: Instant| now.saturating_duration_since(since) < self.keep_for;
        Self::own(&self.idle).lock().retain_mut(|connection| kept(connection.idle_since) && connection.is_open());
        Self::own(&self.http2).lock().retain_mut(|client| client.idle_since().is_none_or(kept) && client.is_open());
    }
}

/// A request's hold on an endpoint: counts as under way until it is dropped, and takes the connection back.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) endpoint: Arc<Endpoint>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(crate) fn new(endpoint: &Arc<Endpoint>, permit: OwnedSemaphorePermit) -> Self {
        endpoint.active.fetch_add(1, Ordering::Relaxed);
        Lease { endpoint: Arc::clone(endpoint), _permit: permit }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.endpoint.active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Home<Stream> for Lease {
    fn give_back(self, connection: Connection<Stream>) {
        self.endpoint.keep(connection);
    }
}
