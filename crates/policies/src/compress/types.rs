//! Which media types are compressed.

use pintle_core::config::{Diagnostic, Node, Read, Reader, Shape, Spanned};
use pintle_core::fields::is_token;
use std::sync::Arc;

/// What is compressed unless a configuration says otherwise: what has not been made small by its own format.
const USUAL: &[&str] = &[
    "text/*",
    "+json",
    "+xml",
    "+yaml",
    "application/javascript",
    "application/json",
    "application/json-seq",
    "application/jsonl",
    "application/rtf",
    "application/sql",
    "application/toml",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-yaml",
    "application/xml",
    "application/yaml",
    "font/collection",
    "font/otf",
    "font/sfnt",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
];

/// A list of media types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Types(Arc<[Pattern]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// `application/json`
    Exact(Box<str>),
    /// `text/` of `text/*`
    Type(Box<str>),
    /// `+json`
    Suffix(Box<str>),
}

impl Default for Types {
    fn default() -> Self {
        Types(USUAL.iter().filter_map(|text| Pattern::parse(text)).collect())
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| is_token(b) && b != b'*');
        if let Some(suffix) = text.strip_prefix('+') {
            return (is_name(suffix) && !suffix.contains('+')).then(|| Pattern::Suffix(text.into()));
        }
        let (kind, subtype) = text.split_once('/')?;
        match subtype {
            _ if !is_name(kind) => None,
            "*" => Some(Pattern::Type(format!("{kind}/").into())),
            _ => is_name(subtype).then(|| Pattern::Exact(text.into())),
        }
    }

    fn matches(&self, essence: &[u8]) -> bool {
        let (begins, end) = match self {
            Pattern::Exact(text) => return essence.eq_ignore_ascii_case(text.as_bytes()),
            Pattern::Type(text) => (true, text.as_bytes()),
            Pattern::Suffix(text) => (false, text.as_bytes()),
        };
        let Some(rest) = essence.len().checked_sub(end.len()) else { return false };
        let part = if begins { &essence[..end.len()] } else { &essence[rest..] };
        part.eq_ignore_ascii_case(end)
    }
}

impl Types {
    /// Whether content of this Content-Type is compressed.
    pub(super) fn has(&self, content_type: &[u8]) -> bool {
        let essence = essence(content_type);
        !is_grpc(content_type) && self.0.iter().any(|pattern| pattern.matches(essence))
    }
}

/// The type without its parameters.
fn essence(content_type: &[u8]) -> &[u8] {
    content_type.split(|&b| b == b';').next().unwrap_or_default().trim_ascii()
}

/// Whether it is gRPC or gRPC-Web: their messages say by themselves how they are compressed.
pub(super) fn is_grpc(content_type: &[u8]) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    content_type.get(..GRPC.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(GRPC))
}

/// Whether it is a stream of events (HTML, 9.2).
pub(super) fn is_event_stream(content_type: &[u8]) -> bool {
    essence(content_type).eq_ignore_ascii_case(b"text/event-stream")
}

impl Read for Types {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let texts = Vec::<Spanned<String>>::read(node, reader)?;
        if texts.is_empty() {
            let none = Diagnostic::error("compress", "the list of media types is empty", node.span());
            reader.report(none.help("for no compression write `compress: none`"));
            return None;
        }
        let (mut patterns, mut good) = (Vec::new(), true);
        for text in &texts {
            let message = match Pattern::parse(text) {
                Some(_) if is_grpc(text.as_bytes()) => "gRPC is never compressed here: its messages say how they are",
                Some(pattern) => {
                    patterns.push(pattern);
                    continue;
                }
                None => "this is no media type: write one as `application/json`, `text/*` or `+json`",
            };
            reader.error("compress", message, &text.span);
            good = false;
        }
        good.then(|| Types(patterns.into()))
    }

    fn shape() -> Shape {
        Vec::<String>::shape()
    }
}
