//! From a listening socket to the end of an answer: listeners, TLS, PROXY protocol, HTTP/1.1 and HTTP/2, the life of a
//! request. Owns what runs ([`Runtime`], [`Server`]); refuses to know how it was written down: `config` builds it.
//!
//! A request's way: `server` accepts, `connection` prepares, `http1` or `http2` reads a head, `request` accepts it,
//! `gateway` routes it and runs its chain, `reply` speaks for refusals, `done` writes the record. A connection that is
//! carried on as it is goes from `connection` to `tcp`. Requests inside of a request begin in `inside`.
#![forbid(unsafe_code)]

pub mod client_address;
mod connection;
mod cut;
mod date;
mod done;
mod gateway;
mod http1;
mod http2;
mod inside;
pub mod pages;
pub mod proxy_protocol;
mod rehearsal;
mod reply;
mod request;
mod runtime;
mod server;
pub mod socket;
mod stop;
mod stream;
mod tcp;
pub mod tls;
mod tunnel;

pub use gateway::Gateway;
pub use rehearsal::{Asker, Rehearsal};
pub use runtime::{Limits, Listener, ListenerProtocol, Origin, Route, RouteFile, RoutePlace, Runtime};
pub use server::{Server, StartError};
