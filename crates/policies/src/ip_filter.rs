//! `ip_filter: {allow, deny, allow_files, deny_files, allow_countries, deny_countries, allow_asn, deny_asn}`: which addresses
//! may come in.
//!
//! All levels apply, and each must let an address pass. Within one, networks decide before numbers of networks (ASN), and
//! those before countries: of networks the one with the longest prefix, and deny wins where the same is allowed and
//! denied. Where anything is allowed the rest is denied. The address is the client's after PROXY protocol and
//! `trusted_proxies`; one of IPv4 that comes mapped into IPv6 is IPv4.

mod decide;
mod file;
mod networks;
mod shut;
#[cfg(test)]
mod tests;

pub use shut::lets_nobody_in;

use crate::build::Building;
use crate::files::{self, Content, Files};
use crate::geo::{Country, Geo, Given};
use crate::layers::{Layers, Levels};
use decide::{Filter, Places};
use networks::{Networks, Verdict};
use pintle_core::config::{ConfigPath, Diagnostic, Network, Node, OneOrMany, Read, Reader, Span, Spanned};
use pintle_core::step::Step;
use pintle_core::{Reason, Refusal};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

pub(crate) const LEVELS: Levels = Levels::All;

/// Which addresses may come in; 403 for others. Networks decide by the longest prefix, and deny wins between equal ones. An
/// address that no network decides goes by the number of its network (ASN) and then by its country, as [`geo`](#geo) has them.
/// Where anything is allowed, the rest is denied. All levels must let an address in. A file holds one network a line, with
/// comments from `#` or `;` on; it is watched, and a line that is no network refuses the change.
///
/// ```yaml
/// listeners:
///   - address: 127.0.0.1:8080
///     policies: [{ip_filter: {deny: [198.51.100.0/24], deny_files: [lists/blocked.txt]}}]
/// routes:
///   - {match: /internal/**, policies: [{ip_filter: {allow: [10.0.0.0/8, "fd00::/8"]}}], proxy: orders}
///   - match: /partners/**
///     policies: [{ip_filter: {allow_files: lists/partners.txt, allow_countries: [DE, AT], allow_asn: 64501}}]
///     proxy: orders
///   - {match: /**, policies: [{ip_filter: {deny_countries: [KP], deny_asn: [64500]}}], proxy: orders}
/// geo: {file: [geo/GeoLite2-Country.mmdb, geo/GeoLite2-ASN.mmdb]}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "ip_filter", check)]
pub struct IpFilter {
    /// Networks and addresses that may come in.
    pub allow: Option<OneOrMany<Network>>,
    /// Networks and addresses that may not.
    pub deny: Option<OneOrMany<Network>>,
    /// Files of networks that may come in.
    pub allow_files: Option<OneOrMany<Spanned<ConfigPath>>>,
    /// Files of networks that may not.
    pub deny_files: Option<OneOrMany<Spanned<ConfigPath>>>,
    /// Countries that may come in, as `geo` knows them.
    pub allow_countries: Option<OneOrMany<Country>>,
    /// Countries that may not. An address that nobody knows is in none.
    pub deny_countries: Option<OneOrMany<Country>>,
    /// Numbers of networks (ASN) that may come in, as `geo` knows them.
    pub allow_asn: Option<OneOrMany<u32>>,
    /// Numbers of networks that may not.
    pub deny_asn: Option<OneOrMany<u32>>,
    #[read(span)]
    at: Span,
}

/// Every key.
const KEYS: [&str; 8] =
    ["allow", "deny", "allow_files", "deny_files", "allow_countries", "deny_countries", "allow_asn", "deny_asn"];

impl IpFilter {
    /// A list without entries would let everybody in where it was meant to let in nobody.
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let given = || KEYS.iter().filter_map(|key| Some((key, node.get(key)?)));
        if node.as_map().is_some_and(<[_]>::is_empty) {
            let help = "add `deny`, `allow`, `deny_files` or another list; to switch it off write `ip_filter: none`";
            reader.report(Diagnostic::error("empty-policy", "this filter says nothing", &self.at).help(help));
            return None;
        }
        let empty = given().filter(|(_, list)| list.as_list().is_some_and(<[_]>::is_empty)).inspect(|(key, list)| {
            let help = format!("leave `{key}` out; to let nobody in write `deny: [0.0.0.0/0, \"::/0\"]`");
            reader.expected("an entry", list, help);
        });
        (empty.count() == 0).then_some(self)
    }

    /// Whether something is allowed, and the rest denied.
    fn allows(&self) -> bool {
        self.allow.is_some() || self.allow_files.is_some() || self.allow_countries.is_some() || self.allow_asn.is_some()
    }
}

/// Networks that outlive configurations; they are there once their lists were read without a mistake.
type Lists = OnceLock<Networks>;

/// Lets addresses in, or not.
pub(crate) fn check(layers: &Layers<'_, IpFilter>, building: &mut Building<'_, '_>) -> Option<()> {
    let built: Vec<Option<Filter>> = layers.all().map(|config| build(config, building)).collect();
    let filters = built.into_iter().collect::<Option<Box<[Filter]>>>()?;
    if !filters.is_empty() {
        building.steps.push(Step::Check(Box::new(move |exchange| {
            let address = exchange.client.ip;
            filters.iter().try_for_each(|filter| {
                filter.decide(address).map_err(|denied| Refusal::new(Reason::IpDenied).internal(denied.to_string()))
            })
        })));
    }
    Some(())
}

