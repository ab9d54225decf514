//! What `pintle explain` tells of an aggregate before anybody asks it: its plan by waves, as text, as data and as a chart.

use super::{config, shop};
use crate::aggregate_seen::STREAMED;
use pintle_testkit::{Ask, Finished, Folder, Gateway, Origin, pintle};
use serde_json::{Value, json};

/// As it stands in the shared example, with addresses that do not matter.
const HOME: &str = r#"listeners:
  - {name: public, address: 127.0.0.1:8080}
upstreams:
  users: {endpoints: [127.0.0.1:9002]}
  orders: {endpoints: [127.0.0.1:9001, 127.0.0.1:9011]}
routes:
  - name: home
    match: GET /home/{user}
    aggregate:
      pass_headers: [authorization, accept-language]
      parts:
        profile:
          call: GET users:/users/${path.user}
          on_failure: pass
        orders:
          call: GET orders:/orders?user=${path.user}&limit=5
          timeout: 300ms
          on_failure: {value: {items: []}}
        items:
          for_each: order in parts.orders.body.items
          at_most: 20
          call: GET orders:/items/${order.item}
          on_failure: {value: null}
        tier:
          when: parts.profile.body.tier != "none"
          call: POST http://127.0.0.1:9003/tiers
          headers: {content-type: application/json, x-api-key: "${env.KEY}"}
          body: {tier: "${parts.profile.body.tier}"}
      respond:
        headers: {cache-control: "private, max-age=5"}
        body:
          name: ${parts.profile.body.name}
          items: ${parts.items.body}
          tier: ${parts.tier.body}
  - name: search
    match: GET /search
    aggregate:
      parts:
        users: {call: "GET users:/search?q=${request.query.q}"}
        orders: {call: "GET orders:/search?q=${request.query.q}"}
      respond: {merge: [users, orders]}
  - {name: plain, match: GET /plain, respond: {}}
"#;

async fn explained(arguments: &[&str]) -> Finished {
    let folder = Folder::new();
    folder.write("pintle.yaml", HOME.replace("${env.KEY}", "hush"));
    let all: Vec<&str> = ["explain", "-c", "pintle.yaml"].into_iter().chain(arguments.iter().copied()).collect();
    pintle(folder.path(), &all).await
}

const ALICE: [&str; 5] =
    ["GET http://shop.example/home/alice", "-H", "authorization: Bearer hush", "-H", "cookie: a=hush"];

#[tokio::test]
async fn the_plan_is_told_by_waves() {
    let said = explained(&ALICE).await;
    assert_eq!((said.code, &*said.stderr), (Some(0), ""), "{said:?}");
    let expected = r#"calls     4 parts in 2 waves
          by aggregate (pintle.yaml:10:7) of profile, orders, items, tier
          limits: {calls: 1000, part: 1MiB, total: 8MiB, depth: 64, request: 1MiB}

at once   profile: GET users:/users/${path.user}
            to users (pintle.yaml:4:3), at 127.0.0.1:9002
            if it fails, the client gets its service's own answer
          orders: GET orders:/orders?user=${path.user}&limit=5
            to orders (pintle.yaml:5:3), at 127.0.0.1:9001, 127.0.0.1:9011
            has 300 ms
            if it fails, this stands for it: {items: []}

then      items: GET orders:/items/${order.item}
            waits for orders
            for each order in parts.orders.body.items, at most 20, 8 at a time
            to orders (pintle.yaml:5:3), at 127.0.0.1:9001, 127.0.0.1:9011
            if it fails, this stands for it: null
          tier: POST http://127.0.0.1:9003/tiers
            waits for profile
            when parts.profile.body.tier != "none"
            to http://127.0.0.1:9003
            content-type: application/json
            x-api-key: <hidden>
            body: {tier: "${parts.profile.body.tier}"}
            if it fails, so does the whole

with      each call carries, beside what its part says
          authorization: <hidden>
       +  x-forwarded-for: 127.0.0.1
       +  x-forwarded-proto: http
       +  x-forwarded-host: shop.example
       +  x-request-id: <new>
       +  traceparent: 00-<new>-<new>-00
       +  via: 1.1 pintle-<new>
       -  cookie: <hidden>

answer    200
          cache-control: private, max-age=5

          name: ${parts.profile.body.name}
          items: ${parts.items.body}
          tier: ${parts.tier.body}"#;
    let (_, plan) = said.stdout.split_once("calls     ").unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(format!("calls     {plan}"), expected);
    assert!(!said.stdout.contains("hush"), "{said:?}");
}

