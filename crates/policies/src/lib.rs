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
mod bearer;
mod body_limit;
mod build;
mod chain;
mod client_certificate;
mod compress;
mod concurrency;
mod consumers;
pub mod content;
mod cors;
mod credentials;
mod csrf;
mod describe;
mod digest;
pub mod field;
mod files;
mod forward_auth;
pub mod geo;
mod headers;
pub mod held;
mod hmac;
mod identity;
mod introspect;
mod ip_filter;
mod issuer;
mod jwt;
mod key;
mod layers;
mod list;
mod named;
mod oidc;
mod origin;
mod quota;
mod rate_limit;
mod remembered;
mod secrets;
mod security_headers;
mod sender;
pub mod template;
#[cfg(test)]
mod testing;
mod timeout;
mod trailers;
mod web_url;

pub use build::{Built, Counts, Defaults, Level, Surroundings, build, build_brought};
pub use chain::{ORDER, Place, Policy};
pub use consumers::{ConsumerConfig, ConsumerEntry, Consumers, OwnLimit};
pub use describe::{PolicyDescription, describe};
pub use files::Files;
pub use forward_auth::{CacheConfig, ForwardAuth, ServiceCall};
pub use ip_filter::lets_nobody_in;
pub use list::{PolicyEntry, PolicyList};
pub use named::{NamedPolicies, Setting};
pub use oidc::{Oidc, OwnPath, SessionConfig};

use pintle_core::counters::Family;

/// Every metric of the policies.
pub fn families() -> impl Iterator<Item = &'static Family> {
    let limits = [concurrency::FAMILIES, quota::FAMILIES, rate_limit::FAMILIES];
    let tokens = [introspect::FAMILIES, issuer::FAMILIES, jwt::FAMILIES, oidc::FAMILIES];
    let others = [authorize::FAMILIES, compress::FAMILIES, forward_auth::FAMILIES];
    let all = tokens.into_iter().chain(others).chain(limits);
    all.flatten().copied()
}
