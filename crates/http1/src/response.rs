//! A response's head, read by the client side (RFC 9112 4).

use crate::connection::Options;
use crate::flaw::{self, Flaw};
use crate::request::protocol;
use crate::scan;
use crate::section::Section;
use crate::{Framing, Limits, Parsed, ResponseError};
use pintle_core::{Fields, Method, StatusCode, Version};

/// A response's head.
#[derive(Debug)]
pub struct ResponseHead {
    /// The status, 100 to 599. An interim one (1xx but 101) is followed by another head.
    pub status: StatusCode,
    /// HTTP/1.0 or HTTP/1.1, which a higher minor version is read as.
    pub version: Version,
    /// The fields without those of the connection (see `connection.rs`). Content-Length stays in an answer to HEAD and in
    /// a 304, where it tells of a body that is not there.
    pub fields: Fields,
    /// Where the body ends.
    pub framing: Framing,
    /// Whether the connection may be used again after this response (RFC 9112 9.3). False in an interim one means that
    /// it may not be after the final one either.
    pub keep_alive: bool,
    /// Whether the connection is a WebSocket from here on (101). Whether that was asked for, the caller knows.
    pub upgraded: bool,
}

/// Reads the head of a response to a request of this method from the buffer's beginning.
///
/// As with requests, what is wrong is told as soon as its line is there. After a 2xx to CONNECT the connection is a
/// tunnel: no framing, not to be used again.
pub fn parse_response(
    buffer: &[u8],
    request_method: &Method,
    limits: &Limits,
) -> Result<Parsed<ResponseHead>, ResponseError> {
    let Some(line) = scan::line(buffer, 0, limits.line, flaw::LINE_SIZE)? else { return Ok(Parsed::Partial) };
    let (version, status) = status_line(&buffer[..line.end])?;
    let mut section = Section::new(buffer, line.next);
    if !section.read(limits.fields_size, limits.fields_count)? {
        return Ok(Parsed::Partial);
    }
    let head = head(version, status, &section, request_method)?;
    Ok(Parsed::Complete { head, len: section.end })
}

/// Version, status and reason (RFC 9112 4). The reason is checked and dropped; the space before an empty one may be
/// missing, as many servers have it.
fn status_line(line: &[u8]) -> Result<(Version, StatusCode), Flaw> {
    let (version, rest) = line.split_at_checked(8).ok_or(flaw::STATUS_LINE)?;
    let version = scan::version(version)?;
    let (digits, reason) = match rest {
        [b' ', digits @ ..] if digits.len() == 3 => (digits, &[][..]),
        [b' ', a, b, c, b' ', reason @ ..] => (&[*a, *b, *c][..], reason),
        _ => return Err(flaw::STATUS_LINE),
    };
    if !scan::is_value(reason) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(flaw::STATUS_LINE);
    }
    let status = StatusCode::from_bytes(digits).map_err(|_| flaw::STATUS)?;
    if status.as_u16() > 599 { Err(flaw::STATUS) } else { Ok((version, status)) }
}

fn head(
    version: Version,
    status: StatusCode,
    section: &Section<'_>,
    request_method: &Method,
) -> Result<ResponseHead, Flaw> {
    let (framing, trusted) = Framing::of_response(section, version, request_method, status)?;
    let options = Options::read(section)?;
    let upgraded = status == StatusCode::SWITCHING_PROTOCOLS;
    if upgraded && (version == Version::Http10 || !options.upgrade || protocol(section).is_none()) {
        return Err(flaw::SWITCH);
    }
    let tells_length = *request_method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    Ok(ResponseHead {
        status,
        version,
        fields: section.fields(tells_length && framing == Framing::None, |name| options.drops(name)),
        framing,
        keep_alive: trusted && options.persists(version) && !upgraded,
        upgraded,
    })
}
