//! A request as a test writes it down, for HTTP/1 and HTTP/2 alike.

use crate::message::Fields;
use std::fmt::Write;

/// A request to send: a method, a target, and whatever else the test cares for.
#[derive(Clone, Debug)]
pub struct Ask {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) fields: Fields,
    pub(crate) body: Vec<u8>,
    pub(crate) chunked: bool,
    pub(crate) trailers: Fields,
    pub(crate) protocol: Option<String>,
}

impl Ask {
    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The target.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Any method; the host is `localhost` until [`Ask::host`] says another.
    pub fn new(method: &str, target: &str) -> Self {
        Ask {
            method: method.to_owned(),
            target: target.to_owned(),
            host: "localhost".to_owned(),
            fields: Fields::default(),
            body: Vec::new(),
            chunked: false,
            trailers: Fields::default(),
            protocol: None,
        }
    }

    /// A GET.
    pub fn get(target: &str) -> Self {
        Ask::new("GET", target)
    }

    /// A POST with a body.
    pub fn post(target: &str, body: impl AsRef<[u8]>) -> Self {
        Ask::new("POST", target).body(body)
    }

    /// An extended CONNECT (RFC 8441), for HTTP/2 alone.
    pub fn tunnel(target: &str, protocol: &str) -> Self {
        Ask { protocol: Some(protocol.to_owned()), ..Ask::new("CONNECT", target) }
    }

    /// What Host or `:authority` says.
    pub fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Adds a field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.fields.push(name, value);
        self
    }

    /// The content, sent with Content-Length.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Sends the content without Content-Length: in chunks, over HTTP/1.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Adds a trailer field, which takes the content in chunks.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push(name, value);
        self.chunked()
    }

    /// The request as HTTP/1.1 writes it.
    pub fn to_h1(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in &self.fields.0 {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !self.chunked {
            if !self.body.is_empty() || matches!(&*self.method, "POST" | "PUT" | "PATCH") {
                let _ = write!(text, "content-length: {}\r\n", self.body.len());
            }
            return [text.as_bytes(), b"\r\n", &self.body].concat();
        }
        text.push_str("transfer-encoding: chunked\r\n\r\n");
        let mut bytes = text.into_bytes();
        for chunk in self.body.chunks(8 * 1024) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend([chunk, b"\r\n"].concat());
        }
        bytes.extend(b"0\r\n");
        for (name, value) in &self.trailers.0 {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        bytes.extend(b"\r\n");
        bytes
    }

    /// The request as the `http` crate has it, for HTTP/2.
    pub(crate) fn to_http(&self, scheme: &str) -> http::Request<()> {
        let mut request = http::Request::builder().method(&*self.method).version(http::Version::HTTP_2);
        let uri = http::Uri::builder().scheme(scheme).authority(&*self.host).path_and_query(&*self.target).build();
        request = request.uri(uri.unwrap_or_else(|error| panic!("{} is for RawH2: {error}", self.target)));
        for (name, value) in &self.fields.0 {
            request = request.header(name, value);
        }
        if let Some(protocol) = &self.protocol {
            request = request.extension(h2::ext::Protocol::from(protocol.as_str()));
        }
        if !self.chunked && !self.body.is_empty() {
            request = request.header("content-length", self.body.len());
        }
        request.body(()).unwrap_or_else(|error| panic!("{self:?} is for RawH2: {error}"))
    }
}
