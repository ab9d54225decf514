use crate::testing::{Service, chain_of, exchange, lines, now, said_of};
use pintle_core::{Exchange, Reason, Target};
use std::sync::Arc;

/// Acme's key is `abc`, that of ops `abcd`.
const CONSUMERS: &str = "[
  {name: acme, groups: [partners], api_keys: [{sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad}]},
  {name: ops, api_keys: [{sha256: 88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589}]}]";

/// What the service got of a request, or why it was refused; the request afterwards.
fn run(policy: &str, mut exchange: Exchange) -> (Result<Vec<String>, Reason>, Exchange) {
    let service = Arc::new(Service::default());
    let chain = chain_of(&[&format!("[{policy}]")], "{}", CONSUMERS, &service);
    let outcome = now(chain.run(&mut exchange)).map_err(|refusal| refusal.reason);
    let got = outcome.map(|_| lines(&service.got.lock()));
    (got, exchange)
}

fn asked(query: &str) -> Exchange {
    let mut exchange = exchange(&[("x-a", "1")]);
    exchange.request.target = Target::new("shop.test", None, "/o/a", Some(query).filter(|query| !query.is_empty()));
    exchange
}

#[test]
fn a_key_in_a_header_is_taken_off_in_each_spelling() {
    let policy = "{api_key: {header: X-Api-Key, forward: {x-partner: '${consumer.name}'}}}";
    let fields = [("x-api-key", "abc"), ("x_api_key", "abc"), ("x.api~key", "abc"), ("x-partner", "ops"), ("x-a", "1")];
    let (got, exchange) = run(policy, exchange(&fields));
    assert_eq!(got, Ok(vec!["x-a: 1".to_owned(), "x-partner: acme".into()]));
    assert_eq!(exchange.identity.name(), Some("acme"));
}

#[test]
fn wrong_missing_and_doubled_keys_are_refused() {
    let policy = "{api_key: {header: x-api-key}}";
    let run = |fields: &[(&str, &str)]| run(policy, exchange(fields)).0.map(|_| ());
    assert_eq!(run(&[("x-api-key", "abc")]), Ok(()));
    assert_eq!(run(&[]), Err(Reason::NoCredentials));
    assert_eq!(run(&[("x_api_key", "abc")]), Err(Reason::NoCredentials), "another field");
    let long = "k".repeat(513);
    for value in ["", "abd", "ABC", "abc,abc", &long] {
        assert_eq!(run(&[("x-api-key", value)]), Err(Reason::BadCredentials), "{value}");
    }
    assert_eq!(run(&[("x-api-key", "abc"), ("x-api-key", "abc")]), Err(Reason::BadCredentials));
}

#[test]
fn a_key_in_the_query_is_taken_off_and_nothing_else() {
    for (query, left) in [
        ("key=abc", None),
        ("a=1&key=abc&b=%2F", Some("a=1&b=%2F")),
        ("a=1&%6bey=%61bc&&b", Some("a=1&&b")),
        ("key=abc&keys=1", Some("keys=1")),
    ] {
        let (got, exchange) = run("{api_key: {query: key}}", asked(query));
        assert!(got.is_ok(), "{query}");
        assert_eq!(exchange.request.target.query(), left, "{query}");
        assert_eq!(exchange.request.target.path(), "/o/a");
    }
    for query in ["key", "key=", "key=abd", "key=abc&key=abc", "key=abc&k%65y=x"] {
        assert_eq!(run("{api_key: {query: key}}", asked(query)).0, Err(Reason::BadCredentials), "{query}");
    }
    assert_eq!(run("{api_key: {query: key}}", asked("KEY=abc")).0, Err(Reason::NoCredentials));
    assert_eq!(run("{api_key: {query: key, keep: true}}", asked("key=abc")).1.request.target.query(), Some("key=abc"));
}

#[test]
fn a_key_in_a_cookie_is_taken_off_and_nothing_else() {
    let run = |cookies: &[&str]| {
        let fields: Vec<_> = cookies.iter().map(|value| ("cookie", *value)).collect();
        run("{api_key: {cookie: key}}", exchange(&fields)).0
    };
    assert_eq!(run(&["a=1; key=abc; b=2"]), Ok(vec!["cookie: a=1; b=2".to_owned()]));
    assert_eq!(run(&["key=abc"]), Ok(vec![]));
    assert_eq!(run(&["a=1", "key=abc"]), Ok(vec!["cookie: a=1".to_owned()]));
    assert_eq!(run(&["key=abc; key=abc"]), Err(Reason::BadCredentials));
    assert_eq!(run(&["a=1"]), Err(Reason::NoCredentials));
}

#[test]
fn nobody_passes_where_that_is_said_and_forwards_nothing() {
    let policy = "{api_key: {header: x-api-key, optional: true, forward: {x-partner: '${consumer.name}'}}}";
    assert_eq!(run(policy, exchange(&[("x-partner", "ops"), ("x_partner", "ops")])).0, Ok(vec![]));
    assert_eq!(run(policy, exchange(&[("x-api-key", "abd")])).0, Err(Reason::BadCredentials));
}

#[test]
fn two_must_both_hold_and_name_one_consumer() {
    let both = "{api_key: {header: x-a}}, {api_key: {query: key}}";
    let with = |key: &str, query: &str| {
        let mut exchange = asked(query);
        exchange.request.fields.set("x-a", key);
        run(both, exchange).0.map(|_| ())
    };
    assert_eq!(with("abc", "key=abc"), Ok(()));
    assert_eq!(with("abc", ""), Err(Reason::NoCredentials));
    assert_eq!(with("abc", "key=abcd"), Err(Reason::BadCredentials));
}

#[test]
fn a_mistake_is_said_where_it_stands() {
    for (policy, said) in [
        ("{api_key: {}}", "where the key is found is not said"),
        ("{api_key: {header: x-a, query: a}}", "a key is found in one place"),
        ("{api_key: {header: 'x a'}}", "no header's name"),
        ("{api_key: {cookie: 'a;b'}}", "no name of a cookie"),
        ("{api_key: {header: x-a, forward: {x-u: '${claims}'}}}", ""),
        ("{api_key: {header: x-a, forward: {connection: x}}}", "belongs to the connection"),
    ] {
        let found = said_of(&[&format!("[{policy}]")], "{}");
        assert!(said.is_empty() || found.len() == 1 && found[0].contains(said), "{policy}: {found:?}");
    }
}
