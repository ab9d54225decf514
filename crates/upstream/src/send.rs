//! Sending one request to an upstream: who gets it, and when it is tried again. How one attempt goes is in
//! `send/attempt.rs`, and whether a failed one is followed by another in `send/again.rs`.

mod again;
mod attempt;
mod http1;
mod http2;
mod open;
mod reach;
mod tunnel;

use crate::balance::Wish;
use crate::breaker::{Admitted, Turn};
use crate::clock;
use crate::content::Content;
use crate::endpoint::{Endpoint, Lease};
use crate::event::Event;
use crate::proxy_header::Caller;
use crate::settings::RetryOn;
use crate::upstream::Upstream;
use again::{Again, Outcome, Tries};
pub(crate) use attempt::{Failure, Stage};
pub use open::Opened;
use pintle_core::notes::{Came, Chosen, Notes, Try};
use pintle_core::{Body, Fields, Interim, Method, Protocol, Reason, Refusal, Response, StatusCode, Trace};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::OwnedSemaphorePermit;

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
    /// Whom it is for; none for what the gateway asks by itself.
    pub caller: Option<Caller<'a>>,
    /// What decides where it goes, if the upstream asks for it: [`Upstream::key`].
    pub key: Option<u64>,
    /// Whether the client came over TLS: what a cookie of ours may say.
    pub secure: bool,
    /// The trace that goes on with it: `fields` are those of its first attempt, each further one is told by a span of its own.
    pub trace: Option<&'a Trace>,
}

/// A request without its content, which is lent to each try.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) method: &'a Method,
    pub(crate) target: &'a str,
    pub(crate) host: Option<&'a str>,
    pub(crate) fields: &'a Fields,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) interim: Option<&'a Arc<dyn Interim>>,
    pub(crate) caller: Option<Caller<'a>>,
}

impl Upstream {
    /// Sends a request and gives its answer's head, whose body flows as it is taken. Cancelled by dropping. `notes`
    /// learns what happened.
    pub async fn send(
        self: &Arc<Self>,
        request: Outgoing<'_>,
        notes: &mut Notes,
        now: Instant,
    ) -> Result<Response, Refusal> {
        let Outgoing { method, target, host, fields, body, protocol, deadline, interim, caller, .. } = request;
        let Outgoing { key, secure, trace, .. } = request;
        let request = Head { method, target, host, fields, protocol, deadline, interim, caller };
        notes.upstream = Some(Arc::clone(&self.name));
        let at = clock::millis(now);
        let admitted = self.admit(at)?;
        self.budget.request(at);
        if self.discovery.is_due(at) {
            let began = Instant::now();
            let found = Box::pin(self.find(at, deadline)).await;
            notes.lookup = began.elapsed();
            found?;
        }
        let mut tries = Tries::new(self, &request);
        let mut content = Content::new(body, tries.keeps());
        let mark = self.sticky.as_ref().and_then(|sticky| sticky.read(fields));
        let mut permit = Some(self.place(deadline, notes).await?);
        // A place was free at once: no time has passed.
        let mut began = Some(now).filter(|_| notes.queue.is_zero() && notes.lookup.is_zero());
        loop {
            let wish = Wish { key, tried: &tries.tried, now: at };
            let (mut endpoint, choice) = self.choose(mark, &wish).ok_or_else(|| self.discovery.nobody())?;
            let held = match permit.take() {
                Some(permit) => permit,
                None => self.place(deadline, notes).await?,
            };
            // `Again` was granted only where there is content for it.
            let body = content.take().unwrap_or_default();
            let started = began.take().unwrap_or_else(Instant::now);
            notes.tries.push(Try::new(Arc::clone(&endpoint.name), choice, started));
            self.tell(Event::Attempt { retry: notes.attempts() > 1 });
            let lease = Lease::new(Arc::clone(&endpoint), held);
            let renamed = again_in(trace, fields, notes.attempts());
            let head = Head { fields: renamed.as_ref().unwrap_or(fields), ..request };
            let outcome = self.attempt(&mut endpoint, &head, body, lease, notes, now).await;
            let outcome = match outcome {
                Ok(response) => Outcome::Answer(response),
                Err(Failure { refusal, stage, body }) => {
                    body.into_iter().for_each(|body| content.give_back(body));
                    Outcome::Failure(refusal, stage)
                }
            };
            note(notes, &outcome);
            self.learn(&endpoint, &outcome);
            let failed = outcome.is_failure();
            let again = tries.next(outcome, endpoint, &content, notes.attempts());
            notes.budget_spent = tries.budget_spent;
            if matches!(again, Again::No(..)) {
                self.conclude(admitted, failed, at);
            }
            match again {
                Again::No(Ok(mut response), endpoint) => {
                    notes.upstream_status = Some(response.status.as_u16());
                    if let Some(sticky) = self.sticky.as_ref().filter(|_| mark != Some(endpoint.mark)) {
                        sticky.write(endpoint.mark, secure, &mut response.fields);
                    }
                    return Ok(response);
                }
                Again::No(Err(refusal), _) => return Err(refusal),
                Again::At(None) => {}
                Again::At(Some(moment)) => tokio::time::sleep_until(moment.into()).await,
            }
        }
    }

    fn admit(&self, at: u64) -> Result<Admitted, Refusal> {
        match &self.breaker {
            None => Ok(Admitted::Freely),
            Some(breaker) => breaker
                .admit(at, clock::span(self.config.timeout.response))
                .map_err(|refusal| refusal.internal(format!("the breaker of {} is open", self.name))),
        }
    }

