//! A call as it was read: its parts, and its content, which is read only where an operation takes some and only once the
//! caller may.

use crate::operation::Takes;
use crate::trouble::{self, BAD_CONTENT, BAD_PARAMETER, TIMED_OUT, TOO_LARGE, Trouble, WRONG_KIND};
use pintle_core::{BodyError, Fault, Fields, Frame, Method, names};
use pintle_http1::server::Connection;
use pintle_http1::{BodyLimits, Framing, Host, RequestHead};
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
#[derive(Default)]
pub(crate) struct Content {
    pub(crate) text: String,
    /// Whose turn it is, until this is dropped.
    _turn: Option<SemaphorePermit<'static>>,
}

/// The parts of a call that decide its answer.
#[derive(Clone, Copy)]
pub(crate) struct Call<'c> {
    pub(crate) method: &'c Method,
    pub(crate) path: &'c str,
    pub(crate) query: Option<&'c str>,
    pub(crate) host: Option<&'c Host>,
    pub(crate) fields: &'c Fields,
}

impl<'c> Call<'c> {
    pub(crate) fn of(head: &'c RequestHead) -> Self {
        Call {
            method: &head.method,
            path: head.target.path(),
            query: head.target.query(),
            host: head.host.as_ref(),
            fields: &head.fields,
        }
    }

    /// Whether the caller would rather have JSON than text: it names it.
    pub(crate) fn wants_json(&self) -> bool {
        self.fields.list(names::ACCEPT).any(|kind| trouble::is_json(&media_type(kind)))
    }

    /// The version of `If-Match` (RFC 9110 13.1.1): the answer holds only while that is in force. `*` asks for nothing.
    pub(crate) fn only_after(&self) -> Result<Option<u64>, Trouble> {
        let Some(wanted) = self.fields.get_str(names::IF_MATCH).map(str::trim).filter(|tag| *tag != "*") else {
            return Ok(None);
        };
        let number = wanted.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')?.parse().ok());
        let wrong = || Trouble::new(BAD_PARAMETER, "`If-Match` holds a version in quotes: `If-Match: \"3\"`");
        number.map(Some).ok_or_else(wrong)
    }
}

fn media_type(field: &[u8]) -> String {
    let kind = field.split(|byte| *byte == b';').next().unwrap_or_default();
    String::from_utf8_lossy(kind.trim_ascii()).to_ascii_lowercase()
}

/// The content of a call that takes some, as text.
pub(crate) async fn content<S>(
    connection: &Connection<S>,
    head: &RequestHead,
    takes: &Takes,
) -> Result<Content, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let kind = head.fields.get(names::CONTENT_TYPE).map(media_type);
    let known = kind.is_none_or(|kind| takes.kinds.contains(&&*kind));
    if !known || head.fields.contains(names::CONTENT_ENCODING) {
        let usual = takes.kinds.first().unwrap_or(&"");
        let why = format!("send it as it is: `content-type: {usual}` or none, and no content-encoding");
        return Err(Trouble::new(WRONG_KIND, why));
    }
    if matches!(head.framing, Framing::Length(length) if length > MOST as u64) {
        return Err(too_large());
    }
    let turn = timeout(WHOLE, TURN.acquire()).await.ok().and_then(Result::ok);
    let turn = turn.ok_or_else(|| Trouble::busy("other configurations are being put: try again"))?;
    let bytes = timeout(WHOLE, gather(connection, head)).await.unwrap_or_else(|_| Err(too_slow()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Trouble::new(BAD_CONTENT, format!("the configuration is not UTF-8 from byte {at} on"))
    })?;
    Ok(Content { text, _turn: Some(turn) })
}

async fn gather<S>(connection: &Connection<S>, head: &RequestHead) -> Result<Vec<u8>, Trouble>
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
            Err(_) => return Err(Trouble::new(BAD_CONTENT, "the content broke off, or is wrongly framed")),
        }
    }
    Ok(bytes)
}

fn too_large() -> Trouble {
    Trouble::new(TOO_LARGE, "a configuration has at most 64 MiB")
}

fn too_slow() -> Trouble {
    Trouble::new(TIMED_OUT, "the content took too long to arrive")
}
