use super::*;

const TRUSTED: [&str; 4] = ["10.0.0.1", "10.0.0.2", "2001:db8::a", "127.0.0.1"];

fn from(peer: &str, sent: &[(&str, &str)]) -> (Result<ClientAddress, Reason>, Fields) {
    let mut fields: Fields = sent.iter().copied().collect();
    let found = resolve(&mut fields, peer.parse().unwrap(), |ip| TRUSTED.iter().any(|t| t.parse() == Ok(ip)));
    (found.map_err(|refusal| refusal.reason), fields)
}

/// The client's address and port for a request from the trusted 10.0.0.1.
fn client(sent: &[(&str, &str)]) -> Result<(String, u16), Reason> {
    from("10.0.0.1:4000", sent).0.map(|client| (client.ip.to_string(), client.port))
}

fn is(ip: &str, port: u16) -> Result<(String, u16), Reason> {
    Ok((ip.to_owned(), port))
}

fn scheme_and_host(sent: &[(&str, &str)]) -> Result<(Option<Scheme>, Option<String>), Reason> {
    from("10.0.0.1:4000", sent).0.map(|client| (client.scheme, client.host.map(String::from)))
}

const BAD: Reason = Reason::BadForwarded;

// Rule: client-untrusted
#[test]
fn an_untrusted_peer_is_the_client_and_its_forwarding_fields_are_dropped() {
    let (found, fields) = from(
        "192.0.2.7:999",
        &[
            ("accept", "*/*"),
            ("forwarded", "for=1.1.1.1"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "nonsense"),
            ("x-forwarded-anything", "a"),
            ("x_forwarded-for", "1.1.1.1"),
            ("x_real_ip", "1.1.1.1"),
            ("x-real-ip", "1.1.1.1"),
            ("x-request-id", "a"),
            ("x-forwarded", "kept"),
            ("x-requested-with", "kept"),
            ("from", "kept"),
        ],
    );
    let expected =
        ClientAddress { ip: "192.0.2.7".parse().unwrap(), port: 999, peer_is_trusted: false, scheme: None, host: None };
    assert_eq!(found, Ok(expected));
    let kept: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(kept, ["accept", "x-forwarded", "x-requested-with", "from"]);
}

#[test]
fn what_a_client_spells_with_underscores_does_not_pass_a_trusted_peer() {
    let spoofed =
        [("x_forwarded_for", "6.6.6.6"), ("x_real_ip", "6.6.6.6"), ("x_request_id", "a"), ("x_other", "kept")];
    let (found, fields) = from("10.0.0.1:4000", &[&spoofed[..], &[("x-forwarded-for", "192.0.2.1")]].concat());
    assert_eq!(found.map(|client| client.ip.to_string()), Ok("192.0.2.1".into()));
    let kept: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(kept, ["x_other", "x-forwarded-for"]);
}

#[test]
fn a_trusted_peer_that_says_nothing_is_the_client() {
    let (found, fields) = from("[::ffff:10.0.0.1]:4000", &[("x-request-id", "abc"), ("x-forwarded-for", " , ")]);
    let found = found.unwrap();
    assert!(found.peer_is_trusted);
    assert_eq!((found.ip.to_string(), found.port), ("10.0.0.1".into(), 4000));
    assert_eq!(fields.get("x-request-id"), Some(&b"abc"[..]), "a trusted peer's fields stay");
}

// Rule: client-trusted
#[test]
fn the_client_is_the_rightmost_address_that_is_not_trusted() {
    assert_eq!(client(&[("x-forwarded-for", "1.1.1.1, 192.0.2.7")]), is("192.0.2.7", 0));
    assert_eq!(client(&[("x-forwarded-for", "192.0.2.7"), ("x-forwarded-for", "10.0.0.2")]), is("192.0.2.7", 0));
    assert_eq!(client(&[("forwarded", "for=1.1.1.1, for=192.0.2.7,for=10.0.0.2")]), is("192.0.2.7", 0));
    assert_eq!(client(&[("forwarded", "for=192.0.2.7"), ("forwarded", "For=10.0.0.2")]), is("192.0.2.7", 0));
    assert_eq!(client(&[("x-forwarded-for", "192.0.2.7, 2001:db8::a, 10.0.0.2")]), is("192.0.2.7", 0));
}

