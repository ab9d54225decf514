//! What an action would do with a request: what `explain` shows in its place.

use crate::Response;
use std::sync::Arc;

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
