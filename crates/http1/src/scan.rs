//! Lines and single bytes: where a line ends, where a name ends, which bytes a value may hold.

use crate::flaw::{self, Flaw};
use memchr::memchr;
use pintle_core::Version;

/// A line of the buffer, which ended in CRLF.
pub(crate) struct Line {
    /// Where its CRLF begins.
    pub(crate) end: usize,
    /// Where the next line begins.
    pub(crate) next: usize,
}

/// The line that begins at `start`, `None` if it has not ended yet. It may take `most` bytes with its CRLF, else the
/// flaw is `too_long`, as soon as that many are there. Every line ends in CRLF (RFC 9112 2.2 would allow LF alone).
pub(crate) fn line(buffer: &[u8], start: usize, most: usize, too_long: Flaw) -> Result<Option<Line>, Flaw> {
    let rest = &buffer[start..];
    match memchr(b'\n', &rest[..rest.len().min(most)]) {
        Some(lf) if lf > 0 && rest[lf - 1] == b'\r' => Ok(Some(Line { end: start + lf - 1, next: start + lf + 1 })),
        Some(_) => Err(flaw::BARE_LF),
        None if rest.len() >= most => Err(too_long),
        None => Ok(None),
    }
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = pintle_core::fields::is_token(byte as u8);
        byte += 1;
    }
    table
};

/// How many bytes of a token (RFC 9110 5.6.2) the text begins with.
#[inline]
pub(crate) fn token_len(text: &[u8]) -> usize {
    text.iter().position(|&b| !TOKEN[b as usize]).unwrap_or(text.len())
}

/// Whether the text is a token (RFC 9110 5.6.2).
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && token_len(text) == text.len()
}

/// Whether a field value may hold all these bytes (RFC 9110 5.5). Looks at every byte without leaving early, which the
/// compiler turns into vector code.
#[inline]
pub(crate) fn is_value(text: &[u8]) -> bool {
    !text.iter().fold(false, |bad, &b| bad | ((b < 0x20) & (b != b'\t')) | (b == 0x7f))
}

/// The text without the optional white space around it: space and tab alone (RFC 9110 5.6.3).
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The version (RFC 9112 2.3). A minor version above 1 is one that reads as 1.1 (RFC 9110 2.5).
pub(crate) fn version(text: &[u8]) -> Result<Version, Flaw> {
    match text {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', b'0'..=b'9'] => {
            if *major == b'1' {
                Ok(Version::Http11)
            } else {
                Err(flaw::MAJOR_VERSION)
            }
        }
        _ => Err(flaw::HTTP_VERSION),
    }
}
