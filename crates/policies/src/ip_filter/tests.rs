use crate::testing::{Service, chain, exchange, now, said_of};
use std::sync::Arc;

fn passes(levels: &[&str], address: &str) -> bool {
    let mut exchange = exchange(&[]);
    exchange.client.ip = address.parse().expect(address);
    match now(chain(levels, "{}", &Arc::new(Service::default())).run(&mut exchange)) {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!((refusal.reason.code(), &*refusal.detail), ("ip_denied", ""));
            false
        }
    }
}

// Rule: ip-filter-allow
#[test]
fn with_anything_allowed_the_rest_is_denied() {
    let allow = ["[{ip_filter: {allow: 10.0.0.0/8}}]"];
    assert!(passes(&allow, "10.1.2.3") && passes(&allow, "::ffff:10.1.2.3"));
    assert!(!passes(&allow, "192.0.2.1") && !passes(&allow, "::1"));
    let deny = ["[{ip_filter: {deny: 10.0.0.0/8}}]"];
    assert!(!passes(&deny, "10.1.2.3") && passes(&deny, "192.0.2.1") && passes(&deny, "::1"));
    let both = ["[{ip_filter: {allow: 10.1.0.0/16, deny: 10.0.0.0/8}}]"];
    assert!(passes(&both, "10.1.2.3") && !passes(&both, "10.2.0.1") && !passes(&both, "192.0.2.1"));
}

// Rule: ip-filter-levels
#[test]
fn all_levels_must_let_in() {
    let levels = ["[{ip_filter: {deny: 10.9.0.0/16}}]", "[{ip_filter: {allow: 10.0.0.0/8}}]"];
    assert!(passes(&levels, "10.1.2.3") && !passes(&levels, "10.9.0.1") && !passes(&levels, "192.0.2.1"));
    assert!(passes(&["[{ip_filter: {deny: 10.9.0.0/16}}]", "[{ip_filter: none}]"], "10.9.0.1"));
}

#[test]
fn what_says_nothing_is_refused() {
    let said = |settings: &str| said_of(&[&format!("[{{ip_filter: {settings}}}]")], "{}");
    assert!(said("{}")[0].contains("`ip_filter: none`"));
    assert_eq!(
        said("{allow: []}"),
        [
            "1:22 expected an entry, found a list [leave `allow` out; to let nobody in write `deny: [0.0.0.0/0, \"::/0\"]`]"
        ]
    );
    assert!(said("{deny_asn: 64500}")[0].contains("no file says the numbers of networks"));
    assert!(said("{deny_files: /nowhere/list.txt}")[0].contains("cannot read /nowhere/list.txt"));
}
