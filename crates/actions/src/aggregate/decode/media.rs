//! What a content-type says of content (RFC 9110 8.3.1): what it is to be read as, and its charset.

use super::Decode;

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) how: Decode,
    pub(super) charset: Charset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, or none: what is text has no other without saying so.
    Utf8,
    Ascii,
    /// Another, or two that differ.
    Other,
}

impl Said {
    /// Without a content-type content is JSON, as most services mean it.
    pub(super) const NOTHING: Said = Said { how: Decode::Json, charset: Charset::Utf8 };

    pub(super) fn of(content_type: &[u8]) -> Said {
        let end = content_type.iter().position(|byte| *byte == b';').unwrap_or(content_type.len());
        let (media, parameters) = content_type.split_at(end);
        Said { how: how(media.trim_ascii()), charset: charset(parameters) }
    }
}

fn how(media: &[u8]) -> Decode {
    let media = media.to_ascii_lowercase();
    let ends = |suffix: &[u8]| media.ends_with(suffix) && media.contains(&b'/');
    match &media[..] {
        b"application/json" | b"text/json" => Decode::Json,
        b"application/xml" | b"text/xml" => Decode::Xml,
        _ if ends(b"+json") => Decode::Json,
        _ if ends(b"+xml") => Decode::Xml,
        _ if media.starts_with(b"text/") => Decode::Text,
        _ => Decode::Base64,
    }
}

fn charset(mut parameters: &[u8]) -> Charset {
    let mut found = None;
    while let Some((name, value, rest)) = parameter(parameters) {
        parameters = rest;
        if !name.eq_ignore_ascii_case(b"charset") {
            continue;
        }
        let charset = match &value.to_ascii_lowercase()[..] {
            b"utf-8" | b"utf8" => Charset::Utf8,
            b"us-ascii" | b"ascii" => Charset::Ascii,
            _ => Charset::Other,
        };
        match found {
            Some(other) if other != charset => return Charset::Other,
            _ => found = Some(charset),
        }
    }
    found.unwrap_or(Charset::Utf8)
}

/// The next parameter after its `;`, and what follows it. A value in quotes may hold anything.
fn parameter(text: &[u8]) -> Option<(&[u8], Vec<u8>, &[u8])> {
    let text = text.strip_prefix(b";")?.trim_ascii_start();
    let end = text.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let name = name.trim_ascii();
    let Some(rest) = rest.strip_prefix(b"=") else { return Some((name, Vec::new(), rest)) };
    let rest = rest.trim_ascii_start();
    let mut value = Vec::new();
    let mut at = 0;
    if rest.starts_with(b"\"") {
        at = 1;
        while let Some(&byte) = rest.get(at).filter(|byte| **byte != b'"') {
            at += usize::from(byte == b'\\');
            value.extend(rest.get(at));
            at += 1;
        }
    }
    let end = rest[at.min(rest.len())..].iter().position(|byte| *byte == b';').map_or(rest.len(), |length| at + length);
    if value.is_empty() {
        value = rest[..end].trim_ascii().to_vec();
    }
    Some((name, value, &rest[end..]))
}
