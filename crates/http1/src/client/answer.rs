//! What a request comes to: the answer, or why there is none.

use pintle_core::{Body, BodyError, Fields, StatusCode};
use std::fmt;
use std::io;

/// The final answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields without those of the connection.
    pub fields: Fields,
    /// Its content; after 101 what the server sends through the tunnel.
    pub body: Body,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct SendError {
    /// What happened.
    pub fail: Fail,
    /// The request's content, if nothing has been taken from it.
    pub body: Option<Body>,
    /// Whether the connection had carried a request before, and ended without a byte of an answer: the server may have
    /// closed it before it saw the request (RFC 9112 9.3.1).
    pub stale: bool,
}

/// What happened instead of an answer.
#[derive(Debug)]
pub enum Fail {
    /// The server closed or reset the connection before its head was complete.
    Closed(Option<io::Error>),
    /// The head is not HTTP/1.1, or could be read in two ways; says how.
    Malformed(String),
    /// No head in time.
    TimedOut,
    /// The whole request's time is over.
    Deadline,
    /// The request's own content failed.
    Request(BodyError),
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fail::Closed(Some(error)) => write!(f, "connection lost before an answer: {error}"),
            Fail::Closed(None) => f.write_str("connection closed before an answer"),
            Fail::Malformed(how) => write!(f, "malformed answer: {how}"),
            Fail::TimedOut => f.write_str("no answer in time"),
            Fail::Deadline => f.write_str("the request's time was over"),
            Fail::Request(error) => write!(f, "{error}"),
        }
    }
}
