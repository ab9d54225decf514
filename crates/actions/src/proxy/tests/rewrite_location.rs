//! What an answer says of places, in the client's words.

use super::super::rewrite_location::Undo;
use crate::ProxyConfig;
use crate::testing::{Known, exchange, lines, try_build};
use pintle_core::config::{Span, Spanned};
use pintle_core::{Exchange, Scheme, Target};
use pintle_upstream::Services;
use pintle_upstream::{Reference, Upstream, reference};
use std::sync::Arc;

fn upstream(url: &str) -> Arc<Upstream> {
    let reference = Spanned::new(Reference::parse(url).expect("a URL"), Span::nowhere());
    Known::default()
        .upstream(&reference, reference::Scheme::Http, &mut pintle_core::config::Reader::new())
        .expect("an upstream")
}

/// A GET of `https://shop.test/orders/7/items`, matched by `/orders/**`.
fn order() -> Exchange {
    let mut exchange = exchange(&[]);
    exchange.request.scheme = Scheme::Https;
    exchange.request.target = Target::new("shop.test", None, "/orders/7/items", None);
    exchange.captures.rest = Some("/orders/".len() as u32);
    exchange
}

/// One field of an answer after it went back, for a service at `http://10.0.0.7:9001` that was asked by `host`.
fn back(exchange: &Exchange, path: Option<&str>, host: Option<&str>, name: &str, value: &str) -> String {
    let upstream = upstream("http://10.0.0.7:9001");
    let mut fields = [(name, value)].into_iter().collect();
    Undo::new(exchange, path, true, host, &upstream).apply(&mut fields);
    lines(&fields).remove(0)[name.len() + 2..].to_owned()
}

fn location(value: &str) -> String {
    back(&order(), Some("/v2/all/7/items?x=1"), Some("shop.test"), "location", value)
}

#[test]
fn what_names_the_service_names_the_gateway() {
    for (told, expected) in [
        ("http://10.0.0.7:9001/v2/all/8", "https://shop.test/orders/8"),
        ("http://shop.test/v2/all/8?a=/v2/all#b", "https://shop.test/orders/8?a=/v2/all#b"),
        ("HTTPS://Shop.Test:443/v2/all", "https://shop.test/orders"),
        ("http://shop.test:80/v2/all/", "https://shop.test/orders/"),
        ("//shop.test/v2/all/8", "https://shop.test/orders/8"),
        ("/v2/all/8", "/orders/8"),
        ("/v2/all?page=2", "/orders?page=2"),
        // Not below what was asked for: the host alone.
        ("http://10.0.0.7:9001/login", "https://shop.test/login"),
        ("http://10.0.0.7:9001", "https://shop.test"),
        ("http://10.0.0.7:9001/v2/allergies", "https://shop.test/v2/allergies"),
    ] {
        assert_eq!(location(told), expected, "{told}");
    }
}

// Rule: rewrite-ours
#[test]
fn what_names_somebody_else_stays() {
    for told in [
        "https://login.test/v2/all/8",
        "http://10.0.0.7:9002/v2/all/8",
        "http://10.0.0.7/v2/all/8",
        "https://shop.test.evil.test/v2/all/8",
        "https://shop.test@evil.test/v2/all/8",
        "https://evil.test:80\\@shop.test/v2/all",
        "http://shop.test:8080/v2/all/8",
        "../8",
        "8?a=b",
        "",
        "/login",
        "mailto:a@shop.test",
    ] {
        assert_eq!(location(told), told);
    }
}

#[test]
fn who_is_sent_to_tls_is_not_sent_back() {
    let mut plain = order();
    plain.request.scheme = Scheme::Http;
    let told = |value: &str| back(&plain, Some("/v2/all/7/items"), Some("shop.test"), "location", value);
    assert_eq!(told("https://shop.test/v2/all/8"), "https://shop.test/orders/8");
    assert_eq!(told("http://shop.test/v2/all/8"), "http://shop.test/orders/8");
    assert_eq!(told("https://10.0.0.7:9001/v2/all/8"), "http://shop.test/orders/8", "nobody outside knows that name");
}

#[test]
fn a_host_that_was_set_and_paths_of_other_forms_are_undone() {
    let set = |value: &str| back(&order(), Some("/7/items"), Some("orders.internal:8443"), "location", value);
    assert_eq!(set("http://orders.internal:8443/8"), "https://shop.test/orders/8");
    assert_eq!(set("http://orders.internal/8"), "http://orders.internal/8", "another port is another place");
    assert_eq!(set("/"), "/orders/");
    // The match stood for all paths, and `path` put something before them.
    let mut all = order();
    all.captures.rest = Some(1);
    let put = |value: &str| back(&all, Some("/app/orders/7/items"), None, "location", value);
    assert_eq!((put("/app"), put("/app/x"), put("/apple")), ("/".into(), "/x".into(), "/apple".into()));
    // `/orders/**` takes `/orders` too.
    let mut bare = order();
    bare.request.target = Target::new("shop.test", Some(8443), "/orders", None);
    let bare = back(&bare, Some("/v2/all/"), None, "location", "http://10.0.0.7:9001/v2/all/8");
    assert_eq!(bare, "https://shop.test:8443/orders/8");
}

