//! What a test needs around the gateway: services played by hand ([`Origin`], [`RawOrigin`], [`Dns`]), the program
//! ([`Gateway`], [`pintle`], and [`Terminal`] with a person at it), clients from polite to rude ([`H1Client`],
//! [`H2Client`], [`RawH2`], [`Wire`]) and [`Certificates`].
//!
//! Everything listens on port 0 of 127.0.0.1, or in a folder of its own, and ends with the test. Nothing sleeps for a
//! while in the hope that something has happened: each wait is for an event, lasts [`LIMIT`] at most and then panics
//! with what it waited for and what it had. It knows nothing of the gateway's own crates, so that the gateway is
//! never held against its own reading of a protocol.
//!
//! A test, in five lines:
//! ```no_run
//! # use pintle_testkit::{Gateway, Origin};
//! # async fn a_path_arrives() {
//! let service = Origin::echo().await;
//! let gateway = Gateway::to(service.url()).await;
//! assert_eq!(gateway.get("/a").await.json()["target"], "/a");
//! assert_eq!(gateway.h2().await.get("/b").await.status, 200);
//! assert_eq!(service.hits(), 2);
//! # }
//! ```
#![forbid(unsafe_code)]

mod ask;
mod certificates;
mod dns;
mod folder;
mod gateway;
pub mod generate;
mod geo;
mod h1;
mod h2;
mod lines;
mod message;
mod origin;
mod process;
mod program;
mod socket;
mod terminal;
#[cfg(test)]
mod tests;
mod tls;
mod wait;
mod websocket;
mod wire;

pub use ask::Ask;
pub use certificates::{Certificate, Certificates};
pub use dns::Dns;
pub use folder::Folder;
pub use gateway::setup::Setup;
pub use gateway::{Gateway, Reloaded};
pub use geo::{Place, geo_file};
pub use h1::H1Client;
pub use h2::client::{H2Client, H2Stream};
pub use h2::frame::{Frame, block, error, flag, kind, setting};
pub use h2::raw::RawH2;
pub use message::{Answer, Fields, Head};
pub use origin::Origin;
pub use origin::dead::{Silent, Unreachable};
pub use origin::raw::{Playing, RawOrigin};
pub use origin::reply::{Received, Reply};
pub use process::{Finished, pintle, pintle_with};
pub use program::Program;
pub use rustix::process::Signal;
pub use terminal::{Screen, Terminal};
pub use tls::TlsClient;
pub use wait::{LIMIT, until, within};
pub use websocket::WebSocket;
pub use wire::{End, Wire};
