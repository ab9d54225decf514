//! Spans as OTLP has them, with what happened within them and what came of them.

use super::KeyValue;
use prost::{Enumeration, Message};

/// A piece of work: a request, or a part of it.
#[derive(Clone, PartialEq, Message)]
pub struct Span {
    /// The trace: 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    /// The span: 8 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    /// `tracestate`, as it came.
    #[prost(string, tag = "3")]
    pub trace_state: String,
    /// The span that it is a part of: 8 bytes, or none for the first one of a trace.
    #[prost(bytes = "vec", tag = "4")]
    pub parent_span_id: Vec<u8>,
    /// What is done, in few words out of few.
    #[prost(string, tag = "5")]
    pub name: String,
    /// On which side of a call.
    #[prost(enumeration = "SpanKind", tag = "6")]
    pub kind: i32,
    /// When it began, in billionths of a second since 1970.
    #[prost(fixed64, tag = "7")]
    pub start_time_unix_nano: u64,
    /// When it was over.
    #[prost(fixed64, tag = "8")]
    pub end_time_unix_nano: u64,
    /// What is known of it.
    #[prost(message, repeated, tag = "9")]
    pub attributes: Vec<KeyValue>,
    /// What happened within it.
    #[prost(message, repeated, tag = "11")]
    pub events: Vec<Event>,
    /// What came of it.
    #[prost(message, optional, tag = "15")]
    pub status: Option<SpanStatus>,
    /// The flags of W3C Trace Context in the low byte, and [`HAS_IS_REMOTE`], [`IS_REMOTE`].
    #[prost(fixed32, tag = "16")]
    pub flags: u32,
}

/// A flag: whether the parent is another program's is known.
pub const HAS_IS_REMOTE: u32 = 0x100;
/// A flag: it is.
pub const IS_REMOTE: u32 = 0x200;

/// On which side of a call a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub enum SpanKind {
    /// It is not known.
    Unspecified = 0,
    /// On none.
    Internal = 1,
    /// It answers a request.
    Server = 2,
    /// It sends one.
    Client = 3,
}

/// What happened at a moment of a span.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// When, in billionths of a second since 1970.
    #[prost(fixed64, tag = "1")]
    pub time_unix_nano: u64,
    /// What.
    #[prost(string, tag = "2")]
    pub name: String,
    /// What is known of it.
    #[prost(message, repeated, tag = "3")]
    pub attributes: Vec<KeyValue>,
}

/// What came of a span.
#[derive(Clone, PartialEq, Message)]
pub struct SpanStatus {
    /// Why it failed.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Whether it did.
    #[prost(enumeration = "StatusCode", tag = "3")]
    pub code: i32,
}

/// Whether a span failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumeration)]
#[repr(i32)]
pub enum StatusCode {
    /// Nobody says that it did.
    Unset = 0,
    /// It certainly did not.
    Ok = 1,
    /// It did.
    Error = 2,
}
