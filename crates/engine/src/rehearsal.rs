//! A request that is not sent: it takes the way that a real one takes, by the same functions, up to where one would wait
//! for a service. For `explain`.
//!
//! It leaves out what the bytes of a connection decide: handshakes, frames, whether content comes as it was announced.

use crate::connection::Peer;
use crate::gateway::{find, own_answer, refuse};
use crate::http1::{bounds, malformed, parts};
use crate::request::{self, Head};
use crate::runtime::{Listener, Route, Runtime};
use pintle_core::body::{BodyError, BodySource, Frame};
use pintle_core::exchange::Tls;
use pintle_core::step::Plan;
use pintle_core::{Body, Exchange, Fields, Reason, Refusal, Request, Response, Version, instance};
use pintle_http1::{Framing, Parsed, RequestHead, parse_request};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// The other end of the connection, after the PROXY protocol; none on a unix socket.
    pub address: Option<SocketAddr>,
    /// What its handshake came to, on a listener with TLS.
    pub tls: Option<Arc<Tls>>,
}

/// What would become of a request.
pub struct Rehearsal {
    /// The fields that were sent, without those of the connection.
    pub sent: Fields,
    /// The request as routes are sought for it, without its content. Stands for one that cannot be read where
    /// `is_accepted` says so.
    pub asked: Request,
    /// Whether it came as far as a route being sought for it.
    pub is_accepted: bool,
    /// Around the request as the action would leave it.
    pub exchange: Exchange,
    /// What would answer: a route, or the listener's fallback.
    pub route: Arc<Route>,
    /// What it would come to; a refusal with the answer that it becomes.
    pub outcome: Result<Plan, (Refusal, Response)>,
}

/// Content that never comes.
struct Announced;

impl BodySource for Announced {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        Poll::Ready(None)
    }
}

impl Runtime {
    /// What would become of a request whose head comes over HTTP/1.1 to one of the listeners. `head` ends in its empty
    /// line.
    pub fn rehearse(&self, listener: &Listener, asker: &Asker, head: &[u8]) -> Rehearsal {
        let peer = Peer { address: asker.address, local: None, tls: asker.tls.clone() };
        let accept = |head, body| request::accept(head, body, &peer, listener, instance(), Instant::now());
        let (mut exchange, sent, accepted) = match parse_request(head, &bounds(&self.limits)) {
            Ok(Parsed::Complete { mut head, .. }) => {
                let body = content(&head);
                let parts = parts(&mut head);
                let sent = parts.fields.clone();
                let (exchange, accepted) = accept(parts, body);
                (exchange, sent, accepted)
            }
            parsed => {
                let refusal = parsed.err().map_or(Reason::BadRequest.into(), malformed);
                let (exchange, _) = accept(Head::unreadable(Version::Http11), Body::Empty);
                (exchange, Fields::new(), Err(refusal))
            }
        };
        exchange.rehearsed = true;
        let asked = without_content(&exchange.request);
        let is_accepted = accepted.is_ok();
        let route = find(self, listener, &mut exchange, accepted);
        let plan = match own_answer(&exchange) {
            Some(response) => Ok(Plan::Answer(response)),
            None => route.chain.plan(&mut exchange),
        };
        let outcome = plan.map_err(|mut refusal| {
            let response = refuse(&route, listener, &mut refusal, &exchange);
            (refusal, response)
        });
        Rehearsal { sent, asked, is_accepted, exchange, route, outcome }
    }
}

fn content(head: &RequestHead) -> Body {
    match head.framing {
        Framing::None | Framing::Length(0) | Framing::UntilClose => Body::Empty,
        Framing::Length(length) => Body::stream(Announced, Some(length)),
        Framing::Chunked => Body::stream(Announced, None),
    }
}

fn without_content(request: &Request) -> Request {
    let Request { method, target, scheme, version, fields, body: _, protocol } = request;
    Request {
        method: method.clone(),
        target: target.clone(),
        scheme: *scheme,
        version: *version,
        fields: fields.clone(),
        body: Body::Empty,
        protocol: *protocol,
    }
}
