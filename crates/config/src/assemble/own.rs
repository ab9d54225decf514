//! The addresses of the gateway itself, which no service may stand at: a request would come back to where it came from,
//! or clients would reach what is for operators alone.

use crate::document::Document;
use crate::maybe::Maybe;
use pintle_core::config::{Diagnostic, Reader, Span};
use pintle_engine::socket::Address;
use pintle_upstream::{Address as Place, UpstreamConfig};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The gateway's own addresses, with what each of them is.
pub(super) struct Own<'a>(Vec<(&'a Address, &'static str)>);

impl<'a> Own<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let listeners = document.listeners.iter().filter_map(Maybe::get).flat_map(|listener| listener.address.iter());
        let listeners = listeners.map(|address| (&address.value, "an address that this gateway listens on"));
        let admin = document.admin.iter().map(|admin| (&admin.address.value, "the gateway's own admin address"));
        Own(listeners.chain(admin).collect())
    }

    /// Reports a service that stands at one of them.
    pub(super) fn check(&self, place: &Place, span: &Span, reader: &mut Reader) {
        let Some((_, what)) = self.0.iter().find(|(own, _)| reaches(place, own)) else { return };
        let help =
            "a service has an address of its own; to send a request on inside the gateway, give its route the action";
        reader.report(Diagnostic::error("own-address", format!("{place} is {what}"), span).help(help));
    }

    /// Reports each endpoint that stands at one of them.
    pub(super) fn check_all(&self, upstream: &UpstreamConfig, reader: &mut Reader) {
        for endpoint in &upstream.endpoints {
            let (place, span) = endpoint.place();
            self.check(place, span, reader);
        }
    }
}

/// Whether who connects to `place` certainly comes out at `own`.
fn reaches(place: &Place, own: &Address) -> bool {
    let (host, port) = match (place, own) {
        (Place::Unix(path), Address::Unix(own)) => return path == own,
        (Place::Host { host, port }, Address::Tcp(_)) => (host, *port),
        _ => return false,
    };
    let Some(own) = own.tcp().filter(|own| own.port() == port) else { return false };
    let candidates: &[IpAddr] = match (host.as_str(), host.parse::<IpAddr>()) {
        ("localhost", _) => &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
        (_, Ok(ip)) => &[ip.to_canonical()],
        (_, Err(_)) => &[],
    };
    candidates.iter().any(|ip| comes_out_at(*ip, own))
}

fn comes_out_at(ip: IpAddr, own: SocketAddr) -> bool {
    // Who connects to 0.0.0.0 or [::] reaches loopback.
    let ip = match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    ip == own.ip() || (own.ip().is_unspecified() && ip.is_loopback() && ip.is_ipv4() == own.is_ipv4())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_an_own_address() {
        let reaches = |place: &str, own: &str| {
            reaches(&Place::parse(place, None).unwrap(), &own.parse().unwrap_or_else(|error| panic!("{error}")))
        };
        for (place, own) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("127.0.0.2:8080", "0.0.0.0:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("localhost:8080", "[::]:8080"),
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::1]:8080", "[::]:8080"),
            ("[::ffff:127.0.0.1]:8080", "127.0.0.1:8080"),
            ("unix:/run/a.sock", "unix:/run/a.sock"),
        ] {
            assert!(reaches(place, own), "{place} {own}");
        }
        for (place, own) in [
            ("127.0.0.1:8081", "127.0.0.1:8080"),
            ("127.0.0.1:8080", "127.0.0.2:8080"),
            ("127.0.0.1:8080", "[::]:8080"),
            ("127.0.0.1:8080", "127.0.0.1:0"),
            ("192.0.2.1:8080", "0.0.0.0:8080"),
            ("orders:8080", "0.0.0.0:8080"),
            ("unix:/run/a.sock", "unix:/run/b.sock"),
        ] {
            assert!(!reaches(place, own), "{place} {own}");
        }
    }
}
