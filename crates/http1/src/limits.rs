//! Bounds on what a peer may make the gateway hold, and the outcome of a parse.

/// Bounds on a head.
///
/// A parse fails as soon as a bound is passed, whether or not the line has ended, so a caller that parses when a line
/// feed has come **or** `fields_size` bytes are there never holds more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request line or status line with its CRLF; beyond it 414 (RFC 9112 3).
    pub line: usize,
    /// Bytes of the whole head, first and empty line counted; beyond it 431 (RFC 6585 5).
    pub fields_size: usize,
    /// Field lines; beyond it 431 (RFC 6585 5).
    pub fields_count: usize,
}

impl Default for Limits {
    /// 32 KiB in all, 100 fields.
    fn default() -> Self {
        Limits { line: 32 << 10, fields_size: 32 << 10, fields_count: 100 }
    }
}

/// Bounds on what chunked framing may carry beside the content (RFC 9112 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of one chunk's size line with its CRLF.
    pub chunk_line: usize,
    /// Bytes of chunk extensions, all chunks of a body together: a flood of small chunks that carry more extension than
    /// content is work without a bound otherwise.
    pub extensions: usize,
    /// Bytes of the trailer section, its empty line counted.
    pub trailers_size: usize,
    /// Trailer field lines.
    pub trailers_count: usize,
}

impl Default for BodyLimits {
    /// 1 KiB a size line, 8 KiB of extensions, 8 KiB and 32 fields of trailers.
    fn default() -> Self {
        BodyLimits { chunk_line: 1 << 10, extensions: 8 << 10, trailers_size: 8 << 10, trailers_count: 32 }
    }
}

/// What a parse found.
#[derive(Debug)]
pub enum Parsed<T> {
    /// The head has not ended yet, and nothing so far is wrong.
    Partial,
    /// A whole head.
    Complete {
        /// It.
        head: T,
        /// How many bytes of the buffer it took.
        len: usize,
    },
}
