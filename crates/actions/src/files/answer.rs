//! A file as an answer: its fields, the conditions of the request, and the parts that are asked for.

use super::coding::Precompressed;
use super::conditions::{Verdict, judge, range_holds};
use super::content::{self, Part};
use super::disk::Pace;
use super::range::{self, Ranges};
use super::root::Node;
use super::version::Version;
use bytes::Bytes;
use pintle_core::step::Outcome;
use pintle_core::{Body, Exchange, Fields, Method, Reason, Refusal, Response, StatusCode, names};
use std::borrow::Cow;
use std::fs::File;
use std::sync::Arc;
use std::time::SystemTime;

/// A file that was found.
pub(super) struct Found {
    pub(super) node: Node,
    /// Its Content-Type: for a compressed one that of what it holds.
    pub(super) kind: Cow<'static, str>,
    /// How it is compressed, where it lies beside the one that was asked for.
    pub(super) coding: Option<Precompressed>,
}

/// An answer of which only the content is missing.
pub(super) struct Head {
    response: Response,
    file: Arc<File>,
    parts: Vec<Part>,
    /// Whether the content is sent at all.
    is_read: bool,
}

impl Head {
    /// The answer with its content, small one read already.
    pub(super) async fn read(self, pace: &Arc<Pace>) -> Outcome {
        match &*self.parts {
            [Part::File(range)] if self.is_read && content::is_small(range.end - range.start) => {
                let read = content::small(&self.file, range.clone(), pace).await;
                let bytes = read.map_err(|error| failed(&error.to_string()))?;
                let bytes = bytes.ok_or_else(|| failed("it became shorter while it was read"))?;
                Ok(with(self.response, Body::full(bytes)))
            }
            _ => Ok(self.unread(pace)),
        }
    }

    /// The answer with content that is read once it is taken.
    pub(super) fn unread(self, pace: &Arc<Pace>) -> Response {
        let body = match &*self.parts {
            [] => Body::Empty,
            _ => content::large(self.file, self.parts, Arc::clone(pace)),
        };
        with(self.response, body)
    }
}

fn with(mut response: Response, body: Body) -> Response {
    response.body = body;
    response
}

impl Found {
    /// What is said of it for a request; `varies` says that another client may get another file.
    pub(super) fn head(self, exchange: &Exchange, varies: bool) -> Result<Head, Refusal> {
        let Found { node, kind, coding } = self;
        let asked = &exchange.request.fields;
        let length = u64::try_from(node.stat.st_size).unwrap_or(0);
        let version = Version::of(&node.stat, SystemTime::now());
        let mut fields = Fields::with_capacity(8, 320);
        if varies {
            fields.append(names::VARY, "accept-encoding");
        }
        if let Some(version) = &version {
            fields.append(names::ETAG, &version.tag);
            fields.append(names::LAST_MODIFIED, httpdate::fmt_http_date(version.modified));
        }
        let file = Arc::new(node.file);
        let verdict = judge(asked, version.as_ref());
        if verdict == Verdict::Failed {
            return Err(Refusal::new(Reason::PreconditionFailed));
        }
        if verdict == Verdict::NotModified {
            // Without what is said of the content (RFC 9110 15.4.5).
            let mut response = Response::new(StatusCode::NOT_MODIFIED);
            response.fields = fields;
            return Ok(Head { response, file, parts: Vec::new(), is_read: false });
        }
        if let Some(coding) = coding {
            fields.append(names::CONTENT_ENCODING, coding.name());
        }
        fields.append(names::ACCEPT_RANGES, "bytes");
        // Ranges are of GET alone (14.2).
        let is_read = exchange.request.method == Method::GET;
        let ranges = match is_read && range_holds(asked, version.as_ref()) {
            true => range::of(asked, length),
            false => Ranges::Whole,
        };
        let (status, parts) = parts(ranges, length, &kind, &mut fields)?;
        let mut response = Response::new(status);
        response.fields = fields;
        Ok(Head { response, file, parts, is_read })
    }
}

/// The parts that are sent, and what is said of them.
fn parts(ranges: Ranges, length: u64, kind: &str, fields: &mut Fields) -> Result<(StatusCode, Vec<Part>), Refusal> {
    let ranges = match ranges {
        Ranges::Whole => {
            fields.append(names::CONTENT_TYPE, kind);
            let parts = if length == 0 { Vec::new() } else { vec![Part::File(0..length)] };
            return Ok((StatusCode::OK, parts));
        }
        Ranges::None => {
            let field = format!("bytes */{length}");
            return Err(Refusal::new(Reason::RangeNotSatisfiable).field(names::CONTENT_RANGE, field));
        }
        Ranges::Some(ranges) => ranges,
    };
    let place = |range: &range::Bytes| format!("bytes {}-{}/{length}", range.start, range.end - 1);
    if let [range] = &*ranges {
        fields.append(names::CONTENT_TYPE, kind);
        fields.append(names::CONTENT_RANGE, place(range));
        return Ok((StatusCode::PARTIAL_CONTENT, vec![Part::File(range.clone())]));
    }
    // RFC 9110 14.6. So long and at random that it is in no file.
    let boundary = format!("{:032x}", fastrand::u128(..));
    fields.append(names::CONTENT_TYPE, format!("multipart/byteranges; boundary={boundary}"));
    let mut parts = Vec::with_capacity(2 * ranges.len() + 1);
    let mut before = "";
    for range in ranges {
        let text = format!("{before}--{boundary}\r\ncontent-type: {kind}\r\ncontent-range: {}\r\n\r\n", place(&range));
        parts.push(Part::Text(Bytes::from(text)));
        parts.push(Part::File(range));
        before = "\r\n";
    }
    parts.push(Part::Text(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
    Ok((StatusCode::PARTIAL_CONTENT, parts))
}

fn failed(why: &str) -> Refusal {
    Refusal::new(Reason::FileFailed).internal(format!("a file cannot be read: {why}"))
}
