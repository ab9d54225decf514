//! HTTP/1.1 on the wire, server and client side.
//!
//! The inner half of the room knows bytes only: it reads heads ([`parse_request`], [`parse_response`]) and bodies
//! ([`Decoder`]) out of a buffer and writes them into one. [`server`] and [`client`] put it on a byte stream. All of it
//! refuses to know routes, TLS and what a path means.
//!
//! The grammar is RFC 9112 with RFC 9110 without the leniency that both allow: whatever two readers could take in two
//! ways is an error. A message is read into parts and written afresh from them; nothing of the connection that it came
//! by (`connection`, what that names, framing, `host`) is left in its fields. `connection.rs` lists those.
#![forbid(unsafe_code)]

mod body;
pub mod client;
mod connection;
mod flaw;
mod framing;
mod host;
mod limits;
mod outgoing;
mod request;
mod response;
mod scan;
mod section;
pub mod server;
mod target;
pub mod websocket;
mod write;

pub use body::Decoder;
pub use flaw::{DecodeError, RequestError, ResponseError};
pub use framing::Framing;
pub use host::Host;
pub use limits::{BodyLimits, Limits, Parsed};
pub use request::{RequestHead, parse_request};
pub use response::{ResponseHead, parse_response};
pub use target::{Form, Target};
pub use write::{CHUNK_END, Connection, write_chunk_header, write_last_chunk, write_request_head, write_response_head};
