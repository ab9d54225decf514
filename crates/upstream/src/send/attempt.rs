//! One attempt: a kept connection or a new one, over the version of HTTP that the endpoint speaks.

use super::{Head, within};
use crate::connect::Offers;
use crate::endpoint::{Endpoint, Lease};
use crate::http2_pool::{Making, Pooled};
use crate::settings::{BalanceConfig, ProtocolChoice};
use crate::upstream::Upstream;
use crate::{balance::Balance, clock};
use pintle_core::body::Whose;
use pintle_core::notes::{Connect, Notes};
use pintle_core::{Body, BodyError, Fault, Reason, Refusal, Response};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What an attempt came to, if not to an answer.
pub(crate) struct Failure {
    pub(crate) refusal: Refusal,
    pub(crate) stage: Stage,
    /// The content, if nothing was taken from it.
    pub(crate) body: Option<Body>,
}

/// How far an attempt came, as another one goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was sent that the service worked on.
    Unsent,
    /// A kept connection ended without a byte of an answer: the service may have closed it before it saw the request (RFC
    /// 9112 9.3.1).
    Stale,
    /// The connection ended before an answer.
    Reset,
    /// No answer in time.
    TimedOut,
    /// The answer broke the protocol.
    Malformed,
    /// Something beside the service: the client, or the request's own time.
    Aside,
}

impl Failure {
    /// Of a connection that could not be made.
    pub(crate) fn unsent(refusal: Refusal, body: Body) -> Self {
        let stage = if refusal.reason == Reason::Timeout { Stage::Aside } else { Stage::Unsent };
        Failure { refusal, stage, body: Some(body) }
    }
}

impl Upstream {
    /// Sends to `endpoint`, which is another one afterwards if another address of its name was the one that could be reached.
    pub(super) async fn attempt(
        self: &Arc<Self>,
        endpoint: &mut Arc<Endpoint>,
        request: &Head<'_>,
        body: Body,
        lease: Lease,
        notes: &mut Notes,
        now: Instant,
    ) -> Result<Response, Failure> {
        if self.config.balance != BalanceConfig::Word(Balance::PeakEwma) {
            return self.attempt_at(endpoint, request, body, lease, notes, now).await;
        }
        let began = Instant::now();
        let outcome = self.attempt_at(endpoint, request, body, lease, notes, now).await;
        let over = Instant::now();
        if !matches!(&outcome, Err(Failure { stage: Stage::Aside, .. })) {
            // Making a connection says nothing of how fast the service answers.
            let took = over
                .saturating_duration_since(began)
                .saturating_sub(notes.connect().map(|connect| connect.took).unwrap_or_default());
            endpoint.standing.took(took.as_micros() as u64, clock::millis(over));
        }
        outcome
    }

    /// Whether a connection to the endpoint is one that requests share, for all that is known before it is made.
    fn speaks_http2(&self, endpoint: &Endpoint) -> bool {
        match self.protocol {
            ProtocolChoice::Http1 => false,
            ProtocolChoice::Http2 => true,
            ProtocolChoice::Auto => endpoint.speaks_http2.load(Ordering::Relaxed),
        }
    }

    async fn attempt_at(
        self: &Arc<Self>,
        endpoint: &mut Arc<Endpoint>,
        request: &Head<'_>,
        body: Body,
        mut lease: Lease,
        notes: &mut Notes,
        now: Instant,
    ) -> Result<Response, Failure> {
        // HTTP/2 is asked for first where there is such a connection, or must be one.
        let mut making = None;
        if self.speaks_http2(endpoint) {
            match within(request.deadline, self.share(endpoint, self.config.timeout.connect * 2)).await {
                Ok(Pooled::Kept(client)) => return self.over_http2(client, request, body, lease, true).await,
                Ok(Pooled::Make(next)) => making = Some(next),
                Err(refusal) => return Err(Failure::unsent(refusal, body)),
            }
        }
        // After a kept connection that had gone stale the others are no better.
        if self.protocol != ProtocolChoice::Http2
            && notes.attempts() == 1
            && let Some(connection) = endpoint.take(now)
        {
            return self.over_http1(connection, request, body, lease, now).await;
        }
        let (started, header) = (Instant::now(), self.header(request.caller.as_ref()));
        // On the heap, since most requests need none.
        let reaching = Box::pin(self.reach(&mut lease, &header, Offers::Http));
        let connected = match within(request.deadline, reaching).await {
            Ok(connected) => connected,
            Err(refusal) => return Err(give_up(making, refusal, body)),
        };
        let connected_at = Instant::now();
        if let Some(this) = notes.tries.last_mut() {
            this.connect = Some(Connect { took: connected_at - started, tls: connected.tls });
            if !Arc::ptr_eq(endpoint, &lease.endpoint) {
                *endpoint = Arc::clone(&lease.endpoint);
                (this.endpoint, this.choice.by) = (Arc::clone(&endpoint.name), "other_address");
            }
        }
        if connected.http2 || self.protocol == ProtocolChoice::Http2 {
            let client = match self.start_http2(endpoint, connected.stream).await {
                Ok(client) => client,
                Err(refusal) => return Err(give_up(making, refusal, body)),
            };
            drop(making);
            return self.over_http2(client, request, body, lease, false).await;
        }
        endpoint.speaks_http2.store(false, Ordering::Relaxed);
        drop(making);
        let connection = endpoint.connection(connected.stream, connected_at);
        self.over_http1(connection, request, body, lease, connected_at).await
    }
}

/// Of a connection that was made for others too, and could not be.
fn give_up(making: Option<Making>, refusal: Refusal, body: Body) -> Failure {
    // The time of one request alone is over: the others go on with a connection of their own.
    if let Some(making) = making.filter(|_| refusal.reason != Reason::Timeout) {
        making.failed(&refusal);
    }
    Failure::unsent(refusal, body)
}

/// What a request's own content that failed means for the client.
pub(super) fn reason_of_body(error: &BodyError) -> Reason {
    match (error.whose, error.fault) {
        (_, Fault::TooLarge) => Reason::BodyTooLarge,
        (Whose::Client, Fault::TimedOut) => Reason::RequestTimeout,
        (Whose::Client, Fault::Malformed) => Reason::BadRequest,
        (Whose::Client, Fault::Closed | Fault::Reset) => Reason::ClientClosed,
        _ => Reason::UpstreamClosed,
    }
}
