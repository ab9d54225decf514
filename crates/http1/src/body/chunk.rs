//! Chunk sizes and extensions (RFC 9112 7.1).

use super::{Decoder, State, Step, Stepped};
use crate::flaw::{self, Flaw};
use crate::scan;
use bytes::{Buf, BytesMut};

impl Decoder {
    /// `chunk-size [ chunk-ext ] CRLF`. Extensions are checked, counted and dropped.
    pub(super) fn chunk_line(&mut self, buffer: &mut BytesMut) -> Stepped {
        let Some(line) = scan::line(buffer, 0, self.limits.chunk_line, flaw::CHUNK_LINE)? else {
            return Ok(Step::Wait);
        };
        let (size, extensions) = size(&buffer[..line.end])?;
        check_extensions(extensions)?;
        self.extensions += extensions.len();
        if self.extensions > self.limits.extensions {
            return Err(flaw::EXTENSIONS);
        }
        buffer.advance(line.next);
        self.state = if size == 0 { State::Trailers } else { State::ChunkData(size) };
        Ok(Step::Next)
    }

    /// The CRLF after a chunk's data; a wrong byte is told at once.
    pub(super) fn chunk_end(&mut self, buffer: &mut BytesMut) -> Stepped {
        match buffer[..] {
            [b'\r', b'\n', ..] => {
                buffer.advance(2);
                self.state = State::ChunkLine;
                Ok(Step::Next)
            }
            [] | [b'\r'] => Ok(Step::Wait),
            _ => Err(flaw::CHUNK_END),
        }
    }
}

/// The size, and what follows it. At most 16 digits, so that it fits 64 bits.
fn size(line: &[u8]) -> Result<(u64, &[u8]), Flaw> {
    let digits = line.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(line.len());
    if digits == 0 || digits > 16 {
        return Err(flaw::CHUNK_SIZE);
    }
    let digit = |b: u8| u64::from(if b.is_ascii_digit() { b - b'0' } else { (b | 0x20) - b'a' + 10 });
    let size = line[..digits].iter().fold(0, |sum, &b| sum << 4 | digit(b));
    match &line[digits..] {
        rest @ ([] | [b';' | b' ' | b'\t', ..]) => Ok((size, rest)),
        _ => Err(flaw::CHUNK_SIZE),
    }
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` (RFC 9112 7.1.1).
fn check_extensions(mut text: &[u8]) -> Result<(), Flaw> {
    while !text.is_empty() {
        text = skip_white(text).strip_prefix(b";").ok_or(flaw::CHUNK_EXTENSION)?;
        text = skip_token(skip_white(text)).ok_or(flaw::CHUNK_EXTENSION)?;
        if let Some(value) = skip_white(text).strip_prefix(b"=") {
            let value = skip_white(value);
            let after = if value.starts_with(b"\"") { skip_quoted(value) } else { skip_token(value) };
            text = after.ok_or(flaw::CHUNK_EXTENSION)?;
        }
    }
    Ok(())
}

fn skip_white(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn skip_token(text: &[u8]) -> Option<&[u8]> {
    let len = scan::token_len(text);
    (len > 0).then(|| &text[len..])
}

/// A quoted-string (RFC 9110 5.6.4), of which the quote has been seen.
fn skip_quoted(text: &[u8]) -> Option<&[u8]> {
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'"' => return Some(&text[at + 1..]),
            b'\\' if scan::is_value(text.get(at + 1..at + 2)?) => at += 2,
            b if b != b'\\' && scan::is_value(&[b]) => at += 1,
            _ => return None,
        }
    }
}
