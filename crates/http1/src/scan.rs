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

/// A field line with nothing wrong in it.
pub(crate) struct SoundLine {
    pub(crate) name_len: u16,
    /// Where the value begins, and its length, without white space around it.
    pub(crate) value: usize,
    pub(crate) value_len: usize,
    /// Where the next line begins.
    pub(crate) next: usize,
}

/// The field line at `start`, if it is whole by `limit` and keeps the grammar. `None` says nothing about what is wrong.
#[inline]
pub(crate) fn sound_line(buffer: &[u8], start: usize, limit: usize) -> Option<SoundLine> {
    let name_len = token_len(&buffer[start..]);
    let mut value = start + name_len + 1;
    if name_len == 0 || *buffer.get(value - 1)? != b':' {
        return None;
    }
    while matches!(buffer.get(value), Some(b' ' | b'\t')) {
        value += 1;
    }
    let cr = value + visible_len(buffer.get(value..)?)?;
    if buffer.get(cr..cr + 2)? != b"\r\n" || cr + 2 > limit {
        return None;
    }
    let mut end = cr;
    while end > value && matches!(buffer[end - 1], b' ' | b'\t') {
        end -= 1;
    }
    Some(SoundLine { name_len: u16::try_from(name_len).ok()?, value, value_len: end - value, next: cr + 2 })
}

/// How many bytes of a field value (RFC 9110 5.5) come before the first that cannot be in one; `None` if all can. Eight
/// at a time.
#[inline]
fn visible_len(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let mut at = 0;
    while let Some(word) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let delete = word ^ (ONES * 0x7f);
        // The high bit of each byte below 0x20 or equal to 0x7f. A borrow can only mark bytes above a marked one.
        let marked = ((word.wrapping_sub(ONES * 0x20) & !word) | (delete.wrapping_sub(ONES) & !delete)) & HIGHS;
        if marked == 0 {
            at += 8;
            continue;
        }
        at += marked.trailing_zeros() as usize / 8;
        if text[at] != b'\t' {
            return Some(at);
        }
        at += 1;
    }
    let rest = text.get(at..)?;
    rest.iter().position(|&b| (b < 0x20 && b != b'\t') || b == 0x7f).map(|found| at + found)
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

/// How many bytes of a token (RFC 9110 5.6.2) the text begins with. Not inlined: within a caller the loop is compiled
/// to carry every offset that is derived from its result, at twice the instructions a byte.
#[inline(never)]
pub(crate) fn token_len(text: &[u8]) -> usize {
    let mut len = 0;
    while len < text.len() && TOKEN[text[len] as usize] {
        len += 1;
    }
    len
}

/// Whether the text is a token (RFC 9110 5.6.2).
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && token_len(text) == text.len()
}

/// Whether a field value may hold all these bytes (RFC 9110 5.5). Eight at a time, the last eight overlapping: most
/// values are too short for wider steps.
#[inline]
pub(crate) fn is_value(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk::<8>() else { return is_value_bytewise(text) };
    let suspect = text.as_chunks::<8>().0.iter().fold(suspect(*last), |all, word| all | suspect(*word));
    suspect == 0 || is_value_bytewise(text)
}

fn is_value_bytewise(text: &[u8]) -> bool {
    text.iter().all(|&b| pintle_core::fields::is_value(b))
}

/// Not 0 if one of the eight bytes is below 0x20 or is 0x7f: tabs too, which are allowed but rare.
#[inline]
const fn suspect(word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_ne_bytes(word);
    let low = word.wrapping_sub(ONES * 0x20) & !word;
    let delete = word ^ (ONES * 0x7f);
    let delete = delete.wrapping_sub(ONES) & !delete;
    (low | delete) & (ONES * 0x80)
}

/// How many bytes of white space, space and tab alone, the text begins with (RFC 9110 5.6.3).
#[inline]
pub(crate) fn white_len(text: &[u8]) -> usize {
    text.iter().position(|&b| b != b' ' && b != b'\t').unwrap_or(text.len())
}

/// The text without the white space at its end.
#[inline]
pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The text without the white space around it.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_end(&text[white_len(text)..])
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

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110 5.5: whatever byte stands where in a value of whatever length, the words say what the bytes say.
    #[test]
    fn every_byte_at_every_place_of_a_value() {
        for fill in [b'a', b' ', b'\t', 0x80, 0xff] {
            for len in 0..20 {
                let mut text = vec![fill; len];
                assert!(is_value(&text));
                for (at, byte) in (0..len).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                    text[at] = byte;
                    assert_eq!(is_value(&text), is_value_bytewise(&text), "{byte:#x} at {at} of {len}");
                    text[at] = fill;
                }
            }
        }
    }
}
