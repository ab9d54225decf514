//! What changes from one configuration to another, in its user's terms: routes, the policies in effect of each,
//! upstreams, listeners, certificates, other settings.
//!
//! Compares descriptions, in which groups are unfolded and defaults filled in, so that lines that moved, another order,
//! includes, comments and short forms are no change. Knows nothing of requests: what becomes of those is
//! [`crate::replay`]'s. Text and JSON are two renderings of the same [`Diff`].

mod certificates;
mod gather;
pub(crate) mod items;
mod json;
mod policies;
pub(crate) mod routes;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod tree;

use crate::describe::Description;
use pintle_core::config::Span;

/// What changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Routes that came, went, were renamed or have changes of their own.
    pub routes: Vec<Item>,
    /// What changes in several routes alike, said once.
    pub shared: Vec<Shared>,
    /// The services behind.
    pub upstreams: Vec<Item>,
    /// Where clients come in; their policies are those around 404 and 405.
    pub listeners: Vec<Item>,
    /// What the listeners prove themselves with; the name is the listener's.
    pub certificates: Vec<Item>,
    /// Everything else at the top: limits, telemetry, admin and so on.
    pub settings: Vec<Edit>,
}

/// A thing with a name that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name, the new one where it has two.
    pub name: String,
    /// What happens to it.
    pub change: Change,
    /// What it is, of one that comes or goes.
    pub is: String,
    /// Where it stands, in the new configuration where it does.
    pub at: Option<Span>,
    /// What changes in it.
    pub edits: Vec<Edit>,
}

/// What happens to a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It had another name.
    Renamed {
        /// The old name.
        from: String,
    },
    /// It has the name that it had.
    Changed,
}

/// One value that becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which: `match`, `proxy.to`, `policy timeout`.
    pub what: String,
    /// The value before; none where there was none.
    pub old: Option<Written>,
    /// The value after; none where there is none.
    pub new: Option<Written>,
    /// More to know about it, a line each.
    pub notes: Vec<String>,
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The value on one line.
    pub text: String,
    /// Where it was written.
    pub at: Option<Span>,
    /// By whom it came, where it stands elsewhere: "defaults", "listener `public`", "named `slow`".
    pub from: String,
}

/// What changes in several routes alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The change.
    pub edit: Edit,
    /// The names of the routes, the new ones, in the order of the configuration.
    pub routes: Vec<String>,
}

/// Compares two configurations.
pub fn diff(old: &Description, new: &Description) -> Diff {
    let listeners = items::renamed_listeners(old, new);
    let (routes, shared) = gather::gather(routes::compare(old, new, &listeners));
    Diff {
        routes,
        shared,
        upstreams: items::upstreams(old, new),
        listeners: items::listeners(old, new, &listeners),
        certificates: certificates::compare(old, new, &listeners),
        settings: items::settings(old, new),
    }
}

impl Diff {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        let Diff { routes, shared, upstreams, listeners, certificates, settings } = self;
        [routes, upstreams, listeners, certificates].iter().all(|items| items.is_empty())
            && shared.is_empty()
            && settings.is_empty()
    }
}

impl Edit {
    fn new(what: impl Into<String>, old: Option<Written>, new: Option<Written>) -> Self {
        Edit { what: what.into(), old, new, notes: Vec::new() }
    }
}

impl Written {
    fn new(text: impl Into<String>, at: &Span) -> Self {
        Written { text: text.into(), at: Some(at.clone()), from: String::new() }
    }
}
