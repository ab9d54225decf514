//! `guard`: when a change is taken back by itself. What watches is the program.

use pintle_core::config::{Diagnostic, Node, Read, Reader, Share, Span};
use std::time::Duration;

/// Takes back a change after which more requests fail than before. See [changes](changes.md#the-guard) for what counts.
///
/// ```yaml
/// guard: {for: 60s, errors: 5%}
/// listeners: [{address: 127.0.0.1:8080}]
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "guard", check)]
pub struct GuardConfig {
    /// For how long after a change requests are watched, from 1s to 1h.
    #[read(key = "for", default = "60s")]
    pub time: Duration,
    /// The share of them that may fail. Failing is a 5xx, or a refusal of the gateway for a reason that a configuration
    /// can be the cause of, such as `no_route`.
    #[read(default = "5%")]
    pub errors: Share,
    #[read(span)]
    pub(crate) at: Span,
}

impl GuardConfig {
    /// What is watched for longer would count what has nothing to do with the change.
    const LONGEST: Duration = Duration::from_secs(3600);

    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        if (Duration::from_secs(1)..=Self::LONGEST).contains(&self.time) {
            return Some(self);
        }
        let message = "`for` of a guard is from 1s to 1h";
        reader.report(Diagnostic::error("guard-time", message, &self.at).help("a minute shows most: `for: 60s`"));
        None
    }
}
