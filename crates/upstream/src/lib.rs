//! What stands behind the gateway: upstreams with their endpoints, which of them gets a request, the connections kept to
//! them, how their names are looked up, and sending over HTTP/1.1 or HTTP/2. Knows nothing of routes and policies.
#![forbid(unsafe_code)]

mod balance;
mod breaker;
mod budget;
mod call;
mod called;
mod checks;
mod client_tls;
mod clock;
mod connect;
mod content;
mod discovery;
mod endpoint;
mod event;
mod http2_pool;
mod members;
mod proxy_header;
pub mod reference;
pub mod resolver;
mod send;
mod services;
pub mod settings;
mod standing;
mod sticky;
mod stream;
#[cfg(test)]
mod testing;
mod upstream;
mod window;

pub use balance::Balance;
pub use call::{Answer, Call, reason as reason_of_broken};
pub use called::Called;
pub use checks::Checks;
pub use endpoint::Endpoint;
pub use event::{Event, Observer};
pub use proxy_header::{Caller, ProxyHeader};
pub use reference::{Address, Origin, Reference};
pub use resolver::{Resolver, ResolverConfig};
pub use send::{Opened, Outgoing};
pub use services::{Service, Services, Target};
pub use settings::UpstreamConfig;
pub use stream::Stream;
pub use upstream::{Upstream, UpstreamFault};