#[test]
fn a_path_that_did_not_change_stays_and_a_request_without_a_host_gets_a_path() {
    let same = back(&order(), None, None, "location", "http://10.0.0.7:9001/orders/8");
    assert_eq!(same, "https://shop.test/orders/8");
    let mut old = order();
    old.request.target = Target::new("", None, "/orders/7", None);
    assert_eq!(back(&old, None, None, "location", "http://10.0.0.7:9001/orders/8"), "/orders/8");
    assert_eq!(back(&old, None, None, "location", "http://10.0.0.7:9001"), "/");
}

#[test]
fn other_fields_with_places_go_back_too() {
    let field = |name: &str, value: &str| back(&order(), Some("/v2/all/7/items"), Some("shop.test"), name, value);
    assert_eq!(field("content-location", "/v2/all/8"), "/orders/8");
    assert_eq!(field("refresh", "5; url=http://10.0.0.7:9001/v2/all/8"), "5; url=https://shop.test/orders/8");
    assert_eq!(field("refresh", "5;URL='/v2/all/8'"), "5;URL=/orders/8");
    assert_eq!(field("refresh", "5"), "5");
    assert_eq!(field("link", "</v2/all/8>"), "</v2/all/8>");
}

// Rule: rewrite-cookies
#[test]
fn cookies_get_the_clients_domain_and_path() {
    let cookie = |value: &str| back(&order(), Some("/v2/all/7/items"), Some("orders.internal"), "set-cookie", value);
    for (told, expected) in [
        ("a=b; Domain=orders.internal; Path=/v2/all; Secure", "a=b; Path=/orders; Secure"),
        ("a=b; domain=.internal; HttpOnly", "a=b; HttpOnly"),
        ("a=b; path=/v2/all/7", "a=b; Path=/orders/7"),
        ("a=b; Path=/v2", "a=b; Path=/orders"),
        ("a=b; Path=/; Domain=10.0.0.7", "a=b; Path=/"),
        // What holds the client's host, or is somebody else's, stays.
        ("a=b; Domain=shop.test", "a=b; Domain=shop.test"),
        ("a=b; Domain=test; Path=/other", "a=b; Domain=test; Path=/other"),
        ("a=b; Domain=elsewhere.test", "a=b; Domain=elsewhere.test"),
        ("path=/v2/all; Secure", "path=/v2/all; Secure"),
        ("domain=orders.internal", "domain=orders.internal"),
    ] {
        assert_eq!(cookie(told), expected, "{told}");
    }
}

#[test]
fn a_path_that_cannot_be_undone_is_warned_of() {
    let said = |path: &str| {
        let text = format!("{{to: http://10.0.0.7, path: '{path}', rewrite_location: true}}");
        try_build(&text, |config: &ProxyConfig, reader| {
            config.build(&crate::testing::PLACE, &mut Known::default(), reader)
        })
        .1
    };
    let warning = ["1:29 `rewrite_location` cannot undo this path: only scheme and host are put back \
                    [end it in `/${path.rest}`]"];
    for path in ["/a/${path.rest}", "/${path.rest}", "/${path.id}/${path.rest}", "/a/${path.rest}?b=${path.id}"] {
        assert_eq!(said(path), [""; 0], "{path}");
    }
    for path in
        ["/a", "/a/${path.id}", "/a/${path.rest}/b", "/a?b=${path.rest}", "/a${path.rest}", "/a/${path.rest + \"x\"}"]
    {
        assert_eq!(said(path), warning, "{path}");
    }
}

#[test]
fn nothing_that_a_service_says_becomes_another_host() {
    // Matched by `/**` and asked for at `/app/orders/7`: what is below `/app` is below `/` for the client.
    let mut exchange = exchange(&[]);
    exchange.request.target = Target::new("shop.test", None, "/orders/7", None);
    exchange.captures.rest = Some(1);
    let location = |value: &str| back(&exchange, Some("/app/orders/7"), Some("shop.test"), "location", value);
    for (told, expected) in [
        ("/app/a", "/a"),
        ("/app//evil.test/a", "/evil.test/a"),
        ("/app/\\evil.test", "/evil.test"),
        ("/app/\\/evil.test", "/evil.test"),
    ] {
        assert_eq!(location(told), expected, "{told}");
    }
    let cookie = "__Host-id=1; Path=/; Secure";
    assert_eq!(back(&order(), Some("/orders/7/items"), Some("shop.test"), "set-cookie", cookie), cookie);
}
