//! XML 1.0 (fifth edition), well-formed or not at all, and without a DTD: so nothing is declared, nothing is expanded, and
//! nothing is fetched. The parsers that there are take what is not well-formed, each something else, and answers would
//! then mean one thing to us and another to the service.

mod chars;
mod values;

use super::TOO_DEEP;
use crate::aggregate::decode::Undecodable;
pub(super) use chars::is_space;
use chars::{continues_name, is_char, starts_name};

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element<'x> {
    /// With its prefix, as it is written.
    pub(super) name: &'x str,
    /// The byte at which it begins.
    pub(super) at: usize,
    /// In their order; no name comes twice.
    pub(super) attributes: Vec<(&'x str, String)>,
    /// In their order.
    pub(super) children: Vec<Element<'x>>,
    /// All of its own, joined.
    pub(super) text: String,
}

/// The root of a document; elements may stand `depth` deep.
pub(super) fn document(text: &str, depth: usize) -> Result<Element<'_>, Undecodable> {
    if let Some((at, _)) = text.char_indices().find(|(_, char)| !is_char(*char)) {
        return Err(Undecodable::At("it has a character that XML has not", at));
    }
    let mut parser = Parser { text, at: 0, open: Vec::new(), root: None };
    parser.declaration()?;
    while parser.one(depth)? {}
    match (parser.open.last(), parser.root) {
        (Some(open), _) => Err(Undecodable::At("it ends in an element that begins", open.at)),
        (None, Some(root)) => Ok(root),
        (None, None) => Err(Undecodable::At("it has no element", text.len())),
    }
}

struct Parser<'x> {
    text: &'x str,
    at: usize,
    /// The elements around, the innermost last.
    open: Vec<Element<'x>>,
    root: Option<Element<'x>>,
}

type Done = Result<(), Undecodable>;

