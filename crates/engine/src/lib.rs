//! pintle-engine
#![forbid(unsafe_code)]

pub mod client_address;
pub mod proxy_protocol;
pub mod socket;
pub mod tls;
