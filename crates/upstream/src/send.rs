//! Sending one request to an upstream: waiting for a place, choosing an endpoint, a kept connection or a new one, and
//! trying again where nothing can have happened yet.

mod http2;
mod tunnel;

use crate::endpoint::{Endpoint, Lease};
use crate::settings::ProtocolChoice;
use crate::stream::Stream;
use crate::upstream::Upstream;
use pintle_core::body::Whose;
use pintle_core::notes::Notes;
use pintle_core::{Body, BodyError, Fault, Fields, Interim, Method, Protocol, Reason, Refusal, Response, grpc};
use pintle_http1::client::{Bounds, Call, Connection, Fail, SendError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::OwnedSemaphorePermit;

/// How many times a request is tried in all, where nothing was sent before.
const TRIES: u32 = 3;

/// A request as it goes to an upstream.
pub struct Outgoing<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    /// The Host field or `:authority`; none takes the endpoint's own.
    pub host: Option<&'a str>,
    /// Header fields without those of the connection.
    pub fields: &'a Fields,
    /// The content.
    pub body: Body,
    /// What the stream is to become.
    pub protocol: Option<Protocol>,
    /// When all must be over.
    pub deadline: Option<Instant>,
    /// Takes interim answers.
    pub interim: Option<&'a Arc<dyn Interim>>,
}

/// A request without its content, which is lent to each try.
struct Head<'a> {
    method: &'a Method,
    target: &'a str,
    host: Option<&'a str>,
    fields: &'a Fields,
    protocol: Option<Protocol>,
    deadline: Option<Instant>,
    interim: Option<&'a Arc<dyn Interim>>,
}

/// What a try came to, if not to an answer.
struct Failure {
    refusal: Refusal,
    /// The content, if nothing was taken from it and the request may be tried again.
    again: Option<Body>,
}

impl Upstream {
    /// Sends a request and gives its answer's head, whose body flows as it is taken. Cancelled by dropping. `notes`
    /// learns what happened.
    pub async fn send(&self, request: Outgoing<'_>, notes: &mut Notes, now: Instant) -> Result<Response, Refusal> {
        let Outgoing { method, target, host, fields, mut body, protocol, deadline, interim } = request;
        let request = Head { method, target, host, fields, protocol, deadline, interim };
        notes.upstream = Some(Arc::clone(&self.name));
        let mut permit = Some(self.permit(request.deadline).await?);
        let mut last: Option<Arc<Endpoint>> = None;
        loop {
            let Some(endpoint) = self.balancer.pick(last.as_ref()) else {
                return Err(Reason::Unavailable.into());
            };
            let held = match permit.take() {
                Some(permit) => permit,
                None => self.permit(request.deadline).await?,
            };
            notes.endpoint = Some(Arc::clone(&endpoint.name));
            notes.attempts += 1;
            match self.attempt(endpoint, &request, body, Lease::new(endpoint, held), notes, now).await {
                Ok(response) => {
                    notes.upstream_status = Some(response.status.as_u16());
                    return Ok(response);
                }
                Err(Failure { refusal, again }) => match again {
                    Some(untouched) if notes.attempts < TRIES => {
                        body = untouched;
                        last = Some(Arc::clone(endpoint));
                    }
                    _ => return Err(refusal),
                },
            }
        }
    }

