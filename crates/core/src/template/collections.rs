//! Lists and maps. They may be lent by whoever holds them (headers, a JSON body), so that none is copied.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::value::Value;

/// A list that someone else holds, such as an array of a JSON body.
pub trait Items: Send + Sync {
    /// How many items.
    fn len(&self) -> usize;
    /// The item at `index`, from 0.
    fn get(&self, index: usize) -> Option<Value<'_>>;
    /// Appends its JSON, if its text stands somewhere; lists and objects may stand in each other `depth` times there, and `out`
    /// may grow to `end` by the text as it stands. Whether it did.
    fn write_json(&self, _depth: usize, _end: usize, _out: &mut String) -> bool {
        false
    }
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A map by text that someone else holds, such as a request's headers or an object of a JSON body.
pub trait Entries: Send + Sync {
    /// How many keys.
    fn len(&self) -> usize;
    /// The value under `key`.
    fn get(&self, key: &str) -> Option<Value<'_>>;
    /// Every key once, with its value, in the order in which they are held.
    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s str, Value<'s>));
    /// As [`Items::write_json`].
    fn write_json(&self, _depth: usize, _end: usize, _out: &mut String) -> bool {
        false
    }
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A list: made by an expression, part of the configuration, or lent.
#[derive(Clone)]
pub enum List<'a> {
    /// Made while evaluating.
    Made(Arc<[Value<'a>]>),
    /// Items that stand somewhere.
    Slice(&'a [Value<'a>]),
    /// Lent by a scope.
    Lent(&'a dyn Items),
}

impl<'a> List<'a> {
    /// How many items.
    pub fn len(&self) -> usize {
        match self {
            List::Made(items) => items.len(),
            List::Slice(items) => items.len(),
            List::Lent(items) => items.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `index`, from 0.
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            List::Made(items) => items.get(index).cloned(),
            List::Slice(items) => items.get(index).map(Value::lend),
            List::Lent(items) => items.get(index),
        }
    }

    /// The items in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).map_while(|index| self.get(index))
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A map: made by an expression, part of the configuration, or lent.
#[derive(Clone)]
pub enum Map<'a> {
    /// Made while evaluating, in the order of making.
    Made(Arc<[(Value<'a>, Value<'a>)]>),
    /// Entries that stand somewhere.
    Slice(&'a [(Value<'a>, Value<'a>)]),
    /// Lent by a scope.
    Lent(&'a dyn Entries),
}

impl<'a> Map<'a> {
    /// A map out of names and values, made for one evaluation. The names must differ.
    pub fn named(entries: impl IntoIterator<Item = (Cow<'a, str>, Value<'a>)>) -> Map<'a> {
        Map::Made(entries.into_iter().map(|(name, value)| (Value::Text(name), value)).collect())
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        match self {
            Map::Made(entries) => entries.len(),
            Map::Slice(entries) => entries.len(),
            Map::Lent(entries) => entries.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value under the text `key`.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        let is_key = |found: &Value<'a>| matches!(found, Value::Text(text) if text == key);
        match self {
            Map::Made(entries) => entries.iter().find(|(found, _)| is_key(found)).map(|(_, value)| value.clone()),
            Map::Slice(entries) => entries.iter().find(|(found, _)| is_key(found)).map(|(_, value)| value.lend()),
            Map::Lent(entries) => entries.get(key),
        }
    }

    /// The value under any key: text, bool, or a number, which is equal to another of the same amount.
    pub fn find(&self, key: &Value<'_>) -> Option<Value<'a>> {
        if let Value::Text(text) = key {
            return self.get(text);
        }
        match self {
            Map::Made(entries) => entries.iter().find(|(found, _)| found.same_key(key)).map(|(_, value)| value.clone()),
            Map::Slice(entries) => entries.iter().find(|(found, _)| found.same_key(key)).map(|(_, value)| value.lend()),
            Map::Lent(_) => None,
        }
    }

    /// Every key with its value, in the order in which they are held.
    pub fn each(&self, visit: &mut dyn FnMut(Value<'a>, Value<'a>)) {
        match self {
            Map::Made(entries) => entries.iter().for_each(|(key, value)| visit(key.clone(), value.clone())),
            Map::Slice(entries) => entries.iter().for_each(|(key, value)| visit(key.lend(), value.lend())),
            Map::Lent(entries) => entries.each(&mut |key, value| visit(Value::Text(Cow::Borrowed(key)), value)),
        }
    }
}

impl fmt::Debug for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_map();
        self.each(&mut |key, value| {
            shown.entry(&key, &value);
        });
        shown.finish()
    }
}
