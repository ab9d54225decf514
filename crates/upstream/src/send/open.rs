//! A connection for one tunnel alone, made as one for a request is: waiting for a place, choosing an endpoint, connecting, and
//! trying elsewhere where that fails. What is sent on it is not known here, and nothing is kept of it afterwards.

use super::Stage;
use super::again::{Outcome, Tries};
use crate::balance::Wish;
use crate::clock;
use crate::connect::Offers;
use crate::endpoint::Lease;
use crate::event::Event;
use crate::proxy_header::Caller;
use crate::stream::Stream;
use crate::upstream::Upstream;
use pintle_core::Refusal;
use pintle_core::notes::{Came, Connect, Notes, Try};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection to an endpoint. Its place among those that may be open is held until it is dropped.
#[derive(Debug)]
pub struct Opened {
    /// The connection; nothing has been sent on it but the header that the upstream asks for.
    pub stream: Stream,
    _lease: Lease,
}

impl Upstream {
    /// Makes a connection to an endpoint. Takes as long as the upstream's times to wait and to connect allow, at each of as
    /// many endpoints as its `retry` does; cancelled by dropping. `notes` learns what happened.
    pub async fn open(self: &Arc<Self>, caller: &Caller<'_>, notes: &mut Notes) -> Result<Opened, Refusal> {
        notes.upstream = Some(Arc::clone(&self.name));
        let at = clock::millis(Instant::now());
        let admitted = self.admit(at)?;
        self.budget.request(at);
        if self.discovery.is_due(at) {
            self.find(at, None).await?;
        }
        let header = self.header(Some(caller));
        let mut tries = Tries::of_connection(self);
        loop {
            let permit = self.permit(None).await?;
            let wish = Wish { key: None, tried: &tries.tried, now: at };
            let (endpoint, choice) =
                self.members.pick(&wish, &*self.observer).ok_or_else(|| self.discovery.nobody())?;
            let (name, started) = (Arc::clone(&endpoint.name), Instant::now());
            notes.tries.push(Try::new(name, choice, started));
            self.tell(Event::Attempt { retry: notes.attempts() > 1 });
            let mut lease = Lease::new(endpoint, permit);
            let reached = self.reach(&mut lease, &header, Offers::Nothing).await;
            let this = notes.tries.last_mut().expect("it was put there");
            this.endpoint = Arc::clone(&lease.endpoint.name);
            let over = Instant::now();
            this.over = Some(over);
            let refusal = match reached {
                Ok(connected) => {
                    this.connect = Some(Connect { took: over - started, tls: connected.tls });
                    lease.endpoint.standing.succeeded();
                    self.conclude(admitted, Some(false), at);
                    return Ok(Opened { stream: connected.stream, _lease: lease });
                }
                Err(refusal) => {
                    this.came = Came::Failed(refusal.reason, refusal.internal.as_deref().map(Into::into));
                    refusal
                }
            };
            let endpoint = Arc::clone(&lease.endpoint);
            // Others may have the place while this one pauses.
            drop(lease);
            let outcome = Outcome::Failure(refusal, Stage::Unsent);
            self.learn(&endpoint, &outcome);
            let again = tries.again(&outcome, &endpoint, notes.attempts());
            if let (None, Outcome::Failure(refusal, _)) = (again, outcome) {
                self.conclude(admitted, Some(true), at);
                return Err(refusal);
            }
            if let Some(Some(moment)) = again {
                tokio::time::sleep_until(moment.into()).await;
            }
        }
    }

    /// How long a tunnel may be silent in both directions.
    pub fn idle_timeout(&self) -> Duration {
        self.config.timeout.idle
    }
}
