//! What an expression works on and gives. A value borrows from the request, from the configuration, or owns what
//! it made. Lists and maps may be lent by whoever holds them (headers, a JSON body), so that none is copied.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use super::time::Timestamp;

/// A value of CEL.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `uint`.
    Uint(u64),
    /// `double`.
    Double(f64),
    /// A number out of JSON in its exact text. Passed on it stays as it is; in an operation it becomes an `int`, or a
    /// `double` where it meets one or has a fraction; one that fits neither is an error there.
    Number(Cow<'a, str>),
    /// `string`.
    Text(Cow<'a, str>),
    /// `bytes`.
    Bytes(Cow<'a, [u8]>),
    /// `list`.
    List(List<'a>),
    /// `map`.
    Map(Map<'a>),
    /// `google.protobuf.Timestamp`.
    Timestamp(Timestamp),
    /// `google.protobuf.Duration`, in nanoseconds.
    Duration(i64),
    /// What `type()` gives.
    Type(Kind),
}

/// The type of a value. Shown with its article: `an int`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not known beforehand.
    Any,
    /// `null_type`.
    Null,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `uint`.
    Uint,
    /// `double`.
    Double,
    /// `string`.
    Text,
    /// `bytes`.
    Bytes,
    /// `list`.
    List,
    /// `map`.
    Map,
    /// `google.protobuf.Timestamp`.
    Timestamp,
    /// `google.protobuf.Duration`.
    Duration,
    /// `type`: what `type()` gives.
    Type,
}

impl Kind {
    /// CEL's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Any => "dyn",
            Kind::Null => "null_type",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Uint => "uint",
            Kind::Double => "double",
            Kind::Text => "string",
            Kind::Bytes => "bytes",
            Kind::List => "list",
            Kind::Map => "map",
            Kind::Timestamp => "google.protobuf.Timestamp",
            Kind::Duration => "google.protobuf.Duration",
            Kind::Type => "type",
        }
    }

    /// The name without its article.
    pub(super) fn plain(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Timestamp => "timestamp",
            Kind::Duration => "duration",
            other => other.name(),
        }
    }

    pub(super) fn number(self) -> bool {
        matches!(self, Kind::Int | Kind::Uint | Kind::Double)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let article = match self {
            Kind::Null | Kind::Bytes => "",
            Kind::Int => "an ",
            _ => "a ",
        };
        write!(f, "{article}{}", self.plain())
    }
}

/// A list that someone else holds, such as an array of a JSON body.
pub trait Items: Send + Sync {
    /// How many items.
    fn len(&self) -> usize;
    /// The item at `index`, from 0.
    fn get(&self, index: usize) -> Option<Value<'_>>;
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

impl<'a> Value<'a> {
    /// Borrowed text.
    pub fn text(text: &'a str) -> Value<'a> {
        Value::Text(Cow::Borrowed(text))
    }

    /// A list made for one evaluation.
    pub fn list(items: impl IntoIterator<Item = Value<'a>>) -> Value<'a> {
        Value::List(List::Made(items.into_iter().collect()))
    }

    /// Its type. A number out of JSON is an `int` if it is written as one that fits, else a `double`.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Uint(_) => Kind::Uint,
            Value::Double(_) => Kind::Double,
            Value::Number(text) if text.parse::<i64>().is_ok() => Kind::Int,
            Value::Number(_) => Kind::Double,
            Value::Text(_) => Kind::Text,
            Value::Bytes(_) => Kind::Bytes,
            Value::List(_) => Kind::List,
            Value::Map(_) => Kind::Map,
            Value::Timestamp(_) => Kind::Timestamp,
            Value::Duration(_) => Kind::Duration,
            Value::Type(_) => Kind::Type,
        }
    }

    /// The same value, borrowed from this one: nothing is copied.
    pub fn lend(&self) -> Value<'_> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(*value),
            Value::Int(value) => Value::Int(*value),
            Value::Uint(value) => Value::Uint(*value),
            Value::Double(value) => Value::Double(*value),
            Value::Number(text) => Value::Number(Cow::Borrowed(text)),
            Value::Text(text) => Value::Text(Cow::Borrowed(text)),
            Value::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            Value::List(List::Made(items)) => Value::List(List::Slice(items)),
            Value::List(list) => Value::List(list.clone()),
            Value::Map(Map::Made(entries)) => Value::Map(Map::Slice(entries)),
            Value::Map(map) => Value::Map(map.clone()),
            Value::Timestamp(value) => Value::Timestamp(*value),
            Value::Duration(value) => Value::Duration(*value),
            Value::Type(kind) => Value::Type(*kind),
        }
    }

    /// The same value, with everything copied that it borrowed or shared: costs what the value is long.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Int(value) => Value::Int(value),
            Value::Uint(value) => Value::Uint(value),
            Value::Double(value) => Value::Double(value),
            Value::Number(text) => Value::Number(Cow::Owned(text.into_owned())),
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Value::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Value::List(list) => Value::List(List::Made(list.iter().map(Value::into_owned).collect())),
            Value::Map(map) => {
                let mut entries = Vec::with_capacity(map.len());
                map.each(&mut |key, value| entries.push((key.into_owned(), value.into_owned())));
                Value::Map(Map::Made(entries.into()))
            }
            Value::Timestamp(value) => Value::Timestamp(value),
            Value::Duration(value) => Value::Duration(value),
            Value::Type(kind) => Value::Type(kind),
        }
    }
}
