//! What happens at an upstream that somebody may want to count or to tell.

use std::sync::Arc;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A request goes to an endpoint; `retry` if it is not the first time.
    Attempt {
        /// Whether it went somewhere before.
        retry: bool,
    },
    /// It got no answer there, or one of a failing service.
    AttemptFailed,
    /// A request was not tried again, because the budget is used up.
    BudgetSpent,
    /// A connection was made.
    Connected,
    /// One ended.
    Disconnected,
    /// None could be made.
    ConnectFailed,
    /// A request has to wait for a place among those under way.
    Queued,
    /// A request got no place: too many wait, or it waited for too long.
    Overflowed,
    /// An endpoint was asked whether it is well.
    Checked {
        /// Whether it said so.
        good: bool,
    },
    /// Checks say from now on that an endpoint is well, or that it is not, and why.
    Health {
        /// Its address.
        endpoint: &'a str,
        /// What a bad one said; none for one that is well.
        wrong: Option<&'a str>,
    },
    /// An endpoint is out for failures.
    Ejected {
        /// Its address.
        endpoint: &'a str,
    },
    /// An endpoint takes no connections, or does again.
    Reachable {
        /// Its address.
        endpoint: &'a str,
        /// Whether it does.
        is: bool,
    },
    /// Others take part than before.
    Members {
        /// Those that do.
        live: usize,
        /// Those that checks say are not well.
        down: usize,
        /// Those that are out for failures.
        ejected: usize,
        /// Those that take no connection.
        unreachable: usize,
    },
    /// The circuit breaker opened or closed.
    Breaker {
        /// Whether it is open now.
        open: bool,
    },
    /// A copy of a request was not sent to it.
    CopyLeftOut,
    /// The key of a hash could not be had from a request.
    KeyAbsent,
}

/// Who is told. To be quick about it: it is called on the way of requests.
pub type Observer = Arc<dyn Fn(Event<'_>) + Send + Sync>;
