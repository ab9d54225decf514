//! Where a listener listens: an IP address with a port, or a unix socket's path.

use pintle_core::config::{Grammar, Node, Read, Reader, Shape, Text, derived};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The longest path of a unix socket on Linux, without its final NUL.
const MAX_PATH: usize = 107;

/// Where a listener listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// An IP address and a port, which is not 0. `[::]` is all of IPv6 and nothing of IPv4.
    Tcp(SocketAddr),
    /// An IP address with port 0: any free one. The number tells apart several that are asked for.
    AnyPort(IpAddr, u32),
    /// A unix socket at this path.
    Unix(PathBuf),
}

/// What is wrong with a text that should be an address, with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(String);

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddressError {}

impl Address {
    /// The same with a relative path taken as relative to `directory`.
    pub fn relative_to(self, directory: &Path) -> Self {
        match self {
            Address::Unix(path) => Address::Unix(directory.join(path)),
            tcp => tcp,
        }
    }

    /// The address as the `number`th of its kind: with port 0, each number is another port.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        match self {
            Address::AnyPort(ip, _) => Address::AnyPort(*ip, number),
            other => other.clone(),
        }
    }

    /// The socket address, if it is one.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Address::Tcp(address) => Some(*address),
            Address::AnyPort(ip, _) => Some(SocketAddr::new(*ip, 0)),
            Address::Unix(_) => None,
        }
    }

    /// The socket address at which this machine reaches who listens here: loopback for all addresses.
    pub fn reachable(&self) -> Option<SocketAddr> {
        let address = self.tcp()?;
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Some(SocketAddr::new(ip, address.port()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::AnyPort(ip, _) => SocketAddr::new(*ip, 0).fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(path);
        }
        match text.parse::<SocketAddr>() {
            Ok(SocketAddr::V6(v6)) if v6.ip().to_ipv4_mapped().is_some() => {
                let v4 = SocketAddr::new(v6.ip().to_canonical(), v6.port());
                Err(AddressError(format!("an IPv4 address is written as such: {v4}")))
            }
            Ok(address) if address.port() == 0 => Ok(Address::AnyPort(address.ip(), 0)),
            Ok(address) => Ok(Address::Tcp(address)),
            Err(_) => Err(AddressError(remedy(text))),
        }
    }
}

const EXPECTED: &str = "an address such as 127.0.0.1:8080, [::]:8443 or unix:/path";

impl Text for Address {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|AddressError(remedy)| remedy)
    }
}

impl Read for Address {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let address: Address = derived::read_text(node, EXPECTED, reader)?;
        Some(address.relative_to(node.span().source().directory()))
    }

    fn shape() -> Shape {
        let doc = "Where to listen: an IP address with a port, or a unix socket. `[::]` is IPv6 alone.";
        Shape::Text { name: "Address", doc, expected: EXPECTED, grammar: Grammar::Pattern("^(unix:.+|.+:[0-9]+)$") }
    }
}

fn unix(path: &str) -> Result<Address, AddressError> {
    let message = match path {
        "" => "unix: is followed by the path of the socket, as in unix:/run/pintle.sock".to_owned(),
        _ if path.starts_with('@') => "abstract unix sockets have no access rights; give a path".to_owned(),
        _ if path.contains('\0') => "a path holds no NUL".to_owned(),
        _ if path.len() > MAX_PATH => format!("the path of a unix socket has at most {MAX_PATH} bytes"),
        _ => return Ok(Address::Unix(PathBuf::from(path))),
    };
    Err(AddressError(message))
}

/// Says what is meant by something that people are used to write elsewhere.
fn remedy(text: &str) -> String {
    let every = |port: &str| {
        format!(
            "say where: 127.0.0.1:{port} is this machine alone, 0.0.0.0:{port} all of IPv4, [::]:{port} all of IPv6"
        )
    };
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    if let Some((scheme, rest)) = text.split_once("://") {
        return format!("an address has no scheme; write {} instead of {scheme}://…", rest.trim_end_matches('/'));
    }
    if is_port(text) {
        return every(text);
    }
    if let Some((host, port)) = text.rsplit_once(':')
        && let (Ok(ip), true) = (host.parse::<IpAddr>(), port.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return match (ip, is_port(port)) {
            (_, false) => format!("{port} is no port: the highest is 65535"),
            (IpAddr::V6(_), true) => format!("an IPv6 address stands in brackets: [{host}]:{port}"),
            (IpAddr::V4(_), true) => "an address is an IP address and a port, or unix: and a path".to_owned(),
        };
    }
    if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return format!("the port is missing, as in {}", SocketAddr::new(ip, 8080));
    }
    if text.starts_with('/') || text.starts_with("./") {
        return format!("a unix socket is written unix:{text}");
    }
    match text.rsplit_once(':') {
        Some(("" | "*", port)) if is_port(port) => every(port),
        Some(("localhost", port)) if is_port(port) => {
            format!("names are not looked up here; write 127.0.0.1:{port} or [::1]:{port}")
        }
        Some((host, port)) if is_port(port) && !host.is_empty() => {
            format!("{host} is no IP address, and names are not looked up here")
        }
        _ => "an address is an IP address and a port, or unix: and a path".to_owned(),
    }
}
