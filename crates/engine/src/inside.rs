//! Requests inside of a request: each is written as a head of HTTP/1.1 and read by the same functions as one from the wire,
//! with the connection, the client and the trace of the request around it. It is answered as any other, and recorded once,
//! when its answer is whole or nobody waits for it any more.
//!
//! Knows nothing of why they are asked, nor of the form in which they came.

use crate::connection::Peer;
use crate::cut::reason_of;
use crate::done::{self, Done};
use crate::gateway::{Answer, Gateway};
use crate::http1::{bounds, malformed, parts};
use crate::request::{self, Head};
use crate::runtime::{Listener, Route};
use bytes::{Bytes, BytesMut};
use pintle_core::fields::{is_token, is_value};
use pintle_core::step::{Answered, Asked, BoxFuture, Inside, Take, Whose};
use pintle_core::{Body, Exchange, Fields, Frame, Reason, Refusal, Response, StatusCode, Trace, Version, names};
use pintle_http1::server::WriteError;
use pintle_http1::{Parsed, parse_request};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// Runs requests inside of one.
pub(crate) struct Within {
    gateway: Arc<Gateway>,
    listener: Arc<Listener>,
    peer: Peer,
    /// The id, the trace and the version of the request around them.
    id: Arc<str>,
    trace: Trace,
    version: Version,
    authority: Box<str>,
    /// Those of its fields that are also theirs, as they came: policies change them from here on.
    fields: Fields,
}

impl Within {
    /// For a request whose policies have not run yet.
    pub(crate) fn new(gateway: &Arc<Gateway>, listener: &Arc<Listener>, exchange: &Exchange) -> Self {
        let (request, client) = (&exchange.request, &exchange.client);
        let mut fields = request.fields.clone();
        fields.retain(|name, _| match Whose::of(name.as_str()) {
            // A state of another trace is not this one's.
            Whose::Outer if name == names::TRACESTATE => exchange.trace.has_state(),
            Whose::Outer | Whose::OwnOrOuter => true,
            Whose::Own | Whose::Nobody => false,
        });
        Within {
            gateway: Arc::clone(gateway),
            listener: Arc::clone(listener),
            peer: Peer { address: client.peer, local: client.local, tls: client.tls.clone() },
            id: Arc::from(&*exchange.id),
            trace: exchange.trace,
            version: request.version,
            authority: request.target.authority().into(),
            fields,
        }
    }

