//! A call as it was read: its parts, its parameters, and its content, which is read only where a path takes some and
//! only once the caller may.

use crate::answer::Answer;
use pintle_core::{BodyError, Fault, Fields, Frame, Method, StatusCode, names};
use pintle_http1::server::Connection;
use pintle_http1::{BodyLimits, Framing, RequestHead};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// How large a configuration may be: as much as all its files together.
const MOST: usize = 64 << 20;
/// How long all of the content may take, and the turn before it.
const WHOLE: Duration = Duration::from_secs(60);
/// How long nothing may come.
const WAIT: Duration = Duration::from_secs(5);

/// One at a time, from the first byte to the answer: each may be large.
static TURN: Semaphore = Semaphore::const_new(1);

/// What came with a call.
pub(crate) struct Content {
    pub(crate) text: String,
    /// Whose turn it is, until this is dropped.
    _turn: Option<SemaphorePermit<'static>>,
}

impl Content {
    /// Of a call that takes none.
    pub(crate) fn none() -> Self {
        Content { text: String::new(), _turn: None }
    }
}

/// The parts of a call that decide its answer.
pub(crate) struct Call<'c> {
    pub(crate) method: &'c Method,
    pub(crate) path: &'c str,
    pub(crate) query: Option<&'c str>,
    pub(crate) host: Option<&'c str>,
    pub(crate) fields: &'c Fields,
}

impl<'c> Call<'c> {
    pub(crate) fn of(head: &'c RequestHead) -> Self {
        Call {
            method: &head.method,
            path: head.target.path(),
            query: head.target.query(),
            host: head.host.as_ref().map(pintle_http1::Host::host),
            fields: &head.fields,
        }
    }

    pub(crate) fn reads(&self) -> bool {
        *self.method == Method::GET || *self.method == Method::HEAD
    }

    /// Whether content is part of it.
    pub(crate) fn takes_content(&self) -> bool {
        self.path == "/config" && *self.method == Method::PUT
    }

    /// Whether the caller would rather have JSON than text.
    pub(crate) fn wants_json(&self) -> bool {
        self.fields.list(names::ACCEPT).any(|kind| media_type(kind) == "application/json")
    }

    /// Reads the parameters: each by its function. One that is unknown is an error: `?dryrun` must not be the real thing.
    pub(crate) fn parameters(&self, mut take: impl FnMut(&str, &str) -> Result<(), String>) -> Result<(), Answer> {
        for part in self.query.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            take(name, value).map_err(|why| Answer::bad(format!("`?{part}`: {why}\n")))?;
        }
        Ok(())
    }

    /// The version of `If-Match` (RFC 9110 13.1.1): the answer holds only while that is in force. `*` asks for nothing.
    pub(crate) fn only_after(&self) -> Result<Option<u64>, Answer> {
        let Some(wanted) = self.fields.get_str("if-match").map(str::trim).filter(|tag| *tag != "*") else {
            return Ok(None);
        };
        let number = wanted.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')?.parse().ok());
        number.map(Some).ok_or_else(|| Answer::bad("`If-Match` holds a version in quotes: `If-Match: \"3\"`\n"))
    }
}

fn media_type(field: &[u8]) -> String {
    let kind = field.split(|byte| *byte == b';').next().unwrap_or_default();
    String::from_utf8_lossy(kind.trim_ascii()).to_ascii_lowercase()
}

/// The content of a call that takes some, as text.
pub(crate) async fn content<S>(connection: &Connection<S>, head: &RequestHead) -> Result<Content, Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let kind = head.fields.get(names::CONTENT_TYPE).map(media_type);
    let known = kind.is_none_or(|kind| ["application/yaml", "application/x-yaml", "text/yaml"].contains(&&*kind));
    if !known || head.fields.contains(names::CONTENT_ENCODING) {
        let why = "send the YAML as it is: `content-type: application/yaml` or none, and no content-encoding\n";
        return Err(Answer::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    if matches!(head.framing, Framing::Length(length) if length > MOST as u64) {
        return Err(too_large());
    }
    let turn = timeout(WHOLE, TURN.acquire()).await.ok().and_then(Result::ok).ok_or_else(|| {
        let why = "other configurations are being put: try again\n";
        Answer::text(StatusCode::SERVICE_UNAVAILABLE, why)
    })?;
    let bytes = timeout(WHOLE, gather(connection, head)).await.unwrap_or_else(|_| Err(too_slow()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Answer::bad(format!("the configuration is not UTF-8 from byte {at} on\n"))
    })?;
    Ok(Content { text, _turn: Some(turn) })
}

async fn gather<S>(connection: &Connection<S>, head: &RequestHead) -> Result<Vec<u8>, Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut body = connection.body(head, BodyLimits::default(), WAIT);
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(Frame::Data(data)) if bytes.len() + data.len() > MOST => return Err(too_large()),
            Ok(Frame::Data(data)) => bytes.extend_from_slice(&data),
            Ok(Frame::Trailers(_)) => {}
            Err(BodyError { fault: Fault::TimedOut, .. }) => return Err(too_slow()),
            Err(_) => return Err(Answer::bad("the content broke off\n")),
        }
    }
    Ok(bytes)
}

fn too_large() -> Answer {
    Answer::text(StatusCode::PAYLOAD_TOO_LARGE, "a configuration has at most 64 MiB\n")
}

fn too_slow() -> Answer {
    Answer::text(StatusCode::REQUEST_TIMEOUT, "the content took too long to arrive\n")
}
