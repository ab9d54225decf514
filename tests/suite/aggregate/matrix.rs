//! The fault matrix: every part of the example's `/home` in every state, alone and in pairs, against what the rules of
//! `docs/semantics.md` make of it. The rules are written down here once more, and nothing is copied from what came.

use super::played::{Act, Played};
use crate::example::example;
use pintle_testkit::{Answer, Ask, Gateway, Unreachable};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::{JoinSet, LocalSet};

/// What state a part's service is in; a letter of the user's name says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fast,
    Slow,
    Refused,
    Reset,
    NotFound,
    Broken,
    Garbage,
    Huge,
    WrongType,
    Empty,
}

use State::{Broken, Empty, Fast, Garbage, Huge, NotFound, Refused, Reset, Slow, WrongType};

const STATES: [(State, char); 10] = [
    (Fast, 'f'),
    (Slow, 's'),
    (Refused, 'r'),
    (Reset, 'x'),
    (NotFound, 'n'),
    (Broken, 'b'),
    (Garbage, 'g'),
    (Huge, 'h'),
    (WrongType, 'w'),
    (Empty, 'e'),
];

const PARTS: [&str; 4] = ["profile", "orders", "items", "tier"];
const PROFILE: usize = 0;
const ORDERS: usize = 1;
const ITEMS: usize = 2;
const TIER: usize = 3;

/// The states of the four parts.
type Case = [State; 4];

fn letters(case: Case) -> String {
    let letter = |state: &State| STATES.iter().find(|(known, _)| known == state).expect("a state").1;
    case.iter().map(letter).collect()
}

/// Why a part fails by itself in a state, in a word, and with which status.
fn failure(state: State) -> Option<(&'static str, Option<u16>)> {
    match state {
        // JSON that is other than expected is no failure of its own part: what reads it fails.
        Fast | WrongType => None,
        Slow => Some(("timeout", None)),
        Refused => Some(("connect_failed", None)),
        Reset => Some(("upstream_closed", None)),
        NotFound => Some(("status", Some(404))),
        Broken => Some(("status", Some(500))),
        Garbage | Empty => Some(("decode", Some(200))),
        Huge => Some(("too_large", Some(200))),
    }
}

/// What the client gets.
#[derive(Debug, PartialEq)]
enum Wanted {
    /// The profile's own status and content.
    Theirs(u16),
    /// A problem that names the part.
    Problem { status: u16, part: &'static str, reason: &'static str, part_status: Option<u16> },
    /// The answer, and what it says of the parts that it lacks.
    Answer { body: Value, partial: Option<String> },
}

