//! The words that every room shares: request, response, body, exchange, refusal, clock, secret, template, and what
//! reads a configuration. Knows nothing of sockets, upstreams or policies.
#![forbid(unsafe_code)]

// So that derived code, which names this crate, works inside it as well.
extern crate self as pintle_core;

pub mod config;
pub mod secret;
pub mod template;
