//! The route table: a pure function from a request's head to a route and what its match captured.
//!
//! Owns what a path is once it is normalised ([`path`]), what a match says and how it is read from a configuration ([`pattern`]), and which of the routes that
//! match wins ([`table`]). Knows nothing of upstreams, policies or sockets: a route's value is whatever the caller puts
//! in, a listener is a number. Nothing here waits, keeps state or looks at a clock.
#![forbid(unsafe_code)]

mod config;
pub mod path;
pub mod pattern;
pub mod table;

pub use path::{PathFault, PathFaultKind, decode_segment, normalise};
pub use pattern::{Condition, Fault, HostPattern, Methods, PathPattern, Pattern, Place, Segment, Test};
pub use table::{
    Candidate, Conflict, Entry, Explained, Head, Knowledge, Listeners, Miss, Outcome, Possible, PossibleRoute, Respect,
    Shadowed, Table, Verdict,
};
