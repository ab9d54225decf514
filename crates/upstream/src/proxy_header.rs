//! The PROXY protocol towards services: the header that tells them who the client is, before all else on a connection.
//! Grammar and numbers are those of <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>.

use pintle_core::config::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The version of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum ProxyHeader {
    /// A line of text: addresses and ports alone.
    V1,
    /// The binary form, with the server name of TLS and the request's id.
    V2,
}

/// Whom a connection is made for.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The client's address; none where it came over a unix socket.
    pub source: Option<SocketAddr>,
    /// The address that it connected to.
    pub destination: Option<SocketAddr>,
    /// The server name that it asked for by TLS.
    pub server_name: Option<&'a str>,
    /// The id of the request or connection.
    pub id: &'a str,
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2 with the command LOCAL: the connection is the gateway's own.
const LOCAL: u8 = 0x20;
/// Version 2 with the command PROXY.
const PROXY: u8 = 0x21;
const UNSPECIFIED: u8 = 0x00;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const AUTHORITY: u8 = 0x02;
const UNIQUE_ID: u8 = 0x05;
/// The longest id (2.2.5).
const ID: usize = 128;

impl ProxyHeader {
    /// The header for a connection; without a caller it is the gateway's own.
    pub(crate) fn bytes(self, caller: Option<&Caller<'_>>) -> Vec<u8> {
        match self {
            ProxyHeader::V1 => line(caller.and_then(addresses)),
            ProxyHeader::V2 => binary(caller),
        }
    }
}

/// Source and destination, both of one family: where they differ the IPv4 one is mapped.
fn addresses(caller: &Caller<'_>) -> Option<(SocketAddr, SocketAddr)> {
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let source = plain(caller.source?);
    let nowhere = || match source.ip() {
        IpAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        IpAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let destination = caller.destination.map_or_else(nowhere, plain);
    let mapped = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::from((ip.to_ipv6_mapped(), address.port())),
        IpAddr::V6(_) => address,
    };
    Some(match source.is_ipv4() == destination.is_ipv4() {
        true => (source, destination),
        false => (mapped(source), mapped(destination)),
    })
}

fn line(addresses: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    let Some((source, destination)) = addresses else { return b"PROXY UNKNOWN\r\n".to_vec() };
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (source.ip(), destination.ip());
    format!("PROXY {family} {from} {to} {} {}\r\n", source.port(), destination.port()).into_bytes()
}

fn binary(caller: Option<&Caller<'_>>) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    let Some(caller) = caller else {
        out.extend_from_slice(&[LOCAL, UNSPECIFIED, 0, 0]);
        return out;
    };
    out.push(PROXY);
    let mut rest = Vec::new();
    match addresses(caller) {
        None => out.push(UNSPECIFIED),
        Some((source, destination)) => {
            out.push(if source.is_ipv4() { TCP4 } else { TCP6 });
            for address in [source, destination] {
                match address.ip() {
                    IpAddr::V4(ip) => rest.extend_from_slice(&ip.octets()),
                    IpAddr::V6(ip) => rest.extend_from_slice(&ip.octets()),
                }
            }
            rest.extend_from_slice(&source.port().to_be_bytes());
            rest.extend_from_slice(&destination.port().to_be_bytes());
        }
    }
    let name = caller.server_name.map(|name| (AUTHORITY, name.as_bytes()));
    let id = caller.id.as_bytes();
    for (kind, value) in name.into_iter().chain([(UNIQUE_ID, &id[..id.len().min(ID)])]) {
        // Neither is longer than 255.
        let Ok(length) = u16::try_from(value.len()) else { continue };
        rest.push(kind);
        rest.extend_from_slice(&length.to_be_bytes());
        rest.extend_from_slice(value);
    }
    out.extend_from_slice(&(rest.len() as u16).to_be_bytes());
    out.extend_from_slice(&rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller<'a>(source: &str, destination: &str) -> Caller<'a> {
        let (source, destination) = (source.parse().ok(), destination.parse().ok());
        Caller { source, destination, server_name: None, id: "i" }
    }

    fn text(source: &str, destination: &str) -> String {
        String::from_utf8(ProxyHeader::V1.bytes(Some(&caller(source, destination)))).unwrap()
    }

    // 2.1
    #[test]
    fn version_1_is_a_line_with_both_addresses_of_one_family() {
        assert_eq!(text("203.0.113.9:1", "192.0.2.1:443"), "PROXY TCP4 203.0.113.9 192.0.2.1 1 443\r\n");
        assert_eq!(text("[::ffff:203.0.113.9]:1", "192.0.2.1:443"), "PROXY TCP4 203.0.113.9 192.0.2.1 1 443\r\n");
        assert_eq!(text("[2001:db8::9]:1", "[::1]:443"), "PROXY TCP6 2001:db8::9 ::1 1 443\r\n");
        assert_eq!(text("203.0.113.9:1", "[::1]:443"), "PROXY TCP6 ::ffff:203.0.113.9 ::1 1 443\r\n");
        assert_eq!(text("203.0.113.9:1", ""), "PROXY TCP4 203.0.113.9 0.0.0.0 1 0\r\n");
        assert_eq!(text("", "192.0.2.1:443"), "PROXY UNKNOWN\r\n");
        assert_eq!(ProxyHeader::V1.bytes(None), b"PROXY UNKNOWN\r\n");
    }

    // 2.2
    #[test]
    fn version_2_has_addresses_and_what_else_is_known() {
        let named = Caller { server_name: Some("a.test"), id: "42", ..caller("203.0.113.9:258", "192.0.2.1:443") };
        let expected = [
            &SIGNATURE[..],
            &[0x21, 0x11, 0, 12 + 9 + 5, 203, 0, 113, 9, 192, 0, 2, 1, 1, 2, 1, 187],
            b"\x02\0\x06a.test\x05\0\x0242",
        ]
        .concat();
        assert_eq!(ProxyHeader::V2.bytes(Some(&named)), expected);
        let six = ProxyHeader::V2.bytes(Some(&caller("[::1]:1", "[::2]:2")));
        assert_eq!((six[13], six[15], six.len()), (0x21, 36 + 4, 16 + 36 + 4));
        let unix = ProxyHeader::V2.bytes(Some(&caller("", "")));
        assert_eq!(unix[12..], *b"\x21\0\0\x04\x05\0\x01i");
        assert_eq!(ProxyHeader::V2.bytes(None), [&SIGNATURE[..], &[0x20, 0, 0, 0]].concat());
    }
}
