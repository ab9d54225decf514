//! The trailer section (RFC 9112 7.1.2).

use super::{Decoder, State, Step, Stepped};
use crate::section::Section;
use bytes::{Buf, BytesMut};
use pintle_core::{Frame, trailers};

impl Decoder {
    /// The trailer section and the empty line. Fields that no trailer may hold are dropped, not refused: RFC 9110 6.5.1
    /// lets a recipient ignore them.
    pub(super) fn trailers(&mut self, buffer: &mut BytesMut) -> Stepped {
        let mut section = Section::new(buffer, 0);
        if !section.read(self.limits.trailers_size, self.limits.trailers_count)? {
            return Ok(Step::Wait);
        }
        let mut fields = section.fields(false, |_| false);
        fields.retain(|name, _| !trailers::is_forbidden(name.as_str()));
        let end = section.end;
        buffer.advance(end);
        self.state = State::Done;
        Ok(if fields.is_empty() { Step::Next } else { Step::Frame(Frame::Trailers(fields)) })
    }
}
