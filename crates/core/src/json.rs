//! A strict tree of JSON (RFC 8259) that changes nothing: numbers keep their exact text, strings without escapes are
//! slices of the source, members keep their order. What two readers could understand in two ways is an error: the same
//! name twice, half a surrogate pair, what is no UTF-8, anything after the value.
//!
//! Expressions read it as it stands: an [`Object`] lends its [`Entries`], an [`Array`] its [`Items`], and nothing is
//! copied. Knows nothing of what the text is of, and its faults quote none of it.
//!
//! Long because a value can be asked for in many ways; each is a few lines.

mod compact;
mod form;
mod parse;
mod special;
mod strings;
#[cfg(test)]
mod tests;
mod whole;

pub(crate) use special::special;

use crate::template::{Entries, Items, List, Map, Value};
pub use whole::Json;

use form::mixed;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How much a text may ask of its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Its length in bytes, at most [`Limits::MOST`]. A tree takes up to some thirty times as much (a list of lists of one
    /// digit), mostly less than twice.
    pub bytes: usize,
    /// How many lists and objects stand in each other, at most [`Limits::DEEPEST`].
    pub depth: usize,
}

impl Limits {
    /// The most bytes that any text may have.
    pub const MOST: usize = 1 << 30;
    /// The deepest that any text may be.
    pub const DEEPEST: usize = 256;
}

/// An object. Members keep their order; no name comes twice.
#[derive(Clone)]
pub struct Object {
    source: Arc<str>,
    members: Box<[Member]>,
    /// The numbers of the names and where the members stand, in their order; empty for a few, which are looked through.
    order: Box<[(u32, u32)]>,
    place: Place,
    build: Build,
}

/// A list.
#[derive(Clone)]
pub struct Array {
    source: Arc<str>,
    items: Box<[Node]>,
    place: Place,
    build: Build,
}

/// How a list or an object was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Build {
    /// Without white space between its parts, and without escapes: as it would be written.
    is_plain: bool,
    /// How many lists and objects stand in each other, it included.
    height: u16,
}

/// Where something stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    start: u32,
    end: u32,
}

/// A value of the tree. What it needs of the source, its list or object lends it.
#[derive(Clone)]
enum Node {
    Null,
    Bool(bool),
    Number(Place),
    Text(Text),
    Array(Box<Array>),
    Object(Box<Object>),
}

#[derive(Clone)]
enum Text {
    /// Stands in the source as it is.
    Plain(Place),
    /// Had escapes. Twice in a box, because few do and every node pays for its size.
    Escaped(Box<Box<str>>),
}

#[derive(Clone)]
struct Member {
    name: Text,
    value: Node,
}

/// Why a text is refused, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte, from 0.
    pub at: usize,
    /// What is wrong there.
    pub flaw: Flaw,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is longer than it may be.
    TooLong,
    /// It is deeper than it may be.
    TooDeep,
    /// It is no UTF-8.
    NotUtf8,
    /// An object has a name twice.
    NameTwice,
    /// A string has half of a surrogate pair, which stands for no character.
    HalfPair,
    /// It breaks the grammar.
    Grammar,
    /// It is JSON, and no object, where one is asked for.
    NoObject,
}

impl Object {
    /// Reads a text that must be an object.
    pub fn parse(text: &[u8], limits: Limits) -> Result<Object, Fault> {
        Json::parse(text, limits)?.into_object().ok_or(Fault { at: 0, flaw: Flaw::NoObject })
    }

    /// The text under a name; none where there is none, or something else.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.find(name)? {
            Node::Text(text) => Some(text.get(&self.source)),
            _ => None,
        }
    }

    /// The number under a name in its exact text; none where there is none, or something else.
    pub fn number(&self, name: &str) -> Option<&str> {
        match self.find(name)? {
            Node::Number(place) => Some(place.of(&self.source)),
            _ => None,
        }
    }

    /// The object under a name; none where there is none, or something else.
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.find(name)?.object()
    }

    /// The list under a name; none where there is none, or something else.
    pub fn array(&self, name: &str) -> Option<&Array> {
        self.find(name)?.array()
    }

    /// The value under a name as JSON, numbers in their exact text; none where there is none.
    pub fn json(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(match self.find(name)? {
            Node::Null => Cow::Borrowed("null"),
            Node::Bool(true) => Cow::Borrowed("true"),
            Node::Bool(false) => Cow::Borrowed("false"),
            Node::Number(place) => Cow::Borrowed(place.of(&self.source)),
            Node::Array(array) => Cow::Borrowed(array.source()),
            Node::Object(object) => Cow::Borrowed(object.source()),
            // In the source it stands between quotes.
            Node::Text(Text::Plain(place)) => {
                Cow::Borrowed(&self.source[place.start as usize - 1..place.end as usize + 1])
            }
            Node::Text(Text::Escaped(text)) => {
                let mut out = String::with_capacity(text.len() + 2);
                // A text has a form in JSON always.
                let _ = Value::text(text).write_json_within(&mut out, usize::MAX);
                Cow::Owned(out)
            }
        })
    }

    /// Whether there is a member of that name, `null` included.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Its text, as it came.
    pub fn source(&self) -> &str {
        self.place.of(&self.source)
    }

    fn find(&self, name: &str) -> Option<&Node> {
        let named = |member: &&Member| member.name.get(&self.source) == name;
        if self.order.is_empty() {
            return self.members.iter().find(named).map(|member| &member.value);
        }
        let hash = mixed(name);
        let member = |at: u32| &self.members[at as usize];
        let by_order =
            |(other, at): &(u32, u32)| other.cmp(&hash).then_with(|| member(*at).name.get(&self.source).cmp(name));
        let found = self.order.binary_search_by(by_order).ok()?;
        Some(&member(self.order[found].1).value)
    }
}

