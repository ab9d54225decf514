//! Structured fields (RFC 9651) as far as signatures need them: dictionaries are read, and what was read is written in
//! its one canonical form. Stricter in one thing: a key that is there twice is an error, as two readers could
//! take two values for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// A bare item (RFC 9651 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    Integer(i64),
    /// In its canonical text.
    Decimal(String),
    Text(String),
    Token(String),
    Bytes(Vec<u8>),
    Bool(bool),
}

/// Parameters (RFC 9651 3.1.2), each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(pub(super) Vec<(String, Bare)>);

/// An item with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) value: Bare,
    pub(super) parameters: Parameters,
}

/// A member of a dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Item(Item),
    List(Vec<Item>, Parameters),
}

impl Parameters {
    pub(super) fn get(&self, key: &str) -> Option<&Bare> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Bare::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key)? {
            Bare::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

/// A dictionary (RFC 9651 4.2.2), in its order.
pub(super) fn dictionary(text: &[u8]) -> Option<Vec<(String, Member)>> {
    let mut parser = Parser { rest: text.trim_ascii() };
    let mut all: Vec<(String, Member)> = Vec::new();
    while !parser.rest.is_empty() {
        let key = parser.key()?;
        if all.iter().any(|(known, _)| *known == key) {
            return None;
        }
        let member = if parser.take(b'=') { parser.member()? } else { parser.flag()? };
        all.push((key, member));
        parser.space(true);
        if parser.rest.is_empty() {
            break;
        }
        if !parser.take(b',') {
            return None;
        }
        parser.space(true);
        if parser.rest.is_empty() {
            return None;
        }
    }
    Some(all)
}

struct Parser<'t> {
    rest: &'t [u8],
}

impl Parser<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.rest.first() == Some(&byte);
        if is_there {
            self.rest = &self.rest[1..];
        }
        is_there
    }

    fn space(&mut self, tabs: bool) {
        while self.take(b' ') || tabs && self.take(b'\t') {}
    }

    /// The bytes from here on that fit.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> String {
        let end = self.rest.iter().position(|byte| !fits(*byte)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        // All that is taken by runs is ASCII.
        String::from_utf8_lossy(run).into_owned()
    }

    fn key(&mut self) -> Option<String> {
        let first = *self.rest.first()?;
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.' | b'*');
        (first.is_ascii_lowercase() || first == b'*').then(|| self.run(fits))
    }

    fn member(&mut self) -> Option<Member> {
        if !self.take(b'(') {
            return self.item().map(Member::Item);
        }
        let mut items = Vec::new();
        loop {
            self.space(false);
            if self.take(b')') {
                return Some(Member::List(items, self.parameters()?));
            }
            items.push(self.item()?);
            if !matches!(self.rest.first(), Some(b' ' | b')')) {
                return None;
            }
        }
    }

    /// A key without a value is true.
    fn flag(&mut self) -> Option<Member> {
        Some(Member::Item(Item { value: Bare::Bool(true), parameters: self.parameters()? }))
    }

    fn item(&mut self) -> Option<Item> {
        Some(Item { value: self.bare()?, parameters: self.parameters()? })
    }

    fn parameters(&mut self) -> Option<Parameters> {
        let mut all = Parameters::default();
        while self.take(b';') {
            self.space(false);
            let key = self.key()?;
            let value = if self.take(b'=') { self.bare()? } else { Bare::Bool(true) };
            if all.get(&key).is_some() {
                return None;
            }
            all.0.push((key, value));
        }
        Some(all)
    }

    fn bare(&mut self) -> Option<Bare> {
        match *self.rest.first()? {
            b'"' => self.text(),
            b':' => self.bytes(),
            b'?' => self.truth(),
            b'-' | b'0'..=b'9' => self.number(),
            first if first.is_ascii_alphabetic() || first == b'*' => {
                Some(Bare::Token(self.run(|b| pintle_core::fields::is_token(b) || matches!(b, b':' | b'/'))))
            }
            _ => None,
        }
    }

    fn text(&mut self) -> Option<Bare> {
        self.take(b'"');
        let mut text = String::new();
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(Bare::Text(text)),
                b'\\' => {
                    let (&escaped, rest) = self.rest.split_first()?;
                    self.rest = rest;
                    if !matches!(escaped, b'"' | b'\\') {
                        return None;
                    }
                    text.push(char::from(escaped));
                }
                0x20..=0x7e => text.push(char::from(byte)),
                _ => return None,
            }
        }
    }

    fn bytes(&mut self) -> Option<Bare> {
        self.take(b':');
        let end = self.rest.iter().position(|byte| *byte == b':')?;
        let bytes = STANDARD.decode(&self.rest[..end]).ok()?;
        self.rest = &self.rest[end + 1..];
        Some(Bare::Bytes(bytes))
    }

    fn truth(&mut self) -> Option<Bare> {
        self.take(b'?');
        if self.take(b'1') {
            return Some(Bare::Bool(true));
        }
        self.take(b'0').then_some(Bare::Bool(false))
    }

    fn number(&mut self) -> Option<Bare> {
        let sign = if self.take(b'-') { "-" } else { "" };
        let whole = self.run(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 15 {
            return None;
        }
        if !self.take(b'.') {
            return format!("{sign}{whole}").parse().ok().map(Bare::Integer);
        }
        let part = self.run(|byte| byte.is_ascii_digit());
        if part.is_empty() || part.len() > 3 || whole.len() > 12 {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let short = part.trim_end_matches('0');
        Some(Bare::Decimal(format!("{sign}{whole}.{}", if short.is_empty() { "0" } else { short })))
    }
}

/// Writes a member in its canonical form (RFC 9651 4.1).
pub(super) fn write_member(member: &Member, out: &mut String) {
    match member {
        Member::Item(item) => write_item(item, out),
        Member::List(items, parameters) => write_list(items, parameters, out),
    }
}

/// Writes an inner list (RFC 9651 4.1.1.1).
pub(super) fn write_list(items: &[Item], parameters: &Parameters, out: &mut String) {
    out.push('(');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        write_item(item, out);
    }
    out.push(')');
    write_parameters(parameters, out);
}