fn problem(part: usize, (reason, part_status): (&'static str, Option<u16>)) -> Wanted {
    let status = if reason == "timeout" { 504 } else { 502 };
    Wanted::Problem { status, part: PARTS[part], reason, part_status }
}

/// The table, as rules.
fn wanted(case: Case) -> Wanted {
    // `profile` is passed on where it answered, and comes first in the written order.
    match failure(case[PROFILE]) {
        Some(("status", Some(status))) => return Wanted::Theirs(status),
        Some(failure) => return problem(PROFILE, failure),
        None => {}
    }
    // `orders` and `items` have values. `tier` has none, and reads the profile before it is called.
    if case[PROFILE] == WrongType {
        return problem(TIER, ("expression", None));
    }
    if let Some(failure) = failure(case[TIER]) {
        return problem(TIER, failure);
    }
    let mut partial = Vec::new();
    let mut lacks = |part: usize, (reason, status): (&str, Option<u16>)| {
        let status = status.map(|status| format!("; status={status}")).unwrap_or_default();
        partial.push(format!("{}; reason={reason}{status}", PARTS[part]));
    };
    let user = letters(case);
    let (orders, items) = match (case[ORDERS], failure(case[ORDERS])) {
        // In place of a list there is a number, which is passed on, and through which nothing can go.
        (WrongType, _) => {
            lacks(ITEMS, ("not_a_list", None));
            (json!(5), json!([]))
        }
        // An empty list has no items.
        (_, Some(failure)) => {
            lacks(ORDERS, failure);
            (json!([]), json!([]))
        }
        (_, None) => {
            let item = |number: u8| match case[ITEMS] {
                Fast => json!({"id": format!("{number}-{user}")}),
                WrongType => json!("odd"),
                _ => Value::Null,
            };
            if let Some(failure) = failure(case[ITEMS]) {
                lacks(ITEMS, failure);
            }
            (json!([{"item": format!("1-{user}")}, {"item": format!("2-{user}")}]), json!([item(1), item(2)]))
        }
    };
    let tier = if case[TIER] == WrongType { json!([1]) } else { json!({"points": 12}) };
    let body = json!({"name": "Ann", "greeting": "Hello Ann!", "orders": orders, "items": items, "tier": tier});
    Wanted::Answer { body, partial: (!partial.is_empty()).then(|| partial.join(", ")) }
}

/// Plays all four services.
fn act(target: &str, content: &str) -> Act {
    let path = target.split('?').next().unwrap_or_default();
    let tier: Value = serde_json::from_str(content).unwrap_or_default();
    let (part, user) = match path.split('/').nth(1) {
        Some("users") => (PROFILE, path.rsplit('/').next()),
        Some("orders") => (ORDERS, target.split("user=").nth(1).and_then(|rest| rest.split('&').next())),
        Some("items") => (ITEMS, path.rsplit('-').next()),
        _ => (TIER, tier["user"].as_str()),
    };
    let user = user.expect("a user");
    let letter = user.chars().nth(part).expect("four letters");
    let state = STATES.iter().find(|(_, known)| *known == letter).expect("a state").0;
    let good = match part {
        PROFILE => json!({"name": "Ann", "tier": "gold"}),
        ORDERS => json!({"items": [{"item": format!("1-{user}")}, {"item": format!("2-{user}")}]}),
        ITEMS => json!({"id": path.rsplit('/').next()}),
        _ => json!({"points": 12}),
    };
    let wrong = [json!([1]), json!({"items": 5}), json!("odd"), json!([1])];
    match state {
        Fast => Act::Answer(200, good.to_string()),
        WrongType => Act::Answer(200, wrong[part].to_string()),
        Slow => Act::Hold,
        Reset => Act::Reset,
        NotFound => Act::Answer(404, r#"{"theirs":404}"#.into()),
        Broken => Act::Answer(500, r#"{"theirs":500}"#.into()),
        Garbage => Act::Answer(200, r#"{"name":"#.into()),
        Huge => Act::Answer(200, format!("\"{}\"", "a".repeat(1 << 20))),
        Empty => Act::Answer(200, String::new()),
        Refused => panic!("nobody listens there"),
    }
}

/// Which parts are refused, as the first segment of the path: their routes call where nobody listens.
fn place(case: Case) -> String {
    let refused: String = case.iter().map(|state| if *state == Refused { 'r' } else { '-' }).collect();
    format!("/{refused}/home/{}", letters(case))
}

/// The example's route, once for each set of parts that are refused. With more time than it has there: what is fast is in time
/// on any machine, and what is slow never comes.
fn routes() -> String {
    let text = example("06-aggregate.yaml");
    let home = text.split("\nroutes:\n").nth(1).and_then(|routes| routes.split("\n  - match: GET /search").next());
    let home =
        home.expect("the first route").replace("timeout: 2s", "timeout: 6s").replace("timeout: 300ms", "timeout: 3s");
    let calls = ["GET users:/users/", "GET orders:/orders?", "GET orders:/items/", "POST rewards:/tiers"];
    assert!(calls.iter().all(|call| home.matches(call).count() == 1), "{home}");
    let mut routes = String::new();
    for set in 0..16_u8 {
        let is_refused = |part: usize| set >> part & 1 == 1;
        let prefix: String = (0..4).map(|part| if is_refused(part) { 'r' } else { '-' }).collect();
        let mut route = home.replace("GET /home/", &format!("GET /{prefix}/home/"));
        for (_, call) in calls.iter().enumerate().filter(|(part, _)| is_refused(*part)) {
            let (method, rest) = call.split_once(' ').expect("a method");
            let path = rest.split_once(':').expect("a path").1;
            route = route.replace(call, &format!("{method} nobody:{path}"));
        }
        routes += &route;
        routes += "\n";
    }
    routes
}

fn told(answer: &Answer) -> Wanted {
    if answer.get("content-type") == Some("application/problem+json") {
        let problem = answer.json();
        let code = match answer.status {
            502 => "part_failed",
            504 => "part_timeout",
            _ => "another one",
        };
        assert_eq!(problem["reason"], code, "{answer:?}");
        assert_eq!(answer.get("cache-control"), Some("no-store"), "{answer:?}");
        let part = PARTS.into_iter().find(|part| problem["part"] == *part).expect("a part");
        let reasons =
            ["timeout", "connect_failed", "upstream_closed", "status", "decode", "too_large", "expression", "needs"];
        let reason = reasons.into_iter().find(|reason| problem["part_reason"] == *reason).expect("a reason");
        let part_status = problem["part_status"].as_u64().map(|status| status as u16);
        return Wanted::Problem { status: answer.status, part, reason, part_status };
    }
    if answer.status != 200 {
        assert_eq!(answer.text(), format!(r#"{{"theirs":{}}}"#, answer.status));
        assert!(!answer.has("gateway-partial"), "{answer:?}");
        return Wanted::Theirs(answer.status);
    }
    let partial = answer.get("gateway-partial").map(str::to_owned);
    let kept = if partial.is_some() { "no-store" } else { "private, max-age=5" };
    assert_eq!(answer.get("cache-control"), Some(kept), "{answer:?}");
    Wanted::Answer { body: answer.json(), partial }
}

/// Every part in every state, alone and with every other one in every state; none twice.
fn cases() -> Vec<Case> {
    let mut cases = vec![[Fast; 4]];
    for one in 0..4 {
        for (state, _) in &STATES[1..] {
            let mut case = [Fast; 4];
            case[one] = *state;
            cases.push(case);
            for other in one + 1..4 {
                for (second, _) in &STATES[1..] {
                    let mut case = case;
                    case[other] = *second;
                    cases.push(case);
                }
            }
        }
    }
    cases
}

async fn ask_all(gateway: &Arc<Gateway>, cases: &[Case], at_once: usize) -> Vec<String> {
    let h2 = gateway.h2().await;
    let mut asking = JoinSet::new();
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().copied().enumerate() {
        if asking.len() == at_once {
            wrong.extend(
                asking.join_next().await.and_then(|asked: Result<Option<String>, _>| asked.expect("it is asked")),
            );
        }
        let (gateway, h2) = (Arc::clone(gateway), h2.clone());
        asking.spawn_local(async move {
            let ask = Ask::get(&place(case));
            let is_pair = case.iter().filter(|state| **state != Fast).count() > 1;
            let mut answers = Vec::new();
            if !is_pair || number % 2 == 0 {
                answers.push(gateway.ask(ask.clone()).await);
            }
            if !is_pair || number % 2 == 1 {
                answers.push(h2.ask(ask).await);
            }
            let wanted = wanted(case);
            let other = answers.iter().map(told).find(|told| *told != wanted)?;
            Some(format!("{case:?}\n  wanted {wanted:?}\n  got    {other:?}"))
        });
    }
    while let Some(asked) = asking.join_next().await {
        wrong.extend(asked.expect("it is asked"));
    }
    wrong
}

// Rule: aggregate-states, aggregate-fails, aggregate-partial
#[tokio::test]
async fn every_part_in_every_state_alone_and_in_pairs_makes_the_answer_that_the_rules_say() {
    LocalSet::new().run_until(hold()).await;
}

async fn hold() {
    let service = Played::start(act).await;
    let nobody = Unreachable::new();
    let (played, nobody) = (service.address(), nobody.address());
    let services = [("users", played), ("orders", played), ("rewards", played), ("nobody", nobody)];
    let gateway = Arc::new(Gateway::start(super::config(&services, &routes())).await);
    let cases = cases();
    assert_eq!(cases.len(), 1 + 4 * 9 + 6 * 81);
    let (slow, others): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(|case| case.contains(&Slow));
    let mut wrong = ask_all(&gateway, &others, 8).await;
    // These do nothing but wait, all of them at the same time.
    wrong.extend(ask_all(&gateway, &slow, slow.len()).await);
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}
