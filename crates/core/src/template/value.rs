//! What an expression works on and gives. A value borrows from the request, from the configuration, or owns what
//! it made.

use std::borrow::Cow;
use std::fmt;

pub use super::collections::{Entries, Items, List, Map};
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
