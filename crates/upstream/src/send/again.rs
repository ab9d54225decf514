//! Whether a request is tried again, and when: what its upstream's `retry` says, what its method allows, what of its content is
//! still there, and what the budget grants.

use super::{Head, Stage};
use crate::content::Content;
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::settings::RetryOn;
use crate::upstream::Upstream;
use pintle_core::{Method, Refusal, Response, StatusCode, names};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How long a service may ask to be left alone before a request is tried again there: who asks for more gets its way, and the
/// client its answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest rest that an endpoint gets by its own word.
const REST: Duration = Duration::from_secs(60);

/// What an attempt came to.
pub(super) enum Outcome {
    Answer(Response),
    Failure(Refusal, Stage),
}

/// What follows.
pub(super) enum Again {
    /// It is over, with the endpoint that it ended at.
    No(Result<Response, Refusal>, Arc<Endpoint>),
    /// Another attempt, at once or at that moment.
    At(Option<Instant>),
}

/// The attempts of one request.
pub(super) struct Tries<'a> {
    upstream: &'a Upstream,
    /// Whether doing it twice does no harm.
    repeatable: bool,
    is_tunnel: bool,
    deadline: Option<Instant>,
    /// Where it was tried.
    pub(super) tried: Vec<Arc<Endpoint>>,
    /// Whether the budget did not grant another try.
    pub(super) budget_spent: bool,
}

impl Outcome {
    /// Whether the service failed; none where it had no part in what happened.
    pub(super) fn is_failure(&self) -> Option<bool> {
        match self {
            Outcome::Answer(response) => Some(status(response).is_server_error()),
            Outcome::Failure(_, Stage::Aside | Stage::Stale) => None,
            Outcome::Failure(..) => Some(true),
        }
    }

    /// For how many milliseconds a service that is overloaded asks to be left alone (RFC 9110 10.2.3).
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Outcome::Answer(response) if status(response) == StatusCode::SERVICE_UNAVAILABLE => {
                retry_after(response).map(|time| time.min(REST).as_millis() as u64)
            }
            _ => None,
        }
    }
}

/// The status of an answer, and for gRPC what its status is in HTTP, where it is in the head: an answer without messages.
fn status(response: &Response) -> StatusCode {
    match response.fields.get(names::GRPC_STATUS) {
        Some(b"4") => StatusCode::GATEWAY_TIMEOUT,
        Some(b"14") => StatusCode::SERVICE_UNAVAILABLE,
        _ => response.status,
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.fields.get_str(names::RETRY_AFTER)?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

impl<'a> Tries<'a> {
    pub(super) fn new(upstream: &'a Upstream, request: &Head<'_>) -> Self {
        let repeatable = is_idempotent(request.method) || upstream.config.retry.unsafe_methods;
        let is_tunnel = request.protocol.is_some();
        Tries { upstream, repeatable, is_tunnel, deadline: request.deadline, tried: Vec::new(), budget_spent: false }
    }

    /// Those of a connection that nothing has been sent on.
    pub(super) fn of_connection(upstream: &'a Upstream) -> Self {
        Tries { upstream, repeatable: true, is_tunnel: true, deadline: None, tried: Vec::new(), budget_spent: false }
    }

    /// How much content is worth keeping for another attempt.
    pub(super) fn keeps(&self) -> Option<u64> {
        let retry = &self.upstream.config.retry;
        (self.repeatable && !self.is_tunnel && retry.attempts > 1).then_some(retry.body.bytes())
    }

    /// Decides what follows on an attempt, the one of that number, at that endpoint.
    pub(super) fn next(
        &mut self,
        outcome: Outcome,
        endpoint: Arc<Endpoint>,
        content: &Content,
        attempts: u32,
    ) -> Again {
        let end = |outcome| match outcome {
            Outcome::Answer(response) => Ok(response),
            Outcome::Failure(refusal, _) => Err(refusal),
        };
        let moment = if content.is_there() { self.again(&outcome, &endpoint, attempts) } else { None };
        match moment {
            Some(moment) => Again::At(moment),
            None => Again::No(end(outcome), endpoint),
        }
    }

    /// Whether another attempt follows on that one, and when: at once if no moment is given.
    pub(super) fn again(
        &mut self,
        outcome: &Outcome,
        endpoint: &Arc<Endpoint>,
        attempts: u32,
    ) -> Option<Option<Instant>> {
        if attempts >= self.upstream.config.retry.attempts || !self.is_wanted(outcome) {
            return None;
        }
        self.tried.push(Arc::clone(endpoint));
        let moment = self.moment(outcome, attempts)?;
        let in_time = moment.zip(self.deadline).is_none_or(|(moment, deadline)| moment < deadline);
        let is_free = matches!(outcome, Outcome::Failure(_, Stage::Stale));
        (in_time && (is_free || self.granted())).then_some(moment)
    }

    fn is_wanted(&self, outcome: &Outcome) -> bool {
        let retry = &self.upstream.config.retry;
        match outcome {
            Outcome::Failure(_, Stage::Unsent) => retry.is_on(RetryOn::Connect),
            Outcome::Failure(_, Stage::Stale) => self.repeatable,
            Outcome::Failure(_, Stage::Reset) => self.repeatable && retry.is_on(RetryOn::Reset),
            Outcome::Failure(_, Stage::TimedOut) => self.repeatable && retry.is_on(RetryOn::Timeout),
            Outcome::Failure(_, Stage::Malformed | Stage::Aside) => false,
            Outcome::Answer(response) => self.repeatable && retry.is_on(RetryOn::Status(status(response))),
        }
    }

    /// When to try again, at once if no moment is given; none if the service asks for more time than a client has.
    fn moment(&self, outcome: &Outcome, attempts: u32) -> Option<Option<Instant>> {
        let elsewhere = self.upstream.members.has_other(&self.tried);
        match outcome {
            Outcome::Failure(_, Stage::Stale) => return Some(None),
            Outcome::Failure(_, Stage::Unsent) if elsewhere => return Some(None),
            _ => {}
        }
        let backoff = self.upstream.config.retry.backoff * 2u32.saturating_pow(attempts.saturating_sub(1).min(10));
        let pause = backoff.mul_f64(0.5 + fastrand::f64());
        let pause = match outcome {
            Outcome::Answer(response) if !elsewhere => match retry_after(response) {
                Some(asked) if asked > PATIENCE => return None,
                asked => asked.unwrap_or_default().max(pause),
            },
            _ => pause,
        };
        Some(Some(Instant::now() + pause))
    }

    fn granted(&mut self) -> bool {
        let granted = self.upstream.budget.take(crate::clock::millis(Instant::now()));
        if !granted {
            self.budget_spent = true;
            self.upstream.tell(Event::BudgetSpent);
        }
        granted
    }
}

/// Whether doing it twice is as doing it once (RFC 9110 9.2.2).
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE)
}
