//! Version 1: one line of text (specification 2.1).

use super::{Fault, Origin, Parsed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const START: &[u8] = b"PROXY ";

/// The longest line that the specification allows, its CRLF included.
const MAX_LINE: usize = 107;

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Fault> {
    let start = START.len().min(bytes.len());
    if bytes[..start] != START[..start] {
        return Err(Fault::NotThere);
    }
    let within = &bytes[..bytes.len().min(MAX_LINE)];
    let Some(end) = within.iter().position(|&b| !(0x20..0x7f).contains(&b)) else {
        return if bytes.len() < MAX_LINE { Ok(Parsed::Partial) } else { Err(Fault::Line) };
    };
    match &within[end..] {
        [b'\r', b'\n', ..] => {}
        [b'\r'] if within.len() < MAX_LINE => return Ok(Parsed::Partial),
        _ => return Err(Fault::Line),
    }
    let line = std::str::from_utf8(&within[start..end]).map_err(|_| Fault::Line)?;
    Ok(Parsed::Header { origin: origin(line).ok_or(Fault::Line)?, length: end + 2 })
}

fn origin(line: &str) -> Option<Origin> {
    let mut words = line.split(' ');
    let family = words.next()?;
    if family == "UNKNOWN" {
        // What follows is to be ignored.
        return Some(Origin::Connection);
    }
    let mut address = || match family {
        "TCP4" => words.next()?.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        "TCP6" => words.next()?.parse::<Ipv6Addr>().ok().map(|ip| ip.to_canonical()),
        _ => None,
    };
    let (source, destination) = (address()?, address()?);
    let mut port = || words.next().and_then(port);
    let (source_port, destination_port) = (port()?, port()?);
    words.next().is_none().then_some(Origin::Tcp {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

/// A decimal number from 0 to 65535 without sign or leading zeros.
fn port(text: &str) -> Option<u16> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    plain.then(|| text.parse().ok()).flatten()
}
