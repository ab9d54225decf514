//! The words that every room shares: request, response, body, exchange, refusal, clock, secret, template, and what
//! reads a configuration. Knows nothing of sockets, upstreams or policies.
#![forbid(unsafe_code)]

pub mod config;
pub mod template;
