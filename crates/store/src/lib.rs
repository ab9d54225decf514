//! State that is kept outside of the process: in Redis, which replicas share, or in a file. Knows no policy.
//!
//! A [`Store`] is a Redis by its configuration: a task keeps a connection to it, whatever happens to it, and calls are
//! short scripts with a time limit of ours. While there is no connection a call fails at once, so nobody waits for what
//! is known to be down. What a failure means is for whoever calls.
#![forbid(unsafe_code)]

mod durable;
mod link;
mod metrics;
mod settings;
mod store;
mod url;

pub use durable::{Added, Durable};
pub use metrics::{FAILURES, FAMILIES, UP};
pub use settings::{StoreConfig, StoreMap, StoreTls, Stores};
pub use store::{Event, Failure, Observer, Script, Store};
pub use url::{Layout, StoreUrl};
