//! What the admin API asks of whoever runs the gateway, and who may ask it.

use crate::Caller;
use pintle_core::Body;
use pintle_core::secret::Secret;
use pintle_engine::tls::TlsListener;
use pintle_telemetry::metrics::Format;
use serde_json::Value;
use std::sync::Arc;

/// What the admin API asks of the gateway. What changes something, and what formats much, blocks.
pub trait Control: Send + Sync + 'static {
    /// Whether listeners are open and nothing is draining.
    fn is_ready(&self) -> bool;
    /// What runs, as a JSON object.
    fn status(&self, wanted: &StatusAsk) -> Value;
    /// What routes and upstreams have come to, as a JSON object.
    fn stats(&self) -> Body;
    /// The metrics, made as they are taken.
    fn metrics(&self, format: Format) -> Body;
    /// Reads the configuration again.
    fn reload(&self, caller: &Caller) -> Verdict;
    /// The version in force and its texts, as a JSON object.
    fn config(&self) -> (u64, Value);
    /// The configurations that are kept, as a JSON object.
    fn history(&self) -> Value;
    /// Changes the configuration, or says what a change would do.
    fn change(&self, change: Change, caller: &Caller) -> Verdict;
    /// What would become of a request.
    fn explain(&self, asked: &ExplainAsk) -> Result<Explained, Unexplained>;
    /// What became of a request, by its id, its trace's or the beginning of either.
    fn why(&self, id: &str) -> Result<Explained, Unexplained>;
    /// The last requests, in brief.
    fn whys(&self, asked: &WhyAsk) -> Result<Explained, Unexplained>;
    /// Who may ask now.
    fn access(&self) -> Arc<Access>;
}

/// Which part of the status is wanted, where there may be much of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusAsk {
    /// This upstream alone.
    pub upstream: Option<String>,
    /// Upstreams whose names come after this one.
    pub after: Option<String>,
    /// At most so many upstreams.
    pub upstreams: usize,
}

/// A request to explain, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainAsk {
    /// Method and URL.
    pub request: String,
    /// Its header fields, `name: value`.
    pub fields: Vec<String>,
    /// Who asks, by address.
    pub from: Option<String>,
    /// The listener's name.
    pub listener: Option<String>,
    /// How much content comes with it.
    pub body_size: Option<String>,
    /// The client's certificate, PEM.
    pub client_certificate: Option<String>,
    /// By which configuration; none is the one in force.
    pub version: Option<u64>,
}

/// Which of the last requests are wanted, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhyAsk {
    /// At most so many.
    pub most: usize,
    /// Those alone that went wrong.
    pub errors: bool,
    /// Of this route.
    pub route: Option<String>,
    /// Of this status, or this class, `5xx`.
    pub status: Option<String>,
    /// For this reason.
    pub reason: Option<String>,
    /// Of this upstream.
    pub upstream: Option<String>,
    /// Whose path begins so.
    pub path: Option<String>,
    /// Of the client with this address.
    pub client: Option<String>,
}

/// An explanation, for people and for programs.
#[derive(Clone, Debug)]
pub struct Explained {
    /// In words.
    pub text: String,
    /// As a JSON object.
    pub json: Value,
    /// As a flowchart, where it is one of an aggregate.
    pub mermaid: Option<String>,
}

/// Why something is not explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unexplained {
    /// The question is wrong: what of it, and the remedy.
    Wrong(String),
    /// It is not kept; what.
    Unknown(String),
    /// Others are being explained to.
    Busy,
}

/// A change that is asked for.
#[derive(Debug)]
pub struct Change {
    /// What is to be in force.
    pub offer: Offer,
    /// Says what would happen, and does nothing.
    pub dry_run: bool,
    /// Holds only while this version is in force.
    pub only_after: Option<u64>,
}

/// What is to be in force.
#[derive(Debug)]
pub enum Offer {
    /// This text, in place of the main file's.
    Text(String),
    /// One that is kept: of this version, or the one before.
    Back(Option<u64>),
}

/// What became of a change.
#[derive(Debug)]
pub enum Verdict {
    /// It is in force, or could be.
    Good(Done),
    /// It is not good.
    Refused(Refused),
    /// Another version is in force than the one that was asked for.
    Stale(u64),
    /// What is to be in force is not there; why.
    Unknown(String),
}

/// A change that was made, or could be.
#[derive(Debug)]
pub struct Done {
    /// The version in force now.
    pub version: u64,
    /// The one before the change; the same if nothing was changed.
    pub before: u64,
    /// SHA-256 of the texts that are, or would be, in force.
    pub digest: String,
    /// The answer.
    pub said: Value,
}

/// A change that is not made.
#[derive(Debug)]
pub struct Refused {
    /// The version that stays in force.
    pub stays: u64,
    /// All that is wrong, for people.
    pub text: String,
    /// The same for programs, a list of messages.
    pub messages: Value,
}

/// Who may ask.
#[derive(Debug, Default)]
pub struct Access {
    /// What callers must show.
    pub token: Option<Token>,
    /// Whether the address is a unix socket, whose file's permissions decide.
    pub is_unix: bool,
    /// Whether reading is free, as on loopback.
    pub open: bool,
    /// Names by which it may be asked beside its addresses, in small letters.
    pub hosts: Vec<String>,
    /// TLS, if it is spoken.
    pub tls: Option<Arc<TlsListener>>,
}

/// A token, and what it is called where it must not be shown.
#[derive(Debug)]
pub struct Token {
    /// Where it comes from.
    pub name: String,
    /// Itself.
    pub secret: Secret,
}
