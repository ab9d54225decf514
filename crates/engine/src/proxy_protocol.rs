//! The PROXY protocol, versions 1 and 2: a load balancer's word on who is at the other end of a connection.
//!
//! Owns the grammar of <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt> ("the specification" below) and
//! reading one header off a fresh connection. Does not know which peers must send one: that is the listener's.
//! Stricter than the specification asks: whatever could be read in two ways is a fault.

mod crc32c;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use pintle_core::config::{Network, Read};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;

/// The most bytes that a header may have. The specification allows version 2 64 KiB; what is sent stays far below
/// this, client certificates (`PP2_SUBTYPE_SSL_CLIENT_CERT`) included.
pub const MAX: usize = 4096;

/// The client's address as a load balancer tells it at the beginning of a connection.
///
/// ```yaml
/// listeners:
///   - address: 127.0.0.1:8080
///     proxy_protocol: {from: [10.1.0.0/16, 192.0.2.7]}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(called = "proxy_protocol")]
pub struct ProxyProtocolConfig {
    /// The peers that must send the header. Others are read as plain: a header of theirs is a malformed request.
    pub from: Vec<Network>,
}

impl ProxyProtocolConfig {
    /// Whether a connection from there begins with a header.
    pub fn expects(&self, peer: IpAddr) -> bool {
        self.from.iter().any(|network| network.contains(peer))
    }
}

/// Whom a header speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The sender itself (`LOCAL`: health checks), or nobody that can be named (`UNKNOWN`, `AF_UNSPEC`): the addresses
    /// of the connection hold.
    Connection,
    /// A connection over TCP. IPv4 addresses mapped into IPv6 come out as IPv4.
    Tcp {
        /// Who made it.
        source: SocketAddr,
        /// Where to.
        destination: SocketAddr,
    },
    /// A connection over a unix socket of the sender's machine: there is no address to tell.
    Unix,
}

/// What the bytes at the start of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A header, and how many bytes it takes. What follows belongs to the connection.
    Header {
        /// Whom it speaks of.
        origin: Origin,
        /// Its length in bytes, at most [`MAX`].
        length: usize,
    },
    /// The beginning of one: every byte so far belongs to the header.
    Partial,
}

/// Why bytes are no acceptable header. The connection is to be closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// They begin with neither version's signature.
    NotThere,
    /// A line of version 1 that breaks the grammar, or is over 107 bytes (2.1).
    Line,
    /// A version or command that does not exist (2.2).
    Command,
    /// A family or protocol that does not exist or is no stream (2.2).
    Family,
    /// Addresses or a TLV that do not fit into the length (2.2), or more than [`MAX`] bytes.
    Length,
    /// A wrong CRC32C (2.2.3).
    Checksum,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NotThere => "no PROXY protocol header, though the peer is one of proxy_protocol.from",
            Fault::Line => "a malformed PROXY protocol line",
            Fault::Command => "an unknown version or command of the PROXY protocol",
            Fault::Family => "an unknown address family in the PROXY protocol header, or one that is no stream",
            Fault::Length => "a PROXY protocol header whose length is wrong or over 4096 bytes",
            Fault::Checksum => "a PROXY protocol header with a wrong checksum",
        })
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, fault)
    }
}

/// Reads the header that `bytes` begin with.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Fault> {
    match bytes.first() {
        None => Ok(Parsed::Partial),
        Some(b'P') => v1::parse(bytes),
        Some(_) => v2::parse(bytes),
    }
}

/// Takes the header off a fresh connection, and not a byte more. Cancelling it loses what was read: the connection is
/// then of no use. The caller bounds the time.
pub async fn receive(stream: &TcpStream) -> io::Result<Origin> {
    let mut buffer = Vec::new();
    loop {
        let before = buffer.len();
        buffer.resize((before + 256).min(MAX), 0);
        // What is only looked at at first can be left to whoever comes after the header.
        let seen = stream.peek(&mut buffer[before..]).await?;
        if seen == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.truncate(before + seen);
        match parse(&buffer)? {
            Parsed::Header { origin, length } => {
                take(stream, &mut buffer[before..length])?;
                return Ok(origin);
            }
            Parsed::Partial if buffer.len() == MAX => return Err(Fault::Length.into()),
            Parsed::Partial => take(stream, &mut buffer[before..])?,
        }
    }
}

/// Takes bytes that are known to be there.
fn take(stream: &TcpStream, bytes: &mut [u8]) -> io::Result<()> {
    let mut taken = 0;
    while taken < bytes.len() {
        match stream.try_read(&mut bytes[taken..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => taken += n,
        }
    }
    Ok(())
}
