//! Text from outside, made harmless for a line of JSON or of the combined format.

use super::lines::Lines;

/// A value longer than this is cut: one record stays small whatever a client sends.
pub(super) const LONGEST: usize = 2048;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Cuts text to `most` bytes at a character's end; true if something was cut off.
#[inline]
pub(super) fn cut(text: &str, most: usize) -> (&str, bool) {
    if text.len() <= most {
        return (text, false);
    }
    (&text[..text.floor_char_boundary(most)], true)
}

/// Writes text as the inside of a JSON string (RFC 8259 7), cut to `most` bytes.
#[inline]
pub(super) fn json(out: &mut Lines, text: &str, most: usize) {
    let (text, more) = cut(text, most);
    json_whole(out, text);
    if more {
        out.append("…".as_bytes());
    }
}

/// As [`json`], for bytes: what is not UTF-8 becomes U+FFFD.
#[inline]
pub(super) fn json_bytes(out: &mut Lines, bytes: &[u8], most: usize) {
    if bytes.len() > most || !plain(out, bytes) {
        json_bytes_slowly(out, bytes, most);
    }
}

#[cold]
fn json_bytes_slowly(out: &mut Lines, bytes: &[u8], most: usize) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return json(out, text, most);
    }
    let more = bytes.len() > most;
    for chunk in bytes[..bytes.len().min(most)].utf8_chunks() {
        json_whole(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.append("\u{fffd}".as_bytes());
        }
    }
    if more {
        out.append("…".as_bytes());
    }
}

/// As [`json`], uncut: for pieces of a value that is bounded as a whole.
#[inline]
pub(super) fn json_whole(out: &mut Lines, text: &str) {
    if !plain(out, text.as_bytes()) {
        json_slowly(out, text.as_bytes());
    }
}

/// Appends bytes that mean themselves within a JSON string, which nearly all do; appends nothing, and is false, where one
/// does not, or is none of ASCII. Looks at them while copying, sixteen at a time.
#[inline]
fn plain(out: &mut Lines, bytes: &[u8]) -> bool {
    let count = bytes.len();
    let room = out.room(count);
    let is_plain = match (bytes.last_chunk::<16>(), bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(last), ..) => {
            let mut all = true;
            for (from, to) in bytes.as_chunks::<16>().0.iter().zip(room.as_chunks_mut::<16>().0) {
                *to = *from;
                all &= are_plain(from);
            }
            // What is left, and some of what was copied before.
            if let Some(to) = room.last_chunk_mut::<16>() {
                *to = *last;
            }
            all & are_plain(last)
        }
        (None, Some(first), Some(last)) => {
            if let Some(to) = room.first_chunk_mut::<8>() {
                *to = *first;
            }
            if let Some(to) = room.last_chunk_mut::<8>() {
                *to = *last;
            }
            let mut both = [0; 16];
            both[..8].copy_from_slice(first);
            both[8..].copy_from_slice(last);
            are_plain(&both)
        }
        _ => {
            let mut all = true;
            for (&from, to) in bytes.iter().zip(room) {
                *to = from;
                all &= is_plain(from);
            }
            all
        }
    };
    if is_plain {
        out.advance(count);
    }
    is_plain
}

#[inline]
fn is_plain(byte: u8) -> bool {
    byte.wrapping_sub(0x20) < 0x5f && byte != b'"' && byte != b'\\'
}

/// The same of sixteen at once; false for some that are, beside one that is not.
#[inline]
fn are_plain(bytes: &[u8; 16]) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    // The high bit of a byte says that it is no ASCII, a control, DEL, a quote or a backslash.
    let odd = |word: u64| {
        let is = |byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
        word | word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES) | is(b'"') | is(b'\\')
    };
    let both = u128::from_le_bytes(*bytes);
    (odd(both as u64) | odd((both >> 64) as u64)) & HIGHS == 0
}

#[cold]
#[inline(never)]
fn json_slowly(out: &mut Lines, bytes: &[u8]) {
    let mut from = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (code, width) = match (byte, bytes.get(at + 1)) {
            // The controls U+0080 to U+009F, which some terminals obey.
            (0xc2, Some(&next)) if next < 0xa0 => (next, 2),
            (byte, _) if is_plain(byte) || byte >= 0x80 => {
                at += 1;
                continue;
            }
            _ => (byte, 1),
        };
        out.append(&bytes[from..at]);
        match code {
            b'"' | b'\\' => out.put(&[b'\\', code]),
            b'\n' => out.put(b"\\n"),
            b'\r' => out.put(b"\\r"),
            b'\t' => out.put(b"\\t"),
            _ => out.put(&[b'\\', b'u', b'0', b'0', HEX[code as usize >> 4], HEX[code as usize & 15]]),
        }
        at += width;
        from = at;
    }
    out.append(&bytes[from..]);
}

/// Writes bytes as the inside of a quoted part of the combined format, cut to `most`: quote, backslash and all that
/// is not visible ASCII become `\xhh`, as nginx writes them.
pub(super) fn quoted(out: &mut Lines, bytes: &[u8], most: usize) {
    let bytes = &bytes[..bytes.len().min(most)];
    if plain(out, bytes) {
        return;
    }
    for &byte in bytes {
        match byte {
            byte if is_plain(byte) => out.push(byte),
            _ => out.put(&[b'\\', b'x', HEX[byte as usize >> 4], HEX[byte as usize & 15]]),
        }
    }
}
