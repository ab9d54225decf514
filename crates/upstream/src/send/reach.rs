//! Reaching an endpoint: a new connection, by another address of the same name where one is silent (RFC 8305 5), and what a
//! failure means for the requests that come after.

use crate::clock;
use crate::connect::{Connected, Offers};
use crate::endpoint::{Endpoint, Lease};
use crate::event::Event;
use crate::upstream::Upstream;
use pintle_core::Refusal;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How long an address of several may be silent before the next one is tried beside it.
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// How soon an endpoint that took no connection is tried again, beside requests, and how seldom at most.
const SOON: Duration = Duration::from_millis(250);
const SELDOM: Duration = Duration::from_secs(1);

impl Upstream {
    /// Makes a connection to the lease's endpoint, or to another one of its name, to which the lease then moves.
    pub(super) async fn reach(
        self: &Arc<Self>,
        lease: &mut Lease,
        header: &[u8],
        offers: Offers,
    ) -> Result<Connected, Refusal> {
        let endpoint = Arc::clone(&lease.endpoint);
        let mut first = pin!(self.connect(&endpoint, header, offers));
        let Some(other) = self.members.sibling(&endpoint) else { return first.await };
        if let Ok(connected) = tokio::time::timeout(NEXT_ADDRESS, &mut first).await {
            return connected;
        }
        let mut second = pin!(self.connect(&other, header, offers));
        let (connected, is_first) = tokio::select! {
            connected = &mut first => match connected {
                Ok(connected) => (Ok(connected), true),
                Err(_) => (second.await, false),
            },
            connected = &mut second => match connected {
                Ok(connected) => {
                    self.lost(&endpoint, offers);
                    (Ok(connected), false)
                }
                Err(_) => (first.await, true),
            },
        };
        if !is_first {
            lease.move_to(Arc::clone(&other));
        }
        connected
    }

    /// Makes a connection, and remembers whether that can be done.
    async fn connect(
        self: &Arc<Self>,
        endpoint: &Arc<Endpoint>,
        header: &[u8],
        offers: Offers,
    ) -> Result<Connected, Refusal> {
        match endpoint.connector.connect(header, offers).await {
            Ok(connected) => {
                self.tell(Event::Connected);
                self.reached(endpoint);
                Ok(Connected { stream: connected.stream.observed(Arc::clone(&self.observer)), ..connected })
            }
            Err(refusal) => {
                self.tell(Event::ConnectFailed);
                self.lost(endpoint, offers);
                Err(refusal)
            }
        }
    }

    fn reached(&self, endpoint: &Endpoint) {
        if endpoint.standing.is_unreachable() {
            endpoint.standing.reached(clock::millis(Instant::now()));
            self.tell(Event::Reachable { endpoint: &endpoint.name, is: true });
        }
    }

    /// Requests pass over an endpoint that takes no connection, while there are others; it is tried beside them until it does.
    fn lost(self: &Arc<Self>, endpoint: &Arc<Endpoint>, offers: Offers) {
        if !self.members.are_several() || !endpoint.standing.lost() {
            return;
        }
        self.tell(Event::Reachable { endpoint: &endpoint.name, is: false });
        tokio::spawn(try_until_reached(Arc::downgrade(self), Arc::downgrade(endpoint), self.header(None), offers));
    }
}

/// Tries as the connection was made that failed, but in the gateway's own name. Ends as well when nobody else knows the endpoint any more.
async fn try_until_reached(upstream: Weak<Upstream>, endpoint: Weak<Endpoint>, header: Vec<u8>, offers: Offers) {
    let mut pause = SOON;
    loop {
        tokio::time::sleep(pause.mul_f64(0.75 + 0.5 * fastrand::f64())).await;
        pause = (pause * 2).min(SELDOM);
        let Some(endpoint) = endpoint.upgrade() else { return };
        if !endpoint.standing.is_unreachable() {
            return;
        }
        let connected = endpoint.connector.connect(&header, offers).await.is_ok();
        let Some(upstream) = upstream.upgrade() else {
            // Its next upstream, if it has one, finds out by itself.
            return endpoint.standing.reached(clock::millis(Instant::now()));
        };
        if connected {
            return upstream.reached(&endpoint);
        }
    }
}
