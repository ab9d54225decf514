//! Requests are explained by the configuration that answered them, however many came after it.

use super::play::{Version, ask, config, start, why};
use pintle_testkit::{Ask, Gateway, RawOrigin, until};
use serde_json::Value;
use std::fmt::Write;

async fn told(gateway: &Gateway, id: &str) -> Value {
    until("the request to be kept", async || {
        let said = why(gateway, &[id, "--format", "json"]).await;
        (said.code == Some(0)).then(|| serde_json::from_str(&said.stdout).expect("JSON"))
    })
    .await
}

// Rule: why-version
#[tokio::test]
async fn a_request_is_explained_by_the_configuration_of_then() {
    let routes = "{name: first, match: /asked, policies: [{body_limit: 3B}], respond: {}}";
    let gateway = start(routes, "").await;
    for version in [Version::Http1, Version::Http2] {
        let before = ask(&gateway, version, Ask::get("/asked")).await;
        let refused = ask(&gateway, version, Ask::post("/asked", "12345")).await;
        let [before, refused] = [before, refused].map(|one| one.get("x-request-id").expect("an id").to_owned());
        for number in 0..3 {
            let later = format!("{{name: later-{number}, match: '/later/**', respond: {{}}}}");
            gateway.change(config(&later, "")).await;
        }
        let after = ask(&gateway, version, Ask::get("/asked")).await.get("x-request-id").expect("an id").to_owned();
        let told_before = told(&gateway, &before).await;
        assert_eq!((&told_before["route"], &told_before["candidates"][0]["name"]), (&"first".into(), &"first".into()));
        let told_refused = told(&gateway, &refused).await;
        let policy = &told_refused["policies"][0];
        assert_eq!(
            (&policy["name"], &policy["verdict"]["word"]),
            (&"body_limit".into(), &"refused".into()),
            "{told_refused:#}"
        );
        let told_after = told(&gateway, &after).await;
        assert_eq!(told_after["route"], Value::Null);
        assert!(told_after["version"].as_u64() > told_before["version"].as_u64());
        gateway.change(config(routes, "")).await;
    }
}

// Rule: why-version
#[tokio::test]
async fn what_was_recorded_is_told_where_its_configuration_is_gone() {
    let gateway = start("{name: first, match: /asked, respond: {}}", "").await;
    let id = gateway.get("/asked").await.get("x-request-id").expect("an id").to_owned();
    for number in 0..11 {
        gateway.change(config(&format!("{{name: later, match: '/later/{number}', respond: {{}}}}"), "")).await;
    }
    let told = told(&gateway, &id).await;
    assert_eq!((&told["route"], &told["outcome"]["status"]), (&"first".into(), &200.into()));
    assert_eq!(told["candidates"].as_array().map(Vec::len), Some(0));
    let notes = told["notes"].to_string();
    assert!(notes.contains("is not kept any more"), "{notes}");
}

// Rule: why-version
#[tokio::test]
async fn a_reload_and_a_hang_up_while_a_request_is_under_way_are_told_as_they_were() {
    let service = RawOrigin::start().await;
    let routes = format!("{{name: slow, match: /asked, proxy: 'http://{}'}}", service.address());
    let gateway = start(&routes, "").await;
    let client = gateway.h2().await;
    let stream = client.open(&Ask::get("/asked"), true).await.expect("a stream");
    let mut wire = service.accept().await;
    wire.request().await;
    let under_way = why(&gateway, &["--list"]).await;
    assert!(under_way.stdout.starts_with("none of the kept requests"), "it is not over: {under_way:?}");
    gateway.change(config("{name: other, match: /asked, respond: {}}", "")).await;
    stream.reset(h2::Reason::CANCEL);
    let said = until("the request to be over", async || {
        let said = why(&gateway, &["--last-error"]).await;
        (said.code == Some(0)).then_some(said)
    })
    .await;
    assert!(said.stdout.starts_with("499 client_closed: the client hung up after "), "{said:?}");
    assert!(said.stdout.contains("by configuration 1") && said.stdout.contains("slow ("), "{said:?}");
}

#[tokio::test]
async fn among_ten_thousand_routes_the_one_that_nearly_took_it_is_told() {
    let mut routes = String::new();
    for number in 0..10_000 {
        let _ =
            write!(routes, "{{name: r{number}, match: '/team-{}/service-{number}/**', respond: {{}}}},", number % 97);
    }
    let gateway = start(&routes, "").await;
    let answer = gateway.get("/team-1/servce-98/a").await;
    let id = answer.get("x-request-id").expect("an id").to_owned();
    until("the request to be kept", async || (why(&gateway, &[&id]).await.code == Some(0)).then_some(())).await;
    let said = why(&gateway, &[&id]).await;
    assert!(said.stdout.contains("nearest is `r98`") || said.stdout.contains("nearest is `r"), "{said:?}");
}
