//! The admin API: health, status, metrics, reload, the configuration itself, at an address of its own. Owns who may ask what; what the answers
//! say comes from whoever runs the gateway, by [`Control`].
//!
//! A loopback port is not private: a web page can reach it by DNS rebinding. So the Host must be an address or
//! `localhost`, and what changes something wants a token or a unix socket.
#![forbid(unsafe_code)]

mod answer;
mod call;
mod configuration;
mod control;
mod server;

pub use control::{Access, Change, Control, Offer, Verdict};
pub use server::{Listening, serve};