#[test]
fn where_all_are_trusted_the_leftmost_is_the_client() {
    assert_eq!(client(&[("x-forwarded-for", "10.0.0.2, 127.0.0.1")]), is("10.0.0.2", 0));
    assert_eq!(client(&[("forwarded", "for=\"10.0.0.2:5\", for=127.0.0.1")]), is("10.0.0.2", 5));
}

#[test]
fn what_stands_left_of_the_client_is_not_looked_at() {
    assert_eq!(client(&[("x-forwarded-for", "<script>, \u{fe}, 192.0.2.7")]), is("192.0.2.7", 0));
    assert_eq!(client(&[("forwarded", "for=nonsense, for=192.0.2.7")]), is("192.0.2.7", 0));
}

#[test]
fn addresses_come_in_every_customary_form() {
    for (text, ip, port) in [
        ("192.0.2.7:8000", "192.0.2.7", 8000),
        ("2001:db8::1", "2001:db8::1", 0),
        ("[2001:db8::1]", "2001:db8::1", 0),
        ("[2001:db8::1]:80", "2001:db8::1", 80),
        ("::ffff:192.0.2.7", "192.0.2.7", 0),
    ] {
        assert_eq!(client(&[("x-forwarded-for", text)]), is(ip, port), "{text}");
    }
    for text in [
        "300.1.1.1",
        "1.1.1",
        "192.0.2.07",
        "[::1",
        "[::1]80",
        "::1]",
        "192.0.2.7:",
        "192.0.2.7:99999",
        "a.test",
        "_",
        "fe80::1%1",
    ] {
        assert_eq!(client(&[("x-forwarded-for", text)]), Err(BAD), "{text}");
    }
}

/// RFC 7239 4 and 6.
#[test]
fn nodes_of_forwarded_may_be_quoted_and_hidden() {
    for (text, ip, port) in [
        ("for=\"192.0.2.7:47011\"", "192.0.2.7", 47011),
        ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17", 4711),
        ("FOR=\"[2001:db8:cafe::17]\";by=203.0.113.43", "2001:db8:cafe::17", 0),
        ("for=\"192.0.2.7:_port\"", "192.0.2.7", 0),
        ("for=\"\\192.0.2.7\"", "192.0.2.7", 0),
        ("for=192.0.2.7;proto=http; by=203.0.113.43 ; x=\"a,;b\"", "192.0.2.7", 0),
        (";for=192.0.2.7;;", "192.0.2.7", 0),
    ] {
        assert_eq!(client(&[("forwarded", text)]), is(ip, port), "{text}");
    }
    for text in [
        "for=unknown",
        "for=_SEVKISEK",
        "for=\"_hidden:80\"",
        "proto=https",
        "for=1.1.1.1, for=Unknown",
        "for=\"unknown:_a\"",
    ] {
        assert_eq!(client(&[("forwarded", text)]), is("10.0.0.1", 4000), "{text}");
    }
    assert_eq!(client(&[("forwarded", "for=1.1.1.1, for=_x, for=10.0.0.2")]), is("10.0.0.2", 0));
    assert_eq!(client(&[("x-forwarded-for", "unknown, 10.0.0.2")]), is("10.0.0.2", 0));
}