    /// The head as it would come over HTTP/1.1. Nothing that could end a line or a part of one goes into it.
    fn head(&self, asked: &Asked) -> Result<Vec<u8>, Refusal> {
        let flaw = |detail: &'static str| Err(Refusal::new(Reason::BadRequest).detail(detail));
        if !asked.target.starts_with('/') || !asked.target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return flaw("A URL holds visible ASCII alone, and the rest percent-encoded (RFC 3986 2).");
        }
        let mut head = Vec::with_capacity(512);
        let mut put = |pieces: &[&[u8]]| pieces.iter().for_each(|piece| head.extend_from_slice(piece));
        put(&[asked.method.as_str().as_bytes(), b" ", asked.target.as_bytes()]);
        match &*self.authority {
            // HTTP/1.0 alone may go without.
            "" => put(&[b" HTTP/1.0\r\n"]),
            authority => put(&[b" HTTP/1.1\r\nhost: ", authority.as_bytes(), b"\r\n"]),
        }
        for (name, value) in &asked.fields {
            if name.is_empty() || !name.bytes().all(|byte| is_token(byte) && !byte.is_ascii_uppercase()) {
                return flaw("A field's name is a token (RFC 9110 5.1).");
            }
            if !value.bytes().all(is_value) {
                return flaw("A field's value holds no line breaks or other control characters (RFC 9110 5.5).");
            }
            if matches!(Whose::of(name), Whose::Outer | Whose::Nobody) {
                return flaw("A request inside says nothing of a connection, or of the way to the gateway.");
            }
            put(&[name.as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
        }
        for (name, value) in self.fields.iter() {
            let is_own = asked.fields.iter().any(|(own, _)| own == name.as_str());
            if !is_own {
                put(&[name.as_str().as_bytes(), b": ", value, b"\r\n"]);
            }
        }
        // An answer that goes into another one is wanted as it is.
        put(&[b"accept-encoding: identity\r\n\r\n"]);
        Ok(head)
    }

    /// Makes the exchange. What cannot be read stands there as a head on the wire does that cannot.
    fn begin(&self, asked: Asked, deadline: Option<Instant>) -> (Ongoing<'_>, Result<(), Refusal>) {
        // Another configuration may be in force by now.
        let current = self.listener.addresses.first().and_then(|address| self.gateway.listener_of_requests(address));
        let gone = current.is_none().then(|| Refusal::new(Reason::Unavailable).internal("its listener is gone"));
        let listener = current.unwrap_or_else(|| Arc::clone(&self.listener));
        let now = Instant::now();
        let accept = |head: Head<'_>, body| {
            request::accept(
                Head { version: self.version, ..head },
                body,
                &self.peer,
                &listener,
                self.gateway.instance,
                now,
            )
        };
        let read = self.head(&asked).and_then(|head| match parse_request(&head, &bounds(&self.gateway.limits())) {
            Ok(Parsed::Complete { mut head, .. }) => Ok(accept(parts(&mut head), Body::full(asked.content))),
            Ok(Parsed::Partial) => Err(Reason::BadRequest.into()),
            Err(error) => Err(malformed(error)),
        });
        let (mut exchange, accepted) = match read {
            Ok((exchange, accepted)) => (exchange, gone.map_or(accepted, Err)),
            Err(refusal) => (accept(Head::unreadable(self.version), Body::Empty).0, Err(refusal)),
        };
        exchange.trace = self.trace.child(request::random());
        exchange.deadline = exchange.deadline.into_iter().chain(deadline).min();
        exchange.notes.outer = Some(Arc::clone(&self.id));
        listener.meter.request_started();
        let ongoing = Ongoing { gateway: &self.gateway, listener, exchange, found: None, is_recorded: false };
        (ongoing, accepted)
    }

    async fn run(&self, asked: Asked, deadline: Option<Instant>, take: &mut dyn Take) -> Answered {
        let (mut ongoing, accepted) = self.begin(asked, deadline);
        let listener = Arc::clone(&ongoing.listener);
        let answering = self.gateway.answer(listener, &mut ongoing.exchange, accepted, &mut ongoing.found);
        // On the heap, because many may be under way at once.
        let answer = Box::pin(answering).await;
        let Answer { mut response, route, listener, mut reason } = answer;
        // What is left of the request's content is not taken any more.
        ongoing.exchange.request.body = Body::Empty;
        let mut whole = {
            let mut drain = pin!(drain(&mut response, ongoing.exchange.deadline, take));
            poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| drain.as_mut().poll(cx))) {
                Ok(polled) => polled,
                Err(_) => Poll::Ready(Err(Refusal::new(Reason::Internal).internal("a panic; see the error log"))),
            })
            .await
        };
        if let Err(refusal) = &mut whole {
            let refusal = std::mem::replace(refusal, Refusal::new(Reason::Internal));
            let reply = self.gateway.reply(route.clone(), listener, &mut ongoing.exchange, Err(refusal));
            reason = reply.reason;
            whole = Ok(rendered(reply.response));
        }
        let answered = whole.expect("a refusal became an answer");
        ongoing.record(&route, &answered, reason);
        answered
    }
}

impl Inside for Within {
    fn ask<'a>(&'a self, asked: Asked, deadline: Option<Instant>, take: &'a mut dyn Take) -> BoxFuture<'a, Answered> {
        Box::pin(self.run(asked, deadline, take))
    }

