//! The trailer section (RFC 9112 7.1.2), and which fields may not come so late.

use super::{Decoder, State, Step, Stepped};
use crate::section::Section;
use bytes::{Buf, BytesMut};
use pintle_core::Frame;

impl Decoder {
    /// The trailer section and the empty line. Fields that no trailer may hold are dropped, not refused: RFC 9110 6.5.1
    /// lets a recipient ignore them.
    pub(super) fn trailers(&mut self, buffer: &mut BytesMut) -> Stepped {
        let mut section = Section::new(buffer, 0);
        if !section.read(self.limits.trailers_size, self.limits.trailers_count)? {
            return Ok(Step::Wait);
        }
        let mut fields = section.fields(false, |_| false);
        fields.retain(|name, _| !is_forbidden(name.as_str()));
        let end = section.end;
        buffer.advance(end);
        self.state = State::Done;
        Ok(if fields.is_empty() { Step::Next } else { Step::Frame(Frame::Trailers(fields)) })
    }
}

/// Fields that frame, route, modify or authenticate a request, control a response, or say how to take the content
/// (RFC 9110 6.5.1), and those by which proxies tell who sent it: all of them are acted on before a trailer can come.
/// Those of the connection are gone already.
fn is_forbidden(name: &str) -> bool {
    const PREFIXES: [&str; 6] = ["if-", "access-control-", "sec-", "x-forwarded-", "x-original-", "proxy-"];
    matches!(
        name,
        "accept-ranges"
            | "age"
            | "allow"
            | "authorization"
            | "cache-control"
            | "content-disposition"
            | "content-encoding"
            | "content-language"
            | "content-location"
            | "content-range"
            | "content-security-policy"
            | "content-type"
            | "cookie"
            | "date"
            | "expect"
            | "expires"
            | "forwarded"
            | "location"
            | "max-forwards"
            | "origin"
            | "pragma"
            | "range"
            | "retry-after"
            | "set-cookie"
            | "strict-transport-security"
            | "trailer"
            | "vary"
            | "via"
            | "warning"
            | "www-authenticate"
            | "x-http-method-override"
            | "x-real-ip"
            | "x-request-id"
            | "x-rewrite-url"
    ) || PREFIXES.iter().any(|p| name.starts_with(p))
}