impl<'x> Parser<'x> {
    fn rest(&self) -> &'x str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, what: &'static str) -> Result<T, Undecodable> {
        Err(Undecodable::At(what, self.at))
    }

    /// Takes the text if it is next.
    fn take(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    fn must(&mut self, text: &str) -> Done {
        if self.take(text) { Ok(()) } else { self.wrong("it is no XML") }
    }

    /// Passes white space over; whether there was any.
    fn space(&mut self) -> bool {
        let count = self.rest().bytes().take_while(|byte| is_space(*byte)).count();
        self.at += count;
        count > 0
    }

    fn name(&mut self) -> Result<&'x str, Undecodable> {
        let rest = self.rest();
        if !rest.starts_with(starts_name) {
            return self.wrong("a name is missing");
        }
        let end = rest.find(|char| !continues_name(char)).unwrap_or(rest.len());
        self.at += end;
        Ok(&rest[..end])
    }

    /// Goes past the next `end`, and gives what stands before it.
    fn until(&mut self, end: &str) -> Result<&'x str, Undecodable> {
        let rest = self.rest();
        let Some(length) = rest.find(end) else { return self.wrong("it is never closed") };
        self.at += length + end.len();
        Ok(&rest[..length])
    }

    /// `<?xml version="1.0" encoding="…" standalone="…"?>` (2.8), which may be missing.
    fn declaration(&mut self) -> Done {
        if !self.rest().strip_prefix("<?xml").is_some_and(|rest| rest.bytes().next().is_some_and(is_space)) {
            return Ok(());
        }
        self.at += "<?xml".len();
        let mut wanted = &["version", "encoding", "standalone"][..];
        while self.space() && !self.rest().starts_with("?>") {
            let begins = self.at;
            let (name, value) = self.attribute()?;
            let place = wanted.iter().position(|known| *known == name);
            let Some(place) = place.filter(|place| wanted.len() < 3 || *place == 0) else {
                return Err(Undecodable::At("its declaration is no XML", begins));
            };
            wanted = &wanted[place + 1..];
            let is_utf_8 = |name: &str| matches!(&*name.to_ascii_lowercase(), "utf-8" | "us-ascii" | "ascii");
            let is_version = |minor: &str| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit());
            match (name, &*value) {
                ("version", version) if version.strip_prefix("1.").is_some_and(is_version) => {}
                ("standalone", "yes" | "no") => {}
                ("encoding", encoding) if is_utf_8(encoding) => {}
                ("encoding", _) => return Err(Undecodable::At("it declares an encoding other than UTF-8", begins)),
                _ => return Err(Undecodable::At("its declaration is no XML", begins)),
            }
        }
        if wanted.len() == 3 {
            return self.wrong("its declaration is no XML");
        }
        self.must("?>")
    }

    /// The next piece of the document; false at its end.
    fn one(&mut self, depth: usize) -> Result<bool, Undecodable> {
        match self.open.is_empty() {
            true => drop(self.space()),
            false => self.into_text(Self::text_into)?,
        }
        if self.rest().is_empty() {
            return Ok(false);
        }
        if self.take("<!--") {
            self.comment()?;
        } else if self.take("<?") {
            self.instruction()?;
        } else if !self.open.is_empty() && self.take("<![CDATA[") {
            self.into_text(Self::cdata_into)?;
        } else if self.rest().starts_with("<!DOCTYPE") {
            return self.wrong("it has a DTD, which is refused");
        } else if self.take("</") {
            self.end()?;
        } else if self.take("<") {
            self.start(depth)?;
        } else {
            return self.wrong("text stands outside of the root");
        }
        Ok(true)
    }

    /// Adds what is read to the text of the innermost element, which there is.
    fn into_text(&mut self, read: fn(&mut Self, &mut String) -> Done) -> Done {
        let mut text = self.open.last_mut().map(|element| std::mem::take(&mut element.text)).unwrap_or_default();
        let done = read(self, &mut text);
        if let Some(element) = self.open.last_mut() {
            element.text = text;
        }
        done
    }

    /// After `<`.
    fn start(&mut self, depth: usize) -> Done {
        let at = self.at - 1;
        if self.open.is_empty() && self.root.is_some() {
            return Err(Undecodable::At("it has a second root", at));
        }
        if self.open.len() >= depth {
            return Err(Undecodable::At(TOO_DEEP, at));
        }
        let mut element = Element { name: self.name()?, at, ..Element::default() };
        let mut places: Vec<(&str, usize)> = Vec::new();
        while self.space() && !self.rest().starts_with(['/', '>']) {
            let begins = self.at;
            let (name, value) = self.attribute()?;
            places.push((name, begins));
            element.attributes.push((name, value));
        }
        // By order, so that many names cost no more than their number.
        places.sort_unstable();
        if let Some(two) = places.windows(2).find(|two| two[0].0 == two[1].0) {
            return Err(Undecodable::At("an attribute is there twice", two[1].1));
        }
        if self.take("/>") {
            self.close(element);
            return Ok(());
        }
        self.must(">")?;
        self.open.push(element);
        Ok(())
    }

    /// After `</`.
    fn end(&mut self) -> Done {
        let at = self.at - 2;
        let name = self.name()?;
        self.space();
        self.must(">")?;
        match self.open.pop_if(|open| open.name == name) {
            Some(element) => self.close(element),
            None => return Err(Undecodable::At("an element is closed that is not open", at)),
        }
        Ok(())
    }

    fn close(&mut self, element: Element<'x>) {
        match self.open.last_mut() {
            Some(around) => around.children.push(element),
            None => self.root = Some(element),
        }
    }

    /// After `<!--` (2.5).
    fn comment(&mut self) -> Done {
        let inner = self.until("--")?;
        if self.take(">") {
            return Ok(());
        }
        self.at -= inner.len() + 2;
        self.wrong("a comment has `--` in it, or is never closed")
    }

    /// After `<?` (2.6).
    fn instruction(&mut self) -> Done {
        let begins = self.at;
        let target = self.name()?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(Undecodable::At("a declaration stands elsewhere than at the start", begins));
        }
        if self.take("?>") {
            return Ok(());
        }
        if !self.space() {
            return self.wrong("it is no XML");
        }
        self.until("?>").map(drop)
    }
}
