//! What an action would do with a request: what `explain` shows in its place.

use crate::Response;
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a request that nothing refuses.
#[derive(Debug)]
pub enum Plan {
    /// The gateway answers by itself.
    Answer(Response),
    /// A service gets the request as it stands in the exchange: its method and its fields.
    Send {
        /// Path and query.
        target: String,
        /// The services that may get it, one of them at random by weight; never none.
        to: Vec<Destination>,
        /// The service that gets a copy, and of how many requests.
        copy: Option<(Destination, String)>,
    },
    /// Several services are called, and the gateway answers once. The exchange has the fields that every call carries; what a
    /// part adds is written at the part.
    Aggregate {
        /// The calls, in the order in which they are written.
        parts: Vec<PlannedPart>,
        /// The parts that the answer names, by their places.
        answer: Vec<usize>,
        /// Whether the answer begins before all of them are known.
        stream: bool,
    },
}

/// A call of an aggregate, as it is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPart {
    /// Its name.
    pub name: Arc<str>,
    /// What is called, as it was written.
    pub call: Box<str>,
    /// The service that gets it.
    pub to: Destination,
    /// Whether it is called at all.
    pub when: Option<Box<str>>,
    /// Calls are made for each item of a list.
    pub for_each: Option<PlannedList>,
    /// The parts that it waits for, by their places among all.
    pub needs: Vec<usize>,
    /// What becomes of the whole where it fails: `fail`, `pass` or `value`.
    pub on_failure: &'static str,
    /// The time that it has; none has what is left of the whole.
    pub timeout: Option<Duration>,
}

/// A list that calls are made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedList {
    /// Under which name an item is known, and the list: `order in parts.orders.body.items`.
    pub list: Box<str>,
    /// The most items that it may have.
    pub at_most: usize,
    /// How many calls are under way at a time.
    pub parallel: usize,
}

/// A service that a request may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The upstream's name, or its URL.
    pub upstream: Arc<str>,
    /// Its endpoints' addresses.
    pub endpoints: Vec<Arc<str>>,
    /// The share among several; 1 where there is one.
    pub weight: u32,
    /// The Host that is sent; none is the endpoint's own address.
    pub host: Option<String>,
}
