//! What every request gets on its way to a service, and what stays behind: who asked, by which way, and under which
//! identity (RFC 9110 7.6, RFC 7239, W3C Trace Context).
//!
//! What nobody trusted sent of these fields is gone before (`trusted_proxies`).

use pintle_core::{
    Client, Exchange, Fields, Method, Name, Reason, Refusal, Request, Response, Scheme, StatusCode, Trace, Version,
    grpc, instance, names,
};
use pintle_upstream::Caller;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Instant;

/// What a service is told of the request that it is asked for.
pub(crate) struct About<'a> {
    pub(crate) client: &'a Client,
    pub(crate) id: &'a str,
    pub(crate) trace: &'a Trace,
    pub(crate) scheme: Scheme,
    pub(crate) authority: &'a str,
    pub(crate) version: Version,
}

/// Changes the request's fields in place for the service.
pub(crate) fn prepare(exchange: &mut Exchange) {
    let Exchange { request, client, id, trace, deadline, .. } = exchange;
    let fields = &mut request.fields;
    if let Some(deadline) = deadline
        && fields.contains(names::GRPC_TIMEOUT)
    {
        // What is left of it; the route's own time may be less.
        fields.set(names::GRPC_TIMEOUT, grpc::timeout_text(deadline.saturating_duration_since(Instant::now())));
    }
    let takes_trailers = fields.list(names::TE).any(|member| member.eq_ignore_ascii_case(b"trailers"));
    let before = before(fields);
    fields.retain(|name, _| !is_own(name, trace) && name != names::TE && name != names::PROXY_AUTHORIZATION);
    let (scheme, authority, version) = (request.scheme, request.target.authority(), request.version);
    About { client, id, trace, scheme, authority, version }.tell(fields, before);
    if takes_trailers {
        fields.append(names::TE, "trailers");
    }
}

/// What came as X-Forwarded-For.
pub(crate) fn before(fields: &Fields) -> Option<Vec<u8>> {
    fields.joined(names::X_FORWARDED_FOR).map(std::borrow::Cow::into_owned)
}

/// Whether the gateway writes that field itself.
pub(crate) fn is_own(name: Name<'_>, trace: &Trace) -> bool {
    name == names::X_FORWARDED_FOR
        || name == names::X_FORWARDED_PROTO
        || name == names::X_FORWARDED_HOST
        || name == names::X_REQUEST_ID
        || trace.replaces(name)
}

impl About<'_> {
    /// Adds it to fields that hold none of it; `before` is the X-Forwarded-For that came.
    pub(crate) fn tell(&self, fields: &mut Fields, before: Option<Vec<u8>>) {
        forwarded(fields, self.client, before);
        fields.append(names::X_FORWARDED_PROTO, self.scheme.as_str());
        if !self.authority.is_empty() {
            fields.append(names::X_FORWARDED_HOST, self.authority);
        }
        fields.append(names::X_REQUEST_ID, self.id.as_bytes());
        self.trace.append(fields, 1);
        fields.append(names::VIA, via(self.version));
    }
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
pub(crate) fn last_hop(request: &mut Request) -> Result<Option<Response>, Refusal> {
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

/// Whom the request is for, as the PROXY protocol tells it.
pub(crate) fn caller<'a>(client: &'a Client, id: &'a str) -> Caller<'a> {
    let is_known = client.peer.is_some() || client.peer_is_trusted;
    Caller {
        source: is_known.then(|| SocketAddr::new(client.ip, client.port)),
        destination: client.local,
        server_name: client.tls.as_ref().and_then(|tls| tls.server_name.as_deref()),
        id,
    }
}
