//! `any`: one of several authentications is enough.

use crate::api_key::ABC;
use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, until};

fn config(rest: &str, url: &str) -> String {
    let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
consumers:
  - {{name: acme, api_keys: [{{sha256: {ABC}}}]}}
  - {{name: ops, basic_auth: {{username: ops, password: {{bcrypt: \"{hash}\"}}}}}}
policies: {{key: {{api_key: {{header: x-key, forward: {{x-by: key}}}}}}}}
routes: [{{match: /**, policies: [{rest}], proxy: \"{url}\"}}]
"
    )
}

const EITHER: &str = "{any: [key, {basic_auth: {realm: orders, forward: {x-by: password}}}]}";
const OPS: &str = "Basic b3BzOlUqVQ==";
const WRONG: &str = "Basic b3BzOlUqVg==";

async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

// Rule: authentication-any
#[tokio::test]
async fn either_passes_and_says_what_it_was() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config(EITHER, &service.url())).await;
    for (ask, by, who) in [
        (Ask::get("/").header("x-key", "abc"), "key", "acme"),
        (Ask::get("/").header("authorization", OPS), "password", "ops"),
        (Ask::get("/").header("x-key", "wrong").header("authorization", OPS), "password", "ops"),
        (Ask::get("/").header("x-key", "abc").header("authorization", WRONG), "key", "acme"),
    ] {
        for answer in both(&gateway, ask.clone().header("x-by", "forged")).await {
            assert_eq!((answer.status, service.last().get("x-by")), (200, Some(by)), "{answer:?}");
            assert_eq!(gateway.log_of(&answer).await["pintle.consumer"], who);
        }
    }
}

#[tokio::test]
async fn a_request_without_any_is_told_of_all_and_a_wrong_one_of_all_too() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config(EITHER, &service.url())).await;
    for (ask, reason) in [
        (Ask::get("/"), "no_credentials"),
        (Ask::get("/").header("x-key", "wrong"), "bad_credentials"),
        (Ask::get("/").header("authorization", WRONG), "bad_credentials"),
    ] {
        for answer in both(&gateway, ask).await {
            answer.problem(401, reason);
            let told = answer.fields.all("www-authenticate").join(", ");
            assert!(told.contains("ApiKey header=\"x-key\"") && told.contains("Basic realm=\"orders\""), "{told}");
        }
    }
    assert_eq!(service.hits(), 0);
}

// Rule: authentication-levels
#[tokio::test]
async fn an_inner_one_takes_the_place_of_all_outer_ones() {
    let service = Origin::echo().await;
    let outer = "defaults: {policies: [{api_key: {query: k}}, {client_certificate: {}}]}\n";
    let gateway = Gateway::start(outer.to_owned() + &config(EITHER, &service.url())).await;
    for answer in both(&gateway, Ask::get("/").header("x-key", "abc")).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    gateway.change(outer.to_owned() + &config("{any: none}", &service.url())).await;
    for answer in both(&gateway, Ask::get("/").header("x-key", "abc")).await {
        assert!(answer.status == 401 || answer.status == 403, "{answer:?}");
    }
}

#[tokio::test]
async fn it_holds_through_a_reload_and_a_client_that_hangs_up() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(config(EITHER, &service.url())).await;
    let ask = Ask::get("/").header("authorization", OPS);
    let mut h1 = gateway.wire().await;
    h1.write(ask.to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&ask, true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;
    gateway.change(config("{api_key: {header: x-key}}", &service.url())).await;
    first.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(h1.answer().await.text(), "ok");
    stream.reset(h2::Reason::CANCEL);
    until("a line", async || {
        gateway.log_lines().iter().any(|line| line["pintle.reason"] == "client_closed").then_some(())
    })
    .await;
    drop(second);
    assert_eq!(gateway.ask(ask).await.status, 401);
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |any: &str| {
        format!("{START}routes:\n  - match: /**\n    policies:\n      - any: {any}\n    respond: {{body: ok}}\n")
    };
    refused(&route("[{api_key: {header: x}}]"), &["pintle.yaml:6:", "among 2 to 16", "without `any`"]).await;
    refused(&route("[{api_key: {header: x}}, {timeout: 5s}]"), &["pintle.yaml:6:", "`timeout` is no authentication"])
        .await;
    refused(&route("[{api_key: {header: x}}, nobody]"), &["pintle.yaml:6:", "no policy named `nobody`"]).await;
}