    async fn permit(&self, deadline: Option<Instant>) -> Result<OwnedSemaphorePermit, Refusal> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let overflow = || Refusal::new(Reason::Overflow).internal(format!("{} is at its `connections.max`", self.name));
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(overflow());
        }
        let waiting = Waiting(self);
        let until = Instant::now() + self.timeout.connect;
        let until = deadline.map_or(until, |deadline| deadline.min(until));
        let permit = tokio::time::timeout_at(until.into(), Arc::clone(&self.permits).acquire_owned()).await;
        drop(waiting);
        permit.ok().and_then(Result::ok).ok_or_else(overflow)
    }

    async fn attempt(
        &self,
        endpoint: &Arc<Endpoint>,
        request: &Head<'_>,
        body: Body,
        lease: Lease,
        notes: &mut Notes,
        now: Instant,
    ) -> Result<Response, Failure> {
        if request.protocol.is_some() && self.protocol != ProtocolChoice::Http1 {
            return self.tunnel(endpoint, request, body, lease, notes, now).await;
        }
        // HTTP/2 is asked for first where there is such a connection, or must be one.
        if self.protocol != ProtocolChoice::Http1
            && let Some(client) = self.kept_http2(endpoint)
        {
            return self.over_http2(client, request, body, lease, true).await;
        }
        // After a kept connection that had gone stale the others are no better.
        if self.protocol != ProtocolChoice::Http2
            && notes.attempts == 1
            && let Some(connection) = endpoint.take(now)
        {
            return self.over_http1(connection, request, body, lease, now).await;
        }
        let started = Instant::now();
        let connected = match within(request.deadline, endpoint.connector.connect()).await {
            Ok(connected) => connected,
            Err(refusal) => return Err(Failure { refusal, again: Some(body) }),
        };
        let connected_at = Instant::now();
        notes.connected = true;
        notes.connect = Some(connected_at - started);
        if connected.http2 || self.protocol == ProtocolChoice::Http2 {
            let client = match self.start_http2(endpoint, connected.stream).await {
                Ok(client) => client,
                Err(refusal) => return Err(Failure { refusal, again: Some(body) }),
            };
            return self.over_http2(client, request, body, lease, false).await;
        }
        let connection = Connection::new(connected.stream, connected_at);
        self.over_http1(connection, request, body, lease, connected_at).await
    }

    async fn over_http1(
        &self,
        connection: Connection<Stream>,
        request: &Head<'_>,
        body: Body,
        lease: Lease,
        now: Instant,
    ) -> Result<Response, Failure> {
        let endpoint = Arc::clone(&lease.endpoint);
        if *request.method == Method::POST && grpc::Kind::of(request.fields) == Some(grpc::Kind::Grpc) {
            let why = format!("{} is spoken to in HTTP/1.1, and gRPC needs HTTP/2: `protocol: http2`", endpoint.name);
            return Err(Failure { refusal: Refusal::new(Reason::NotImplemented).internal(why), again: None });
        }
        let host = request.host.unwrap_or(&endpoint.host);
        let call = Call {
            method: request.method,
            target: request.target,
            host,
            fields: request.fields,
            protocol: request.protocol,
        };
        let bounds = Bounds {
            response: self.timeout.response,
            idle: self.timeout.idle,
            deadline: request.deadline,
            limits: pintle_http1::Limits::default(),
            body_limits: pintle_http1::BodyLimits::default(),
        };
        // A whole body costs a reference to keep for a second try.
        let kept = if let Body::Full(bytes) = &body { Some(Body::Full(bytes.clone())) } else { None };
        match connection.send(&call, body, bounds, request.interim, lease, now).await {
            Ok(answer) => {
                let mut response = Response::new(answer.status);
                response.fields = answer.fields;
                response.body = answer.body;
                Ok(response)
            }
            Err(SendError { fail, body, stale }) => {
                let again = if stale && is_idempotent(request.method) { body.or(kept) } else { None };
                Err(Failure { refusal: refusal_of(&fail, &endpoint), again })
            }
        }
    }
}

/// Whether doing it twice is as doing it once (RFC 9110 9.2.2).
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE)
}

fn refusal_of(fail: &Fail, endpoint: &Endpoint) -> Refusal {
    let reason = match fail {
        Fail::Closed(_) => Reason::UpstreamClosed,
        Fail::Malformed(_) => Reason::UpstreamMalformed,
        Fail::TimedOut => Reason::UpstreamTimeout,
        Fail::Deadline => Reason::Timeout,
        Fail::Request(error) => reason_of_body(error),
    };
    Refusal::new(reason).internal(format!("{}: {fail}", endpoint.name))
}

/// What a request's own content that failed means for the client.
pub(crate) fn reason_of_body(error: &BodyError) -> Reason {
    match (error.whose, error.fault) {
        (_, Fault::TooLarge) => Reason::BodyTooLarge,
        (Whose::Client, Fault::TimedOut) => Reason::RequestTimeout,
        (Whose::Client, Fault::Malformed) => Reason::BadRequest,
        (Whose::Client, Fault::Closed | Fault::Reset) => Reason::ClientClosed,
        _ => Reason::UpstreamClosed,
    }
}

async fn within<T>(deadline: Option<Instant>, work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    match deadline {
        None => work.await,
        Some(deadline) => {
            tokio::time::timeout_at(deadline.into(), work).await.unwrap_or_else(|_| Err(Reason::Timeout.into()))
        }
    }
}

struct Waiting<'a>(&'a Upstream);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