/// Writes an item (RFC 9651 4.1.3).
pub(super) fn write_item(item: &Item, out: &mut String) {
    write_bare(&item.value, out);
    write_parameters(&item.parameters, out);
}

fn write_parameters(parameters: &Parameters, out: &mut String) {
    for (key, value) in &parameters.0 {
        out.push(';');
        out.push_str(key);
        if *value != Bare::Bool(true) {
            out.push('=');
            write_bare(value, out);
        }
    }
}

fn write_bare(value: &Bare, out: &mut String) {
    match value {
        Bare::Integer(number) => drop(write!(out, "{number}")),
        Bare::Decimal(text) | Bare::Token(text) => out.push_str(text),
        Bare::Text(text) => {
            out.push('"');
            for letter in text.chars() {
                if matches!(letter, '"' | '\\') {
                    out.push('\\');
                }
                out.push(letter);
            }
            out.push('"');
        }
        Bare::Bytes(bytes) => {
            out.push(':');
            STANDARD.encode_string(bytes, out);
            out.push(':');
        }
        Bare::Bool(value) => out.push_str(if *value { "?1" } else { "?0" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> Option<String> {
        let members = dictionary(text.as_bytes())?;
        let mut out = String::new();
        for (key, member) in &members {
            if !out.is_empty() {
                out.push_str(", ");
            }
            out.push_str(key);
            out.push('=');
            write_member(member, &mut out);
        }
        Some(out)
    }

    #[test]
    fn what_is_read_is_written_in_one_form() {
        for (text, written) in [
            ("", ""),
            (
                "sig1=(\"@method\" \"@path\");created=1;keyid=\"a\"",
                "sig1=(\"@method\" \"@path\");created=1;keyid=\"a\"",
            ),
            ("sig1=(  \"a\";sf  \"b\"; key=\"x\" ) ;created=1", ""),
            ("sig1=(  \"a\";sf  \"b\"; key=\"x\" );created=1", "sig1=(\"a\";sf \"b\";key=\"x\");created=1"),
            ("a=:aGk=:,\t b", "a=:aGk=:, b=?1"),
            ("a=01.50, b=-7;x=?1, c=t/k:n", "a=1.5, b=-7;x, c=t/k:n"),
            ("a=\"q\\\"\\\\\"", "a=\"q\\\"\\\\\""),
        ] {
            assert_eq!(again(text).unwrap_or_default(), written, "{text}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_or_is_doubled_is_nothing() {
        for text in [
            "a=",
            "a=(",
            "a=(\"b\"",
            "a=(\"b\"\"c\")",
            "a=1,",
            "a=1,,b",
            "A=1",
            "a=\"b",
            "a=\"\\n\"",
            "a=:%:",
            "a=:aGk",
            "a=?2",
            "a=1.",
            "a=1.2345",
            "a=1234567890123456",
            "a=1 b=2",
            "a=1, a=2",
            "a=1;x=1;x=2",
            "a=--1",
            "a=\u{e4}",
            "a=1;",
            "a;=1",
            "1=2",
        ] {
            assert_eq!(dictionary(text.as_bytes()), None, "{text}");
        }
    }
}
