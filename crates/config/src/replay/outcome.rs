//! What becomes of one request: a route's action, a refusal, or no answer at all.

use std::collections::BTreeSet;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A route takes it.
    Route {
        /// Its name.
        route: String,
        /// What the route does with it.
        does: Does,
    },
    /// The gateway refuses it.
    Refused {
        /// The status.
        status: u16,
        /// The reason's word.
        reason: String,
        /// The route whose policies or templates refuse it, if one was found.
        route: Option<String>,
    },
    /// It reaches no listener.
    Unserved(String),
}

/// What a route does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Does {
    /// In short, the same for all requests: `proxy orders`, `redirect 308`, `respond 200`.
    pub(super) what: String,
    /// The path and the host that the service is asked for, or where the client is sent.
    pub(super) sent: Sent,
}

/// A text that is made for each request.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Sent {
    /// The text, if the log has all that it is made of.
    pub(super) text: Option<String>,
    /// What it is made of; two that are made of the same are the same, known or not.
    pub(super) made_of: String,
    /// What of that the log does not have.
    pub(super) needs: BTreeSet<String>,
}

impl Sent {
    /// Whether both are the same text; none if that cannot be said.
    fn is(&self, other: &Sent) -> Option<bool> {
        match (&self.text, &other.text) {
            (Some(one), Some(other)) => Some(one == other),
            _ if self.made_of == other.made_of => Some(true),
            _ => None,
        }
    }
}

impl Outcome {
    /// Whether the same becomes of a request in the new configuration, where a route's name is `renamed` of what it was;
    /// none if that cannot be said.
    pub(super) fn is(&self, new: &Outcome, renamed: impl Fn(&str) -> String) -> Option<bool> {
        match (self, new) {
            (Outcome::Route { route, does }, Outcome::Route { route: other, does: others }) => {
                if renamed(route) != *other || does.what != others.what {
                    return Some(false);
                }
                does.sent.is(&others.sent)
            }
            (Outcome::Refused { reason, .. }, Outcome::Refused { reason: other, .. }) => Some(reason == other),
            (Outcome::Unserved(_), Outcome::Unserved(_)) => Some(true),
            _ => Some(false),
        }
    }

    /// A route whose action is of a kind that is not looked into.
    pub(super) fn unknown(route: &str, kind: &str) -> Outcome {
        let sent = Sent { needs: [format!("what `{kind}` does")].into(), made_of: route.to_owned(), text: None };
        Outcome::Route { route: route.to_owned(), does: Does { what: kind.to_owned(), sent } }
    }

    /// What is alike for many requests.
    pub(super) fn class(&self) -> String {
        match self {
            Outcome::Route { route, does } => format!("`{route}` ({})", does.what),
            Outcome::Refused { status, reason, route: None } => format!("{status} {reason}"),
            Outcome::Refused { status, reason, route: Some(route) } => format!("{status} {reason} at `{route}`"),
            Outcome::Unserved(why) => format!("no answer: {why}"),
        }
    }

    /// Whether a route's action answers.
    pub(super) fn is_let_in(&self) -> bool {
        matches!(self, Outcome::Route { .. })
    }

    /// What is made for this request, where it is known.
    pub(super) fn sent(&self) -> Option<&str> {
        match self {
            Outcome::Route { does, .. } => does.sent.text.as_deref(),
            _ => None,
        }
    }

    /// What the log lacks to say all of it.
    pub(super) fn needs(&self) -> impl Iterator<Item = &String> {
        let needs = match self {
            Outcome::Route { does, .. } => Some(&does.sent.needs),
            _ => None,
        };
        needs.into_iter().flatten()
    }
}
