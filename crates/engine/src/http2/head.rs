//! Heads over HTTP/2: a stream's request read into our words, with the checks that `h2` leaves to its user, and an
//! answer's head in the words of `h2`.

use crate::request::Head;
use crate::runtime::Limits;
use h2::RecvStream;
use http::request::Parts;
use pintle_core::body::Whose;
use pintle_core::{Body, Fields, Method, Protocol, Reason, Refusal, StatusCode, Version, names};
use pintle_http1::Host;
use pintle_http1::websocket::new_key;
use pintle_http2::body::Incoming;
use pintle_http2::head::{map_of, request_fields_of};

pub(super) fn head_of(status: StatusCode, fields: &Fields) -> http::Response<()> {
    let mut head = http::Response::new(());
    *head.status_mut() = status;
    *head.headers_mut() = map_of(fields);
    head
}

pub(super) fn body_of(parts: &Parts, stream: RecvStream, protocol: Option<Protocol>, limits: &Limits) -> Body {
    if protocol.is_some() {
        // A tunnel may be silent in one direction for as long as it likes; the other side's idle time is for both.
        return Body::stream(Incoming::new(stream, Whose::Client, None), None);
    }
    if stream.is_end_stream() {
        return Body::Empty;
    }
    let length = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // A call of gRPC is as a tunnel: who streams may have nothing to say.
    let wait = (!is_grpc(parts)).then_some(limits.body_timeout);
    Body::stream(Incoming::new(stream, Whose::Client, wait), length)
}

/// Checks what `h2` leaves to its user (RFC 9113 8.2, 8.3) and takes the head over.
///
/// An extended CONNECT for a WebSocket (RFC 8441) becomes the GET that it stands for, with a key as over HTTP/1.1: from
/// here on there is one form of it.
pub(super) fn read<'a>(parts: &'a Parts, stream: &RecvStream, limits: &Limits) -> Result<Head<'a>, Refusal> {
    let malformed = |detail: &'static str| Refusal::new(Reason::BadRequest).detail(detail);
    if parts.headers.len() > limits.header_count {
        return Err(Reason::FieldsTooLarge.into());
    }
    let protocol = protocol_of(parts);
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let mut fields = request_fields_of(&first_lines(parts, authority, protocol), &parts.headers).map_err(malformed)?;
    let host = fields.get(names::HOST).map(<[u8]>::to_vec);
    if fields.get_all(names::HOST).nth(1).is_some() {
        return Err(malformed("several Host fields (RFC 9110 7.2)"));
    }
    let authority = match (authority, &host) {
        (Some(authority), Some(host)) if !host.eq_ignore_ascii_case(authority.as_bytes()) => {
            return Err(malformed("`:authority` and Host differ (RFC 9113 8.3.1)"));
        }
        (Some(authority), _) => authority.as_bytes(),
        (None, Some(host)) => host,
        (None, None) => return Err(malformed("neither `:authority` nor Host (RFC 9113 8.3.1)")),
    };
    let authority = Host::parse(authority).ok_or(malformed("`:authority` is no host with an optional port"))?;
    if (parts.method != Method::CONNECT || protocol.is_some())
        && !matches!(parts.uri.scheme_str(), Some("http" | "https"))
    {
        return Err(malformed("`:scheme` is neither http nor https (RFC 9113 8.3.1)"));
    }
    fields.remove(names::HOST);
    fields.remove(names::CONTENT_LENGTH);
    if let Some(query) = parts.uri.query()
        && !query.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(malformed("the query holds bytes that must be encoded (RFC 3986 3.4)"));
    }
    if fields.list(names::EXPECT).any(|expected| !expected.eq_ignore_ascii_case(b"100-continue")) {
        return Err(Reason::ExpectationFailed.into());
    }
    if parts.uri.path() == "*" && parts.method != Method::OPTIONS {
        return Err(malformed("`*` is a target of OPTIONS alone (RFC 9113 8.3.1)"));
    }
    if protocol.is_some() {
        if stream.is_end_stream() {
            return Err(malformed("a WebSocket on a stream that is over (RFC 8441 5)"));
        }
        fields.remove(names::EXPECT);
        fields.set(names::SEC_WEBSOCKET_KEY, new_key());
        return Ok(Head {
            method: Method::GET,
            path: parts.uri.path(),
            query: parts.uri.query(),
            host: authority.host().to_owned().into(),
            port: authority.port(),
            version: Version::Http2,
            fields,
            protocol,
        });
    }
    Ok(Head {
        method: parts.method.clone(),
        path: if parts.method == Method::CONNECT { "/" } else { parts.uri.path() },
        query: parts.uri.query(),
        host: authority.host().to_owned().into(),
        port: authority.port(),
        version: Version::Http2,
        fields,
        protocol: None,
    })
}

/// What stands first in the same head over HTTP/1.1, for whoever asks later what came.
fn first_lines<'a>(parts: &'a Parts, authority: Option<&'a str>, protocol: Option<Protocol>) -> [&'a str; 6] {
    let method = if protocol.is_some() { Method::GET.as_str() } else { parts.method.as_str() };
    let target = match parts.uri.path_and_query() {
        Some(target) if parts.method != Method::CONNECT || protocol.is_some() => target.as_str(),
        _ => authority.unwrap_or("/"),
    };
    // Without an authority the Host among the fields is one.
    let host = authority.or_else(|| parts.headers.get(http::header::HOST)?.to_str().ok()).unwrap_or_default();
    let upgrade = if protocol.is_some() { "\r\nconnection: upgrade\r\nupgrade: websocket\r\n" } else { "\r\n" };
    [method, " ", target, " HTTP/1.1\r\nhost: ", host, upgrade]
}

/// What an extended CONNECT asks for, where that is served.
fn protocol_of(parts: &Parts) -> Option<Protocol> {
    let asked = parts.extensions.get::<h2::ext::Protocol>().filter(|_| parts.method == Method::CONNECT)?;
    (asked.as_str() == "websocket").then_some(Protocol::WebSocket)
}

fn is_grpc(parts: &Parts) -> bool {
    parts.headers.get(http::header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}
