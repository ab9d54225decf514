use super::{Said, said};
use crate::testing::{Service, chain_of, exchange, lines, said_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pintle_core::{Reason, names};
use std::sync::Arc;

const CONSUMERS: &str = "[{name: ops, basic_auth: {username: ops, password: {bcrypt: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'}}}]";

async fn run(policy: &str, fields: &[(&str, &str)]) -> Result<Vec<String>, Reason> {
    let service = Arc::new(Service::default());
    let chain = chain_of(&[&format!("[{{basic_auth: {policy}}}]")], "{}", CONSUMERS, &service);
    match chain.run(&mut exchange(fields)).await {
        Ok(_) => Ok(lines(&service.got.lock())),
        Err(refusal) => {
            let fields = refusal.fields.unwrap_or_default();
            let told = fields.get_str(names::WWW_AUTHENTICATE).unwrap_or_default();
            assert!(told.starts_with("Basic realm=\"") && told.ends_with("\", charset=\"UTF-8\""), "{told}");
            Err(refusal.reason)
        }
    }
}

fn basic(pair: impl AsRef<[u8]>) -> String {
    format!("bAsIc {}", STANDARD.encode(pair))
}

#[tokio::test]
async fn a_right_password_passes_and_stays_behind() {
    let value = basic("ops:U*U");
    let settings = "{forward: {x-user: '${consumer.name}'}}";
    // The second time it is remembered.
    for _ in 0..2 {
        let fields = [("authorization", &*value), ("x-user", "root")];
        assert_eq!(run(settings, &fields).await, Ok(vec!["x-user: ops".to_owned()]));
    }
    assert_eq!(run("{keep: true}", &[("authorization", &value)]).await.map(|got| got.len()), Ok(1));
}

#[tokio::test]
async fn a_wrong_one_an_unknown_name_and_a_broken_field_are_refused_alike() {
    for value in [
        basic("ops:U*V"),
        basic("root:U*U"),
        basic("ops"),
        basic(b"ops:\xff"),
        basic("ops:a\nb"),
        "Basic %".into(),
        "Basic".into(),
    ] {
        assert_eq!(run("{}", &[("authorization", &value)]).await, Err(Reason::BadCredentials), "{value}");
        assert_eq!(run("{optional: true}", &[("authorization", &value)]).await, Err(Reason::BadCredentials), "{value}");
    }
    let right = basic("ops:U*U");
    assert_eq!(run("{}", &[("authorization", &right), ("authorization", &right)]).await, Err(Reason::BadCredentials));
    assert_eq!(run("{}", &[]).await, Err(Reason::NoCredentials));
    assert_eq!(run("{}", &[("authorization", "Bearer x")]).await, Err(Reason::NoCredentials));
    assert_eq!(run("{optional: true}", &[]).await, Ok(vec![]));
}

#[tokio::test]
async fn another_authorization_may_be_forwarded_in_its_place() {
    let settings = "{forward: {authorization: 'Bearer of ${consumer.name}'}}";
    let right = basic("ops:U*U");
    let got = run(settings, &[("authorization", &right)]).await;
    assert_eq!(got, Ok(vec!["authorization: Bearer of ops".to_owned()]));
    let optional = settings.replace("{forward", "{optional: true, forward");
    assert_eq!(run(&optional, &[("authorization", "Bearer forged")]).await, Ok(vec![]));
}

#[test]
fn the_first_colon_parts_name_and_password() {
    // RFC 7617 2.
    let fields = [("authorization", basic("a:b:c"))].into_iter().collect();
    assert!(matches!(said(&fields), Said::Pair(pair) if pair.name == "a" && pair.password.equals(b"b:c")));
    let fields = [("authorization", format!("Basic {}", "A".repeat(9000)))].into_iter().collect();
    assert!(matches!(said(&fields), Said::Broken(_)));
}

#[test]
fn a_realm_that_cannot_be_told_is_refused() {
    assert!(said_of(&["[{basic_auth: {realm: 'a\"b'}}]"], "{}")[0].contains("this realm cannot be told"));
}
