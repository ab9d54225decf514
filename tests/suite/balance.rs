//! `balance`, and `split_by`: which of several services gets a request.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, Reloaded};
use std::collections::BTreeMap;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

async fn origins(count: usize) -> Vec<Origin> {
    let mut origins = Vec::new();
    for name in &NAMES[..count] {
        origins.push(Origin::named(name).await);
    }
    origins
}

/// A configuration with these services behind one upstream; `keys` are more of its keys.
fn config(origins: &[Origin], keys: &str) -> String {
    let endpoints: Vec<String> = origins.iter().map(|origin| format!("\"{}\"", origin.address())).collect();
    let upstream = format!("upstreams: {{all: {{endpoints: [{}], {keys}}}}}", endpoints.join(", "));
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\n{upstream}\nroutes: [{{match: \"/{{id}}/**\", proxy: all}}]\n"
    )
}

/// Who answered.
fn who(answer: &Answer) -> String {
    answer.json()["origin"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// Who answers for each of so many values, over both protocols in turn.
async fn placed(gateway: &Gateway, values: usize) -> BTreeMap<usize, String> {
    let (mut h1, h2) = (gateway.h1().await, gateway.h2().await);
    let mut placed = BTreeMap::new();
    for value in 0..values {
        let ask = Ask::get(&format!("/{value}/x")).header("x-user", &format!("user-{value}"));
        let answer = if value % 2 == 0 { h1.ask(ask).await } else { h2.ask(ask).await };
        placed.insert(value, who(&answer));
    }
    placed
}

// Rule: balance-hash
#[tokio::test]
async fn the_same_value_goes_to_the_same_service_and_a_new_one_takes_its_share_alone() {
    let origins = origins(4).await;
    let hash = "balance: {hash: \"request.headers['x-user']\"}";
    let gateway = Gateway::start(config(&origins[..3], hash)).await;
    let before = placed(&gateway, 300).await;
    assert_eq!(before, placed(&gateway, 300).await);
    gateway.change(config(&origins, hash)).await;
    let after = placed(&gateway, 300).await;
    let moved: Vec<_> = before.iter().filter(|(value, name)| after[value] != **name).collect();
    assert!(moved.iter().all(|(value, _)| after[value] == "d"), "some moved between those that stayed");
    assert!((30..130).contains(&moved.len()), "{} of 300 moved to the fourth of four", moved.len());
    // Another gateway does the same.
    let other = Gateway::start(config(&origins, hash)).await;
    assert_eq!(after, placed(&other, 300).await);
}

// Rule: balance-hash
#[tokio::test]
async fn a_value_that_is_absent_leaves_it_to_chance_and_is_counted() {
    let origins = origins(2).await;
    let gateway = Gateway::start(config(&origins, "balance: {hash: \"request.headers['x-user']\"}")).await;
    let mut client = gateway.h1().await;
    for _ in 0..100 {
        client.get("/1/x").await;
    }
    assert!(
        origins.iter().all(|origin| origin.hits() > 10),
        "{:?}",
        origins.iter().map(Origin::hits).collect::<Vec<_>>()
    );
    gateway.wait_metric("pintle_upstream_key_absent_total{upstream=\"all\"}", 100.0).await;
}

#[tokio::test]
async fn what_a_route_captures_can_be_the_key() {
    let origins = origins(3).await;
    let gateway = Gateway::start(config(&origins, "balance: {hash: path.id}")).await;
    let mut client = gateway.h1().await;
    for path in ["/7/x", "/7/y", "/7/z?q=1"] {
        assert_eq!(who(&client.get(path).await), who(&client.get("/7/first").await));
    }
}

#[tokio::test]
async fn every_way_reaches_every_service() {
    let origins = origins(3).await;
    for way in ["round_robin", "least_requests", "peak_ewma", "random"] {
        let gateway = Gateway::start(config(&origins, &format!("balance: {way}"))).await;
        let before: Vec<usize> = origins.iter().map(Origin::hits).collect();
        placed(&gateway, 120).await;
        let hits: Vec<usize> = origins.iter().zip(before).map(|(origin, before)| origin.hits() - before).collect();
        // One that was slow once is asked less for a while.
        let least = if way == "peak_ewma" { 1 } else { 10 };
        assert!(hits.iter().all(|hits| *hits >= least), "{way}: {hits:?}");
        if way == "round_robin" {
            assert!(hits.iter().all(|hits| hits.abs_diff(40) <= 2), "{hits:?}");
        }
    }
}

// Rule: balance-weight
#[tokio::test]
async fn weights_hold_through_a_reload() {
    let origins = origins(2).await;
    let weighted = |weight: u32| {
        let [one, two] = [0, 1].map(|place: usize| origins[place].address());
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]
upstreams: {{all: {{endpoints: [\"{one}\", {{address: \"{two}\", weight: {weight}}}], balance: round_robin}}}}
routes: [{{match: /**, proxy: all}}]\n"
        )
    };
    let gateway = Gateway::start(weighted(3)).await;
    let mut client = gateway.h1().await;
    for _ in 0..80 {
        client.get("/").await;
    }
    assert_eq!((origins[0].hits(), origins[1].hits()), (20, 60));
    gateway.change(weighted(1)).await;
    for _ in 0..80 {
        client.get("/").await;
    }
    assert!(origins[0].hits().abs_diff(60) <= 1 && origins[1].hits().abs_diff(100) <= 1, "{}", origins[0].hits());
}

// Rule: split-by
#[tokio::test]
async fn a_split_by_a_value_is_the_same_for_the_same_value() {
    let origins = origins(2).await;
    let config = |weights: (u32, u32)| {
        let [one, two] = [0, 1].map(|place: usize| origins[place].url());
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]
routes:
  - match: /**
    proxy: {{split: {{\"{one}\": {}, \"{two}\": {}}}, split_by: \"request.headers['x-user']\"}}\n",
            weights.0, weights.1
        )
    };
    let gateway = Gateway::start(config((90, 10))).await;
    let before = placed(&gateway, 300).await;
    assert_eq!(before, placed(&gateway, 300).await);
    let second = before.values().filter(|name| *name == "b").count();
    assert!((10..60).contains(&second), "{second} of 300");
    gateway.change(config((80, 20))).await;
    let after = placed(&gateway, 300).await;
    assert!(before.iter().all(|(value, name)| name == "a" || after[value] == "b"), "one that was there went back");
    // Without a value it is at random.
    let mut client = gateway.h1().await;
    let before = origins[1].hits();
    for _ in 0..100 {
        client.get("/").await;
    }
    assert!((5..50).contains(&(origins[1].hits() - before)), "{}", origins[1].hits() - before);
}

#[tokio::test]
async fn mistakes_have_their_lines_and_remedies() {
    let upstream = |keys: &str| {
        format!(
            "{START}upstreams:\n  a:\n    endpoints: [127.0.0.1:9001]\n    {keys}\nroutes: [{{match: /**, proxy: a}}]\n"
        )
    };
    refused(&upstream("balance: fastest"), &["pintle.yaml:6:14", "peak_ewma"]).await;
    refused(&upstream("balance: {hash: client.name}"), &["pintle.yaml:6:21", "client"]).await;
    refused(&upstream("balance: {hash: '${client.ip}'}"), &["pintle.yaml:6:21", "client.ip"]).await;
    let split = format!("{START}routes:\n  - match: /**\n    proxy: {{to: http://127.0.0.1:1, split_by: client.ip}}\n");
    refused(&split, &["pintle.yaml:5:12", "`split_by` without `split`"]).await;
}

#[tokio::test]
async fn a_key_that_is_wrong_is_refused_and_the_one_before_goes_on() {
    let origins = origins(2).await;
    let gateway = Gateway::start(config(&origins, "balance: {hash: path.id}")).await;
    let first = who(&gateway.get("/1/x").await);
    gateway.rewrite(config(&origins, "balance: {hash: path.}"));
    assert!(matches!(gateway.reload().await, Reloaded::Refused(_)));
    assert_eq!(who(&gateway.get("/1/x").await), first);
}
