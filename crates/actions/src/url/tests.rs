use super::*;
use crate::testing::{PLACE, built, exchange, try_build};

fn rendered(text: &str) -> String {
    let url = built(text, |text: &Spanned<String>, reader| Url::path(text, &PLACE, reader));
    url.render(&exchange(&[("x-a", "../b c?d#e")]), Some("q=1")).unwrap_or_else(|refusal| refusal.reason.code().into())
}

fn path_said(text: &str) -> Vec<String> {
    try_build(text, |text: &Spanned<String>, reader| Url::path(text, &PLACE, reader)).1
}

// Rule: template-encoded
#[test]
fn values_are_encoded_for_where_they_stand() {
    assert_eq!(rendered("/v2/${path.rest}"), "/v2/x/y?q=1");
    assert_eq!(rendered("/users/${path.id}"), "/users/a%20b?q=1");
    assert_eq!(rendered("/${request.headers['x-a']}"), "/..%2Fb%20c%3Fd%23e?q=1");
    assert_eq!(rendered("/a?x=${request.headers['x-a']}"), "/a?x=..%2Fb%20c%3Fd%23e");
    assert_eq!(rendered("/a?"), "/a?", "an empty query is one of its own");
    assert_eq!(rendered("/%7Bid%7D/a%2Fb"), "/%7Bid%7D/a%2Fb?q=1");
}

#[test]
fn what_would_be_another_path_is_the_clients_fault() {
    assert_eq!(rendered("/a/${request.headers['x-none']}"), "bad_value");
    assert_eq!(rendered("\"/a/${request.query.q == '1' ? '..' : ''}/b\""), "bad_value");
    assert_eq!(rendered("\"/a/${request.query.q == '1' ? '' : 'x'}/b\""), "bad_value");
    assert_eq!(rendered("/a/${route.labels.team}"), "internal", "no client can help it");
}

#[test]
fn a_path_that_no_request_has_is_found_at_load() {
    let first = |text: &str| path_said(text).first().cloned().unwrap_or_default();
    assert_eq!(first("a/b"), "1:1 a path begins with `/`, this one is `a/b` [write `/a/b`]");
    assert!(first("${request.path}/a").ends_with("[the path stays as it is where none is given: leave it out]"));
    for (text, message) in [
        ("/a b", "' ' stands in no URL as it is"),
        ("/ä", "'ä' stands in no URL as it is"),
        ("\"/a${path.id}\\n\"", "'\\n' stands in no URL as it is"),
        ("'/a#b'", "`#` begins a fragment"),
        ("/100%", "`%` begins a code"),
        ("/%2x/${path.id}", "`%` begins a code"),
        ("/a/../b", "no segment `.` or `..`"),
        ("/${path.id}/./b", "no segment `.` or `..`"),
        ("/{id}", "'{' stands in no URL"),
        ("/${path.nope}", "the match captures no `nope`"),
    ] {
        assert!(first(text).contains(message), "{text}: {}", first(text));
    }
    assert_eq!(path_said("/a?b=../c&d=%20"), [""; 0]);
}

fn host(text: &str, with_port: bool) -> Result<String, String> {
    let (host, said) = try_build(text, |text: &Spanned<String>, reader| Host::build(text, with_port, &PLACE, reader));
    let host = host.ok_or_else(|| said.concat())?;
    host.render(&exchange(&[("x-h", "h.test"), ("x-bad", "a/b")])).map_err(|refusal| refusal.reason.code().into())
}

#[test]
fn hosts_are_hosts() {
    assert_eq!(host("orders.internal", true).as_deref(), Ok("orders.internal"));
    assert_eq!(host("orders.internal:81", true).as_deref(), Ok("orders.internal:81"));
    assert_eq!(host("'[::1]'", false).as_deref(), Ok("[::1]"));
    assert_eq!(host("a.${request.headers['x-h']}", false).as_deref(), Ok("a.h.test"));
    assert_eq!(host("${request.headers['x-bad']}", true), Err("bad_value".into()));
    assert_eq!(host("${request.headers['x-h']}:81", false), Err("bad_value".into()));
    for (text, with_port) in [("a:81", false), ("'[::1]:81'", false), ("a/b", true), ("a b", true), ("unix:/x", true)] {
        assert!(host(text, with_port).is_err_and(|said| said.contains("is no host")), "{text}");
    }
}
