//! The policies: what stands between a route's match and its action. One file a policy; [`chain`] is the one ordered
//! list. Knows requests and answers, and nothing of listeners, routes or upstreams.
//!
//! A new policy is two files and a line: `<name>.rs` here, with the configuration type, [`LEVELS`](timeout::LEVELS) and
//! a function for each place where it runs, that adds its steps; `tests/suite/<name>.rs`; and its line in `chain.rs`
//! (`mod <name>;` below goes without saying).
#![forbid(unsafe_code)]

mod body_limit;
mod build;
mod chain;
pub mod field;
mod headers;
mod layers;
mod list;
mod named;
pub mod template;
#[cfg(test)]
mod testing;
mod timeout;

pub use build::{Defaults, build};
pub use chain::{ORDER, Place, Policy};
pub use list::{PolicyEntry, PolicyList};
pub use named::{NamedPolicies, Setting};
