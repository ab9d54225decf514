//! Who is asked for and cannot be there: a policy that names `claims` or `consumer` on a route where nothing finds out who
//! asks, consumers whom nothing recognises, and policies that look for credentials or groups that no consumer has.

use super::Subject;
use crate::maybe::Maybe;
use pintle_core::config::{Diagnostic, Reader, Span};
use pintle_policies::{ConsumerEntry, Policy, PolicyEntry, PolicyList};

/// Each policy of a list, with where the list has it.
fn policies<'d>(subject: &Subject<'d>, list: &'d PolicyList) -> Vec<(&'d Policy, &'d Span)> {
    let named = &subject.document.policies;
    let policy = |entry: &'d PolicyEntry| match entry {
        PolicyEntry::Named(name) => Some((named.get(name)?, &name.span)),
        PolicyEntry::Inline(policy) => Some((&policy.value, &policy.span)),
    };
    list.iter().filter_map(policy).collect()
}

pub(super) fn unknown(subject: &Subject<'_>, reader: &mut Reader) {
    let listeners = subject.outline.listeners.iter().map(|listener| &listener.policies);
    let outer: Vec<&PolicyList> = listeners.chain([&subject.document.defaults.policies]).collect();
    let finds = |list: &&PolicyList| policies(subject, list).iter().any(|(policy, _)| policy.is_authentication());
    // One of any listener is enough: what is said must be certain.
    if outer.iter().any(finds) {
        return;
    }
    for route in subject.outline.routes.iter().filter(|route| !route.policies.iter().any(&finds)) {
        for (policy, span) in route.policies.iter().flat_map(|list| policies(subject, list)) {
            let Some(name) = policy.names_identity() else { continue };
            let message =
                format!("`{}` asks for `{name}`, and nothing on this route finds out who asks", policy.kind());
            let help = "add an authentication, such as `jwt` or `api_key`, to the route, its group or its listener";
            let warning = Diagnostic::warning("nobody-asks", message, span);
            reader.report(warning.also(route.span(), "this route").help(help));
        }
    }
}

pub(super) fn consumers(subject: &Subject<'_>, reader: &mut Reader) {
    let entries: Vec<&ConsumerEntry> = subject.document.consumers.iter().filter_map(Maybe::get).collect();
    let known = entries.iter().filter_map(|entry| match entry {
        ConsumerEntry::One(one) => Some(one),
        ConsumerEntry::File(_) => None,
    });
    for one in known.clone().filter(|one| one.credentials().is_empty()) {
        let message = format!("nobody can be `{}`: there is nothing by which it is recognised", one.name.value);
        let help = "give it `api_keys`, `basic_auth`, `jwt`, `client_certificate` or `hmac`, or remove it";
        reader.report(Diagnostic::warning("nobody-is", message, &one.name.span).help(help));
    }
    // What stands in files is not looked at.
    if entries.len() > known.clone().count() {
        return;
    }
    let groups: Vec<&String> = known.clone().flat_map(|one| &one.groups).collect();
    let all: Vec<&str> = known.flat_map(|one| one.credentials()).collect();
    for list in &subject.outline.lists {
        for (policy, span) in policies(subject, list) {
            let kind = policy.kind();
            if !policy.groups().is_empty() && !policy.groups().iter().any(|group| groups.contains(&group)) {
                let message = "`authorize` lets nobody in: no consumer is in one of its `groups`";
                let help = "name a group that a consumer has under `groups`, or give it to one";
                reader.report(Diagnostic::warning("nobody-is", message, span).help(help));
            }
            if ["api_key", "basic_auth", "hmac"].contains(&kind) && policy.is_authentication() && !all.contains(&kind) {
                let message = format!("`{kind}` lets nobody in: no consumer has what it looks for");
                reader.report(
                    Diagnostic::warning("nobody-is", message, span).help("add it to a consumer under `consumers`"),
                );
            }
        }
    }
}