fn build(config: &IpFilter, building: &mut Building<'_, '_>) -> Option<Filter> {
    let networks = networks(config, building);
    let places = places(config, building);
    Some(Filter { networks: networks?, places: places?, closed: config.allows() })
}

/// The networks of all lists: those of the configuration in force, if they are the same.
fn networks(config: &IpFilter, building: &mut Building<'_, '_>) -> Option<Arc<Lists>> {
    let files = &building.around.files;
    let named = [(&config.allow_files, Verdict::Allow), (&config.deny_files, Verdict::Deny)];
    let named = named.into_iter().flat_map(|(paths, verdict)| paths.iter().flatten().map(move |path| (path, verdict)));
    let (mut read, mut sound) = (Vec::new(), true);
    for (path, verdict) in named {
        match files.read(path, building.reader) {
            Some(content) => read.push((path, content, verdict)),
            None => sound = false,
        }
    }
    let mut networks = inline(config);
    let name = name(&networks, &read);
    let lists = building.around.lasting.find("ip_filter", &name, |_: &Lists| true, Arc::default);
    if lists.get().is_some() && sound {
        return Some(lists);
    }
    // Each is looked at, for what is wrong with it.
    for (path, content, verdict) in &read {
        match parsed(path, content, files, building.reader) {
            Some(list) => networks.extend(list.into_iter().map(|network| (network, *verdict))),
            None => sound = false,
        }
    }
    sound.then(|| {
        // Who was faster has made the same of it.
        lists.get_or_init(|| Networks::new(&networks));
        lists
    })
}

/// The networks that stand in the configuration itself.
fn inline(config: &IpFilter) -> Vec<(Network, Verdict)> {
    let all = [(&config.allow, Verdict::Allow), (&config.deny, Verdict::Deny)].into_iter();
    all.flat_map(|(list, verdict)| list.iter().flatten().map(move |network| (*network, verdict))).collect()
}

/// The networks of a file. What is wrong in it is told once, however many name it.
fn parsed(path: &ConfigPath, content: &Content, files: &Files, reader: &mut Reader) -> Option<Vec<Network>> {
    if files.is_broken(&content.digest) {
        return None;
    }
    let parsed = file::parse(&content.bytes, path, reader);
    if parsed.is_none() {
        files.broken(content.digest);
    }
    parsed
}

/// What the same lists are found again by.
fn name(networks: &[(Network, Verdict)], read: &[(&Spanned<ConfigPath>, Arc<Content>, Verdict)]) -> String {
    let mut all = Vec::with_capacity(networks.len() * 20 + read.len() * 33);
    for (network, verdict) in networks {
        match network.address() {
            IpAddr::V4(address) => all.extend(address.octets()),
            IpAddr::V6(address) => all.extend(address.octets()),
        }
        all.extend([network.prefix(), u8::from(network.address().is_ipv4()), *verdict as u8]);
    }
    // What stands before is a whole number of networks, which begins nowhere with what comes now.
    all.extend((networks.len() as u64).to_be_bytes());
    for (_, content, verdict) in read {
        all.extend(content.digest);
        all.push(*verdict as u8);
    }
    files::name(&files::digest(&all))
}

/// What is said of where addresses are, if anything is.
fn places(config: &IpFilter, building: &mut Building<'_, '_>) -> Option<Option<Places>> {
    let countries = gathered(&config.allow_countries, &config.deny_countries);
    let asns = gathered(&config.allow_asn, &config.deny_asn);
    if countries.is_empty() && asns.is_empty() {
        return Some(None);
    }
    let (what, example) = match countries.is_empty() {
        false => ("the countries of addresses", "GeoLite2-Country.mmdb"),
        true => ("the numbers of networks", "GeoLite2-ASN.mmdb"),
    };
    let geo = match &building.around.geo {
        Given::Nothing => None,
        // Reported where it stands.
        Given::Broken => return None,
        Given::Sound(geo) => Some(geo),
    };
    let knows = |geo: &&Arc<Geo>| (countries.is_empty() || geo.has_countries()) && (asns.is_empty() || geo.has_asns());
    let Some(geo) = geo.filter(knows) else {
        let message = format!("no file says {what}");
        let help = format!("add at the top of the configuration `geo: {{file: {example}}}`");
        building.reader.report(Diagnostic::error("geo", message, &config.at).help(help));
        return None;
    };
    Some(Some(Places { geo: Arc::clone(geo), asns, countries }))
}

/// What is allowed and what is denied, in order.
fn gathered<T: Copy + Ord>(allow: &Option<OneOrMany<T>>, deny: &Option<OneOrMany<T>>) -> Box<[(T, Verdict)]> {
    let of =
        |list: &'_ Option<OneOrMany<T>>, verdict| list.iter().flatten().map(|one| (*one, verdict)).collect::<Vec<_>>();
    let mut all = [of(allow, Verdict::Allow), of(deny, Verdict::Deny)].concat();
    all.sort_unstable();
    all.into()
}
