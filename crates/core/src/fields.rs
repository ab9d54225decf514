//! Header and trailer fields of one message: names in small letters and values, side by side in one buffer.
//!
//! `http::HeaderMap` allocates and hashes for each field; a gateway reads a dozen fields once, changes three and writes
//! them all. One buffer and a list of offsets is the least work for that. Field order is kept (RFC 9110 5.3).

mod known;
#[cfg(test)]
mod tests;

pub use known::{Name, names};

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The fields of a message, in their order. Names are valid tokens in small letters.
#[derive(Clone, Default)]
pub struct Fields {
    /// Only ever grows, so that what came stays at its beginning whatever becomes of the fields.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// How many of the bytes are the head as it came.
    came: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    name: u32,
    value: u32,
    value_len: u32,
    name_len: u16,
    known: u8,
}

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Fields { bytes: Vec::new(), entries: Vec::new(), came: 0 }
    }

    /// No fields yet, with room for `fields` of them in `bytes` bytes.
    pub fn with_capacity(fields: usize, bytes: usize) -> Self {
        Fields { bytes: Vec::with_capacity(bytes), entries: Vec::with_capacity(fields), came: 0 }
    }

    /// Takes over the bytes of a whole header section, with or without the line before it; `push_range` then says which of
    /// them are fields. `spare` is room for what will be added.
    pub fn from_block(block: &[u8], fields: usize, spare: usize) -> Self {
        let mut bytes = Vec::with_capacity(block.len() + spare);
        bytes.extend_from_slice(block);
        Fields { bytes, entries: Vec::with_capacity(fields + 8), came: block.len() as u32 }
    }

    /// Adds a field as a line of a head that is put together piece by piece; the rest is as for [`Fields::append`].
    pub fn append_line<'n>(&mut self, name: impl Into<Name<'n>>, value: impl AsRef<[u8]>) {
        let (name, value) = (name.into(), value.as_ref());
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name.text.as_bytes());
        self.bytes.extend_from_slice(b": ");
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.bytes.extend_from_slice(b"\r\n");
        self.entries.push(Entry {
            name: start as u32,
            name_len: name.text.len() as u16,
            value: middle as u32,
            value_len: value.len() as u32,
            known: name.known,
        });
    }

    /// Adds bytes to such a head that are no field, as its first line.
    pub fn append_text(&mut self, text: impl AsRef<[u8]>) {
        self.bytes.extend_from_slice(text.as_ref());
    }

    /// Says that what was added so far is the head as it came.
    pub fn head_is_whole(&mut self) {
        self.came = self.bytes.len() as u32;
    }

    /// The head as it came, in the form of HTTP/1.1, whatever was changed since; names in small letters but for those of
    /// the connection. Nothing of fields that did not come in a head.
    pub fn came(&self) -> &[u8] {
        self.bytes.get(..self.came as usize).unwrap_or_default()
    }

    /// Names one field within the block given to [`Fields::from_block`]; its name is put into small letters in place.
    /// The caller has checked that it is a token of at most 65,535 bytes.
    pub fn push_range(&mut self, name: Range<usize>, value: Range<usize>) {
        let text = &mut self.bytes[name.clone()];
        text.make_ascii_lowercase();
        let known = known::id(text);
        self.entries.push(Entry {
            name: name.start as u32,
            name_len: (name.end - name.start) as u16,
            value: value.start as u32,
            value_len: (value.end - value.start) as u32,
            known,
        });
    }

    /// Adds a field after those there are. The name must be a token in small letters, the value without control bytes:
    /// whoever takes either from outside has checked it.
    pub fn append<'n>(&mut self, name: impl Into<Name<'n>>, value: impl AsRef<[u8]>) {
        let (name, value) = (name.into(), value.as_ref());
        debug_assert!(name.text.bytes().all(|b| is_token(b) && !b.is_ascii_uppercase()), "field name {:?}", name.text);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name.text.as_bytes());
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.entries.push(Entry {
            name: start as u32,
            name_len: (middle - start) as u16,
            value: middle as u32,
            value_len: value.len() as u32,
            known: name.known,
        });
    }

    /// Puts this one value in place of all that the name had.
    pub fn set<'n>(&mut self, name: impl Into<Name<'n>>, value: impl AsRef<[u8]>) {
        let name = name.into();
        self.remove(name);
        self.append(name, value);
    }

    /// Removes every field of that name; true if there was one.
    pub fn remove<'n>(&mut self, name: impl Into<Name<'n>>) -> bool {
        let name = name.into();
        let before = self.entries.len();
        let bytes = &self.bytes;
        self.entries.retain(|e| !e.is(bytes, name));
        before != self.entries.len()
    }

    /// Keeps the fields for which `keep(name, value)` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(Name<'_>, &[u8]) -> bool) {
        let bytes = &self.bytes;
        self.entries.retain(|e| keep(e.name(bytes), e.value(bytes)));
    }

    /// The first value of that name.
    pub fn get<'n>(&self, name: impl Into<Name<'n>>) -> Option<&[u8]> {
        let name = name.into();
        self.entries.iter().find(|e| e.is(&self.bytes, name)).map(|e| e.value(&self.bytes))
    }

    /// The first value of that name, if it is UTF-8.
    pub fn get_str<'n>(&self, name: impl Into<Name<'n>>) -> Option<&str> {
        self.get(name).and_then(|v| std::str::from_utf8(v).ok())
    }

    /// All values of that name, in order.
    pub fn get_all<'f, 'n>(&'f self, name: impl Into<Name<'n>>) -> impl Iterator<Item = &'f [u8]> {
        let name = name.into();
        self.entries.iter().filter(move |e| e.is(&self.bytes, name)).map(|e| e.value(&self.bytes))
    }

    /// All values of that name joined by ", " (RFC 9110 5.3), or none. One value is borrowed.
    pub fn joined<'f, 'n>(&'f self, name: impl Into<Name<'n>>) -> Option<Cow<'f, [u8]>> {
        let mut values = self.get_all(name);
        let first = values.next()?;
        let Some(second) = values.next() else { return Some(Cow::Borrowed(first)) };
        let mut all = first.to_vec();
        for value in std::iter::once(second).chain(values) {
            all.extend_from_slice(b", ");
            all.extend_from_slice(value);
        }
        Some(Cow::Owned(all))
    }

    /// The members of a comma-separated list field (RFC 9110 5.6.1), trimmed, empty ones left out. Not for fields whose
    /// members may hold quoted commas.
    pub fn list<'f, 'n>(&'f self, name: impl Into<Name<'n>>) -> impl Iterator<Item = &'f [u8]> {
        self.get_all(name).flat_map(|v| v.split(|&b| b == b',')).map(<[u8]>::trim_ascii).filter(|v| !v.is_empty())
    }

    /// Names and values of a request's cookies (RFC 6265 4.2.1; HTTP/2 may send a field for each, RFC 9113 8.2.3), without
    /// white space around either. What has no `=` is none.
    pub fn cookies(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let pairs = self.get_all(names::COOKIE).flat_map(|line| line.split(|&byte| byte == b';'));
        pairs.filter_map(|pair| {
            let (name, value) = pair.split_at_checked(pair.iter().position(|&byte| byte == b'=')?)?;
            Some((name.trim_ascii(), value[1..].trim_ascii()))
        })
    }

    /// Whether there is a field of that name.
    pub fn contains<'n>(&self, name: impl Into<Name<'n>>) -> bool {
        self.get(name).is_some()
    }

    /// Every field in order.
    pub fn iter(&self) -> impl Iterator<Item = (Name<'_>, &[u8])> {
        self.entries.iter().map(|e| (e.name(&self.bytes), e.value(&self.bytes)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// About how many bytes the fields take on the wire, separators included.
    pub fn wire_size(&self) -> usize {
        self.entries.iter().map(|e| e.name_len as usize + e.value_len as usize + 4).sum()
    }
}

impl Entry {
    fn name<'a>(&self, bytes: &'a [u8]) -> Name<'a> {
        if self.known != known::UNKNOWN {
            return Name { text: names::ALL[self.known as usize], known: self.known };
        }
        let text = &bytes[self.name as usize..self.name as usize + self.name_len as usize];
        // Tokens are ASCII, so this never falls back.
        Name { text: std::str::from_utf8(text).unwrap_or_default(), known: self.known }
    }

    fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.value as usize..self.value as usize + self.value_len as usize]
    }

    fn is(&self, bytes: &[u8], name: Name<'_>) -> bool {
        if self.known != known::UNKNOWN || name.known != known::UNKNOWN {
            return self.known == name.known;
        }
        self.name_len as usize == name.text.len()
            && &bytes[self.name as usize..self.name as usize + self.name_len as usize] == name.text.as_bytes()
    }
}

impl fmt::Debug for Fields {
    /// Names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name.text)).finish()
    }
}

impl<'n, V: AsRef<[u8]>> FromIterator<(&'n str, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (&'n str, V)>>(fields: I) -> Self {
        let mut all = Fields::new();
        for (name, value) in fields {
            all.append(name, value);
        }
        all
    }
}

/// Whether the byte may stand in a field name or method (RFC 9110 5.6.2).
pub const fn is_token(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
    ) || byte.is_ascii_alphanumeric()
}

/// Whether the byte may stand within a field value (RFC 9110 5.5): tab, space, visible, obs-text.
pub const fn is_value(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7f)
}
