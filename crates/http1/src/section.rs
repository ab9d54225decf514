//! A header or trailer section: its field lines found, those that belong to the connection told apart.

use crate::flaw::{self, Flaw};
use crate::scan;
use memchr::memchr;
use pintle_core::Fields;
use smallvec::SmallVec;

/// A field that this room understands itself. All but `Expect` are left out of [`Fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Special {
    Connection,
    ContentLength,
    Expect,
    Host,
    Te,
    TransferEncoding,
    Upgrade,
    /// `keep-alive`, `proxy-connection`, `http2-settings`: dropped unread (RFC 9110 7.6.1, RFC 9113 3.1).
    Hop,
}

impl Special {
    #[inline]
    fn of(name: &[u8]) -> Option<Special> {
        let (text, special): (&[u8], _) = match name.len() {
            2 => (b"te", Special::Te),
            4 => (b"host", Special::Host),
            6 => (b"expect", Special::Expect),
            7 => (b"upgrade", Special::Upgrade),
            10 if name[0] | 0x20 == b'c' => (b"connection", Special::Connection),
            10 => (b"keep-alive", Special::Hop),
            14 if name[0] | 0x20 == b'c' => (b"content-length", Special::ContentLength),
            14 => (b"http2-settings", Special::Hop),
            16 => (b"proxy-connection", Special::Hop),
            17 => (b"transfer-encoding", Special::TransferEncoding),
            _ => return None,
        };
        name.eq_ignore_ascii_case(text).then_some(special)
    }
}

#[derive(Clone, Copy)]
struct FieldLine {
    name: u32,
    value: u32,
    value_len: u32,
    name_len: u16,
    special: Option<Special>,
}

/// A whole section that keeps the grammar. Offsets count from the buffer's beginning.
pub(crate) struct Section<'b> {
    buffer: &'b [u8],
    lines: SmallVec<[FieldLine; 24]>,
    seen: u8,
    /// From where on the buffer's bytes go along with the fields.
    start: usize,
    /// Where what follows the section begins.
    pub(crate) end: usize,
}

impl<'b> Section<'b> {
    /// A section that begins at `start`, nothing read of it.
    pub(crate) fn new(buffer: &'b [u8], start: usize) -> Self {
        Section { buffer, lines: SmallVec::new(), seen: 0, start, end: start }
    }

    /// The same, and what stands before it from `start` on goes along with its fields: a first line.
    pub(crate) fn with_first_line(self, start: usize) -> Self {
        Section { start, ..self }
    }

    /// Reads it; false if it has not ended yet. `size` bounds where it ends in the buffer, `count` its lines.
    pub(crate) fn read(&mut self, size: usize, count: usize) -> Result<bool, Flaw> {
        loop {
            let from = self.end;
            // Nearly every line is sound and found in one pass; what is not is judged with care.
            if self.lines.len() < count
                && let Some(line) = scan::sound_line(self.buffer, from, size)
            {
                self.push(from, line.name_len, line.value, line.value_len);
                self.end = line.next;
                continue;
            }
            let Some(line) = scan::line(self.buffer, from, size.saturating_sub(from), flaw::FIELDS_SIZE)? else {
                return Ok(false);
            };
            self.end = line.next;
            if line.end == from {
                return Ok(true);
            }
            if self.lines.len() == count {
                return Err(flaw::FIELDS_COUNT);
            }
            self.take_line(from, line.end)?;
        }
    }

    fn push(&mut self, start: usize, name_len: u16, value: usize, value_len: usize) {
        let special = Special::of(&self.buffer[start..start + name_len as usize]);
        if let Some(special) = special {
            self.seen |= 1 << special as u8;
        }
        let (name, value, value_len) = (start as u32, value as u32, value_len as u32);
        self.lines.push(FieldLine { name, value, value_len, name_len, special });
    }

    fn take_line(&mut self, start: usize, end: usize) -> Result<(), Flaw> {
        let line = &self.buffer[start..end];
        let colon = scan::token_len(line);
        if colon == 0 || line.get(colon) != Some(&b':') {
            return Err(name_flaw(line, colon, self.lines.is_empty()));
        }
        let name_len = u16::try_from(colon).map_err(|_| flaw::NAME_SIZE)?;
        let white = scan::white_len(&line[colon + 1..]);
        let value = scan::trim_end(&line[colon + 1 + white..]);
        if !scan::is_value(value) {
            return Err(if value.contains(&b'\r') { flaw::BARE_CR } else { flaw::CONTROL });
        }
        self.push(start, name_len, start + colon + 1 + white, value.len());
        Ok(())
    }

    /// Whether there is such a field.
    pub(crate) fn has(&self, special: Special) -> bool {
        self.seen & (1 << special as u8) != 0
    }

    /// The values of such fields, in order, without white space around them.
    pub(crate) fn values(&self, special: Special) -> impl Iterator<Item = &'b [u8]> {
        let (lines, buffer) = (if self.has(special) { &self.lines[..] } else { &[] }, self.buffer);
        lines
            .iter()
            .filter(move |l| l.special == Some(special))
            .map(move |l| &buffer[l.value as usize..(l.value + l.value_len) as usize])
    }

    /// The members of such list fields (RFC 9110 5.6.1), without the empty ones.
    pub(crate) fn members(&self, special: Special) -> impl Iterator<Item = &'b [u8]> {
        self.values(special).flat_map(|v| v.split(|&b| b == b',')).map(scan::trim).filter(|m| !m.is_empty())
    }

    /// As [`Section::values`], with the white space around them.
    pub(crate) fn untrimmed(&self, special: Special) -> impl Iterator<Item = &'b [u8]> {
        let buffer = self.buffer;
        self.lines.iter().filter(move |l| l.special == Some(special)).map(move |l| {
            let text = &buffer[l.name as usize + l.name_len as usize + 1..];
            &text[..memchr(b'\r', text).unwrap_or(text.len())]
        })
    }

    /// The fields that are not the connection's: neither [`Special`] nor dropped by `drop(name)`, where the name is in
    /// any case. `length` keeps Content-Length. The block is copied once.
    pub(crate) fn fields(&self, length: bool, drop: impl Fn(&[u8]) -> bool) -> Fields {
        let block = &self.buffer[self.start..self.end];
        let mut fields = Fields::from_block(block, self.lines.len(), 256);
        for line in &self.lines {
            let name = line.name as usize..line.name as usize + line.name_len as usize;
            let keep = match line.special {
                None => !drop(&self.buffer[name.clone()]),
                Some(Special::Expect) => true,
                Some(Special::ContentLength) => length,
                Some(_) => false,
            };
            if keep {
                let value = line.value as usize - self.start;
                let name = name.start - self.start..name.end - self.start;
                fields.push_range(name, value..value + line.value_len as usize);
            }
        }
        fields
    }
}

#[cold]
fn name_flaw(line: &[u8], colon: usize, first: bool) -> Flaw {
    match line.get(colon) {
        Some(b' ' | b'\t') if colon == 0 && first => flaw::SPACE_AFTER_START,
        Some(b' ' | b'\t') if colon == 0 => flaw::OBS_FOLD,
        Some(b' ' | b'\t') => flaw::SPACE_BEFORE_COLON,
        Some(b'\r') => flaw::BARE_CR,
        Some(_) => flaw::FIELD_NAME,
        None => flaw::NO_COLON,
    }
}
