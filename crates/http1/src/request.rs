//! A request's head, read by the server side (RFC 9112 3).

#[cfg(test)]
mod tests;

use crate::connection::Options;
use crate::flaw::{self, Flaw};
use crate::scan;
use crate::section::{Section, Special};
use crate::target::Authority;
use crate::{Form, Framing, Host, Limits, Parsed, RequestError, Target};
use memchr::memchr;
use pintle_core::{Fields, Method, Protocol, Version};

/// A request's head.
#[derive(Debug)]
pub struct RequestHead {
    /// The method: any token, as it was sent (RFC 9110 9.1).
    pub method: Method,
    /// The target as it was sent (RFC 9112 3.2).
    pub target: Target,
    /// The authority: Host, which an absolute target's equals. None where HTTP/1.0 or `OPTIONS *` may lack it.
    pub host: Option<Host>,
    /// HTTP/1.0 or HTTP/1.1, which a higher minor version is read as.
    pub version: Version,
    /// The fields without those of the connection (see `connection.rs`).
    pub fields: Fields,
    /// Where the body ends.
    pub framing: Framing,
    /// Whether the client lets the connection be used again (RFC 9112 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for a 100 before it sends its body (RFC 9110 10.1.1).
    pub expect_continue: bool,
    /// What the connection is to become: WebSocket, asked for by GET in HTTP/1.1 without content. Any other wish is
    /// dropped (RFC 9110 7.8).
    pub upgrade: Option<Protocol>,
    /// Whether the client takes trailers: `TE: trailers` (RFC 9110 10.1.4).
    pub te_trailers: bool,
}

/// Reads a request's head from the buffer's beginning; at most one empty line before it is skipped (RFC 9112 2.2).
///
/// A head is judged line by line, so that what is wrong is told as soon as the line is there, and reading it in pieces
/// gives what reading it whole does.
pub fn parse_request(buffer: &[u8], limits: &Limits) -> Result<Parsed<RequestHead>, RequestError> {
    let start = if buffer.starts_with(b"\r\n") { 2 } else { 0 };
    let Some(line) = scan::line(buffer, start, limits.line, flaw::LINE_SIZE)? else { return Ok(Parsed::Partial) };
    let first = RequestLine::parse(&buffer[start..line.end])?;
    let mut section = Section::new(buffer, line.next).with_first_line(start);
    if !section.read(limits.fields_size, limits.fields_count)? {
        return Ok(Parsed::Partial);
    }
    Ok(Parsed::Complete { head: head(first, &section)?, len: section.end })
}

struct RequestLine {
    method: Method,
    target: Target,
    authority: Option<Authority>,
    version: Version,
}

impl RequestLine {
    fn parse(line: &[u8]) -> Result<RequestLine, Flaw> {
        let Some(space) = memchr(b' ', line) else {
            return Err(if line.is_empty() { flaw::EMPTY_LINES } else { flaw::REQUEST_LINE });
        };
        let (method, rest) = (&line[..space], &line[space + 1..]);
        let space = memchr(b' ', rest).ok_or(flaw::REQUEST_LINE)?;
        let (target, version) = (&rest[..space], &rest[space + 1..]);
        if target.is_empty() || version.contains(&b' ') {
            return Err(flaw::REQUEST_LINE);
        }
        let method = Method::from_bytes(method).map_err(|_| flaw::METHOD)?;
        let version = scan::version(version)?;
        let (target, authority) = Target::parse(target, &method)?;
        Ok(RequestLine { method, target, authority, version })
    }
}

fn head(first: RequestLine, section: &Section<'_>) -> Result<RequestHead, Flaw> {
    let RequestLine { method, target, authority, version } = first;
    let host = host(section, &target, authority, version)?;
    let framing = Framing::of_request(section, version)?;
    let options = Options::read(section)?;
    let empty = matches!(framing, Framing::None | Framing::Length(0));
    Ok(RequestHead {
        expect_continue: expects_continue(section)? && version != Version::Http10 && !empty,
        upgrade: (options.upgrade && version != Version::Http10 && method == Method::GET && empty)
            .then(|| protocol(section))
            .flatten(),
        te_trailers: section.members(Special::Te).any(|m| m.eq_ignore_ascii_case(b"trailers")),
        keep_alive: options.persists(version),
        fields: section.fields(false, |name| options.drops(name)),
        method,
        target,
        host,
        version,
        framing,
    })
}

/// The authority (RFC 9112 3.2, 3.3). One Host must be in HTTP/1.1; it may be empty only where the target URI needs no
/// authority: never for http and https, but `OPTIONS *` asks about no resource. In HTTP/1.0 empty is as none.
fn host(
    section: &Section<'_>,
    target: &Target,
    authority: Option<Authority>,
    version: Version,
) -> Result<Option<Host>, Flaw> {
    let mut values = section.values(Special::Host);
    let value = match (values.next(), values.next()) {
        (Some(_), Some(_)) => return Err(flaw::HOST_REPEATED),
        (None, _) if version != Version::Http10 => return Err(flaw::HOST_MISSING),
        (value, _) => value.unwrap_or_default(),
    };
    if value.is_empty() {
        let may_be = version == Version::Http10 || (target.form() == Form::Asterisk && authority.is_none());
        return if may_be { Ok(authority.map(|a| a.host)) } else { Err(flaw::HOST_INVALID) };
    }
    let host = Host::parse(value).ok_or(flaw::HOST_INVALID)?;
    match authority {
        Some(authority) if !authority.host.same(&host, authority.default) => Err(flaw::HOST_DIFFERS),
        _ => Ok(Some(host)),
    }
}

/// Whether 100-continue is expected; any other expectation is refused (RFC 9110 10.1.1).
fn expects_continue(section: &Section<'_>) -> Result<bool, Flaw> {
    if section.members(Special::Expect).any(|m| !m.eq_ignore_ascii_case(b"100-continue")) {
        return Err(flaw::EXPECTATION);
    }
    Ok(section.members(Special::Expect).next().is_some())
}

/// The one protocol that Upgrade may ask for.
pub(crate) fn protocol(section: &Section<'_>) -> Option<Protocol> {
    section.members(Special::Upgrade).any(|m| m.eq_ignore_ascii_case(b"websocket")).then_some(Protocol::WebSocket)
}
