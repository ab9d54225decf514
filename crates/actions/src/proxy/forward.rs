//! What every request gets on its way to a service, and what stays behind: who asked, by which way, and under which
//! identity (RFC 9110 7.6, RFC 7239, W3C Trace Context).
//!
//! What nobody trusted sent of these fields is gone before (`trusted_proxies`).

use pintle_core::{
    Client, Exchange, Fields, Method, Reason, Refusal, Request, Response, StatusCode, Version, grpc, instance, names,
};
use std::io::Write;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Instant;

/// Changes the request's fields in place for the service.
pub(super) fn prepare(exchange: &mut Exchange) {
    let Exchange { request, client, id, trace, deadline, .. } = exchange;
    let fields = &mut request.fields;
    if let Some(deadline) = deadline
        && fields.contains(names::GRPC_TIMEOUT)
    {
        // What is left of it; the route's own time may be less.
        fields.set(names::GRPC_TIMEOUT, grpc::timeout_text(deadline.saturating_duration_since(Instant::now())));
    }
    let takes_trailers = fields.list(names::TE).any(|member| member.eq_ignore_ascii_case(b"trailers"));
    let before = fields.joined(names::X_FORWARDED_FOR).map(std::borrow::Cow::into_owned);
    fields.retain(|name, _| {
        // What the gateway writes itself, and what is for the next hop alone.
        !(name == names::X_FORWARDED_FOR
            || name == names::X_FORWARDED_PROTO
            || name == names::X_FORWARDED_HOST
            || name == names::X_REQUEST_ID
            || name == names::TE
            || name == names::PROXY_AUTHORIZATION
            || trace.replaces(name))
    });
    forwarded(fields, client, before);
    fields.append(names::X_FORWARDED_PROTO, request.scheme.as_str());
    if !request.target.authority().is_empty() {
        fields.append(names::X_FORWARDED_HOST, request.target.authority());
    }
    fields.append(names::X_REQUEST_ID, id.as_bytes());
    trace.append(fields, 1);
    if takes_trailers {
        fields.append(names::TE, "trailers");
    }
    fields.append(names::VIA, via(request.version));
}

/// X-Forwarded-For with the peer behind those before it. `Forwarded` (RFC 7239) gets the peer too where a trusted proxy
/// sent it, so that the two agree; where that proxy sent no X-Forwarded-For, this one begins with the client.
fn forwarded(fields: &mut Fields, client: &Client, before: Option<Vec<u8>>) {
    let peer = client.peer.map(|peer| peer.ip().to_canonical());
    let mut text = [0; 48];
    match (before, peer) {
        (Some(mut list), Some(peer)) => {
            list.extend_from_slice(b", ");
            list.extend_from_slice(written(peer, &mut text));
            fields.append(names::X_FORWARDED_FOR, list);
        }
        // A peer without an address (a unix socket) adds none.
        (Some(list), None) => fields.append(names::X_FORWARDED_FOR, list),
        (None, Some(peer)) if peer != client.ip => {
            let mut list = written(client.ip, &mut text).to_vec();
            list.extend_from_slice(b", ");
            list.extend_from_slice(written(peer, &mut text));
            fields.append(names::X_FORWARDED_FOR, list);
        }
        (None, _) => fields.append(names::X_FORWARDED_FOR, written(client.ip, &mut text)),
    }
    if let Some(peer) = peer
        && fields.contains(names::FORWARDED)
    {
        let element = if peer.is_ipv6() { format!("for=\"[{peer}]\"") } else { format!("for={peer}") };
        fields.append(names::FORWARDED, element);
    }
}

/// The address as text, without an allocation; IPv4 without the formatter, as nearly every request has one.
fn written(ip: IpAddr, text: &mut [u8; 48]) -> &[u8] {
    if let IpAddr::V4(ip) = ip {
        let mut end = 0;
        for (index, octet) in ip.octets().into_iter().enumerate() {
            if index > 0 {
                text[end] = b'.';
                end += 1;
            }
            for (divisor, least) in [(100, 100), (10, 10), (1, 0)] {
                if octet >= least {
                    text[end] = b'0' + octet / divisor % 10;
                    end += 1;
                }
            }
        }
        return &text[..end];
    }
    let mut rest = &mut text[..];
    // The longest address has 45 characters.
    let _ = write!(rest, "{ip}");
    let left = rest.len();
    &text[..48 - left]
}

/// The member that this gateway adds to Via: the version by which it got the request, and its pseudonym.
fn via(version: Version) -> &'static str {
    static TEXTS: OnceLock<[String; 3]> = OnceLock::new();
    let versions = [Version::Http10, Version::Http11, Version::Http2];
    let texts = TEXTS.get_or_init(|| versions.map(|version| format!("{} {}", version.as_str(), instance())));
    &texts[versions.iter().position(|known| *known == version).unwrap_or(0)]
}

/// Counts Max-Forwards down (RFC 9110 7.6.2, for OPTIONS and TRACE alone). Where it is used up, the gateway is the last
/// to get the request and answers by itself; it does not reflect TRACE, which would show fields that others added.
pub(super) fn last_hop(request: &mut Request) -> Result<Option<Response>, Refusal> {
    if !matches!(request.method, Method::OPTIONS | Method::TRACE) {
        return Ok(None);
    }
    let left = request.fields.get_str(names::MAX_FORWARDS).and_then(|value| value.parse::<u32>().ok());
    match left {
        None => Ok(None),
        Some(0) if request.method == Method::TRACE => {
            Err(Refusal::new(Reason::NotImplemented).detail("TRACE is not answered."))
        }
        Some(0) => Ok(Some(Response::new(StatusCode::NO_CONTENT))),
        Some(left) => {
            request.fields.set(names::MAX_FORWARDS, (left - 1).to_string());
            Ok(None)
        }
    }
}
