//! What the admin API asks of whoever runs the gateway, and who may ask it.

use pintle_core::Body;
use pintle_core::secret::Secret;
use pintle_telemetry::metrics::Format;
use serde_json::Value;
use std::sync::Arc;

/// What the admin API asks of the gateway. What changes something, and what formats much, blocks.
pub trait Control: Send + Sync + 'static {
    /// Whether listeners are open and nothing is draining.
    fn is_ready(&self) -> bool;
    /// What runs, as a JSON object.
    fn status(&self) -> String;
    /// What routes and upstreams have come to, as a JSON object.
    fn stats(&self) -> Body;
    /// The metrics, made as they are taken.
    fn metrics(&self, format: Format) -> Body;
    /// Reads the configuration again: the version in force, or all that is wrong.
    fn reload(&self) -> Result<u64, String>;
    /// The version in force and its texts, as a JSON object.
    fn config(&self) -> (u64, Value);
    /// The configurations that are kept, as a JSON object.
    fn history(&self) -> Value;
    /// Changes the configuration, or says what a change would do.
    fn change(&self, change: Change) -> Verdict;
    /// Who may ask now.
    fn access(&self) -> Arc<Access>;
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
    /// It is in force, or could be: the version in force, and the answer.
    Good(u64, Value),
    /// It is not good: all that is wrong, for people and for programs.
    Refused(String, Value),
    /// Another version is in force than the one that was asked for.
    Stale(u64),
    /// What is to be in force is not there; why.
    Unknown(String),
}

/// Who may ask.
#[derive(Debug, Default)]
pub struct Access {
    /// What callers must show.
    pub token: Option<Secret>,
    /// Whether the address is a unix socket, whose file's permissions decide.
    pub is_unix: bool,
    /// Whether reading is free, as on loopback.
    pub open: bool,
}
