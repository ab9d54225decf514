//! A list of policies that is written in another order than it runs: what is written first looks as if it ran first.
//!
//! A policy that runs in two places (`headers`, towards the service and towards the client) is out of order only where
//! all its places are.

use super::Subject;
use pintle_core::config::{Diagnostic, Reader, Span};
use pintle_policies::{NamedPolicies, Policy, PolicyEntry, PolicyList};

/// An entry that runs: its kind, where it stands, and its first and last place in the run order.
struct Runs<'d> {
    kind: &'static str,
    span: &'d Span,
    first: usize,
    last: usize,
}

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    for list in subject.outline.lists.iter().filter(|list| list.len() > 1) {
        one(list, &subject.document.policies, reader);
    }
}

/// Reports the first entry of a list that runs before one above it.
fn one(list: &PolicyList, named: &NamedPolicies, reader: &mut Reader) {
    let mut runs: Vec<Runs<'_>> = list.iter().filter_map(|entry| place(entry, named)).collect();
    let late = runs.iter().enumerate().find_map(|(at, late)| {
        let early = runs[..at].iter().find(|early| late.last < early.first)?;
        Some((early, late))
    });
    let Some((early, late)) = late else { return };
    let message = format!("`{}` runs before `{}`, wherever they are written", late.kind, early.kind);
    let diagnostic = Diagnostic::warning("written-order", message, late.span).also(early.span, "runs after it");
    runs.sort_by_key(|one| (one.first, one.last));
    let mut kinds: Vec<String> = runs.iter().map(|one| format!("`{}`", one.kind)).collect();
    kinds.dedup();
    reader.report(diagnostic.help(format!("write them as they run, outer to inner: {}", kinds.join(", "))));
}

fn place<'d>(entry: &'d PolicyEntry, named: &'d NamedPolicies) -> Option<Runs<'d>> {
    let (policy, span): (&Policy, &Span) = match entry {
        PolicyEntry::Named(name) => (named.get(name)?, &name.span),
        PolicyEntry::Inline(policy) => (policy, &policy.span),
    };
    let places = policy.places();
    Some(Runs { kind: policy.kind(), span, first: *places.first()?, last: *places.last()? })
}