impl Array {
    /// Its items that are objects; others are passed over.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.items.iter().filter_map(Node::object)
    }

    /// Its items, if all are text.
    pub fn texts(&self) -> Option<Vec<&str>> {
        let mut all = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let Node::Text(text) = item else { return None };
            all.push(text.get(&self.source));
        }
        Some(all)
    }

    /// Its text, as it came.
    pub fn source(&self) -> &str {
        self.place.of(&self.source)
    }
}

impl Entries for Object {
    fn len(&self) -> usize {
        self.members.len()
    }

    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.find(key).map(|node| node.value(&self.source))
    }

    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s str, Value<'s>)) {
        for Member { name, value } in &self.members {
            visit(name.get(&self.source), value.value(&self.source));
        }
    }

    fn write_json(&self, depth: usize, end: usize, out: &mut String) -> bool {
        self.build.write(&self.source, self.place, (depth, end), out)
    }
}

impl Items for Array {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.items.get(index).map(|node| node.value(&self.source))
    }

    fn write_json(&self, depth: usize, end: usize, out: &mut String) -> bool {
        self.build.write(&self.source, self.place, (depth, end), out)
    }
}

impl Build {
    /// Appends what stands at a place as it would be written, if it is at most so deep and there is room for its text.
    fn write(self, source: &Arc<str>, place: Place, (depth, end): (usize, usize), out: &mut String) -> bool {
        let text = place.of(source);
        if usize::from(self.height) > depth || text.len() > end.saturating_sub(out.len()) {
            return false;
        }
        match self.is_plain {
            true => out.push_str(text),
            false => compact::compact(source, place, out),
        }
        true
    }
}

impl Node {
    fn object(&self) -> Option<&Object> {
        match self {
            Node::Object(object) => Some(object),
            _ => None,
        }
    }

    fn array(&self) -> Option<&Array> {
        match self {
            Node::Array(array) => Some(array),
            _ => None,
        }
    }

    fn value<'s>(&'s self, source: &'s str) -> Value<'s> {
        match self {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::Bool(*value),
            Node::Number(place) => Value::Number(Cow::Borrowed(place.of(source))),
            Node::Text(text) => Value::text(text.get(source)),
            Node::Array(array) => Value::List(List::Lent(&**array)),
            Node::Object(object) => Value::Map(Map::Lent(&**object)),
        }
    }
}

impl Text {
    fn get<'s>(&'s self, source: &'s str) -> &'s str {
        match self {
            Text::Plain(place) => place.of(source),
            Text::Escaped(text) => text,
        }
    }
}

impl Place {
    fn new(range: Range<usize>) -> Self {
        let offset = |at: usize| u32::try_from(at).expect("no text is longer than `Limits::MOST`");
        Place { start: offset(range.start), end: offset(range.end) }
    }

    fn of(self, source: &str) -> &str {
        &source[self.start as usize..self.end as usize]
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.flaw {
            Flaw::TooLong => return f.write_str("it is longer than allowed"),
            Flaw::NoObject => return f.write_str("it is no JSON object"),
            Flaw::TooDeep => "it is nested more deeply than allowed",
            Flaw::NotUtf8 => "it is no UTF-8",
            Flaw::NameTwice => "an object has a name twice",
            Flaw::HalfPair => "a string has half of a surrogate pair",
            Flaw::Grammar => "it is no JSON",
        };
        write!(f, "{what} at byte {}", self.at)
    }
}

impl std::error::Error for Fault {}

/// What a text says may be somebody's secret.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} members)", self.members.len())
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({} items)", self.items.len())
    }
}
