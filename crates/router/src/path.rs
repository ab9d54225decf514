//! A request's path in its one form, before anything else sees it (semantics, "The path").
//!
//! What two readers could take for two different paths is refused here, so that no route, rule or upstream has to
//! wonder. The common path changes nothing and is borrowed after one scan.

mod fault;
#[cfg(test)]
mod tests;

pub use fault::{PathFault, PathFaultKind};

use std::borrow::Cow;

/// Bits, so that one scan gathers what a path holds without a branch.
const PLAIN: u8 = 0;
const SLASH: u8 = 1;
const DOT: u8 = 2;
const PERCENT: u8 = 4;
const BAD: u8 = 8;

const CLASS: [u8; 256] = {
    let mut class = [BAD; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'/' => SLASH,
            b'.' => DOT,
            b'%' => PERCENT,
            // RFC 3986 3.3, pchar: unreserved, sub-delims, ":" and "@".
            b if b.is_ascii_alphanumeric() => PLAIN,
            b'-' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' => PLAIN,
            b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' => PLAIN,
            _ => BAD,
        };
        byte += 1;
    }
    class
};

/// Whether the byte may stand raw in a path's segment (RFC 3986 3.3, `pchar` without `%`).
pub(crate) const fn is_segment_byte(byte: u8) -> bool {
    matches!(CLASS[byte as usize], PLAIN | DOT)
}

/// RFC 3986 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The path in normalised form: unreserved characters decoded, hexadecimal digits in capitals, dot segments resolved
/// (RFC 3986 5.2.4), then `//` folded; `%2F` stays. An empty path is `/` (RFC 3986 6.2.3). Normalising again changes
/// nothing. Borrowed when nothing changes.
pub fn normalise(raw: &str) -> Result<Cow<'_, str>, PathFault> {
    if raw.is_empty() {
        return Ok(Cow::Borrowed("/"));
    }
    let (all, after_slash) = scan(raw.as_bytes())?;
    if all & PERCENT == 0 && after_slash & (SLASH | DOT) == 0 {
        return Ok(Cow::Borrowed(raw));
    }
    let mut change = after_slash & SLASH != 0;
    let mut at = 1;
    for segment in raw[1..].split('/') {
        change |= examine(segment.as_bytes(), at)?;
        at += segment.len() + 1;
    }
    Ok(if change { Cow::Owned(rebuild(raw)) } else { Cow::Borrowed(raw) })
}

/// The one look at every byte: the classes there are, and those of the bytes after a slash. Refuses what may not stand
/// raw.
fn scan(raw: &[u8]) -> Result<(u8, u8), PathFault> {
    if raw[0] != b'/' {
        return Err(PathFault { kind: PathFaultKind::NotAbsolute, at: 0 });
    }
    let (mut all, mut after_slash, mut before) = (0, 0, 0);
    for &byte in raw {
        let class = CLASS[byte as usize];
        all |= class;
        after_slash |= class * (before & SLASH);
        before = class;
    }
    if all & BAD == 0 {
        return Ok((all, after_slash));
    }
    let at = raw.iter().position(|&byte| CLASS[byte as usize] == BAD).unwrap_or_default();
    let kind = if raw[at] == b'\\' { PathFaultKind::Backslash } else { PathFaultKind::Raw(raw[at]) };
    Err(PathFault { kind, at })
}

/// Refuses what a segment's escapes and dots may hide; true if its normal form differs or is a dot segment.
fn examine(segment: &[u8], start: usize) -> Result<bool, PathFault> {
    let mut change = matches!(segment, b"." | b"..");
    // Only these can show another segment or parameter to a reader that decodes more than it should.
    let mut deep = segment.first() == Some(&b'.') && segment.contains(&b';');
    for (at, _) in segment.iter().enumerate().filter(|&(_, &byte)| byte == b'%') {
        let fault = |kind| PathFault { kind, at: start + at };
        let (value, capitals) = escape(&segment[at..]).ok_or(fault(PathFaultKind::BrokenPercent))?;
        match value {
            0 => return Err(fault(PathFaultKind::Nul)),
            b'\\' => return Err(fault(PathFaultKind::Backslash)),
            b'%' | b'/' | b';' => deep = true,
            b'.' => deep |= segment.contains(&b';'),
            _ => {}
        }
        change |= !capitals || is_unreserved(value);
    }
    if deep {
        let once = decode(segment);
        for text in [&once, &decode(&once)] {
            for part in text.split(|&b| b == b'/' || b == b'\\') {
                let kind = match part {
                    b"." | b".." => PathFaultKind::HiddenDots,
                    [b'.', b';', ..] | [b'.', b'.', b';', ..] => PathFaultKind::DotParameter,
                    _ => continue,
                };
                return Err(PathFault { kind, at: start });
            }
        }
    }
    Ok(change)
}

/// The byte that the escape at the head of `text` stands for, and whether its digits are in capitals.
fn escape(text: &[u8]) -> Option<(u8, bool)> {
    let (&high, &low) = (text.get(1)?, text.get(2)?);
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let capitals = !high.is_ascii_lowercase() && !low.is_ascii_lowercase();
    Some((digit(high)? << 4 | digit(low)?, capitals))
}

/// The first byte of the text, or what the escape there stands for, and the text behind it; what is no escape stays.
pub(crate) fn decode_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'%', ..] if let Some((value, _)) = escape(text) => Some((value, &text[3..])),
        [byte, tail @ ..] => Some((*byte, tail)),
        [] => None,
    }
}

/// Every escape decoded.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = decode_byte(rest) {
        plain.push(byte);
        rest = tail;
    }
    plain
}

/// Writes the normal form of a path that [`scan`] and [`examine`] let through.
fn rebuild(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 1);
    let mut segments = raw[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        let start = out.len();
        out.push('/');
        push_segment(segment, &mut out);
        let up = match &out[start + 1..] {
            "." => false,
            ".." => true,
            _ => continue,
        };
        out.truncate(start);
        if up {
            out.truncate(out.rfind('/').unwrap_or(0));
        }
        if segments.peek().is_none() {
            out.push('/');
        }
    }
    let mut before = ' ';
    out.retain(|c| std::mem::replace(&mut before, c) != '/' || c != '/');
    out
}

fn push_segment(segment: &str, out: &mut String) {
    let mut rest = segment;
    while let Some((plain, tail)) = rest.split_once('%') {
        out.push_str(plain);
        let (digits, tail) = tail.split_at(2);
        match u8::from_str_radix(digits, 16) {
            Ok(value) if is_unreserved(value) => out.push(char::from(value)),
            _ => {
                out.push('%');
                out.extend(digits.chars().map(|c| c.to_ascii_uppercase()));
            }
        }
        rest = tail;
    }
    out.push_str(rest);
}

/// The text that a captured, encoded segment stands for; `%2F` becomes `/`. None where its bytes are not UTF-8: there
/// is no text then, and putting replacement characters in its place would make two paths one, so an expression that
/// asks for it fails (which is a 400 in a path).
pub fn decode_segment(encoded: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'%', encoded.as_bytes()).is_none() {
        return Some(Cow::Borrowed(encoded));
    }
    String::from_utf8(decode(encoded.as_bytes())).ok().map(Cow::Owned)
}
