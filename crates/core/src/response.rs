//! An answer: status, fields and content, and what must live until its last byte.

use crate::{Body, Fields, StatusCode};
use std::any::Any;
use std::fmt;

/// An answer from an upstream or from the gateway itself.
pub struct Response {
    /// The final status. 101 only together with a tunnel, whose bytes are the body.
    pub status: StatusCode,
    /// Header fields, without those of the connection.
    pub fields: Fields,
    /// The content; for a tunnel, what flows to the client.
    pub body: Body,
    /// Permits and the like that end with the body.
    held: Vec<Box<dyn Any + Send>>,
}

impl Response {
    /// An answer without fields or content.
    pub fn new(status: StatusCode) -> Self {
        Response { status, fields: Fields::new(), body: Body::Empty, held: Vec::new() }
    }

    /// Keeps `guard` alive until the body has ended or is given up.
    pub fn hold(&mut self, guard: impl Any + Send) {
        self.held.push(Box::new(guard));
    }

    /// Takes what is held, to keep it where the body goes.
    pub fn take_held(&mut self) -> Vec<Box<dyn Any + Send>> {
        std::mem::take(&mut self.held)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("fields", &self.fields)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
