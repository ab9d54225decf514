//! Upstreams and named policies that nothing uses: mostly a slip in the name that should use them, or what is left of a
//! route that went away.

use super::Subject;
use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_policies::{Policy, PolicyEntry};
use pintle_upstream::Reference;
use std::collections::HashSet;

const HELP: &str = "use it, or remove it";

pub(super) fn upstreams(subject: &Subject<'_>, reader: &mut Reader) {
    let mut used = HashSet::new();
    for route in &subject.outline.routes {
        let proxy = route.config.proxy.iter().flat_map(|proxy| proxy.services()).map(|service| &service.value.0);
        let aggregate = route.config.aggregate.iter().flat_map(|aggregate| aggregate.services());
        for service in proxy.chain(aggregate).chain(route.config.tunnel.iter().map(|tunnel| &tunnel.value.0)) {
            match service {
                Reference::Named(name) => used.insert(name.as_str()),
                // Probably meant, and told by itself.
                Reference::Url(origin) => origin.address.host().is_some_and(|host| used.insert(host)),
            };
        }
    }
    let inline = subject.outline.lists.iter().flat_map(|list| list.iter()).filter_map(|entry| match entry {
        PolicyEntry::Inline(policy) => Some(&policy.value),
        PolicyEntry::Named(_) => None,
    });
    let named = subject.document.policies.names().filter_map(|name| subject.document.policies.get(name.as_str()));
    let asked: Vec<String> = inline.chain(named).filter_map(Policy::via).collect();
    used.extend(asked.iter().map(String::as_str));
    let names = subject.document.upstreams.iter().map(|(name, _)| name);
    for name in names.filter(|name| !used.contains(name.as_str())) {
        report("unused-upstream", "no route uses the upstream", name, reader);
    }
}

pub(super) fn policies(subject: &Subject<'_>, reader: &mut Reader) {
    let mut entries: Vec<&PolicyEntry> = subject.outline.lists.iter().flat_map(|list| list.iter()).collect();
    let mut used: HashSet<&str> = HashSet::new();
    while let Some(entry) = entries.pop() {
        match entry {
            PolicyEntry::Named(name) if used.insert(name.as_str()) => {
                entries.extend(subject.document.policies.get(name).into_iter().flat_map(Policy::alternatives));
            }
            PolicyEntry::Named(_) => {}
            PolicyEntry::Inline(policy) => {
                used.extend(policy.used().map(|name| name.as_str()));
                entries.extend(policy.alternatives());
            }
        }
    }
    for name in subject.document.policies.names().filter(|name| !used.contains(name.as_str())) {
        report("unused-policy", "no list uses the policy", name, reader);
    }
}

fn report(code: &'static str, what: &str, name: &Spanned<String>, reader: &mut Reader) {
    reader.report(Diagnostic::warning(code, format!("{what} `{name}`"), &name.span).help(HELP));
}
