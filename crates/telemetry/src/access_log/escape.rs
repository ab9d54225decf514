//! Text from outside, made harmless for a line of JSON or of the combined format.

/// A value longer than this is cut: one record stays small whatever a client sends.
pub(super) const LONGEST: usize = 2048;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Bytes of UTF-8 text that need a second look: controls, quote, backslash, and the lead of U+0080 to U+00BF, among
/// which are the controls that some terminals obey.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special[0x7f] = true;
    special[0xc2] = true;
    special
};

/// Cuts text to [`LONGEST`] bytes at a character's end; true if something was cut off.
pub(super) fn cut(text: &str) -> (&str, bool) {
    if text.len() <= LONGEST {
        return (text, false);
    }
    (&text[..text.floor_char_boundary(LONGEST)], true)
}

/// Writes text as the inside of a JSON string (RFC 8259 7), cut to its bound.
pub(super) fn json(out: &mut Vec<u8>, text: &str) {
    let (text, more) = cut(text);
    json_whole(out, text);
    if more {
        out.extend_from_slice("…".as_bytes());
    }
}

/// As [`json`], for bytes: what is not UTF-8 becomes U+FFFD.
pub(super) fn json_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return json(out, text);
    }
    let more = bytes.len() > LONGEST;
    for chunk in bytes[..bytes.len().min(LONGEST)].utf8_chunks() {
        json_whole(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    if more {
        out.extend_from_slice("…".as_bytes());
    }
}

/// As [`json`], uncut: for pieces of a value that is bounded as a whole.
pub(super) fn json_whole(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut at = 0;
    while at < bytes.len() {
        at += plain_words(&bytes[at..]);
        let Some(&byte) = bytes.get(at) else { break };
        if !SPECIAL[byte as usize] {
            at += 1;
            continue;
        }
        let (code, width) = match (byte, bytes.get(at + 1)) {
            (0xc2, Some(&next)) if next < 0xa0 => (next, 2),
            (0xc2, _) => {
                at += 2;
                continue;
            }
            _ => (byte, 1),
        };
        out.extend_from_slice(&bytes[from..at]);
        match code {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', code]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[code as usize >> 4], HEX[code as usize & 15]]);
            }
        }
        at += width;
        from = at;
    }
    out.extend_from_slice(&bytes[from..]);
}

/// How many bytes from the start, in steps of eight, are ASCII that needs no second look.
fn plain_words(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    // The high bit of each byte that is below `least`, or may be because one before it is.
    let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word;
    let (words, _) = bytes.as_chunks::<8>();
    let is_plain = |word: &&[u8; 8]| {
        let word = u64::from_le_bytes(**word);
        let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        (word | below(word, 0x20) | is(b'"') | is(b'\\') | is(0x7f)) & HIGHS == 0
    };
    words.iter().take_while(is_plain).count() * 8
}

/// Writes bytes as the inside of a quoted part of the combined format, cut to their bound: quote, backslash and all
/// that is not visible ASCII become `\xhh`, as nginx writes them.
pub(super) fn quoted(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => hex(out, byte),
            0x20..0x7f => out.push(byte),
            _ => hex(out, byte),
        }
    }
}

fn hex(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&[b'\\', b'x', HEX[byte as usize >> 4], HEX[byte as usize & 15]]);
}
