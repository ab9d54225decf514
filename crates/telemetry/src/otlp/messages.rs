//! The messages of OTLP that are sent and read (github.com/open-telemetry/opentelemetry-proto, 1.x): those of one signal
//! are in a file of its own, here are the ones that all have in common. Fields that nobody sets here are left out.

pub mod metrics;
#[cfg(test)]
mod tests;
pub mod trace;

use prost::{Message, Oneof};

/// A value of any type.
#[derive(Clone, PartialEq, Message)]
pub struct AnyValue {
    /// The value; none is the empty one.
    #[prost(oneof = "Value", tags = "1, 2, 3, 4, 5")]
    pub value: Option<Value>,
}

/// What a value can be.
#[derive(Clone, PartialEq, Oneof)]
pub enum Value {
    /// A text.
    #[prost(string, tag = "1")]
    Text(String),
    /// Yes or no.
    #[prost(bool, tag = "2")]
    Bool(bool),
    /// A whole number.
    #[prost(int64, tag = "3")]
    Int(i64),
    /// A number.
    #[prost(double, tag = "4")]
    Double(f64),
    /// Several of them.
    #[prost(message, tag = "5")]
    List(ListValue),
}

/// Several values.
#[derive(Clone, PartialEq, Message)]
pub struct ListValue {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<AnyValue>,
}

/// An attribute.
#[derive(Clone, PartialEq, Message)]
pub struct KeyValue {
    /// Its name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Its value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

impl KeyValue {
    /// An attribute of that name.
    pub fn new(key: &str, value: Value) -> Self {
        KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
    }

    /// An attribute that is a text.
    pub fn text(key: &str, value: &str) -> Self {
        KeyValue::new(key, Value::Text(value.to_owned()))
    }

    /// An attribute that is a whole number.
    pub fn int(key: &str, value: i64) -> Self {
        KeyValue::new(key, Value::Int(value))
    }
}

/// Who tells something.
#[derive(Clone, PartialEq, Message)]
pub struct Resource {
    /// What it is: `service.name` and the like.
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<KeyValue>,
}

/// By which library.
#[derive(Clone, PartialEq, Message)]
pub struct Scope {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its version.
    #[prost(string, tag = "2")]
    pub version: String,
}

impl Scope {
    /// This program.
    pub fn own() -> Self {
        Scope { name: "pintle".into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// The answer to a request that was taken: `Export…ServiceResponse`, which has the same form for each signal.
#[derive(Clone, PartialEq, Message)]
pub struct Exported {
    /// What was not taken of it.
    #[prost(message, optional, tag = "1")]
    pub partial_success: Option<PartialSuccess>,
}

/// What was not taken.
#[derive(Clone, PartialEq, Message)]
pub struct PartialSuccess {
    /// How many spans, or points of metrics.
    #[prost(int64, tag = "1")]
    pub rejected: i64,
    /// Why; a warning, where nothing was rejected.
    #[prost(string, tag = "2")]
    pub message: String,
}

/// `google.rpc.Status`: why a request was not taken.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// A status of gRPC.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// Why, for people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Why, for programs.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Detail>,
}

/// `google.protobuf.Any`: a message with its type.
#[derive(Clone, PartialEq, Message)]
pub struct Detail {
    /// Its type, after a `/`.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The message.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `google.rpc.RetryInfo`: that the request may be sent again, and when.
#[derive(Clone, PartialEq, Message)]
pub struct RetryInfo {
    /// After how long.
    #[prost(message, optional, tag = "1")]
    pub delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
pub struct Delay {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// And billionths.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}
