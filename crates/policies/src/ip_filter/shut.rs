//! Filters that together let nobody in, as far as that can be told without reading a file: for `check`.

use super::networks::{Networks, Verdict};
use super::{IpFilter, inline};
use crate::{NamedPolicies, Policy, PolicyEntry, PolicyList, Setting};
use pintle_core::config::Span;
use std::net::IpAddr;

/// The innermost filter of these lists that allows anything, if no address passes all filters for certain. What files and
/// `geo` deny besides is not looked at; what they allow is not known, and then nothing is certain.
pub fn lets_nobody_in<'a>(lists: &[&'a PolicyList], named: &'a NamedPolicies) -> Option<&'a Span> {
    let mut filters: Vec<(Networks, &IpFilter, &Span)> = Vec::new();
    for entry in lists.iter().flat_map(|list| list.iter()) {
        let (policy, span) = match entry {
            PolicyEntry::Named(name) => (named.get(name)?, &name.span),
            PolicyEntry::Inline(policy) => (&policy.value, &policy.span),
        };
        match policy {
            Policy::IpFilter(Setting::Off) => filters.clear(),
            Policy::IpFilter(Setting::On { value, .. }) => {
                filters.push((Networks::new(&inline(value)), value, span));
            }
            Policy::IpFilter(Setting::Use { .. }) => return None,
            _ => {}
        }
    }
    let (_, _, at) = filters.iter().rfind(|(_, config, _)| config.allows())?;
    let allows_unknown = |config: &IpFilter| {
        config.allow_files.is_some() || config.allow_countries.is_some() || config.allow_asn.is_some()
    };
    if filters.iter().any(|(_, config, _)| allows_unknown(config)) {
        return None;
    }
    // Between two starts of ranges all addresses are alike.
    let passes = |address: IpAddr| {
        filters.iter().all(|(networks, config, _)| match networks.find(address) {
            Some((_, verdict)) => verdict == Verdict::Allow,
            None => !config.allows(),
        })
    };
    let nobody = !filters.iter().flat_map(|(networks, ..)| networks.starts()).any(passes);
    nobody.then_some(*at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read;

    #[test]
    fn what_no_address_passes_is_found() {
        let nobody = |levels: &[&str]| {
            let lists: Vec<PolicyList> = levels.iter().map(|text| read(text)).collect();
            lets_nobody_in(&lists.iter().collect::<Vec<_>>(), &NamedPolicies::default()).is_some()
        };
        let (ten, office) = ("[{ip_filter: {allow: 10.0.0.0/8}}]", "[{ip_filter: {allow: 192.0.2.0/24}}]");
        assert!(nobody(&[ten, office]));
        assert!(!nobody(&[ten, "[{ip_filter: none}, {timeout: 5s}]"]) && !nobody(&[ten, ten]) && !nobody(&[ten]));
        assert!(!nobody(&[ten, "[{ip_filter: {allow: 10.1.0.0/16}}]"]));
        assert!(nobody(&["[{ip_filter: {allow: 10.0.0.0/8, deny: 10.0.0.0/8}}]"]));
        assert!(!nobody(&["[{ip_filter: {allow: 10.0.0.0/8, deny: [10.0.0.0/9, \"::/0\"]}}]"]));
        assert!(nobody(&["[{ip_filter: {deny: 10.0.0.0/8}}]", ten]));
        // Who denies everybody means it.
        assert!(!nobody(&["[{ip_filter: {deny: [0.0.0.0/0, \"::/0\"]}}]"]));
        // What a file allows is not known.
        assert!(!nobody(&[ten, "[{ip_filter: {allow: 192.0.2.0/24, allow_files: a.txt}}]"]));
        assert!(nobody(&[ten, "[{ip_filter: {allow: 192.0.2.0/24, deny_files: a.txt}}]"]));
    }
}
