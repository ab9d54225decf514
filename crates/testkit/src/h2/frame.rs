//! Frames of HTTP/2 (RFC 9113 4.1) as bytes, and enough of HPACK (RFC 7541) to write any field and read a status.

use std::fmt;

/// Frame types (RFC 9113 6).
#[allow(missing_docs, reason = "the RFC's own names")]
pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Frame flags (RFC 9113 6).
#[allow(missing_docs, reason = "the RFC's own names")]
pub mod flag {
    pub const END_STREAM: u8 = 0x1;
    pub const ACK: u8 = 0x1;
    pub const END_HEADERS: u8 = 0x4;
    pub const PADDED: u8 = 0x8;
    pub const PRIORITY: u8 = 0x20;
}

/// Error codes (RFC 9113 7).
#[allow(missing_docs, reason = "the RFC's own names")]
pub mod error {
    pub const NO_ERROR: u32 = 0x0;
    pub const PROTOCOL_ERROR: u32 = 0x1;
    pub const INTERNAL_ERROR: u32 = 0x2;
    pub const FLOW_CONTROL_ERROR: u32 = 0x3;
    pub const STREAM_CLOSED: u32 = 0x5;
    pub const FRAME_SIZE_ERROR: u32 = 0x6;
    pub const REFUSED_STREAM: u32 = 0x7;
    pub const CANCEL: u32 = 0x8;
    pub const COMPRESSION_ERROR: u32 = 0x9;
    pub const ENHANCE_YOUR_CALM: u32 = 0xb;
}

/// Settings (RFC 9113 6.5.2, RFC 8441 3).
#[allow(missing_docs, reason = "the RFC's own names")]
pub mod setting {
    pub const HEADER_TABLE_SIZE: u16 = 1;
    pub const ENABLE_PUSH: u16 = 2;
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    pub const MAX_FRAME_SIZE: u16 = 5;
    pub const MAX_HEADER_LIST_SIZE: u16 = 6;
    pub const ENABLE_CONNECT_PROTOCOL: u16 = 8;
}

/// One frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its type, one of [`kind`].
    pub kind: u8,
    /// Its flags, of [`flag`].
    pub flags: u8,
    /// Its stream, 0 for the connection.
    pub stream: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A frame of any type.
    pub fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Frame { kind, flags, stream, payload: payload.into() }
    }

    /// HEADERS with a whole field block.
    pub fn headers(stream: u32, fields: &[(&str, &str)], end: bool) -> Self {
        let flags = flag::END_HEADERS | if end { flag::END_STREAM } else { 0 };
        Frame::new(kind::HEADERS, flags, stream, block(fields))
    }

    /// DATA.
    pub fn data(stream: u32, data: impl Into<Vec<u8>>, end: bool) -> Self {
        Frame::new(kind::DATA, if end { flag::END_STREAM } else { 0 }, stream, data)
    }

    /// RST_STREAM.
    pub fn reset(stream: u32, code: u32) -> Self {
        Frame::new(kind::RST_STREAM, 0, stream, code.to_be_bytes())
    }

    /// SETTINGS.
    pub fn settings(settings: &[(u16, u32)]) -> Self {
        let payload: Vec<u8> = settings
            .iter()
            .flat_map(|(name, value)| name.to_be_bytes().into_iter().chain(value.to_be_bytes()))
            .collect();
        Frame::new(kind::SETTINGS, 0, 0, payload)
    }

    /// WINDOW_UPDATE.
    pub fn window(stream: u32, more: u32) -> Self {
        Frame::new(kind::WINDOW_UPDATE, 0, stream, more.to_be_bytes())
    }

    /// PING.
    pub fn ping(payload: [u8; 8]) -> Self {
        Frame::new(kind::PING, 0, 0, payload)
    }

    /// The frame as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap_or_else(|_| panic!("a frame has 24 bits of length"));
        let mut bytes = length.to_be_bytes()[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }

    /// Whether a flag is set.
    pub fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The error code of RST_STREAM or GOAWAY.
    pub fn code(&self) -> u32 {
        let at = if self.kind == kind::GOAWAY { 4 } else { 0 };
        let code = self.payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_be_bytes(code.unwrap_or_else(|| panic!("no error code in {self:?}")))
    }

    /// The status in an answer's HEADERS.
    pub fn status(&self) -> u16 {
        status(&self.payload).unwrap_or_else(|| panic!("no status first in {self:?}"))
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.payload.get(..40).unwrap_or(&self.payload);
        let Frame { kind, flags, stream, payload } = self;
        write!(f, "frame {kind} flags {flags:#x} stream {stream}, {} bytes: {start:02x?}", payload.len())
    }
}

/// A field block of literals without indexing (RFC 7541 6.2.2) and without Huffman: any bytes can stand in it.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            length(&mut bytes, text.len());
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// An integer with a prefix of 7 bits (RFC 7541 5.1).
fn length(bytes: &mut Vec<u8>, length: usize) {
    if length < 127 {
        bytes.push(length as u8);
        return;
    }
    bytes.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
}

/// The status that a field block begins with. It reads the static table and literals alone, so the other side's
/// encoder must have been told to keep no dynamic table.
fn status(block: &[u8]) -> Option<u16> {
    match block {
        // Dynamic table size update (6.3).
        [first, rest @ ..] if first & 0xe0 == 0x20 => status(rest),
        // The static table's 8 to 14 (Appendix A).
        [first @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500].get(usize::from(first - 0x88)).copied(),
        // A literal whose name is the static table's 8 to 14.
        [0x08..=0x0e | 0x18..=0x1e | 0x48..=0x4e, length, rest @ ..] => {
            let text = rest.get(..usize::from(length & 0x7f))?;
            if length & 0x80 == 0 { std::str::from_utf8(text).ok()?.parse().ok() } else { huffman_digits(text) }
        }
        _ => None,
    }
}

/// Three digits in Huffman's code (RFC 7541 Appendix B): 0, 1 and 2 have five bits, the others six.
fn huffman_digits(text: &[u8]) -> Option<u16> {
    let bits = text.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
    let mut left = u32::try_from(text.len()).ok()? * 8;
    let mut number = 0;
    for _ in 0..3 {
        let five = (bits >> left.checked_sub(5)?) & 0x1f;
        let digit = if five < 3 {
            left -= 5;
            five
        } else {
            left = left.checked_sub(6)?;
            ((bits >> left) & 0x3f).checked_sub(0x19)? + 3
        };
        number = number * 10 + u16::try_from(digit).ok()?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_nine_bytes_and_its_payload() {
        let frame = Frame::reset(3, error::CANCEL);
        assert_eq!(frame.encode(), [0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8]);
        assert_eq!(frame.code(), error::CANCEL);
    }

    #[test]
    fn long_literals_have_long_lengths() {
        // RFC 7541 C.1.2, with 7 bits: 127 + 73 + 128.
        let bytes = block(&[("x", &"v".repeat(1337))]);
        assert_eq!(bytes[..5], [0, 1, b'x', 127, 0xba]);
        assert_eq!(bytes.len(), 6 + 1337);
    }

    #[test]
    fn a_status_is_read_in_all_its_forms() {
        assert_eq!(status(&[0x8d]), Some(404));
        assert_eq!(status(&[0x20, 0x88]), Some(200));
        assert_eq!(status(&[0x08, 3, b'5', b'0', b'2']), Some(502));
        // RFC 7541 C.6.1 has 302, C.6.2 has 307.
        assert_eq!(status(&[0x48, 0x82, 0x64, 0x02]), Some(302));
        assert_eq!(status(&[0x48, 0x83, 0x64, 0x0e, 0xff]), Some(307));
    }
}
