//! What becomes of an address: networks before numbers of networks before countries, in each of them deny before allow.

use super::Lists;
use super::networks::Verdict;
use crate::geo::{Country, Geo};
use pintle_core::config::Network;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// One filter, of one level.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) networks: Arc<Lists>,
    pub(super) places: Option<Places>,
    /// What is not allowed is denied: something was said of whom to allow.
    pub(super) closed: bool,
}

/// What is said of where addresses are; both in order.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) geo: Arc<Geo>,
    pub(super) asns: Box<[(u32, Verdict)]>,
    pub(super) countries: Box<[(Country, Verdict)]>,
}

/// Why an address may not come in, for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    Network(Network),
    Asn(u32),
    Country(Country),
    /// Nothing allows it.
    Unlisted,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Network(network) => write!(f, "{network} is denied"),
            Denied::Asn(asn) => write!(f, "the network with the number {asn} is denied"),
            Denied::Country(country) => write!(f, "the country {country} is denied"),
            Denied::Unlisted => f.write_str("nothing allows it"),
        }
    }
}

impl Filter {
    /// Whether an address may come in.
    pub(super) fn decide(&self, address: IpAddr) -> Result<(), Denied> {
        let networks = self.networks.get().expect("a filter is made of lists that were read");
        if let Some((network, verdict)) = networks.find(address) {
            return verdict.or(Denied::Network(network));
        }
        if let Some(places) = &self.places {
            let asn = if places.asns.is_empty() { None } else { places.geo.asn(address) };
            if let Some((asn, verdict)) = asn.and_then(|asn| among(&places.asns, asn)) {
                return verdict.or(Denied::Asn(asn));
            }
            let country = if places.countries.is_empty() { None } else { places.geo.country(address) };
            if let Some((country, verdict)) = country.and_then(|country| among(&places.countries, country)) {
                return verdict.or(Denied::Country(country));
            }
        }
        if self.closed { Err(Denied::Unlisted) } else { Ok(()) }
    }
}

impl Verdict {
    fn or(self, denied: Denied) -> Result<(), Denied> {
        match self {
            Verdict::Allow => Ok(()),
            Verdict::Deny => Err(denied),
        }
    }
}

/// What is said of one; of the same one twice the later, which is deny.
fn among<T: Ord + Copy>(all: &[(T, Verdict)], one: T) -> Option<(T, Verdict)> {
    let end = all.partition_point(|(other, _)| *other <= one);
    all[..end].last().filter(|(last, _)| *last == one).copied()
}
