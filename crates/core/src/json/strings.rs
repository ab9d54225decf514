//! Strings of JSON and what they stand for (RFC 8259 7).

use super::parse::Parser;
use super::{Fault, Flaw, Place, Text, special};

impl Parser<'_> {
    /// A string with its quotes.
    pub(super) fn text(&mut self) -> Result<Text, Fault> {
        self.must(b'"')?;
        let start = self.at;
        self.plain()?;
        if self.take(b'"') {
            return Ok(Text::Plain(Place::new(start..self.at - 1)));
        }
        self.loose += 1;
        let mut text = String::from(&self.source[start..self.at]);
        loop {
            match self.peek() {
                Some(b'\\') => {
                    self.at += 1;
                    let escaped = self.escape()?;
                    text.push(escaped);
                }
                _ => {
                    self.must(b'"')?;
                    self.memory += size_of::<Box<str>>() + text.len();
                    return Ok(Text::Escaped(Box::new(text.into())));
                }
            }
            let from = self.at;
            self.plain()?;
            text.push_str(&self.source[from..self.at]);
        }
    }

    /// Goes on to the next quote or backslash.
    fn plain(&mut self) -> Result<(), Fault> {
        match special(&self.bytes[self.at..]) {
            Some(length) => {
                self.at += length;
                if self.bytes[self.at] < 0x20 { Err(self.fault(Flaw::Grammar)) } else { Ok(()) }
            }
            None => {
                self.at = self.bytes.len();
                Err(self.fault(Flaw::Grammar))
            }
        }
    }

    /// What stands after a backslash (RFC 8259 7).
    fn escape(&mut self) -> Result<char, Fault> {
        let short = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unit(),
            _ => return Err(self.fault(Flaw::Grammar)),
        };
        self.at += 1;
        Ok(short)
    }

    /// `uXXXX`, or two of them for what is beyond the first plane.
    fn unit(&mut self) -> Result<char, Fault> {
        let begins = self.at;
        let half = Fault { at: begins, flaw: Flaw::HalfPair };
        let first = self.hex()?;
        let code = match first {
            0xd800..=0xdbff => {
                if !(self.take(b'\\') && self.peek() == Some(b'u')) {
                    return Err(half);
                }
                match self.hex()? {
                    second @ 0xdc00..=0xdfff => 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => return Err(half),
                }
            }
            code => code,
        };
        char::from_u32(code).ok_or(half)
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        self.must(b'u')?;
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code << 4 | digit.ok_or_else(|| self.fault(Flaw::Grammar))?;
            self.at += 1;
        }
        Ok(code)
    }
}
