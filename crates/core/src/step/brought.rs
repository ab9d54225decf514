//! Routes that a policy brings along: paths that it answers itself, on the hosts and listeners of the routes that have it. Who
//! puts them among the written routes is elsewhere.

use super::Action;
use crate::config::Span;
use std::fmt;
use std::sync::Arc;

/// A path, and what answers there.
#[derive(Clone)]
pub struct Brought {
    /// The path: literal segments.
    pub path: Box<str>,
    /// What logs and metrics call it: the policy's instance, and what the path is for.
    pub name: Box<str>,
    /// All that decides what is answered there. Several policies may bring along what is the same; it is there once.
    pub like: Arc<str>,
    /// Where the path was written.
    pub span: Span,
    /// What answers.
    pub action: Arc<dyn Action>,
}

impl fmt::Debug for Brought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Brought({} as {})", self.path, self.name)
    }
}
