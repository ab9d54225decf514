//! What a service is told of the request's way.

use crate::forward::prepare;
use crate::testing::{exchange, lines};
use pintle_core::{Exchange, Scheme, Target, Version, instance};
use std::net::{IpAddr, SocketAddr};

/// The fields that a service gets, without the trace and without what names this process.
fn prepared(mut exchange: Exchange) -> Vec<String> {
    prepare(&mut exchange);
    let kept = |line: &String| !line.starts_with("traceparent: ");
    lines(&exchange.request.fields).into_iter().filter(kept).map(|line| line.replace(instance(), "US")).collect()
}

fn behind(proxy: &str, client: &str, fields: &[(&str, &str)]) -> Exchange {
    let mut exchange = exchange(fields);
    exchange.client.peer = Some(SocketAddr::new(proxy.parse().expect("an address"), 1));
    exchange.client.ip = client.parse().expect("an address");
    exchange.client.peer_is_trusted = true;
    exchange
}

#[test]
fn who_asked_by_which_way_and_under_which_id() {
    assert_eq!(
        prepared(exchange(&[("a", "b")])),
        [
            "a: b",
            "x-forwarded-for: 192.0.2.7",
            "x-forwarded-proto: http",
            "x-forwarded-host: shop.test:8080",
            "x-request-id: 0af7651916cd43dd8448eb211c80319c",
            "via: 1.1 US",
        ]
    );
}

#[test]
fn versions_and_schemes_are_those_of_the_client() {
    let mut exchange = exchange(&[("via", "1.0 first")]);
    exchange.request.version = Version::Http2;
    exchange.request.scheme = Scheme::Https;
    exchange.request.target = Target::new("", None, "/", None);
    let lines = prepared(exchange);
    assert!(lines.contains(&"x-forwarded-proto: https".into()));
    assert!(!lines.iter().any(|line| line.starts_with("x-forwarded-host")), "it named none");
    assert_eq!(lines[0], "via: 1.0 first");
    assert_eq!(lines[lines.len() - 1], "via: 2 US", "RFC 9110 7.6.3: those before stay, in their order");
}

#[test]
fn the_peer_stands_behind_those_that_a_trusted_one_named() {
    let lines = prepared(behind(
        "10.0.0.1",
        "203.0.113.9",
        &[("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "gopher")],
    ));
    assert_eq!(lines[0], "x-forwarded-for: 198.51.100.1, 203.0.113.9, 10.0.0.1");
    assert_eq!(lines.iter().filter(|line| line.starts_with("x-forwarded-proto")).count(), 1);
}

#[test]
fn both_forms_agree_where_a_proxy_sent_one() {
    let lines = prepared(behind("10.0.0.1", "203.0.113.9", &[("forwarded", "for=203.0.113.9;proto=https")]));
    assert_eq!(
        lines[..3],
        ["forwarded: for=203.0.113.9;proto=https", "x-forwarded-for: 203.0.113.9, 10.0.0.1", "forwarded: for=10.0.0.1",]
    );
    let lines = prepared(behind("2001:db8::1", "203.0.113.9", &[("forwarded", "for=203.0.113.9")]));
    assert_eq!(lines[2], "forwarded: for=\"[2001:db8::1]\"", "RFC 7239 6: brackets, and so quotes");
}

#[test]
fn addresses_are_written_in_their_shortest_form() {
    for (peer, written) in [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("1111:2222:3333:4444:5555:6666:7777:8888", "1111:2222:3333:4444:5555:6666:7777:8888"),
    ] {
        let ip: IpAddr = written.parse().expect("an address");
        let lines = prepared(behind(peer, &ip.to_string(), &[]));
        assert_eq!(lines[0], format!("x-forwarded-for: {written}"));
    }
}

#[test]
fn a_unix_socket_has_no_address_to_add() {
    let mut listed = behind("10.0.0.1", "203.0.113.9", &[("x-forwarded-for", "203.0.113.9")]);
    listed.client.peer = None;
    assert_eq!(prepared(listed)[0], "x-forwarded-for: 203.0.113.9");
    let mut plain = behind("10.0.0.1", "127.0.0.1", &[]);
    plain.client.peer = None;
    assert_eq!(prepared(plain)[0], "x-forwarded-for: 127.0.0.1");
}

#[test]
fn what_is_for_this_hop_alone_stays_behind() {
    let lines = prepared(exchange(&[
        ("proxy-authorization", "Basic x"),
        ("te", "gzip, Trailers"),
        ("x-request-id", "forged"),
        ("authorization", "Bearer y"),
        ("early-data", "1"),
    ]));
    assert!(lines.contains(&"te: trailers".into()) && lines.contains(&"authorization: Bearer y".into()));
    assert!(lines.contains(&"early-data: 1".into()), "RFC 8470 5.1: an intermediary keeps it");
    assert!(!lines.iter().any(|line| line.contains("proxy-auth") || line.contains("forged") || line.contains("gzip")));
    assert!(!prepared(exchange(&[("te", "gzip")])).iter().any(|line| line.starts_with("te:")));
}

#[test]
fn a_trace_goes_on_with_its_state_or_begins_without() {
    let state = |parent: &str| {
        let mut exchange = exchange(&[("traceparent", parent), ("tracestate", "a=1")]);
        prepare(&mut exchange);
        let fields = &exchange.request.fields;
        assert_eq!(fields.get_all("traceparent").count(), 1);
        (fields.get_str("traceparent").expect("one")[..35].to_owned(), fields.contains("tracestate"))
    };
    let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(state(sent), ("00-4bf92f3577b34da6a3ce929d0e0e4736".into(), true));
    assert_eq!(state("nonsense"), ("00-0af7651916cd43dd8448eb211c80319c".into(), false));
}

#[test]
fn two_parents_are_none() {
    let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut exchange = exchange(&[("traceparent", sent), ("traceparent", sent)]);
    prepare(&mut exchange);
    let parents: Vec<_> = exchange.request.fields.get_all("traceparent").collect();
    assert_eq!(parents.len(), 1);
    assert!(parents[0].starts_with(b"00-0af7651916cd43dd8448eb211c80319c-"));
}
