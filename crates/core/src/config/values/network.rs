//! `10.0.0.0/8`, `127.0.0.1`, `2001:db8::/32`

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::read_as_text;
use crate::config::{Grammar, Text};

/// A range of addresses: those that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

read_as_text!(
    Network,
    "Network",
    "an address or a network such as 10.0.0.0/8",
    Grammar::Pattern("^[0-9A-Fa-f.:]+(/[0-9]+)?$"),
    "An IP address, or a network in CIDR form. An IPv4 address that comes mapped into IPv6 counts as IPv4."
);

impl Network {
    /// A network. None where the prefix is longer than an address. Bits after the prefix are cleared.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        (prefix <= longest).then(|| Self { address: masked(address, prefix), prefix })
    }

    /// The first address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits are fixed.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

impl Text for Network {
    fn parse(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else { return Err(String::new()) };
        if address.to_canonical() != address {
            return Err(format!("write the IPv4 address: {}", address.to_canonical()));
        }
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) => {
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
                let value = digits.parse::<u8>().ok().filter(|value| plain && *value <= longest);
                value.ok_or_else(|| format!("after the slash stands a number from 0 to {longest}"))?
            }
        };
        let network = Self::new(address, prefix).ok_or_else(String::new)?;
        if network.address != address {
            return Err(format!("the network is {network}; the address alone is {address}"));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}