#[tokio::test]
async fn programs_get_all_of_it() {
    let arguments: Vec<&str> = ALICE.into_iter().chain(["--format", "json"]).collect();
    let said = explained(&arguments).await;
    assert!(!said.stdout.contains("hush"), "{said:?}");
    let json: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let outcome = &json["outcome"];
    assert_eq!((&outcome["kind"], &outcome["stream"]), (&json!("aggregated"), &json!(false)));
    let parts = outcome["parts"].as_array().expect("parts");
    let waves: Vec<_> = parts.iter().map(|part| (part["name"].as_str(), part["wave"].as_u64())).collect();
    let wave = |name, number| (Some(name), Some(number));
    assert_eq!(waves, [wave("profile", 0), wave("orders", 0), wave("items", 1), wave("tier", 1)]);
    let each = json!({"list": "order in parts.orders.body.items", "at_most": 20, "parallel": 8});
    assert_eq!((&parts[2]["for_each"], &parts[2]["needs"]), (&each, &json!(["orders"])));
    assert_eq!((&parts[1]["timeout"], &parts[1]["value"]), (&json!(300_000), &json!("{items: []}")));
    assert_eq!(
        (&parts[3]["when"], &parts[1]["answered"]),
        (&json!("parts.profile.body.tier != \"none\""), &json!(false))
    );
    assert_eq!(parts[0]["to"]["endpoints"], json!(["127.0.0.1:9002"]));
    assert_eq!(outcome["answer"]["content"][0], json!({"name": "name", "value": "${parts.profile.body.name}"}));
    assert_eq!(outcome["dropped"][0]["name"], "cookie");
}

#[tokio::test]
async fn a_chart_draws_what_waits_for_what() {
    let arguments: Vec<&str> = ALICE.into_iter().chain(["--format", "mermaid"]).collect();
    let said = explained(&arguments).await;
    let expected = r##"flowchart LR
  client(["GET /home/alice"])
  part_profile["<b>profile</b><br>GET users:/users/${path.user}<br>if it fails: its own answer"]
  part_orders["<b>orders</b><br>GET orders:/orders?user=${path.user}#38;limit=5<br>has 300 ms<br>if it fails: a value"]
  part_items[["<b>items</b><br>GET orders:/items/${order.item}<br>for each order in parts.orders.body.items<br>at most 20, 8 at a time<br>if it fails: a value"]]
  part_tier["<b>tier</b><br>POST http://127.0.0.1:9003/tiers<br>when parts.profile.body.tier != #34;none#34;<br>if it fails: the whole fails"]
  answer(["200"])
  client --> part_profile
  client --> part_orders
  part_orders --> part_items
  part_profile -.-> part_tier
  part_profile --> answer
  part_items --> answer
  part_tier --> answer"##;
    assert_eq!((said.code, &*said.stdout), (Some(0), expected), "{said:?}");
    let said = explained(&["GET http://shop.example/plain", "--format", "mermaid"]).await;
    assert_eq!((said.code, &*said.stdout), (Some(2), ""), "{said:?}");
    assert!(
        said.stderr.contains("`mermaid` draws the calls of an aggregate, and this request is for none"),
        "{said:?}"
    );
}

#[tokio::test]
async fn what_is_merged_is_told_as_that() {
    let said = explained(&["GET http://shop.example/search?q=a"]).await;
    assert!(said.stdout.ends_with("merged of users, orders; where two have the same name: error"), "{said:?}");
}

#[tokio::test]
async fn the_admin_address_says_the_same() {
    let service = Origin::start(shop).await;
    let gateway = Gateway::start(config(&service, "") + STREAMED).await;
    let ask = async |path: &str, format: &str| {
        let request = format!("GET%20http://localhost:{}{path}", gateway.address(0).port());
        gateway.ask_admin(Ask::get(&format!("/explain?listener=main&request={request}&format={format}"))).await
    };
    let json = ask("/feed/alice", "json").await.json();
    assert_eq!(
        (&json["outcome"]["kind"], &json["outcome"]["stream"]),
        (&json!("aggregated"), &json!(true)),
        "{json:#}"
    );
    let text = ask("/feed/alice", "text").await.text();
    assert!(
        text.contains("calls     2 parts in 1 wave\n") && text.contains("sent as its parts become known"),
        "{text}"
    );
    let chart = ask("/feed/alice", "mermaid").await.text();
    assert!(chart.starts_with("flowchart LR\n") && chart.contains("  client --> part_orders\n"), "{chart}");
    let none = ask("/plain", "mermaid").await;
    assert_eq!(none.status, 400, "{none:?}");
    assert!(none.text().contains("this request is for none"), "{none:?}");
}
