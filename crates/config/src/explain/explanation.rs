//! An explanation as data.

use super::Aggregated;
use pintle_telemetry::why::Recorded;
use std::time::Duration;

/// What would become of a request. Texts are for people; places are `FILE:LINE:COLUMN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What happened, in a sentence; none where nothing has.
    pub sentence: Option<String>,
    /// As it was asked.
    pub request: String,
    /// Who asks; `a unix socket` has no address.
    pub from: String,
    /// What is to be known of the request beside its text: that its path is another when it is normalised, that it is a
    /// preflight, that a trusted proxy names another client.
    pub notes: Vec<String>,
    /// The listener's name.
    pub listener: Told,
    /// Every route whose host and path match, the most specific first; none where no route was sought.
    pub candidates: Vec<Candidate>,
    /// How many more there are that did not win.
    pub left_out: usize,
    /// Routes that match nearly, the nearest first.
    pub near: Vec<Told>,
    /// The route that takes it.
    pub route: Option<String>,
    /// What holds around its answer, outer to inner.
    pub policies: Vec<Policy>,
    /// What it comes to.
    pub outcome: Outcome,
}

/// A thing that has a name, where it was written, and why it is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// Where it was written.
    pub place: String,
    /// Why.
    pub why: String,
}

/// A route whose host and path match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which, and why it won or lost.
    pub told: Told,
    /// Its match, where its name is another.
    pub pattern: Option<String>,
    /// How far it came.
    pub verdict: Verdict,
}

/// How far a route came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes the request.
    Takes,
    /// It would take it if a more specific one did not.
    Fits,
    /// It does not.
    No,
}

/// A policy that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its place in the run order.
    pub name: &'static str,
    /// Its settings, defaults filled in, as one line.
    pub settings: String,
    /// Whose it is: `the route`, `the listener public`.
    pub level: String,
    /// Its name, if it has one.
    pub named: Option<String>,
    /// Where it was written.
    pub place: String,
    /// What became of it; none where nothing is known of that.
    pub judged: Option<Judged>,
}

/// What became of a policy in a request that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It let it pass.
    Passed {
        /// How long it took by itself, of those that may wait.
        own: Option<Duration>,
    },
    /// It refused it, for this reason.
    Refused(String),
    /// The request did not come so far.
    NotReached,
}

/// What a request comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is none: the handshake fails, for this reason.
    NoHandshake(String),
    /// A service gets it.
    Sent(Sent),
    /// The route's action answers.
    Answered {
        /// The action: `redirect`, `respond`, `files`, `batch`; none where it is the gateway itself.
        action: Option<Told>,
        /// The answer.
        answer: Answer,
    },
    /// Several services are called, and the gateway answers once.
    Aggregated(Box<Aggregated>),
    /// It is over: what became of it.
    Happened(Box<Happened>),
    /// The gateway refuses.
    Refused {
        /// The word in problems and logs.
        reason: &'static str,
        /// What it means.
        title: &'static str,
        /// What the client reads beyond that.
        detail: String,
        /// What the log says beyond that.
        internal: Option<String>,
        /// The answer.
        answer: Answer,
    },
}

/// A request as a service gets it. What is made anew for each request stands as `<new>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The action.
    pub action: Told,
    /// The services that may get it, one of them at random where there are several.
    pub to: Vec<Service>,
    /// The service that gets a copy.
    pub copy: Option<Service>,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The fields, and those that were left out.
    pub fields: Vec<Field>,
}

/// A service that a request may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The upstream's name, or its URL.
    pub name: String,
    /// Where it was written, if it has a name.
    pub place: Option<String>,
    /// Its endpoints' addresses.
    pub endpoints: Vec<String>,
    /// Of how many requests it is: `90 of 100`, `5%`; none where it is all.
    pub share: Option<String>,
    /// The Host that it gets; none is the endpoint's own address.
    pub host: Option<String>,
}

/// An answer that the gateway makes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Its header fields, without those that every answer has.
    pub fields: Vec<(String, String)>,
    /// Its content, if it is a text.
    pub content: Option<String>,
}

/// A field on its way to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What became of it.
    pub change: Change,
    /// Its name.
    pub name: String,
    /// Its value; credentials stand as `<hidden>`.
    pub value: String,
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is as the client sent it.
    Kept,
    /// It was added, or has another value.
    Added,
    /// The service does not get it.
    Dropped,
}

/// What became of a request, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What was recorded, without credentials.
    pub recorded: Recorded,
    /// Whether its candidates could be worked out.
    pub is_worked_out: bool,
    /// The action of the route that took it.
    pub action: Option<Told>,
    /// The endpoints of the service that it was meant for, by the configuration of then.
    pub endpoints: Option<usize>,
    /// How the upstream stands now; none if there is no such one any more.
    pub now: Option<Standing>,
}

/// How an upstream stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether its circuit breaker is open; none without one.
    pub breaker_open: Option<bool>,
    /// Each endpoint's address and state.
    pub endpoints: Vec<(String, String)>,
}