#[test]
fn a_malformed_forwarded_is_refused() {
    for text in [
        "for",
        "for=",
        "for =192.0.2.7",
        "for= 192.0.2.7",
        "for=192.0.2.7:80",
        "for=[::1]",
        "for=\"::1\"",
        "for=\"192.0.2.7",
        "for=\"192.0.2.7\\",
        "for=192.0.2.7 for=1.1.1.1",
        "for=192.0.2.7;for=192.0.2.7",
        "for=192.0.2.7;proto=http;Proto=https",
        "=a",
        "for=192.0.2.7;proto=ftp",
        "for=192.0.2.7;host=\"\"",
        "for=192.0.2.7;host=\"a b\"",
        "for=\"_\"",
    ] {
        assert_eq!(client(&[("forwarded", text)]), Err(BAD), "{text}");
    }
}

// Rule: client-contradiction
#[test]
fn the_two_forms_must_agree() {
    let pair = |standard, customary| client(&[("forwarded", standard), ("x-forwarded-for", customary)]);
    assert_eq!(pair("for=192.0.2.7", "192.0.2.7"), is("192.0.2.7", 0));
    assert_eq!(pair("for=\"192.0.2.7:80\"", "192.0.2.7"), is("192.0.2.7", 80));
    assert_eq!(pair("for=192.0.2.7", "192.0.2.7:80"), is("192.0.2.7", 80));
    assert_eq!(pair("for=192.0.2.7", "1.1.1.1, 192.0.2.7"), is("192.0.2.7", 0), "what the client says does not count");
    assert_eq!(pair("for=192.0.2.7", "192.0.2.8"), Err(BAD));
    assert_eq!(pair("for=\"192.0.2.7:80\"", "192.0.2.7:81"), Err(BAD));
    assert_eq!(pair("for=_hidden", "192.0.2.7"), Err(BAD));
    assert_eq!(pair("for=192.0.2.7, for=1.1.1.1", "192.0.2.7"), Err(BAD), "one added by an untrusted client");
}

#[test]
fn scheme_and_host_are_those_of_the_clients_hop() {
    let both = |scheme, host: &str| Ok((Some(scheme), Some(host.to_owned())));
    let x = |addresses, proto, host| {
        scheme_and_host(&[("x-forwarded-for", addresses), ("x-forwarded-proto", proto), ("x-forwarded-host", host)])
    };
    assert_eq!(x("192.0.2.7", "https", "Shop.test"), both(Scheme::Https, "shop.test"));
    assert_eq!(x("1.1.1.1, 192.0.2.7", "https, http", "evil.test, shop.test"), both(Scheme::Http, "shop.test"));
    assert_eq!(x("192.0.2.7, 10.0.0.2", "https, http", "a.test:81, b.test"), both(Scheme::Https, "a.test:81"));
    assert_eq!(x("192.0.2.7, 10.0.0.2", "HTTPS", "a.test"), both(Scheme::Https, "a.test"), "kept by the second proxy");
    assert_eq!(x("", "wss", "a.test"), both(Scheme::Https, "a.test"));
    assert_eq!(x("192.0.2.7", "gopher", "a.test"), Err(BAD));
    assert_eq!(x("192.0.2.7", "https", "a b"), Err(BAD));
    assert_eq!(
        scheme_and_host(&[("forwarded", "for=192.0.2.7;proto=https;host=\"a.test:81\", for=10.0.0.2;proto=http")]),
        both(Scheme::Https, "a.test:81")
    );
}

#[test]
fn scheme_and_host_of_both_forms_must_agree() {
    let with = |name, value| {
        scheme_and_host(&[
            ("forwarded", "for=192.0.2.7;proto=https;host=a.test"),
            ("x-forwarded-for", "192.0.2.7"),
            (name, value),
        ])
    };
    assert_eq!(with("x-forwarded-proto", "https"), Ok((Some(Scheme::Https), Some("a.test".into()))));
    assert_eq!(with("x-forwarded-proto", "http"), Err(BAD));
    assert_eq!(with("x-forwarded-host", "b.test"), Err(BAD));
    assert_eq!(
        scheme_and_host(&[("forwarded", "for=192.0.2.7;proto=https"), ("x-forwarded-proto", "http")]),
        Err(BAD),
        "though X-Forwarded-For is not there"
    );
}
