//! What stands between and within tags: text and attributes' values, with the references in them.

use super::chars::character;
use super::{Done, Parser};
use crate::aggregate::decode::Undecodable;

impl<'x> Parser<'x> {
    /// `name="value"`, its value normalised (3.3.3).
    pub(super) fn attribute(&mut self) -> Result<(&'x str, String), Undecodable> {
        let name = self.name()?;
        self.space();
        self.must("=")?;
        self.space();
        let quote = if self.take("\"") { '"' } else { '\'' };
        if quote == '\'' {
            self.must("'")?;
        }
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let Some(stop) = rest.find([quote, '<', '&', '\t', '\n', '\r']) else {
                return self.wrong("a value is never closed");
            };
            value.push_str(&rest[..stop]);
            self.at += stop;
            match rest.as_bytes()[stop] {
                b'<' => return self.wrong("`<` stands in an attribute's value"),
                b'&' => value.push(self.reference()?),
                // White space becomes one space each, a line's end of two characters too (2.11, 3.3.3).
                b'\t' | b'\n' | b'\r' => {
                    self.at += if rest[stop..].starts_with("\r\n") { 2 } else { 1 };
                    value.push(' ');
                }
                _ => {
                    self.at += 1;
                    return Ok((name, value));
                }
            }
        }
    }

    /// Text up to the next `<`, its line ends normalised (2.11).
    pub(super) fn text_into(&mut self, text: &mut String) -> Done {
        loop {
            let rest = self.rest();
            let stop = rest.find(['<', '&', '\r', ']']).unwrap_or(rest.len());
            text.push_str(&rest[..stop]);
            self.at += stop;
            let rest = &rest[stop..];
            match rest.bytes().next() {
                None | Some(b'<') => return Ok(()),
                Some(b'&') => text.push(self.reference()?),
                Some(b'\r') => {
                    self.at += if rest.starts_with("\r\n") { 2 } else { 1 };
                    text.push('\n');
                }
                Some(_) if rest.starts_with("]]>") => return self.wrong("`]]>` stands in text"),
                Some(_) => {
                    self.at += 1;
                    text.push(']');
                }
            }
        }
    }

    /// `&name;`, `&#1;` or `&#x1;` (4.1): one of the five entities that need no DTD (4.6), or a character.
    fn reference(&mut self) -> Result<char, Undecodable> {
        let Some((name, _)) = self.rest()[1..].split_once(';') else { return self.wrong("`&` begins no reference") };
        let char = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => match name.strip_prefix('#') {
                Some(number) => character(number),
                None => return self.wrong("an entity is none of the five that there are without a DTD"),
            },
        };
        let Some(char) = char else { return self.wrong("a reference stands for no character") };
        self.at += name.len() + 2;
        Ok(char)
    }

    /// What stands after `<![CDATA[` (2.7), as it is.
    pub(super) fn cdata_into(&mut self, text: &mut String) -> Done {
        let inner = self.until("]]>")?;
        text.push_str(&inner.replace("\r\n", "\n").replace('\r', "\n"));
        Ok(())
    }
}
