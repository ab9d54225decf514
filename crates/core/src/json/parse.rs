//! From text to what is made of it, in one pass (RFC 8259).

use super::form::{Form, Name, mixed};
use super::{Array, Build, Fault, Flaw, Limits, Member, Node, Object, Place};
use std::sync::Arc;

/// Up to so many names are looked through one by one: that is as fast as anything.
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

/// The one value that a text is.
pub(super) struct Whole<V> {
    pub(super) value: V,
    /// Where it stands, without white space around it.
    pub(super) place: Place,
    pub(super) build: Build,
    /// What its tree takes beside itself, if there is one.
    pub(super) memory: usize,
}

/// Reads the one value that the text is.
pub(super) fn whole<F: Form>(source: &Arc<str>, depth: usize) -> Result<Whole<F::Value>, Fault> {
    let mut parser = Parser::at(source, 0);
    parser.space();
    let (start, outer) = (parser.at, parser.loose);
    let value = parser.value::<F>(depth.min(Limits::DEEPEST))?;
    let place = Place::new(start..parser.at);
    let build = Build { is_plain: parser.loose == outer, height: parser.height };
    parser.space();
    if parser.at < parser.bytes.len() {
        return Err(parser.fault(Flaw::Grammar));
    }
    Ok(Whole { value, place, build, memory: parser.memory })
}

pub(super) struct Parser<'s> {
    pub(super) source: &'s Arc<str>,
    pub(super) bytes: &'s [u8],
    pub(super) at: usize,
    /// How much there was so far that would be written in another way: white space, and strings with escapes.
    pub(super) loose: usize,
    /// How many lists and objects stand in each other in what is read of the one around.
    height: u16,
    /// The names so far of the object that is read, after those of the ones around.
    names: Vec<Name>,
    /// For putting names in order.
    order: Vec<(u32, u32)>,
    pub(super) memory: usize,
}

impl<'s> Parser<'s> {
    /// One that goes on at a byte.
    pub(super) fn at(source: &'s Arc<str>, at: usize) -> Self {
        let (names, order) = (Vec::new(), Vec::new());
        Parser { source, bytes: source.as_bytes(), at, loose: 0, height: 0, names, order, memory: 0 }
    }

    pub(super) fn fault(&self, flaw: Flaw) -> Fault {
        Fault { at: self.at, flaw }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
            self.loose += 1;
        }
    }

    /// Takes the byte if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn must(&mut self, byte: u8) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { Err(self.fault(Flaw::Grammar)) }
    }

    /// A value; `depth` lists and objects may still be opened.
    fn value<F: Form>(&mut self, depth: usize) -> Result<F::Value, Fault> {
        let node = match self.peek() {
            Some(b'{') => return self.object::<F>(depth),
            Some(b'[') => return self.array::<F>(depth),
            Some(b'"') => Node::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Node::Bool(true))?,
            Some(b'f') => self.word("false", Node::Bool(false))?,
            Some(b'n') => self.word("null", Node::Null)?,
            _ => return Err(self.fault(Flaw::Grammar)),
        };
        Ok(F::scalar(node))
    }

    fn word(&mut self, word: &str, node: Node) -> Result<Node, Fault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault(Flaw::Grammar));
        }
        self.at += word.len();
        Ok(node)
    }

    fn object<F: Form>(&mut self, depth: usize) -> Result<F::Value, Fault> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.fault(Flaw::TooDeep)) };
        let start = self.at;
        let outer = self.enter();
        let first = self.names.len();
        let mut values = F::Values::default();
        self.must(b'{')?;
        self.space();
        if !self.take(b'}') {
            loop {
                self.name(first)?;
                self.space();
                self.must(b':')?;
                self.space();
                F::push(&mut values, self.value::<F>(depth)?);
                self.space();
                if self.take(b'}') {
                    break;
                }
                self.must(b',')?;
                self.space();
            }
        }
        self.sort(first, start)?;
        let (place, build) = (Place::new(start..self.at), self.leave(outer));
        self.memory +=
            size_of::<Object>() + (self.names.len() - first) * size_of::<Member>() + size_of_val(&*self.order);
        let value = F::object(self.source, self.names.drain(first..), values, &self.order, place, build);
        Ok(value)
    }

    /// The name of a member; those of its object begin at `first`.
    fn name(&mut self, first: usize) -> Result<(), Fault> {
        let begins = self.at;
        let text = self.text()?;
        let name = text.get(self.source);
        let hash = mixed(name);
        let known = &self.names[first..];
        let is_known = |known: &Name| known.hash == hash && known.text.get(self.source) == name;
        if known.len() < FEW && known.iter().any(is_known) {
            return Err(Fault { at: begins, flaw: Flaw::NameTwice });
        }
        self.names.push(Name { text, hash });
        Ok(())
    }

    /// Puts the names of an object in order, which finds a name that is there twice, whatever a sender makes of names and their
    /// number. A few are in no order.
    fn sort(&mut self, first: usize, start: usize) -> Result<(), Fault> {
        let names = &self.names[first..];
        self.order.clear();
        if names.len() <= FEW {
            return Ok(());
        }
        let text = |at: u32| names[at as usize].text.get(self.source);
        let count = u32::try_from(names.len()).expect("there are fewer names than bytes");
        self.order.extend((0..count).zip(names).map(|(at, name)| (name.hash, at)));
        self.order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(a.1).cmp(text(b.1))));
        let are_same = |two: &[(u32, u32)]| two[0].0 == two[1].0 && text(two[0].1) == text(two[1].1);
        if self.order.windows(2).any(are_same) {
            return Err(Fault { at: start, flaw: Flaw::NameTwice });
        }
        Ok(())
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

    fn array<F: Form>(&mut self, depth: usize) -> Result<F::Value, Fault> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.fault(Flaw::TooDeep)) };
        let start = self.at;
        let outer = self.enter();
        let (mut values, mut count) = (F::Values::default(), 0);
        self.must(b'[')?;
        self.space();
        if !self.take(b']') {
            loop {
                F::push(&mut values, self.value::<F>(depth)?);
                count += 1;
                self.space();
                if self.take(b']') {
                    break;
                }
                self.must(b',')?;
                self.space();
            }
        }
        let (place, build) = (Place::new(start..self.at), self.leave(outer));
        self.memory += size_of::<Array>() + count * size_of::<Node>();
        Ok(F::array(self.source, values, place, build))
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
}
