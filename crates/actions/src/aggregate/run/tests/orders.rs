//! The outcome is the same in whatever order calls come. Each plan is run with some hundred sets of fates, and each of these in
//! many orders, ten thousand in all.

use super::fates::{Fate, drawn};
use super::*;
use fastrand::Rng;
use std::collections::HashSet;

const FATES: u64 = 250;
const ORDERS: usize = 40;

/// Parts that wait for each other across, lists of lists, calls that two parts want and understand differently.
const TANGLE: &str = r#"
parts:
  last: {call: POST http://c.test/last, body: {leaves: "${parts.leaves.body}", twin: "${parts.twin.body}", flag: "${parts.flag.state}"}}
  root: {call: GET http://a.test/root, on_failure: pass}
  lists:
    for_each: id in parts.root.body.lists
    at_most: 8
    parallel: 2
    call: GET http://a.test/list/${id}
    on_failure: {value: {leaf: 0}}
  leaves:
    for_each: one in parts.lists.body
    at_most: 8
    parallel: 3
    call: GET http://b.test/leaf/${one.leaf}
    on_failure: {value: null}
  twin:
    for_each: one in parts.lists.body
    at_most: 8
    call: GET http://b.test/leaf/${one.leaf}
    accept: [404, 5xx]
  marks:
    for_each: id in parts.root.body.lists
    at_most: 8
    parallel: 1
    call: POST http://b.test/mark
    body: {id: "${id}"}
    on_failure: {value: unmarked}
  first: {when: parts.root.body.first > 0, call: "GET http://a.test/list/${parts.root.body.first}"}
  flag: {when: parts.first.state == "ok", call: GET http://c.test/flag, on_failure: {value: false}}
respond:
  headers: {x-flag: "${parts.flag.state}"}
  body:
    lists: ${parts.lists.body}
    leaves: ${parts.leaves.body}
    twin: ${parts.twin.body}
    marks: ${parts.marks.body}
    first: ${parts.first.body}
    flag: ${parts.flag.body}
    last: ${parts.last.body}
"#;

/// Several parts that may fail the whole, one of them waiting for one that is written later.
const CROWD: &str = r#"
parts:
  a: {call: "GET http://a.test/v/${parts.e.body.v}"}
  b: {call: GET http://a.test/b, on_failure: pass}
  c: {call: "GET http://a.test/v/${parts.b.body.v}", on_failure: {value: {v: 7}}}
  d: {when: parts.b.status == 200, call: "GET http://a.test/v/${parts.c.body.v}"}
  e: {call: GET http://a.test/e}
  f: {call: GET http://a.test/b, on_failure: {value: null}}
  g: {for_each: "n in [3, 1, 2, 1, 3]", call: "GET http://a.test/v/${n}"}
  h: {for_each: "n in [1, 2, 4]", parallel: 1, call: "GET http://a.test/v/${n}", on_failure: {value: {v: -1}}}
  i: {call: GET http://a.test/slow, timeout: 50ms, on_failure: {value: late}}
respond:
  status: 203
  headers: {x-c: "${parts.c.state}"}
  body: {a: "${parts.a.body.v}", c: "${parts.c.body}", d: "${parts.d.body}", f: "${parts.f.body}", g: "${parts.g.body}", h: "${parts.h.body}", i: "${parts.i}"}
"#;

/// Objects that may be in each other's way.
const MERGED: &str = r#"
parts:
  x: {call: GET http://a.test/m/x}
  y: {call: GET http://a.test/m/y, on_failure: {value: {x: {deep: true}}}}
  z: {when: parts.x.status == 200, call: GET http://b.test/m/z, on_failure: {value: {}}}
respond: {merge: [z, x, y], on_conflict: error}
"#;

/// The content of a good answer.
fn content(name: &str, number: u64) -> String {
    let path = name.split_once(".test").map_or("", |(_, path)| path.split_whitespace().next().unwrap_or_default());
    let last = path.rsplit('/').next().unwrap_or_default();
    match path.split('/').nth(1).unwrap_or_default() {
        "users" => format!(r#"{{"name":"Ann","tier":"{}"}}"#, ["none", "gold"][(number % 2) as usize]),
        "items" => format!(r#"{{"item":"{last}","price":{}.10}}"#, number % 9),
        "tiers" => format!(r#"{{"level":{}}}"#, number % 5),
        "root" => {
            let ids: Vec<String> =
                (0..number % 10).map(|at| (drawn(number, &at.to_string()) % 5).to_string()).collect();
            format!(r#"{{"lists":[{}],"first":{}}}"#, ids.join(","), number % 5)
        }
        "list" => format!(r#"{{"id":"{last}","leaf":{}}}"#, number % 4),
        "m" => match number % 3 {
            0 => format!(r#"{{"{last}":{{"deep":1}}}}"#),
            1 => r#"{"x":{"deep":{"er":2}}}"#.to_owned(),
            _ => format!(r#"{{"all":"{last}"}}"#),
        },
        // Of lists that are longer than they may be, too.
        other if other.starts_with("orders") => {
            let items = (0..number % 24).map(|at| format!(r#"{{"item":{}}}"#, drawn(number, &at.to_string()) % 12));
            format!(r#"{{"items":[{}]}}"#, items.collect::<Vec<_>>().join(","))
        }
        _ => format!(r#"{{"v":{}}}"#, number % 6),
    }
}

/// Runs a plan to its end with these fates, in an order that the generator gives.
fn outcome(plan: &Plan, seed: u64, rng: &mut Rng) -> String {
    let mut world = World::new(plan);
    let mut safe = HashSet::new();
    while world.run.decision().is_none() {
        let fate = |call: &usize| {
            let name = world.name(*call);
            // A list whose items take up its time is another matter: its own limit decides which of them are asked.
            let part = &plan.parts[world.run.request(*call).part];
            let has_time = part.timeout.is_some() && part.each.is_none();
            (Fate::of(seed, &name, has_time), name)
        };
        let coming: Vec<usize> = world.under_way.iter().copied().filter(|call| fate(call).0 != Fate::Never).collect();
        if coming.is_empty() {
            let deadline = world.run.deadline().expect("somebody waits for something");
            let time = deadline.saturating_duration_since(world.now);
            world.wait(time);
            continue;
        }
        let call = coming[rng.usize(..coming.len())];
        let (fate, name) = fate(&call);
        if plan.parts[world.run.request(call).part].is_safe() {
            assert!(safe.insert(name.clone()), "{name} was made twice");
        }
        let number = drawn(seed ^ 0x5eed, &name);
        let outcome = fate.outcome(&content(&name, number), number, &world.account);
        world.came(call, outcome);
    }
    world.told()
}

/// Holds a plan to one outcome for each set of fates.
fn holds(plan: &Plan) {
    let (mut whole, mut partial, mut failed) = (0, 0, HashSet::new());
    for seed in 0..FATES {
        let first = outcome(plan, seed, &mut Rng::with_seed(0));
        for order in 1..ORDERS {
            let again = outcome(plan, seed, &mut Rng::with_seed(order as u64));
            assert_eq!(again, first, "fates {seed}, order {order}");
        }
        match () {
            () if first.contains("gateway-partial") => partial += 1,
            () if first.starts_with("part_") => {
                failed.insert(first);
            }
            () => whole += 1,
        }
    }
    // Fates that come to all kinds of ends, or nothing is proved.
    assert!(whole > 5 && partial > 5 && failed.len() > 5, "{whole} whole, {partial} partial, {} failed", failed.len());
}

/// The plan of the first route of the example.
fn home() -> Plan {
    let path = format!("{}/../../examples/06-aggregate.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the example");
    let mut diagnostics = Reader::new().diagnostics;
    let node = Node::parse(&Source::new("06-aggregate.yaml", text), &mut diagnostics);
    let route = node.get("routes").and_then(|routes| routes.as_list()?.first()).expect("a route");
    plan_of(route.get("aggregate").expect("an aggregate"), &Declared::request().path(&["user"], false))
}

// Rule: aggregate-order
#[test]
fn the_example_comes_to_the_same_in_every_order() {
    holds(&home());
}

#[test]
fn a_tangle_comes_to_the_same_in_every_order() {
    holds(&plan(TANGLE));
}

#[test]
fn a_crowd_that_may_fail_comes_to_the_same_in_every_order() {
    holds(&plan(CROWD));
}

#[test]
fn what_is_merged_comes_to_the_same_in_every_order() {
    holds(&plan(MERGED));
}
