//! The HTTP/2 connections of one worker to an endpoint, which requests share, and who makes the next one.
//!
//! Where all of them are full, one request makes another connection and the rest wait for it: else a hundred requests that
//! come at once would make a hundred connections where one is enough.

use crate::endpoint::Endpoint;
use crate::upstream::Upstream;
use pintle_core::{Reason, Refusal};
use pintle_http2::client::Client;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The connections of a worker.
#[derive(Debug, Default)]
pub(crate) struct Http2Pool {
    clients: Vec<Client>,
    /// What becomes of the one that is being made.
    making: Option<watch::Receiver<Outcome>>,
}

/// What became of a connection that was made for all.
#[derive(Clone, Debug)]
enum Outcome {
    UnderWay,
    Failed(Reason, Arc<str>),
}

/// What there is for a request.
pub(crate) enum Pooled {
    /// A connection with room.
    Kept(Client),
    /// None; this request makes one, for others too.
    Make(Making),
}

/// The making of a connection. Others wait until it is dropped.
pub(crate) struct Making {
    endpoint: Arc<Endpoint>,
    outcome: watch::Sender<Outcome>,
}

impl Http2Pool {
    /// A connection with room for one more request; those that have ended are forgotten on the way to it.
    fn with_room(&mut self) -> Option<Client> {
        let mut at = 0;
        while let Some(client) = self.clients.get_mut(at) {
            if client.has_room() {
                return Some(client.clone());
            }
            if client.is_open() {
                at += 1;
            } else {
                self.clients.remove(at);
            }
        }
        None
    }

    /// How many streams are open on all of them.
    pub(crate) fn open_streams(&self) -> usize {
        self.clients.iter().map(Client::open_streams).sum()
    }

    /// Takes up a connection for others.
    pub(crate) fn add(&mut self, client: Client) {
        self.clients.push(client);
    }

    /// Closes those that have had no request for too long or have their age, and forgets those that have ended.
    pub(crate) fn sweep(&mut self, is_kept: impl Fn(Instant) -> bool) {
        self.clients.retain_mut(|client| {
            client.idle_since().is_none_or(|since| is_kept(since) && !client.is_old()) && client.is_open()
        });
    }
}

impl Upstream {
    /// A connection that requests share, or the making of one: after waiting for one that is being made. What that came to
    /// is an error for all who waited. `limit` bounds the wait.
    pub(crate) async fn share(&self, endpoint: &Arc<Endpoint>, limit: Duration) -> Result<Pooled, Refusal> {
        let until = Instant::now() + limit;
        loop {
            let mut outcome = {
                let mut pool = endpoint.own_http2().lock();
                if let Some(client) = pool.with_room() {
                    return Ok(Pooled::Kept(client));
                }
                match &pool.making {
                    Some(outcome) => outcome.clone(),
                    None => {
                        let (sender, outcome) = watch::channel(Outcome::UnderWay);
                        pool.making = Some(outcome);
                        return Ok(Pooled::Make(Making { endpoint: Arc::clone(endpoint), outcome: sender }));
                    }
                }
            };
            // It ends with the making's own time, or with the request that makes it.
            let told = tokio::time::timeout_at(until.into(), outcome.changed()).await;
            if let Outcome::Failed(reason, why) = &*outcome.borrow() {
                return Err(Refusal::new(*reason).internal(&**why));
            }
            if told.is_err() {
                let why = format!("no connection to {} within {limit:?}", endpoint.name);
                return Err(Refusal::new(Reason::ConnectTimeout).internal(why));
            }
        }
    }
}

impl Making {
    /// Tells those who wait that there will be none.
    pub(crate) fn failed(self, refusal: &Refusal) {
        let why = refusal.internal.as_deref().unwrap_or_default();
        self.outcome.send_replace(Outcome::Failed(refusal.reason, why.into()));
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.endpoint.own_http2().lock().making = None;
    }
}