    fn pass_over(&self, asked: Asked, refusal: Refusal) -> Answered {
        let (mut ongoing, _) = self.begin(asked, None);
        let listener = Arc::clone(&ongoing.listener);
        let route = Arc::clone(&listener.fallback);
        let reply = self.gateway.reply(Arc::clone(&route), listener, &mut ongoing.exchange, Err(refusal));
        let answered = rendered(reply.response);
        ongoing.record(&route, &answered, reply.reason);
        answered
    }

    fn replace(&self, id: &str, mut refusal: Refusal) -> Answered {
        let head = Head::unreadable(self.version);
        let (mut exchange, _) =
            request::accept(head, Body::Empty, &self.peer, &self.listener, self.gateway.instance, Instant::now());
        exchange.id = id.into();
        let mut response = crate::gateway::refuse(&self.listener.fallback, &self.listener, &mut refusal, &exchange);
        response.fields.set(names::X_REQUEST_ID, id.as_bytes());
        rendered(response)
    }
}

/// Takes an answer's content, to its end or to where it may not go on.
async fn drain(response: &mut Response, deadline: Option<Instant>, take: &mut dyn Take) -> Result<Answered, Refusal> {
    let mut content = BytesMut::new();
    if let Some(length) = response.body.length().and_then(|length| usize::try_from(length).ok()) {
        // What is known to be too much is not begun.
        take.piece(length)?;
        take_all(&mut response.body, deadline, &mut content, |_| Ok(())).await?;
    } else {
        take_all(&mut response.body, deadline, &mut content, |bytes| take.piece(bytes)).await?;
    }
    let (status, fields) = (response.status, std::mem::take(&mut response.fields));
    let answered = Answered { status, fields, content: content.freeze() };
    take.whole(&answered)?;
    Ok(answered)
}

async fn take_all(
    body: &mut Body,
    deadline: Option<Instant>,
    content: &mut BytesMut,
    mut piece: impl FnMut(usize) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let taking = async {
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(Frame::Data(data)) => {
                    piece(data.len())?;
                    content.extend_from_slice(&data);
                }
                // Who takes it has no place for them.
                Ok(Frame::Trailers(_)) => {}
                Err(error) => {
                    let why = error.to_string();
                    return Err(Refusal::new(reason_of(&WriteError::Body(error))).internal(why));
                }
            }
        }
        Ok(())
    };
    match deadline {
        Some(deadline) => {
            let taken = tokio::time::timeout_at(deadline.into(), taking).await;
            taken.unwrap_or_else(|_| Err(Reason::Timeout.into()))
        }
        None => taking.await,
    }
}

/// What the gateway says by itself: its content is here, or it is none.
fn rendered(response: Response) -> Answered {
    let content = match response.body {
        Body::Full(content) => content,
        Body::Empty | Body::Stream { .. } => Bytes::new(),
    };
    Answered { status: response.status, fields: response.fields, content }
}

/// A request inside that is under way. It is recorded when its answer is whole, or when it is dropped.
struct Ongoing<'g> {
    gateway: &'g Gateway,
    listener: Arc<Listener>,
    exchange: Exchange,
    found: Option<Arc<Route>>,
    is_recorded: bool,
}

impl Ongoing<'_> {
    fn record(mut self, route: &Route, answered: &Answered, reason: Option<Reason>) {
        let (status, fields): (StatusCode, _) = (answered.status, Some(&answered.fields));
        let sent = answered.content.len() as u64;
        let (exchange, listener) = (&self.exchange, &*self.listener);
        let done = Done { exchange, route, listener, status, reason, fields, sent, grpc_status: None };
        done::record(self.gateway, &done, Instant::now());
        self.is_recorded = true;
    }
}

impl Drop for Ongoing<'_> {
    fn drop(&mut self) {
        if !self.is_recorded {
            let reason = if self.gateway.is_over() { Reason::Unavailable } else { Reason::ClientClosed };
            done::unanswered(self.gateway, &self.exchange, &self.listener, self.found.as_deref(), reason);
        }
        self.listener.meter.request_ended();
    }
}
