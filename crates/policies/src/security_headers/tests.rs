use crate::testing::{Service, chain, exchange, lines, now, said_of};
use pintle_core::Scheme;
use std::sync::Arc;

fn got(settings: &str, scheme: Scheme, own: &[(&'static str, &'static str)]) -> Vec<String> {
    let service = Arc::new(Service { fields: own.into(), ..Service::default() });
    let mut exchange = exchange(&[]);
    exchange.request.scheme = scheme;
    let chain = chain(&[&format!("[{{security_headers: {settings}}}]")], "{}", &service);
    let mut all = lines(&now(chain.run(&mut exchange)).expect("an answer").fields);
    all.sort();
    all
}

const PLAIN: [&str; 4] = [
    "content-security-policy: frame-ancestors 'self'",
    "referrer-policy: strict-origin-when-cross-origin",
    "x-content-type-options: nosniff",
    "x-frame-options: SAMEORIGIN",
];

// Rule: security-headers-hsts
#[test]
fn the_defaults_are_sane_and_hsts_is_for_tls_alone() {
    assert_eq!(got("{}", Scheme::Http, &[]), PLAIN);
    let mut over_tls: Vec<&str> = PLAIN.to_vec();
    over_tls.insert(2, "strict-transport-security: max-age=31536000");
    assert_eq!(got("{}", Scheme::Https, &[]), over_tls);
    let hsts = "{hsts: {max_age: 730d, subdomains: true, preload: true}}";
    assert!(got(hsts, Scheme::Https, &[]).iter().any(|line| line.ends_with("=63072000; includeSubDomains; preload")));
}

#[test]
fn each_can_be_changed_or_left_out() {
    let off = "{hsts: none, content_type_options: false, referrer_policy: none, frames: none}";
    assert_eq!(got(off, Scheme::Https, &[]), [""; 0]);
    let all = "{hsts: none, content_type_options: false, referrer_policy: no-referrer, frames: deny, \
        content_security_policy: \"default-src 'self';\", permissions_policy: camera=(), \
        cross_origin_opener_policy: same-origin, cross_origin_resource_policy: same-site}";
    assert_eq!(
        got(all, Scheme::Https, &[]),
        [
            "content-security-policy: default-src 'self'; frame-ancestors 'none'",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-site",
            "permissions-policy: camera=()",
            "referrer-policy: no-referrer",
            "x-frame-options: DENY",
        ]
    );
    let own = "{hsts: none, content_security_policy: \"frame-ancestors https://a.test\"}";
    assert!(got(own, Scheme::Https, &[]).contains(&"content-security-policy: frame-ancestors https://a.test".into()));
}

// Rule: security-headers-own
#[test]
fn what_the_service_says_stays_unless_it_is_overridden() {
    let own = [("x-frame-options", "DENY"), ("strict-transport-security", "max-age=1")];
    let kept = got("{}", Scheme::Https, &own);
    assert!(
        kept.contains(&"x-frame-options: DENY".into()) && kept.contains(&"strict-transport-security: max-age=1".into())
    );
    let replaced = got("{override: true}", Scheme::Https, &own);
    assert!(replaced.contains(&"x-frame-options: SAMEORIGIN".into()) && replaced.len() == 5, "{replaced:?}");
}

#[test]
fn what_no_browser_would_take_is_refused() {
    let said = |settings: &str| said_of(&[&format!("[{{security_headers: {settings}}}]")], "{}");
    assert!(said("{hsts: {preload: true}}")[0].contains("[add `subdomains: true`"));
    assert!(said("{referrer_policy: norefferer}")[0].contains("no-referrer"));
    assert!(said("{permissions_policy: \"a\\nb\"}")[0].contains("one line"));
    assert!(said("{frames: SAMEORIGIN}")[0].contains("same_origin"));
}
