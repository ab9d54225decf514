//! HTTP/2 between the `h2` crate and Pintle's words, both sides: the coalescing writer under it, heads in and out with
//! the checks of RFC 9113 that `h2` leaves to its user, bodies with flow control. Knows nothing of routes or listeners.
#![forbid(unsafe_code)]

pub mod body;
pub mod client;
mod coalesce;
pub mod head;

pub use coalesce::Coalesce;
