//! Version 2: binary (specification 2.2), with TLVs whose form is checked and whose content is skipped.

use super::crc32c::crc32c;
use super::{Fault, MAX, Origin, Parsed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The fixed part: signature, version and command, family and protocol, length.
const FIXED: usize = 16;

const CRC32C: u8 = 0x03;

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Fault> {
    let start = SIGNATURE.len().min(bytes.len());
    if bytes[..start] != SIGNATURE[..start] {
        return Err(Fault::NotThere);
    }
    let local = match bytes.get(12) {
        None => return Ok(Parsed::Partial),
        Some(0x20) => true,
        Some(0x21) => false,
        Some(_) => return Err(Fault::Command),
    };
    let [family, high, low] = match bytes.get(13..FIXED) {
        Some(&[family, high, low]) => [family, high, low],
        _ => return Ok(Parsed::Partial),
    };
    let length = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if length > MAX {
        return Err(Fault::Length);
    }
    let Some(header) = bytes.get(..length) else { return Ok(Parsed::Partial) };
    if local {
        // Family and block are to be ignored whatever they are.
        return Ok(Parsed::Header { origin: Origin::Connection, length });
    }
    let (origin, used) = origin(family, &header[FIXED..])?;
    // What AF_UNSPEC is followed by has no known form.
    if family != 0x00 {
        check_tlvs(header, FIXED + used)?;
    }
    Ok(Parsed::Header { origin, length })
}

/// Whom the block speaks of, and how many of its bytes are addresses.
fn origin(family: u8, block: &[u8]) -> Result<(Origin, usize), Fault> {
    let at = |range: std::ops::Range<usize>| block.get(range).ok_or(Fault::Length);
    let port = |start: usize| at(start..start + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
    let v4 = |start: usize| at(start..start + 4)?.try_into().map(Ipv4Addr::from_octets).map_err(|_| Fault::Length);
    let v6 = |start: usize| at(start..start + 16)?.try_into().map(Ipv6Addr::from_octets).map_err(|_| Fault::Length);
    let tcp = |source: IpAddr, destination: IpAddr, ports: usize| {
        Ok(Origin::Tcp {
            source: SocketAddr::new(source.to_canonical(), port(ports)?),
            destination: SocketAddr::new(destination.to_canonical(), port(ports + 2)?),
        })
    };
    match family {
        0x00 => Ok((Origin::Connection, 0)),
        0x11 => Ok((tcp(v4(0)?.into(), v4(4)?.into(), 8)?, 12)),
        0x21 => Ok((tcp(v6(0)?.into(), v6(16)?.into(), 32)?, 36)),
        0x31 => at(0..216).map(|_| (Origin::Unix, 216)),
        _ => Err(Fault::Family),
    }
}

/// Each TLV must end where the next begins, and the last where the header ends (2.2.1 to 2.2.7).
fn check_tlvs(header: &[u8], mut at: usize) -> Result<(), Fault> {
    while at < header.len() {
        let &[kind, high, low] = header.get(at..at + 3).ok_or(Fault::Length)? else { return Err(Fault::Length) };
        let value = at + 3;
        at = value + usize::from(u16::from_be_bytes([high, low]));
        let content = header.get(value..at).ok_or(Fault::Length)?;
        if kind == CRC32C {
            let told: [u8; 4] = content.try_into().map_err(|_| Fault::Checksum)?;
            // Counted as if its own four bytes were zeros.
            let computed = crc32c(header[..value].iter().chain(&[0; 4]).chain(&header[at..]));
            if computed != u32::from_be_bytes(told) {
                return Err(Fault::Checksum);
            }
        }
    }
    Ok(())
}
