//! What a service answered becomes a tree: the same [`Json`] whatever it was written in, so that expressions read XML or
//! text as they read JSON. Which of them it is its content-type says, or the configuration.
//!
//! Refuses to guess: content that is in no UTF-8, or that two readers could understand in two ways, is undecodable. Knows
//! nothing of messages; what it says of content quotes none of it.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod xml;

use base64::prelude::{BASE64_STANDARD, Engine};
use pintle_core::config::Read;
use pintle_core::json::{Fault, Flaw, Json, Limits};
use pintle_core::media::{Charset, Media};
use pintle_core::template::Value;
use std::fmt;

/// What the content of an answer is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Decode {
    /// JSON (RFC 8259), without the same name twice in one object.
    Json,
    /// Text in UTF-8: the body is that text.
    Text,
    /// XML 1.0: the body is an object with the root's name. Attributes are `@name`, text beside them or beside elements is
    /// `#text`; an element that has text alone is that text, an empty one `null`, and several of one name are a list.
    Xml,
    /// Anything: the body is its bytes in Base64 (RFC 4648 4).
    Base64,
}

/// How the content of a part is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// As what, if it is said.
    pub(super) how: Option<Decode>,
    /// Whether somebody looks into it; if not, it is handed on as a whole, and no tree of it is made.
    pub(super) is_opened: bool,
}

/// Why content has no meaning here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// It is no JSON, or none that is taken; or it is longer than anything may be.
    Json(Fault),
    /// It is in a charset that is not read.
    Charset,
    /// Anything else, with the byte of the content, from 0.
    At(&'static str, usize),
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The content as a tree: as `reading` says, or as its content-type says. No content without a content-type is `null`.
///
/// Takes content up to `limits.bytes`. The tree's own text may be longer, by a factor that each form bounds (six for text
/// that is all control characters).
pub(super) fn decode(
    reading: Reading,
    content_type: Option<&[u8]>,
    content: &[u8],
    limits: Limits,
) -> Result<Json, Undecodable> {
    if content.len() > limits.bytes {
        return Err(Undecodable::Json(Fault { at: limits.bytes, flaw: Flaw::TooLong }));
    }
    if content.is_empty() && content_type.is_none() {
        return made("null", limits);
    }
    let media = content_type.map(Media::of);
    let how = reading.how.unwrap_or_else(|| media.as_ref().map_or(Decode::Json, said));
    if how == Decode::Base64 {
        return made(&format!("\"{}\"", BASE64_STANDARD.encode(content)), limits);
    }
    let charset = media.map_or(Charset::Utf8, |media| media.charset());
    if matches!(charset, Charset::Latin1 | Charset::Other) {
        return Err(Undecodable::Charset);
    }
    if charset == Charset::Ascii
        && let Some(at) = content.iter().position(|byte| !byte.is_ascii())
    {
        return Err(Undecodable::At("it says that it is US-ASCII, and is not", at));
    }
    let content = content.strip_prefix(BYTE_ORDER_MARK).ok_or(content);
    let mark = if content.is_ok() { BYTE_ORDER_MARK.len() } else { 0 };
    let content = content.unwrap_or_else(|whole| whole);
    let decoded = match how {
        Decode::Json => {
            let read = if reading.is_opened { Json::parse } else { Json::check };
            read(content, limits).map_err(Undecodable::Json)
        }
        Decode::Xml => {
            text(content).and_then(|text| xml::tree(text, limits.depth)).and_then(|text| made(&text, limits))
        }
        Decode::Text | Decode::Base64 => text(content).and_then(|text| {
            let mut string = String::with_capacity(text.len() + 2);
            let written = Value::text(text).write_json_within(&mut string, usize::MAX);
            written.map_err(|_| TOO_LONG)?;
            made(&string, limits)
        }),
    };
    decoded.map_err(|undecodable| undecodable.after(mark))
}

/// What content of a type is taken for. Without a content-type it is JSON, as most services mean it.
fn said(media: &Media) -> Decode {
    match media {
        media if media.is_json() => Decode::Json,
        media if media.is_xml() => Decode::Xml,
        media if media.is_text() => Decode::Text,
        _ => Decode::Base64,
    }
}

const TOO_LONG: Undecodable = Undecodable::Json(Fault { at: 0, flaw: Flaw::TooLong });

fn text(content: &[u8]) -> Result<&str, Undecodable> {
    std::str::from_utf8(content).map_err(|error| Undecodable::At("it is no UTF-8", error.valid_up_to()))
}

/// The tree of JSON that was written here.
fn made(text: &str, limits: Limits) -> Result<Json, Undecodable> {
    Json::parse(text.as_bytes(), Limits { bytes: Limits::MOST, ..limits }).map_err(Undecodable::Json)
}

impl Undecodable {
    /// The same, where so many bytes stand before.
    fn after(self, bytes: usize) -> Self {
        match self {
            Undecodable::Json(fault) => Undecodable::Json(Fault { at: fault.at + bytes, ..fault }),
            Undecodable::Charset => self,
            Undecodable::At(what, at) => Undecodable::At(what, at + bytes),
        }
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undecodable::Json(fault) => fault.fmt(f),
            Undecodable::Charset => f.write_str("it is in a charset other than UTF-8"),
            Undecodable::At(what, at) => write!(f, "{what} at byte {at}"),
        }
    }
}

impl std::error::Error for Undecodable {}
