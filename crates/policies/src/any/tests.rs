use crate::testing::{Service, chain_of, exchange, lines, said_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pintle_core::{Reason, names};
use std::sync::Arc;

/// The key of acme is `abc`, the password of ops `U*U`.
const CONSUMERS: &str = "[
  {name: acme, api_keys: [{sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad}]},
  {name: ops, basic_auth: {username: ops, password: {bcrypt: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'}}}]";
const NAMED: &str = "{key: {api_key: {header: x-api-key, forward: {x-by: key}}}}";
const EITHER: &str = "[{any: [key, {basic_auth: {realm: orders, forward: {x-by: 'user ${consumer.name}'}}}]}]";

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// What the service got, or the reason and the challenges.
async fn run(policies: &str, fields: &[(&str, &str)]) -> Result<Vec<String>, (Reason, Vec<String>)> {
    let service = Arc::new(Service::default());
    let chain = chain_of(&[policies], NAMED, CONSUMERS, &service);
    match chain.run(&mut exchange(fields)).await {
        Ok(_) => Ok(lines(&service.got.lock())),
        Err(refusal) => {
            let fields = refusal.fields.unwrap_or_default();
            let told = fields.get_all(names::WWW_AUTHENTICATE).map(|value| String::from_utf8_lossy(value).into_owned());
            Err((refusal.reason, told.collect()))
        }
    }
}

#[tokio::test]
async fn one_of_them_is_enough_and_forwards_what_is_its_own() {
    let own = |value: &str| Ok(vec![format!("x-by: {value}")]);
    assert_eq!(run(EITHER, &[("x-api-key", "abc"), ("x-by", "forged")]).await, own("key"));
    let right = basic("ops:U*U");
    assert_eq!(run(EITHER, &[("authorization", &right), ("x_by", "forged")]).await, own("user ops"));
    // A wrong one beside a right one, in either order.
    assert_eq!(run(EITHER, &[("x-api-key", "abd"), ("authorization", &right)]).await, own("user ops"));
    assert_eq!(
        run(EITHER, &[("x-api-key", "abc"), ("authorization", &basic("ops:x"))]).await.map(|got| got.len()),
        Ok(2)
    );
}

#[tokio::test]
async fn nobody_is_told_of_all_in_one_answer() {
    let told = vec!["ApiKey header=\"x-api-key\"".to_owned(), "Basic realm=\"orders\", charset=\"UTF-8\"".into()];
    assert_eq!(run(EITHER, &[]).await, Err((Reason::NoCredentials, told.clone())));
    assert_eq!(run(EITHER, &[("x-api-key", "abd")]).await, Err((Reason::BadCredentials, told.clone())));
    let wrong = basic("ops:U*V");
    let told: Vec<String> = told.into_iter().rev().collect();
    assert_eq!(run(EITHER, &[("authorization", &wrong)]).await, Err((Reason::BadCredentials, told)));
}

#[tokio::test]
async fn it_may_be_optional_and_forward_for_all() {
    let policies =
        "[{any: {of: [key, {api_key: {query: key}}], optional: true, forward: {x-who: '${consumer.name}'}}}]";
    let fields = [("x-api-key", "abc"), ("x-who", "forged")];
    assert_eq!(run(policies, &fields).await, Ok(vec!["x-by: key".to_owned(), "x-who: acme".into()]));
    assert_eq!(run(policies, &[("x-who", "forged"), ("x-by", "forged")]).await, Ok(vec![]));
    assert_eq!(run(policies, &[("x-api-key", "abd")]).await.map_err(|why| why.0), Err(Reason::BadCredentials));
}

#[test]
fn only_authentications_are_chosen_from() {
    for (policies, said) in [
        ("[{any: [key]}]", "chooses among 2 to 16"),
        ("[{any: [key, {timeout: 5s}]}]", "`timeout` is no authentication"),
        ("[{any: [key, nobody]}]", "there is no policy named `nobody`"),
        ("[{any: [key, {any: [key, key]}]}]", "`any` does not stand in another one"),
        ("[{any: [key, {api_key: none}]}]", "`api_key: none` is nothing to choose"),
    ] {
        let found = said_of(&[policies], NAMED);
        assert!(found.len() == 1 && found[0].contains(said), "{policies}: {found:?}");
    }
}
