use super::*;
use crate::testing::{PLACE, answer, built, exchange, try_build};
use pintle_core::Target;

/// Where a request for `http://shop.test:8080/o/a%20b/x/y?q=1` is sent.
fn location(text: &str) -> String {
    location_of(text, &mut exchange(&[("x-evil", "//evil.test/\r\nset-cookie: a=b")]))
}

fn location_of(text: &str, exchange: &mut Exchange) -> String {
    let redirect = built(text, |config: &RedirectConfig, reader| config.build(&PLACE, reader));
    match answer(&*redirect, exchange) {
        Ok(response) => {
            assert_eq!(response.fields.len(), 1);
            format!("{} {}", response.status.as_u16(), response.fields.get_str(names::LOCATION).expect("a place"))
        }
        Err(refusal) => refusal.reason.code().into(),
    }
}

#[test]
fn to_is_the_whole_place() {
    assert_eq!(location("to: https://a.test/b"), "308 https://a.test/b?q=1");
    assert_eq!(location("{to: /b, status: 301}"), "301 /b?q=1");
    assert_eq!(location("{to: /b?, status: 302}"), "302 /b?");
    assert_eq!(location("{to: '/b?c=${path.id}', status: 303}"), "303 /b?c=a%20b");
    assert_eq!(location("{to: '/b#c', status: 307}"), "307 /b?q=1#c");
    assert_eq!(location("to: 'https://u.test/api/${path.rest}'"), "308 https://u.test/api/x/y?q=1");
    assert_eq!(location("to: 'https://${request.host}/'"), "308 https://shop.test/?q=1");
}

// Rule: redirect-parts
#[test]
fn parts_change_parts() {
    assert_eq!(location("{scheme: https}"), "308 https://shop.test/o/a%20b/x/y?q=1", "a new scheme takes its own port");
    assert_eq!(location("{scheme: https, port: 8443}"), "308 https://shop.test:8443/o/a%20b/x/y?q=1");
    assert_eq!(location("{scheme: https, port: 443}"), "308 https://shop.test/o/a%20b/x/y?q=1");
    assert_eq!(location("{scheme: http}"), "308 http://shop.test:8080/o/a%20b/x/y?q=1", "no new scheme");
    assert_eq!(location("{host: b.test}"), "308 http://b.test:8080/o/a%20b/x/y?q=1");
    assert_eq!(location("{path: '/n/${path.id}'}"), "308 http://shop.test:8080/n/a%20b?q=1");
    assert_eq!(location("{path: /n?a=b, port: 80}"), "308 http://shop.test/n?a=b");
    assert_eq!(location("{host: 'www.${request.host}', scheme: https}"), "308 https://www.shop.test/o/a%20b/x/y?q=1");
}

#[test]
fn a_client_cannot_choose_another_place() {
    assert_eq!(location("to: '/${request.headers[\"x-evil\"]}'"), "308 /%2F%2Fevil.test%2F%0D%0Aset-cookie:%20a=b?q=1");
    assert_eq!(location("host: '${request.headers[\"x-evil\"]}'"), "bad_value");
    assert_eq!(location("to: 'https://${request.headers[\"x-evil\"]}/'"), "bad_value");
}

#[test]
fn http_1_0_without_a_host() {
    let mut nameless = exchange(&[]);
    nameless.request.target = Target::new("", None, "/a", None);
    assert_eq!(location_of("path: /b", &mut nameless), "308 /b");
    assert_eq!(location_of("scheme: https", &mut nameless), "bad_value");
    assert_eq!(location_of("{scheme: https, host: a.test}", &mut nameless), "308 https://a.test/a");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let said = |text: &str| try_build(text, |config: &RedirectConfig, reader| config.build(&PLACE, reader)).1;
    let whole = "`to` is the whole place, and excludes the parts of one [write all of it in `to`, or leave `to` out]";
    assert_eq!(said("{to: /a, port: 1}"), [format!("1:1 {whole}")]);
    assert_eq!(
        said("{status: 301}"),
        ["1:1 `redirect` does not say where to [give `to`, or any of scheme, host, port, path]"]
    );
    assert_eq!(said("{to: /a, status: 304}"), ["1:18 expected 301, 302, 303, 307 or 308, found `304`"]);
    assert_eq!(said("port: 0"), ["1:1 0 is no port"]);
    for to in ["shop.test", "//shop.test/", "'${request.query.next}'", "javascript:alert", "ftp://a/"] {
        assert!(said(&format!("to: {to}"))[0].contains("does not say where to"), "{to}");
    }
    for to in ["https:///a", "https://", "http://a@b/", "https://a:b/"] {
        assert!(said(&format!("to: {to}"))[0].contains("is no host"), "{to}");
    }
    assert!(said("{host: 'a b', path: a}").len() == 2);
}
