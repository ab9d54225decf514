//! Policies of access that let everybody or nobody through, whatever is asked: an `ip_filter` that no address passes, a
//! rule of `authorize` that is always the same, a `cors` that keeps pages from the very method its route is for.

use super::Subject;
use super::outline::Leaf;
use pintle_core::Method;
use pintle_core::config::{Diagnostic, Reader, Span};
use pintle_core::template::{Declared, Expression, NoScope};
use pintle_policies::{Policy, PolicyEntry, PolicyList, Setting, lets_nobody_in};

/// Rules that depend on nothing.
pub(super) fn constant(subject: &Subject<'_>, reader: &mut Reader) {
    let named = subject.document.policies.names().filter_map(|name| subject.document.policies.get(name));
    let listed = subject.outline.lists.iter().flat_map(|list| list.iter()).filter_map(|entry| match entry {
        PolicyEntry::Inline(policy) => Some(&policy.value),
        PolicyEntry::Named(_) => None,
    });
    for policy in named.chain(listed) {
        let Policy::Authorize(Setting::On { value, .. }) = policy else { continue };
        let all = [(&value.allow, "allow"), (&value.deny, "deny")];
        for (rules, key) in all.into_iter().filter_map(|(rules, key)| Some((rules.as_ref()?, key))) {
            for (_, text) in rules.all() {
                let compiled = Expression::compile_condition(text, &Declared::nothing());
                let Some(holds) = compiled.ok().and_then(|expression| expression.holds(&NoScope).ok()) else {
                    continue;
                };
                let message = format!("this rule is always {holds}, whatever is asked");
                let help = match (key, holds) {
                    ("allow", true) => {
                        "all is allowed then: leave it out; to switch outer ones off write `authorize: none`"
                    }
                    ("deny", false) => "it denies nothing: leave it out",
                    _ => "no request is let through by it; to close a route write `maintenance: true`",
                };
                reader.report(Diagnostic::warning("authorize-constant", message, &text.span).help(help));
            }
        }
    }
}

/// Filters that together no address passes.
pub(super) fn shut(subject: &Subject<'_>, reader: &mut Reader) {
    let defaults = &subject.document.defaults.policies;
    for route in &subject.outline.routes {
        for (_, listener) in (0..).zip(&subject.outline.listeners).filter(|(number, _)| route.is_on(*number)) {
            let lists: Vec<&PolicyList> =
                [defaults, &listener.policies].into_iter().chain(route.policies.iter().copied()).collect();
            if let Some(span) = lets_nobody_in(&lists, &subject.document.policies) {
                let message = "no address passes the filters around this route";
                let help = "all filters around a route must let an address in: this one, and those further out";
                let warning = Diagnostic::warning("ip-filter-shut", message, span);
                reader.report(warning.also(route.span(), "this route").help(help));
                break;
            }
        }
    }
}

/// A route for a method that its `cors` does not let pages use.
pub(super) fn cors(subject: &Subject<'_>, reader: &mut Reader) {
    for route in &subject.outline.routes {
        let Some((policy, span)) = own_cors(subject, route) else { continue };
        let Policy::Cors(Setting::On { value, .. }) = policy else { continue };
        let Some(allowed) = value.allowed_methods() else { continue };
        // Pages need no leave for these.
        let free = [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS];
        let methods = route.pattern.methods();
        let missing = methods.iter().filter(|method| !free.contains(method) && !allowed.contains(method));
        let missing: Vec<String> = missing.map(|method| format!("`{method}`")).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let message = format!("pages of other origins cannot use {missing} here: `methods` does not have it");
            let help = "add it to `methods`, or leave the method out of the match";
            let warning = Diagnostic::warning("cors-method", message, span);
            reader.report(warning.also(route.span(), "this route").help(help));
        }
    }
}

/// The `cors` in a route's own list.
fn own_cors<'d>(subject: &Subject<'d>, route: &Leaf<'d>) -> Option<(&'d Policy, &'d Span)> {
    route.config.policies.iter().find_map(|entry| {
        let (policy, span) = match entry {
            PolicyEntry::Named(name) => (subject.document.policies.get(name)?, &name.span),
            PolicyEntry::Inline(policy) => (&policy.value, &policy.span),
        };
        matches!(policy, Policy::Cors(_)).then_some((policy, span))
    })
}
