//! What stands behind the gateway: upstreams with their endpoints, which of them gets a request, the connections kept to
//! them, how their names are looked up, and sending over HTTP/1.1 or HTTP/2. Knows nothing of routes and policies.
#![forbid(unsafe_code)]

mod balance;
mod client_tls;
mod connect;
mod endpoint;
mod open;
mod proxy_header;
pub mod reference;
pub mod resolver;
mod send;
pub mod settings;
mod stream;
mod upstream;

pub use balance::Balance;
pub use endpoint::Endpoint;
pub use open::Opened;
pub use proxy_header::{Caller, ProxyHeader};
pub use reference::{Address, Origin, Reference};
pub use resolver::{Resolver, ResolverConfig};
pub use send::Outgoing;
pub use settings::UpstreamConfig;
pub use stream::Stream;
pub use upstream::{Upstream, UpstreamFault};
