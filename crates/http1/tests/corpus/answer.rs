//! What the parsers make of bytes, as one line of text that the corpus and the fuzz targets compare.
#![allow(dead_code)]

use bytes::BytesMut;
use pintle_core::{Fault, Fields, Frame, Method, Reason, Version};
use pintle_http1::{
    BodyLimits, DecodeError, Decoder, Form, Framing, Limits, Parsed, RequestHead, ResponseHead, parse_request,
    parse_response,
};

/// An answer, with what it leaves of the buffer and what the corpus compares beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// The section that an error names.
    pub(crate) rfc: Option<&'static str>,
    pub(crate) fields: Option<String>,
    /// Bytes taken, where there is a head.
    pub(crate) len: Option<usize>,
}

impl Answer {
    /// The answer to a head that has not ended.
    pub(crate) fn partial() -> Answer {
        Answer { text: "partial".into(), rfc: None, fields: None, len: None }
    }

    fn error(text: String, rfc: &'static str) -> Answer {
        Answer { text, rfc: Some(rfc), fields: None, len: None }
    }

    /// The text with the number of bytes left, as the corpus has it.
    pub(crate) fn with_left(&self, whole: usize) -> String {
        match self.len {
            Some(len) if len < whole => format!("{} left={}", self.text, whole - len),
            _ => self.text.clone(),
        }
    }
}

/// What `parse_request` says.
pub(crate) fn request(raw: &[u8]) -> Answer {
    match parse_request(raw, &Limits::default()) {
        Ok(Parsed::Partial) => Answer::partial(),
        Ok(Parsed::Complete { head, len }) => {
            let fields = Some(fields(&head.fields));
            Answer { text: request_text(&head), rfc: None, fields, len: Some(len) }
        }
        Err(error) => Answer::error(error.reason.status().as_str().into(), error.rfc),
    }
}

/// What `parse_response` says.
pub(crate) fn response(raw: &[u8], method: &Method) -> Answer {
    match parse_response(raw, method, &Limits::default()) {
        Ok(Parsed::Partial) => Answer::partial(),
        Ok(Parsed::Complete { head, len }) => {
            let fields = Some(fields(&head.fields));
            Answer { text: response_text(&head), rfc: None, fields, len: Some(len) }
        }
        Err(error) => {
            assert_eq!(error.reason(), Reason::UpstreamMalformed);
            Answer::error("error".into(), error.rfc)
        }
    }
}

fn request_text(head: &RequestHead) -> String {
    let query = head.target.query().map(|q| format!("?{q}")).unwrap_or_default();
    let host = head.host.as_ref().map_or("-".into(), ToString::to_string);
    let mut text = format!(
        "ok {} {}{query} host={host} {} {} {}",
        head.method,
        head.target.path(),
        head.version.as_str(),
        framing(head.framing),
        keep(head.keep_alive)
    );
    text += match head.target.form() {
        Form::Origin => "",
        Form::Absolute(pintle_core::Scheme::Http) => " absolute-http",
        Form::Absolute(pintle_core::Scheme::Https) => " absolute-https",
        Form::Authority => " authority",
        Form::Asterisk => " asterisk",
    };
    for (flag, word) in
        [(head.expect_continue, " expect"), (head.upgrade.is_some(), " websocket"), (head.te_trailers, " trailers")]
    {
        text += if flag { word } else { "" };
    }
    assert!(matches!(head.version, Version::Http10 | Version::Http11));
    text
}

fn response_text(head: &ResponseHead) -> String {
    format!(
        "ok {} {} {} {}{}",
        head.status.as_str(),
        head.version.as_str(),
        framing(head.framing),
        keep(head.keep_alive),
        if head.upgraded { " upgraded" } else { "" }
    )
}

fn framing(framing: Framing) -> String {
    match framing {
        Framing::None => "none".into(),
        Framing::Length(length) => format!("length={length}"),
        Framing::Chunked => "chunked".into(),
        Framing::UntilClose => "close".into(),
    }
}

fn keep(alive: bool) -> &'static str {
    if alive { "keep" } else { "close" }
}

/// Fields as the corpus has them.
pub(crate) fn fields(fields: &Fields) -> String {
    let text = |(name, value): (pintle_core::Name<'_>, &[u8])| {
        let value: String = value.iter().flat_map(|&b| shown(b)).collect();
        format!("{}: {value}", name.as_str()).trim_end().to_owned()
    };
    fields.iter().map(text).collect::<Vec<_>>().join(" | ")
}

fn shown(byte: u8) -> Vec<char> {
    match byte {
        b'\t' => vec!['\\', 't'],
        0x20..0x7f => vec![byte as char],
        _ => format!("\\x{byte:02x}").chars().collect(),
    }
}

/// What a decoder has handed out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) content: Vec<u8>,
    /// How many trailers there are, and they.
    pub(crate) trailers: Option<(usize, String)>,
    pub(crate) error: Option<DecodeError>,
    pub(crate) done: bool,
    /// What the buffer still holds; of no meaning after an error.
    pub(crate) left: Vec<u8>,
}

/// Decodes a chunked body that comes in these pieces.
pub(crate) fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
    let mut decoder = Decoder::new(Framing::Chunked, BodyLimits::default());
    let mut buffer = BytesMut::new();
    let mut decoded = Decoded { content: Vec::new(), trailers: None, error: None, done: false, left: Vec::new() };
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while decoded.error.is_none() {
            match decoder.decode(&mut buffer) {
                Ok(None) => break,
                Ok(Some(Frame::Data(data))) => {
                    assert!(!data.is_empty() && decoded.trailers.is_none());
                    decoded.content.extend_from_slice(&data);
                }
                Ok(Some(Frame::Trailers(trailers))) => {
                    assert!(decoder.is_done() && decoded.trailers.is_none());
                    decoded.trailers = Some((trailers.len(), fields(&trailers)));
                }
                Err(error) => decoded.error = Some(error),
            }
        }
    }
    decoded.done = decoder.is_done();
    if decoded.error.is_none() {
        decoded.left = buffer.to_vec();
    }
    decoded
}

impl Decoded {
    /// As the corpus has it.
    pub(crate) fn text(&self) -> String {
        let content: String = self.content.escape_ascii().to_string().replace("\\\"", "\"");
        match (&self.error, self.done) {
            (Some(DecodeError { fault: Fault::TooLarge, .. }), _) => "too_large".into(),
            (Some(error), _) => {
                assert_eq!(error.fault, Fault::Malformed);
                "malformed".into()
            }
            (None, false) => format!("partial \"{content}\""),
            (None, true) => {
                let mut text = format!("ok \"{content}\"");
                if let Some((count, _)) = &self.trailers {
                    text += &format!(" trailers={count}");
                }
                if !self.left.is_empty() {
                    text += &format!(" left={}", self.left.len());
                }
                text
            }
        }
    }
}
