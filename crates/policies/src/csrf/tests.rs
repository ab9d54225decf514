use crate::testing::{Service, chain, exchange, now, said_of};
use pintle_core::{Method, Protocol};
use std::sync::Arc;

/// Whether a request to `https://shop.test` passes.
fn passes(method: Method, fields: &[(&str, &str)]) -> bool {
    let levels = ["[{csrf: {origins: [\"https://pay.test\", \"https://*.shop.test\"]}}]"];
    let mut exchange = exchange(fields);
    exchange.request.method = method;
    match now(chain(&levels, "{}", &Arc::new(Service::default())).run(&mut exchange)) {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.reason.code(), "cross_site");
            assert!(refusal.internal.is_some_and(|internal| !internal.is_empty()));
            false
        }
    }
}

// Rule: csrf-order
#[test]
fn a_browser_tells_where_a_request_is_from() {
    let site = |site| [("sec-fetch-site", site), ("origin", "https://evil.test")];
    for (fields, wanted) in [
        (&site("same-origin")[..], true),
        (&site("none"), true),
        (&site("same-site"), false),
        (&site("cross-site"), false),
        (&site("CROSS-SITE"), false),
        // Listed, whatever the site.
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://pay.test")], true),
        (&[("sec-fetch-site", "same-site"), ("origin", "https://a.shop.test")], true),
        // Browsers without the field.
        (&[("origin", "https://shop.test")], true),
        (&[("origin", "http://shop.test")], true),
        (&[("origin", "https://shop.test:8443")], false),
        (&[("origin", "https://shop.test.evil.test")], false),
        (&[("origin", "null")], false),
        (&[("origin", "")], false),
        (&[("origin", "shop.test")], false),
        (&[("origin", "https://pay.test")], true),
        // No browser of these years.
        (&[], true),
        (&[("referer", "about:blank")], true),
        (&[("referer", "https://shop.test/a?b=https://evil.test")], true),
        (&[("referer", "https://evil.test/https://shop.test/")], false),
        (&[("referer", "https://evil.test/"), ("origin", "https://shop.test")], true),
        // Twice.
        (&[("origin", "https://shop.test"), ("origin", "https://evil.test")], false),
        (&[("origin", "https://pay.test"), ("origin", "https://pay.test")], false),
        (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "same-origin"), ("origin", "https://shop.test"), ("origin", "null")], false),
        (&[("referer", "https://shop.test/"), ("referer", "https://evil.test/")], false),
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert_eq!(passes(method, fields), wanted, "{fields:?}");
        }
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(passes(method, fields), "{fields:?}");
        }
    }
}

// Rule: csrf-websocket
#[test]
fn a_page_of_another_site_opens_no_websocket() {
    let levels = ["[{csrf: {}}]"];
    let opens = |fields: &[(&str, &str)]| {
        let mut exchange = exchange(fields);
        (exchange.request.method, exchange.request.protocol) = (Method::GET, Some(Protocol::WebSocket));
        now(chain(&levels, "{}", &Arc::new(Service::default())).run(&mut exchange)).is_ok()
    };
    assert!(opens(&[("origin", "http://shop.test")]) && opens(&[]));
    assert!(!opens(&[("origin", "https://evil.test")]) && !opens(&[("sec-fetch-site", "cross-site")]));
}

#[test]
fn an_inner_none_switches_it_off_and_mistakes_are_told() {
    let levels = ["[{csrf: {}}]", "[{csrf: none}]"];
    let mut exchange = exchange(&[("origin", "https://evil.test")]);
    assert!(now(chain(&levels, "{}", &Arc::new(Service::default())).run(&mut exchange)).is_ok());
    assert!(said_of(&["[{csrf: {origins: [shop.test]}}]"], "{}")[0].contains("with its scheme"));
    assert!(said_of(&["[{csrf: {origin: []}}]"], "{}")[0].contains("did you mean `origins`?"));
}
