//! A text of JSON as a whole, whose tree is made when somebody looks into it.

use super::form::{Checked, Tree};
use super::{Build, Fault, Limits, Node, Object, Place, parse};
use crate::template::{Entries, Items, List, Map, Value};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A text of JSON, read or checked. Of one that was checked the tree is made when somebody looks into it; a text that is
/// handed on as a whole never needs one.
#[derive(Clone)]
pub struct Json {
    source: Arc<str>,
    /// Where its value stands.
    place: Place,
    pub(super) build: Build,
    memory: usize,
    root: OnceLock<Node>,
}

impl Json {
    /// Reads a text.
    pub fn parse(text: &[u8], limits: Limits) -> Result<Json, Fault> {
        let source = parse::checked(text, limits)?;
        let parse::Whole { value, place, build, memory } = parse::whole::<Tree>(&source, limits.depth)?;
        Ok(Json { source, place, build, memory, root: OnceLock::from(value) })
    }

    /// Reads a text that nobody will look into, most probably: all is checked as in [`Json::parse`], for half the time.
    pub fn check(text: &[u8], limits: Limits) -> Result<Json, Fault> {
        let source = parse::checked(text, limits)?;
        let parse::Whole { value: (), place, build, memory } = parse::whole::<Checked>(&source, limits.depth)?;
        Ok(Json { source, place, build, memory, root: OnceLock::new() })
    }

    /// Its value, lent.
    pub fn value(&self) -> Value<'_> {
        match self.place.of(&self.source).as_bytes().first() {
            Some(b'{') => Value::Map(Map::Lent(self)),
            Some(b'[') => Value::List(List::Lent(self)),
            _ => self.root().value(&self.source),
        }
    }

    /// Its text, as it came.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many bytes of memory it takes, about, with its tree.
    pub fn memory(&self) -> usize {
        self.source.len() + self.memory
    }

    /// The object that it is, if it is one.
    pub fn into_object(self) -> Option<Object> {
        self.root();
        match self.root.into_inner() {
            Some(Node::Object(object)) => Some(*object),
            _ => None,
        }
    }

    fn root(&self) -> &Node {
        self.root.get_or_init(|| match parse::whole::<Tree>(&self.source, Limits::DEEPEST) {
            Ok(whole) => whole.value,
            Err(fault) => unreachable!("it was checked: {fault}"),
        })
    }
}

impl Entries for Json {
    fn len(&self) -> usize {
        self.root().object().map_or(0, Entries::len)
    }

    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.root().object().and_then(|object| Entries::get(object, key))
    }

    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s str, Value<'s>)) {
        if let Some(object) = self.root().object() {
            object.each(visit);
        }
    }

    fn write_json(&self, depth: usize, end: usize, out: &mut String) -> bool {
        self.build.write(&self.source, self.place, (depth, end), out)
    }
}

impl Items for Json {
    fn len(&self) -> usize {
        self.root().array().map_or(0, Items::len)
    }

    fn get(&self, index: usize) -> Option<Value<'_>> {
        self.root().array().and_then(|array| Items::get(array, index))
    }

    fn write_json(&self, depth: usize, end: usize, out: &mut String) -> bool {
        self.build.write(&self.source, self.place, (depth, end), out)
    }
}

/// What a text says may be somebody's secret.
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.source.len())
    }
}
