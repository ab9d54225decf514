//! A request to a collector, around spans that are encoded already: fields of protobuf stand one after another, so what
//! workers wrote goes out as it is.

use crate::otlp::messages::Scope;
use crate::otlp::messages::trace::Span;
use prost::Message;
use prost::encoding::{WireType, decode_varint, encode_key, encode_varint};

/// The version of the conventions that attributes follow.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.37.0";

/// `ScopeSpans.spans`.
const SPANS: u32 = 2;

/// Appends a span as its place in `ScopeSpans` wants it.
pub(super) fn append(out: &mut Vec<u8>, span: &Span) {
    encode_key(SPANS, WireType::LengthDelimited, out);
    // Room for what is written is made as it is needed.
    span.encode_length_delimited(out).expect("a vector grows");
}

/// Spans as parts of at most about `most` bytes, with how many there are in each.
pub(super) fn split(mut spans: &[u8], most: usize) -> impl Iterator<Item = (&[u8], u64)> {
    std::iter::from_fn(move || {
        let (mut end, mut count) = (0, 0);
        while end < most && end < spans.len() {
            end += length(&spans[end..])?;
            count += 1;
        }
        let (part, rest) = spans.split_at_checked(end)?;
        spans = rest;
        (count > 0).then_some((part, count))
    })
}

/// How many bytes the first span takes, with what stands before it.
fn length(spans: &[u8]) -> Option<usize> {
    // The key is one byte.
    let mut rest = spans.get(1..)?;
    let length = decode_varint(&mut rest).ok()?;
    Some(spans.len() - rest.len() + length as usize)
}

/// `ExportTraceServiceRequest` of an encoded resource and spans.
pub(super) fn of(resource: &[u8], spans: &[u8]) -> Vec<u8> {
    // Of `ScopeSpans`: the scope, the spans, the schema.
    let mut scope = Vec::new();
    put(&mut scope, 1, &Scope::own().encode_to_vec());
    let mut schema = Vec::new();
    put(&mut schema, 3, SCHEMA.as_bytes());
    // Of `ResourceSpans`: the resource, the scope's.
    let mut head = Vec::new();
    put(&mut head, 1, resource);
    begin(&mut head, 2, scope.len() + spans.len() + schema.len());
    head.extend_from_slice(&scope);
    let mut request = Vec::with_capacity(head.len() + spans.len() + schema.len() + 8);
    begin(&mut request, 1, head.len() + spans.len() + schema.len());
    for part in [&head, spans, &schema] {
        request.extend_from_slice(part);
    }
    request
}

fn put(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    begin(out, tag, value.len());
    out.extend_from_slice(value);
}

fn begin(out: &mut Vec<u8>, tag: u32, length: usize) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
}
