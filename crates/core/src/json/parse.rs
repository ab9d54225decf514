//! From text to tree, in one pass (RFC 8259).

use super::{Array, Build, Fault, Flaw, Limits, Member, Node, Object, Place, Text, special};
use std::sync::Arc;

/// Up to so many members are looked through one by one: that is as fast as anything.
const FEW: usize = 12;

/// The text as one that is short enough and UTF-8.
pub(super) fn checked(text: &[u8], limits: Limits) -> Result<Arc<str>, Fault> {
    if text.len() > limits.bytes.min(Limits::MOST) {
        return Err(Fault { at: limits.bytes, flaw: Flaw::TooLong });
    }
    match std::str::from_utf8(text) {
        Ok(text) => Ok(text.into()),
        Err(error) => Err(Fault { at: error.valid_up_to(), flaw: Flaw::NotUtf8 }),
    }
}

/// The one value that the text is.
pub(super) fn whole(source: &Arc<str>, limits: Limits) -> Result<Node, Fault> {
    let mut parser = Parser { source, bytes: source.as_bytes(), at: 0, loose: 0, height: 0 };
    parser.space();
    let root = parser.value(limits.depth.min(Limits::DEEPEST))?;
    parser.space();
    if parser.at < parser.bytes.len() {
        return Err(parser.fault(Flaw::Grammar));
    }
    Ok(root)
}

struct Parser<'s> {
    source: &'s Arc<str>,
    bytes: &'s [u8],
    at: usize,
    /// How much there was so far that would be written in another way: white space, and strings with escapes.
    loose: usize,
    /// How many lists and objects stand in each other in what is read of the one around.
    height: u16,
}

impl Parser<'_> {
    fn fault(&self, flaw: Flaw) -> Fault {
        Fault { at: self.at, flaw }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
            self.loose += 1;
        }
    }

    /// Takes the byte if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn must(&mut self, byte: u8) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { Err(self.fault(Flaw::Grammar)) }
    }

    /// A value; `depth` lists and objects may still be opened.
    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        match self.peek() {
            Some(b'{') => Ok(Node::Object(Box::new(self.object(depth)?))),
            Some(b'[') => Ok(Node::Array(Box::new(self.array(depth)?))),
            Some(b'"') => Ok(Node::Text(self.text()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            _ => Err(self.fault(Flaw::Grammar)),
        }
    }

    fn word(&mut self, word: &str, node: Node) -> Result<Node, Fault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault(Flaw::Grammar));
        }
        self.at += word.len();
        Ok(node)
    }

    fn object(&mut self, depth: usize) -> Result<Object, Fault> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.fault(Flaw::TooDeep)) };
        let start = self.at;
        let outer = self.enter();
        self.must(b'{')?;
        let mut members: Vec<Member> = Vec::new();
        self.space();
        if !self.take(b'}') {
            loop {
                let begins = self.at;
                let name = self.text()?;
                let is_known = |member: &Member| member.name.get(self.source) == name.get(self.source);
                if members.len() < FEW && members.iter().any(is_known) {
                    return Err(Fault { at: begins, flaw: Flaw::NameTwice });
                }
                self.space();
                self.must(b':')?;
                self.space();
                members.push(Member { name, value: self.value(depth)? });
                self.space();
                if self.take(b'}') {
                    break;
                }
                self.must(b',')?;
                self.space();
            }
        }
        let sorted = self.sorted(&members, start)?;
        let (place, build) = (Place::new(start..self.at), self.leave(outer));
        Ok(Object { source: Arc::clone(self.source), members: members.into(), sorted, place, build })
    }

    /// Begins a list or an object; gives what is known of the one around.
    fn enter(&mut self) -> (usize, u16) {
        (self.loose, std::mem::take(&mut self.height))
    }

    /// Ends it: how it was written.
    fn leave(&mut self, (loose, height): (usize, u16)) -> Build {
        let build = Build { is_plain: self.loose == loose, height: self.height + 1 };
        self.height = height.max(build.height);
        build
    }

    /// The order of the names, which finds a name that is there twice, whatever a sender makes of names and their number.
    fn sorted(&self, members: &[Member], start: usize) -> Result<Box<[u32]>, Fault> {
        if members.len() <= FEW {
            return Ok(Box::default());
        }
        let name = |at: &u32| members[*at as usize].name.get(self.source);
        let count = u32::try_from(members.len()).expect("there are fewer members than bytes");
        let mut sorted: Box<[u32]> = (0..count).collect();
        sorted.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        match sorted.windows(2).any(|two| name(&two[0]) == name(&two[1])) {
            true => Err(Fault { at: start, flaw: Flaw::NameTwice }),
            false => Ok(sorted),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Array, Fault> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.fault(Flaw::TooDeep)) };
        let start = self.at;
        let outer = self.enter();
        self.must(b'[')?;
        let mut items = Vec::new();
        self.space();
        if !self.take(b']') {
            loop {
                items.push(self.value(depth)?);
                self.space();
                if self.take(b']') {
                    break;
                }
                self.must(b',')?;
                self.space();
            }
        }
        let (place, build) = (Place::new(start..self.at), self.leave(outer));
        Ok(Array { source: Arc::clone(self.source), items: items.into(), place, build })
    }

    /// A number by its grammar (RFC 8259 6); what it comes to is for who reckons with it.
    fn number(&mut self) -> Result<Node, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Node::Number(Place::new(start..self.at)))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(self.fault(Flaw::Grammar)) } else { Ok(()) }
    }

    fn text(&mut self) -> Result<Text, Fault> {
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
