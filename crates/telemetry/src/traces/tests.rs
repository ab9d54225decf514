use super::request::{append, of, split};
use crate::otlp::messages::trace::Span;
use prost::Message;

fn span(name: &str) -> Span {
    Span { name: name.into(), ..Span::default() }
}

/// `ExportTraceServiceRequest`, read by messages that say the same in another way.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<Resources>,
}

#[derive(Clone, PartialEq, Message)]
struct Resources {
    #[prost(message, optional, tag = "1")]
    resource: Option<crate::otlp::messages::Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<Scopes>,
}

#[derive(Clone, PartialEq, Message)]
struct Scopes {
    #[prost(message, optional, tag = "1")]
    scope: Option<crate::otlp::messages::Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
    #[prost(string, tag = "3")]
    schema: String,
}

#[test]
fn a_request_is_its_spans_with_whose_they_are() {
    let mut spans = Vec::new();
    let names: Vec<String> = (0..200).map(|number| "x".repeat(number)).collect();
    names.iter().for_each(|name| append(&mut spans, &span(name)));
    let resource = crate::otlp::messages::Resource {
        attributes: vec![crate::otlp::messages::KeyValue::text("service.name", "edge")],
    };
    let read = Request::decode(&*of(&resource.encode_to_vec(), &spans)).expect("a request");
    let [Resources { resource: Some(told), scopes }] = &*read.resources else { panic!("{read:?}") };
    assert_eq!(*told, resource);
    assert_eq!((scopes[0].scope.as_ref().expect("a scope").name.as_str(), scopes.len()), ("pintle", 1));
    assert!(scopes[0].schema.starts_with("https://opentelemetry.io/schemas/"));
    assert_eq!(scopes[0].spans.iter().map(|span| &span.name).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
}

#[test]
fn parts_end_where_spans_do() {
    let mut spans = Vec::new();
    for length in [0, 1, 100, 300, 20_000, 5] {
        append(&mut spans, &span(&"x".repeat(length)));
    }
    for most in [1, 50, 500, 1_000_000] {
        let parts: Vec<_> = split(&spans, most).collect();
        assert_eq!(parts.iter().map(|(_, count)| count).sum::<u64>(), 6, "{most}");
        assert_eq!(parts.concat_all(), spans, "{most}");
    }
    assert_eq!(split(&[], 10).count(), 0);
}

trait Concat {
    fn concat_all(&self) -> Vec<u8>;
}

impl Concat for Vec<(&[u8], u64)> {
    fn concat_all(&self) -> Vec<u8> {
        self.iter().flat_map(|(part, _)| part.iter().copied()).collect()
    }
}
