//! Requests inside of a request: what an action runs in its own client's place, each by its own route and policies as if it
//! had come alone by the same connection. Who routes, answers and records them is elsewhere.
//!
//! Whose a field is stands here, because a client may say nothing by a request inside that it could not say by one of its own.

use super::BoxFuture;
use crate::{Fields, Method, Refusal, StatusCode};
use bytes::Bytes;
use std::time::Instant;

/// A request that is to be run.
#[derive(Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its path and query, as they were sent: normalised when it is accepted.
    pub target: String,
    /// Its fields, names in small letters. None is one that [`Whose::of`] gives to somebody else.
    pub fields: Vec<(String, String)>,
    /// Its content.
    pub content: Bytes,
}

/// Runs requests inside of one, by its connection and in its client's name.
pub trait Inside: Send + Sync {
    /// Runs a request, and gives its answer once that is whole. Whatever becomes of it, also where the future is dropped, it is
    /// recorded once.
    fn ask<'a>(&'a self, asked: Asked, deadline: Option<Instant>, take: &'a mut dyn Take) -> BoxFuture<'a, Answered>;

    /// Records a request that is not run at all, for a reason that is no policy's to judge: what is told of it is as far as it
    /// could be read.
    fn pass_over(&self, asked: Asked, refusal: Refusal) -> Answered;

    /// What stands in place of an answer that was recorded already under this id.
    fn replace(&self, id: &str, refusal: Refusal) -> Answered;
}

/// Takes the answer of a request inside.
pub trait Take: Send {
    /// So many more bytes of content are to be held. A refusal ends the request, and is its answer.
    fn piece(&mut self, bytes: usize) -> Result<(), Refusal>;

    /// All of it came. A refusal says that nothing can be made of it, and is the answer in its place.
    fn whole(&mut self, answer: &Answered) -> Result<(), Refusal>;
}

/// The answer of a request inside.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// The fields, without those of a connection.
    pub fields: Fields,
    /// The content.
    pub content: Bytes,
}

/// Who says a field of a request inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The request itself.
    Own,
    /// The request itself, or else the one around it.
    OwnOrOuter,
    /// The one around it alone: it tells of the client, of the way here, or of the page that sends it, which a browser lets
    /// no page say.
    Outer,
    /// Nobody: it is about a connection, about how content is framed or coded, or it is the gateway's own to say.
    Nobody,
}

impl Whose {
    /// By the field's name in small letters. `_` counts as `-`, because many services cannot tell them apart.
    pub fn of(name: &str) -> Whose {
        let dashed;
        let name = if name.contains('_') {
            dashed = name.replace('_', "-");
            &*dashed
        } else {
            name
        };
        match name {
            "authorization" | "cookie" | "user-agent" | "accept-language" => Whose::OwnOrOuter,
            "forwarded" | "x-real-ip" | "via" | "origin" | "referer" | "early-data" | "tracestate" => Whose::Outer,
            // What RFC 9110 7.6.1 has of the connection, and what comes with it.
            "connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade" | "http2-settings" => {
                Whose::Nobody
            }
            "host" | "content-length" | "expect" | "max-forwards" | "range" | "if-range" | "from" => Whose::Nobody,
            "accept-encoding" | "x-request-id" | "traceparent" | "b3" | "grpc-timeout" | "cookie2" => Whose::Nobody,
            _ if name.starts_with("x-forwarded-") || name.starts_with("sec-") => Whose::Outer,
            // By these proxies in front tell who the client is, or what it asked for.
            "client-cert" | "client-cert-chain" | "true-client-ip" | "remote-user" | "x-rewrite-url" => Whose::Outer,
            _ if ["cf-", "x-client-", "x-original-", "x-ssl-"].iter().any(|start| name.starts_with(start)) => {
                Whose::Outer
            }
            _ if name.starts_with("proxy-") || name.starts_with("x-b3-") || name.starts_with("access-control-") => {
                Whose::Nobody
            }
            _ => Whose::Own,
        }
    }
}
