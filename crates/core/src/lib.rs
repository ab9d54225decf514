//! The words that every room shares: request, response, body, exchange, refusal, secret, template, and what reads a
//! configuration. Knows nothing of sockets, upstreams or policies.
#![forbid(unsafe_code)]

// So that derived code, which names this crate, works inside it as well.
extern crate self as pintle_core;

pub mod body;
pub mod buffer;
pub mod certificate;
pub mod config;
pub mod counters;
pub mod exchange;
pub mod fields;
pub mod grpc;
pub mod identity;
pub mod instance;
pub mod json;
pub mod kept;
pub mod lasting;
pub mod media;
pub mod notes;
pub mod redact;
pub mod refusal;
pub mod request;
pub mod response;
pub mod secret;
pub mod step;
pub mod template;
pub mod timer;
pub mod trace;
pub mod trailers;
pub mod worker;

pub use body::{Body, BodyError, BodySource, Fault, Frame, Stretch};
pub use exchange::{Client, Exchange, Interim};
pub use fields::{Fields, Name, names};
pub use http::{Method, StatusCode};
pub use identity::{Consumer, Identity};
pub use instance::instance;
pub use lasting::Lasting;
pub use refusal::{Reason, Refusal};
pub use request::{Protocol, Request, Scheme, Target, Version};
pub use response::Response;
pub use trace::Trace;
