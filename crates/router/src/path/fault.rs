//! What is wrong with a path.

use std::fmt;

/// Why a path is refused, and where in the raw text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathFault {
    /// What is wrong.
    pub kind: PathFaultKind,
    /// The byte of the raw path at which it is, or at which its segment begins.
    pub at: usize,
}

/// What can be wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFaultKind {
    /// It does not begin with `/`.
    NotAbsolute,
    /// A `%` without two hexadecimal digits after it (RFC 3986 2.1).
    BrokenPercent,
    /// `%00`.
    Nul,
    /// A backslash, raw or as `%5C`: some servers take it for a slash.
    Backslash,
    /// `..;` (or `.;`) at a segment's head, raw or encoded: servers that strip parameters see a dot segment.
    DotParameter,
    /// A dot segment that shows only when the segment is decoded once more than RFC 3986 allows (`%252E%252E`,
    /// `..%2F`).
    HiddenDots,
    /// A byte that RFC 3986 3.3 does not allow raw in a path.
    Raw(u8),
}

impl fmt::Display for PathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.at)
    }
}

impl fmt::Display for PathFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathFaultKind::NotAbsolute => f.write_str("no `/` at its head"),
            PathFaultKind::BrokenPercent => f.write_str("a `%` without two hexadecimal digits"),
            PathFaultKind::Nul => f.write_str("`%00`"),
            PathFaultKind::Backslash => f.write_str("a backslash"),
            PathFaultKind::DotParameter => f.write_str("a dot segment with a parameter (`..;`)"),
            PathFaultKind::HiddenDots => f.write_str("a dot segment that comes out of decoding twice"),
            PathFaultKind::Raw(byte) if byte.is_ascii_graphic() => write!(f, "a raw `{}`", char::from(*byte)),
            PathFaultKind::Raw(byte) => write!(f, "a raw byte 0x{byte:02X}"),
        }
    }
}

impl std::error::Error for PathFault {}
