use super::*;
use crate::control::Token;
use pintle_core::secret::Secret;
use pintle_core::{Fields, Method};

fn host(text: &str) -> Option<Host> {
    Host::parse(text.as_bytes())
}

fn call<'c>(host: Option<&'c Host>, fields: &'c Fields) -> Call<'c> {
    Call { method: &Method::POST, path: "/reload", query: None, host, fields }
}

fn fields(all: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    all.iter().for_each(|(name, value)| fields.append(*name, value));
    fields
}

/// Every form of a Host by which a page could have got here, and every one by which an operator does.
#[test]
fn a_host_is_an_address_or_a_name_that_was_given() {
    let names = ["gateway.internal".to_owned()];
    for ours in [
        "127.0.0.1",
        "127.0.0.1:9900",
        "10.1.2.3:1",
        "[::1]",
        "[::1]:9900",
        "[2001:db8::7]:9900",
        "[::ffff:127.0.0.1]:9900",
        "localhost",
        "LocalHost:9900",
        "localhost.",
        "gateway.internal",
        "GATEWAY.internal:443",
        "gateway.internal.:9900",
        "127.0.0.1:",
    ] {
        assert!(host(ours).is_some_and(|host| is_ours(&host, &names)), "{ours}");
    }
    for not in [
        "evil.example.com",
        "evil.example.com:9900",
        "127.0.0.1.evil.example.com",
        "localhost.evil.example.com",
        "evil.localhost",
        "gateway.internal.evil.example.com",
        "x-gateway.internal",
        "internal",
        "localhost..",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "::1",
        "[::1",
        "[::1%25lo]",
        "[v1.x]",
        "localhost,evil.example.com",
        "user@localhost",
        "",
    ] {
        assert!(host(not).is_none_or(|host| !is_ours(&host, &names)), "{not}");
    }
}

#[test]
fn without_a_host_only_a_unix_socket_answers() {
    let none = Fields::new();
    let call = call(None, &none);
    assert!(meant(&Access { open: true, ..Access::default() }, &call).is_err());
    assert!(meant(&Access { is_unix: true, ..Access::default() }, &call).is_ok());
}

#[test]
fn a_page_of_another_site_changes_nothing() {
    let ours = host("127.0.0.1:9900");
    for (said, tls, foreign) in [
        (&[][..], false, false),
        (&[("origin", "http://127.0.0.1:9900")], false, false),
        (&[("origin", "http://127.0.0.1:9900"), ("sec-fetch-site", "same-origin")], false, false),
        (&[("sec-fetch-site", "none")], false, false),
        (&[("origin", "https://127.0.0.1:9900")], true, false),
        (&[("origin", "https://127.0.0.1:9900")], false, true),
        (&[("origin", "http://127.0.0.1:9900")], true, true),
        (&[("origin", "http://127.0.0.1")], false, true),
        (&[("origin", "http://localhost:9900")], false, true),
        (&[("origin", "http://evil.example.com")], false, true),
        (&[("origin", "null")], false, true),
        (&[("origin", "")], false, true),
        (&[("origin", "http://127.0.0.1:9900 http://evil.example.com")], false, true),
        (&[("origin", "http://127.0.0.1:9900"), ("origin", "http://evil.example.com")], false, true),
        (&[("sec-fetch-site", "cross-site")], false, true),
        (&[("sec-fetch-site", "same-site")], false, true),
        (&[("origin", "http://127.0.0.1:9900"), ("sec-fetch-site", "cross-site")], false, true),
    ] {
        let fields = fields(said);
        assert_eq!(is_cross_site(&call(ours.as_ref(), &fields), tls), foreign, "{said:?}");
    }
}

#[test]
fn the_token_is_asked_for_where_it_is_needed() {
    let token = || Some(Token { name: "env T".into(), secret: Secret::new("right".into()) });
    let loopback = Access { token: token(), open: true, ..Access::default() };
    let elsewhere = Access { token: token(), ..Access::default() };
    let without = Access { open: true, ..Access::default() };
    let socket = Access { is_unix: true, ..Access::default() };
    let ours = host("localhost");
    let may = |access: &Access, who, shown: &[(&str, &str)]| {
        let fields = fields(shown);
        permit(access, &call(ours.as_ref(), &fields), who, false).map_err(|trouble| trouble.kind.reason)
    };
    let right = &[("authorization", "bEARER right ")][..];
    let named = Ok(Some("env T".to_owned()));
    for access in [&loopback, &elsewhere, &without, &socket] {
        assert!(may(access, Who::Anyone, &[]).is_ok());
    }
    assert_eq!(may(&loopback, Who::Reader, &[]), Ok(None));
    assert_eq!(may(&loopback, Who::Reader, right), named);
    assert_eq!(may(&elsewhere, Who::Reader, &[]), Err("no_token"));
    assert_eq!(may(&elsewhere, Who::Reader, right), named);
    assert_eq!(may(&loopback, Who::Writer, &[]), Err("no_token"));
    assert_eq!(may(&loopback, Who::Writer, right), named);
    assert_eq!(may(&without, Who::Writer, right), Err("no_changes"));
    assert_eq!(may(&socket, Who::Writer, &[]), Ok(None));
    for wrong in ["Bearer wrong", "Bearer ", "Bearer", "right", "Basic right", "Bearer right, Bearer right"] {
        assert_eq!(may(&loopback, Who::Writer, &[("authorization", wrong)]), Err("wrong_token"), "{wrong}");
    }
    let twice = [("authorization", "Bearer right"), ("authorization", "Bearer right")];
    assert_eq!(may(&loopback, Who::Writer, &twice), Err("wrong_token"));
}
