//! What is wrong with a match, and what to write instead.

use std::fmt;

/// A match that is refused, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, naming the text.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

pub(super) fn fault(what: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault { what: what.into(), remedy: remedy.into() }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.remedy)
    }
}

impl std::error::Error for Fault {}