    /// The endpoint for a request: the one that its client has a cookie of, as long as it takes part and was not tried, else
    /// the one that the balance has it go to.
    fn choose(&self, mark: Option<u64>, wish: &Wish<'_>) -> Option<(Arc<Endpoint>, Chosen)> {
        let observer = &*self.observer;
        let mark = mark.filter(|_| wish.tried.is_empty());
        if let Some(chosen) = mark.and_then(|mark| self.members.marked(mark, wish.now, observer)) {
            return Some(chosen);
        }
        let (endpoint, mut chosen) = self.members.pick(wish, observer)?;
        if mark.is_some() && chosen.by != "none_left" {
            chosen.by = "sticky_gone";
        }
        Some((endpoint, chosen))
    }

    /// Looks names up whose time is over: beside the request while what is known may still be used, else before it.
    async fn find(self: &Arc<Self>, at: u64, deadline: Option<Instant>) -> Result<(), Refusal> {
        if self.discovery.is_fresh(at) {
            if self.discovery.take_turn(at) {
                let upstream = Arc::clone(self);
                tokio::spawn(async move { upstream.discovery.look_up(&upstream.members).await });
            }
            return Ok(());
        }
        let limit = self.config.timeout.connect;
        let late = || {
            let why = format!("the endpoints of {} could not be looked up within {limit:?}", self.name);
            Err(Refusal::new(Reason::ConnectTimeout).internal(why))
        };
        let found = tokio::time::timeout(limit, self.discovery.look_up(&self.members));
        within(deadline, async { found.await.or_else(|_| late()) }).await
    }

    /// As [`Upstream::permit`], and the wait for it noted.
    async fn place(&self, deadline: Option<Instant>, notes: &mut Notes) -> Result<OwnedSemaphorePermit, Refusal> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        // Who finds the queue full does not wait.
        let waits = self.waiting.load(Ordering::Relaxed) < self.config.connections.queue;
        let began = Instant::now();
        let permit = self.permit(deadline).await;
        if waits {
            notes.queue += began.elapsed();
        }
        permit
    }

    /// A place among the requests that may be under way.
    pub(crate) async fn permit(&self, deadline: Option<Instant>) -> Result<OwnedSemaphorePermit, Refusal> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let connections = self.config.connections;
        let overflow = || {
            self.tell(Event::Overflowed);
            Refusal::new(Reason::Overflow).internal(format!("{} is at its `connections.max`", self.name))
        };
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= connections.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(overflow());
        }
        let waiting = Waiting(self);
        self.tell(Event::Queued);
        let until = Instant::now() + connections.wait;
        let until = deadline.map_or(until, |deadline| deadline.min(until));
        let permit = tokio::time::timeout_at(until.into(), Arc::clone(&self.permits).acquire_owned()).await;
        drop(waiting);
        permit.ok().and_then(Result::ok).ok_or_else(overflow)
    }

    /// Takes what an attempt's end says of the endpoint. What the client or the gateway did says nothing.
    fn learn(&self, endpoint: &Endpoint, outcome: &Outcome) {
        let Some(failed) = outcome.is_failure() else { return };
        if !failed {
            return endpoint.standing.succeeded();
        }
        self.tell(Event::AttemptFailed);
        let now = clock::millis(Instant::now());
        if endpoint.standing.failed(self.config.health.eject.as_ref(), now) {
            self.tell(Event::Ejected { endpoint: &endpoint.name });
        }
        // Its own word counts where an operator takes such an answer for a failure.
        let heeded = self.config.retry.is_on(RetryOn::Status(StatusCode::SERVICE_UNAVAILABLE));
        if let Some(rest) = outcome.retry_after().filter(|_| heeded && self.members.are_several())
            && endpoint.standing.rest(now + rest, now)
        {
            self.tell(Event::Ejected { endpoint: &endpoint.name });
        }
    }

    /// Takes what a request came to in the end, for the circuit breaker: what another try has saved is no failure.
    fn conclude(&self, admitted: Admitted, failed: Option<bool>, at: u64) {
        let (Some(breaker), Some(failed)) = (&self.breaker, failed) else { return };
        match breaker.told(admitted, failed, at) {
            Turn::None => {}
            Turn::Opened => self.tell(Event::Breaker { open: true }),
            Turn::Closed => self.tell(Event::Breaker { open: false }),
        }
    }
}

/// Notes what the try under way has come to.
fn note(notes: &mut Notes, outcome: &Outcome) {
    let now = Instant::now();
    let Some(this) = notes.tries.last_mut() else { return };
    this.over = Some(now);
    match outcome {
        Outcome::Answer(response) => {
            this.came = Came::Answer(response.status.as_u16());
            notes.answered = Some(now);
        }
        Outcome::Failure(refusal, _) => {
            this.came = Came::Failed(refusal.reason, refusal.internal.as_deref().map(Into::into));
        }
    }
}

/// The fields of a further attempt; none where they are those of the first one.
fn again_in(trace: Option<&Trace>, fields: &Fields, attempt: u32) -> Option<Fields> {
    let trace = trace.filter(|_| attempt > 1)?;
    let mut fields = fields.clone();
    trace.change(&mut fields, attempt);
    Some(fields)
}

/// Waits for some work, until the request's time is over.
pub(crate) async fn within<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
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
