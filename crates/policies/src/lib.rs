//! The policies: what stands between a route's match and its action. One file a policy; `chain.rs` is the one ordered
//! list. Knows requests and answers, and nothing of listeners, routes or upstreams.
//!
//! A new policy is two files and a line: `<name>.rs` here, with the configuration type, its `LEVELS` (how outer and inner
//! ones go together), and for each place where it runs a function that adds its steps; `tests/suite/<name>.rs`; and its
//! entry in `chain.rs` (`mod <name>;` below goes without saying). `timeout.rs` is the smallest one to start from.
#![forbid(unsafe_code)]

mod access_log;
mod any;
mod api_key;
mod authenticate;
mod authorize;
mod bandwidth;
mod basic_auth;
mod body_limit;
mod build;
mod chain;
mod client_certificate;
mod compress;
mod concurrency;
mod consumers;
mod cors;
mod csrf;
mod describe;
mod digest;
pub mod field;
mod files;
pub mod geo;
mod headers;
mod hmac;
mod ip_filter;
mod key;
mod layers;
mod list;
mod named;
mod origin;
mod quota;
mod rate_limit;
mod security_headers;
pub mod template;
#[cfg(test)]
mod testing;
mod timeout;
mod trailers;

pub use build::{Counts, Defaults, Level, Surroundings, build};
pub use chain::{ORDER, Place, Policy};
pub use consumers::{ConsumerConfig, ConsumerEntry, Consumers, OwnLimit};
pub use describe::{PolicyDescription, describe};
pub use files::Files;
pub use ip_filter::lets_nobody_in;
pub use list::{PolicyEntry, PolicyList};
pub use named::{NamedPolicies, Setting};

use pintle_core::counters::Family;

/// Every metric of the policies.
pub fn families() -> impl Iterator<Item = &'static Family> {
    [authorize::FAMILIES, compress::FAMILIES, concurrency::FAMILIES, quota::FAMILIES, rate_limit::FAMILIES]
        .into_iter()
        .flatten()
        .copied()
}
