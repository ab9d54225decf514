//! A connection for one tunnel alone: waiting for a place, choosing an endpoint, connecting, and trying elsewhere where
//! that fails. What is sent on it is not known here, and nothing is kept of it afterwards.

use crate::endpoint::{Endpoint, Lease};
use crate::proxy_header::Caller;
use crate::stream::Stream;
use crate::upstream::Upstream;
use pintle_core::notes::Notes;
use pintle_core::{Reason, Refusal};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many endpoints are tried in all.
const TRIES: u32 = 3;

/// A connection to an endpoint. Its place among those that may be open is held until it is dropped.
#[derive(Debug)]
pub struct Opened {
    /// The connection; nothing has been sent on it.
    pub stream: Stream,
    _lease: Lease,
}

impl Upstream {
    /// Makes a connection to an endpoint. Takes as long as the time to connect allows at each of a few endpoints at most;
    /// cancelled by dropping. `notes` learns what happened.
    pub async fn open(&self, caller: &Caller<'_>, notes: &mut Notes) -> Result<Opened, Refusal> {
        notes.upstream = Some(Arc::clone(&self.name));
        let header = self.header(Some(caller));
        let mut last: Option<Arc<Endpoint>> = None;
        loop {
            let permit = self.permit(None).await?;
            let Some(endpoint) = self.balancer.pick(last.as_ref()) else {
                return Err(Reason::Unavailable.into());
            };
            notes.endpoint = Some(Arc::clone(&endpoint.name));
            notes.attempts += 1;
            let (lease, started) = (Lease::new(endpoint, permit), Instant::now());
            match endpoint.connector.connect_for_bytes(&header).await {
                Ok(stream) => {
                    notes.connected = true;
                    notes.connect = Some(started.elapsed());
                    return Ok(Opened { stream, _lease: lease });
                }
                Err(refusal) if notes.attempts >= TRIES => return Err(refusal),
                Err(_) => last = Some(Arc::clone(endpoint)),
            }
        }
    }

    /// What a connection for this caller begins with.
    pub(crate) fn header(&self, caller: Option<&Caller<'_>>) -> Vec<u8> {
        self.proxy_protocol.map_or_else(Vec::new, |version| version.bytes(caller))
    }

    /// How long a tunnel may be silent in both directions.
    pub fn idle_timeout(&self) -> Duration {
        self.timeout.idle
    }
}
