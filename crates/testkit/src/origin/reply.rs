//! What an origin gets and what it answers.

use crate::message::{Fields, latin1};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, request};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Collected, Full, StreamBody};
use hyper::body::Frame;
use serde_json::json;
use std::convert::Infallible;

/// A request as an origin got it.
#[derive(Clone, Debug)]
pub struct Received {
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The method.
    pub method: String,
    /// The target: path and query.
    pub target: String,
    /// What Host or `:authority` said.
    pub host: String,
    /// The header fields, names in small letters.
    pub fields: Fields,
    /// The content.
    pub body: Bytes,
    /// The trailer fields.
    pub trailers: Fields,
    /// Which of the origin's connections it came by, from 0 on.
    pub connection: usize,
}

/// An origin's answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    fields: Fields,
    body: Bytes,
    trailers: Fields,
}

/// A body as hyper wants it.
pub(crate) type Body = BoxBody<Bytes, Infallible>;

impl Received {
    pub(crate) fn new(head: &request::Parts, body: Collected<Bytes>, connection: usize) -> Self {
        let host = head.uri.authority().map(ToString::to_string);
        Received {
            version: format!("{:?}", head.version),
            method: head.method.to_string(),
            target: head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string),
            host: host.or_else(|| head.headers.get("host").map(|host| latin1(host.as_bytes()))).unwrap_or_default(),
            fields: Fields::from(&head.headers),
            trailers: body.trailers().map(Fields::from).unwrap_or_default(),
            body: body.to_bytes(),
            connection,
        }
    }

    /// The value of a header field that stands there once.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// Whether a header field stands there.
    pub fn has(&self, name: &str) -> bool {
        self.fields.has(name)
    }

    /// What an echo answers: `{origin, version, method, target, host, fields: [[name, value]…], body, trailers}`.
    pub fn describe(&self, origin: &str) -> serde_json::Value {
        json!({
            "origin": origin,
            "version": self.version,
            "method": self.method,
            "target": self.target,
            "host": self.host,
            "fields": self.fields.0,
            "body": String::from_utf8_lossy(&self.body),
            "trailers": self.trailers.0,
        })
    }
}

impl Reply {
    /// An answer without content.
    pub fn new(status: u16) -> Self {
        Reply { status, fields: Fields::default(), body: Bytes::new(), trailers: Fields::default() }
    }

    /// 200 with a text.
    pub fn text(text: impl Into<Bytes>) -> Self {
        Reply::new(200).header("content-type", "text/plain").body(text)
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Self {
        Reply::new(200).header("content-type", "application/json").body(value.to_string())
    }

    /// What [`crate::Origin::named`] answers.
    pub fn echo(origin: &str, request: &Received) -> Self {
        Reply::json(&request.describe(origin)).header("x-origin", origin)
    }

    /// Adds a header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.fields.push(name, value);
        self
    }

    /// Sets the content.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a trailer field. Over HTTP/1.1 hyper sends it only to who has said `te: trailers`.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push(name, value);
        self
    }

    pub(crate) fn into_http(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.fields.0 {
            response = response.header(name, value);
        }
        let body = if self.trailers.0.is_empty() {
            Full::new(self.body).boxed()
        } else {
            for (name, _) in &self.trailers.0 {
                response = response.header("trailer", name);
            }
            let frames = [Frame::data(self.body), Frame::trailers(map(&self.trailers))];
            // A stream and not a `Full`, whose known length would leave HTTP/1.1 no place for trailers.
            StreamBody::new(stream::iter(frames.map(Ok))).boxed()
        };
        response.body(body).unwrap_or_else(|error| panic!("not an answer: {error}"))
    }
}

/// Fields for the `http` crate.
pub(crate) fn map(fields: &Fields) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in &fields.0 {
        let name: HeaderName = name.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        let value: HeaderValue = value.parse().unwrap_or_else(|error| panic!("{value}: {error}"));
        map.append(name, value);
    }
    map
}
