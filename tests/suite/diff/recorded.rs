//! `diff --requests` against what really happens: a log is recorded under one configuration, the same requests are sent
//! under another, and for each of them what was said must be what was done.

use fastrand::Rng;
use pintle_config::replay::{Group, Kind, Side, replay};
use pintle_config::{Description, World, assemble, describe, load};
use pintle_engine::Runtime;
use pintle_testkit::generate::{GeneratedRequest, Generator, Yaml};
use pintle_testkit::{Ask, Folder, Gateway, H1Client, Origin, pintle};
use serde_json::Value;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Real {
    route: Option<String>,
    upstream: Option<String>,
    status: u16,
    reason: Option<String>,
    /// Target and host that a service was asked for.
    asked: Option<(String, String)>,
    location: Option<String>,
}

/// A configuration as `diff` has it.
struct Loaded {
    description: Description,
    runtime: Runtime,
}

fn loaded(folder: &Folder, name: &str, text: &str) -> Option<Loaded> {
    let mut checked = load(&folder.write(name, text));
    let document = checked.document.take()?;
    let world = World::idle();
    let runtime = assemble(&document, &world, &mut checked.reader)?;
    Some(Loaded { description: describe(&checked.root, &document), runtime })
}

/// Sends all requests to a gateway with this configuration; gives its log and what became of each.
async fn run(config: &str, requests: &[(usize, Ask)], services: &[Origin]) -> (Vec<String>, Vec<Real>) {
    let gateway = Gateway::start(config).await;
    let mut answers = Vec::new();
    for (listener, ask) in requests {
        let before: Vec<usize> = services.iter().map(Origin::hits).collect();
        let address = gateway.address(*listener % gateway.listeners().len());
        let answer = H1Client::tcp(address).await.ask(ask.clone()).await;
        let asked = services.iter().zip(before).find(|(service, before)| service.hits() > *before);
        let asked = asked.map(|(service, _)| service.last()).map(|got| (got.target, got.host));
        answers.push((answer, asked));
    }
    let (mut log, mut all) = (Vec::new(), Vec::new());
    for (answer, asked) in answers {
        let line = gateway.log_of(&answer).await;
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        all.push(Real {
            route: text("pintle.route"),
            upstream: text("pintle.upstream"),
            status: answer.status,
            reason: text("pintle.reason"),
            asked,
            location: answer.get("location").map(str::to_owned),
        });
        log.push(format!("{line}\n"));
    }
    (log, all)
}

/// The requests of a generated configuration, some with content, some as preflights, some with what logs do not have.
fn asks(requests: &[GeneratedRequest], rng: &mut Rng) -> Vec<(usize, Ask)> {
    let one = |request: &GeneratedRequest| {
        let preflight = rng.u8(..20) == 0;
        let method = if preflight { "OPTIONS" } else { &request.method };
        let mut ask = Ask::new(method, &request.target).host(&request.host);
        for (name, value) in &request.headers {
            ask = ask.header(name, value);
        }
        if preflight {
            let asked = rng.choice(["GET", "POST", "DELETE"]).unwrap_or("GET");
            ask = ask.header("origin", "https://a.example").header("access-control-request-method", asked);
        }
        if rng.u8(..8) == 0 {
            ask = ask.header("cookie", "beta=1").header("user-agent", "probe/1");
        }
        if rng.u8(..6) == 0 && method != "HEAD" && method != "OPTIONS" {
            ask = ask.body(vec![b'x'; rng.usize(..3000)]);
            ask = if rng.bool() { ask.chunked() } else { ask };
        }
        (request.listener, ask)
    };
    requests.iter().map(one).collect()
}

/// Another configuration that is near to this one.
fn changed(tree: &Yaml, rng: &mut Rng) -> String {
    let Yaml::Map(entries) = tree else { panic!("a document") };
    let mut entries = entries.clone();
    for (key, value) in &mut entries {
        if let ("routes", Yaml::List(routes)) = (key.as_str(), value) {
            routes.retain(|_| rng.u8(..8) > 0);
            routes.iter_mut().for_each(|route| change(route, rng));
        }
    }
    let mut text = Yaml::Map(entries).write(rng.u64(..));
    for old in ["/r1", "/r3"] {
        if rng.u8(..4) == 0 {
            text = text.replace(old, "/r2");
        }
    }
    text
}

fn change(route: &mut Yaml, rng: &mut Rng) {
    let text = |text: &str| Yaml::Text(text.to_owned());
    let map = |key: &str, value: Yaml| Yaml::Map(vec![(key.to_owned(), value)]);
    let Yaml::Map(entries) = route else { return };
    if entries.iter().any(|(key, _)| key == "routes") {
        return;
    }
    match rng.u8(..10) {
        0 => entries.iter_mut().filter(|(key, _)| key == "proxy").for_each(|(_, value)| *value = text("service-1")),
        1 => {
            entries.retain(|(key, _)| !["proxy", "redirect", "respond", "files"].contains(&key.as_str()));
            entries.push(("respond".into(), map("status", text("202"))));
        }
        2 => {
            entries.retain(|(key, _)| key != "policies");
            let limit = rng.choice(["100B", "1KiB", "none"]).unwrap_or("none");
            entries.push(("policies".into(), Yaml::List(vec![map("body_limit", text(limit))])));
        }
        3 => {
            let name = format!("renamed {}", rng.u32(..));
            entries.retain(|(key, _)| key != "name");
            entries.push(("name".into(), Yaml::Text(name)));
        }
        4 => {
            let place = entries.iter_mut().find(|(key, _)| key == "match");
            if let Some((_, Yaml::Map(pattern))) = place
                && !pattern.iter().any(|(key, _)| key == "header")
            {
                let (place, name) = if rng.bool() { ("cookie", "beta") } else { ("header", "user-agent") };
                pattern.push((place.into(), map(name, map("present", text("true")))));
            }
        }
        5 => entries.retain(|(key, _)| key != "policies"),
        _ => {}
    }
}

/// What of a request can be seen from outside, to compare.
fn class(real: &Real, says: &str) -> bool {
    let Real { route, upstream, status, reason, .. } = real;
    let refused = ["no_route", "method_not_allowed", "body_too_large", "bad_value", "bad_path"];
    match (route, reason.as_deref().filter(|reason| refused.contains(reason))) {
        (None, Some(reason)) => says == format!("{status} {reason}"),
        (Some(route), Some(reason)) => says == format!("{status} {reason} at `{route}`"),
        (Some(route), None) => {
            let Some(does) = says.strip_prefix(&format!("`{route}` (")) else { return false };
            match upstream {
                Some(upstream) => {
                    does == format!("proxy {upstream})")
                        || (does.starts_with("proxy one of ") && does.contains(&format!("{upstream} ")))
                }
                None => does == format!("redirect {status})") || does == format!("respond {status})"),
            }
        }
        (None, None) => false,
    }
}

/// Holds what was said of one request against what happened.
fn judge(group: Option<&Group>, before: &Real, after: &Real) -> Result<(), &'static str> {
    let Some(group) = group else {
        let is_split = before.upstream != after.upstream && before.status == after.status;
        let seen = |real: &Real| (real.status, real.reason.clone(), real.location.clone());
        let asked = |real: &Real| real.asked.clone();
        if seen(before) != seen(after)
            || asked(before) != asked(after)
            || (before.upstream != after.upstream && !is_split)
        {
            return Err("said to be the same");
        }
        return Ok(());
    };
    let says = &group.says;
    if says.old.as_ref().is_some_and(|old| !class(before, old)) {
        return Err("the old outcome is another");
    }
    let is_among = says.new.iter().any(|new| class(after, new));
    if !is_among && (says.kind != Kind::Open || !says.new.is_empty()) {
        return Err("the new outcome is another");
    }
    if says.kind == Kind::Open {
        return if says.depends.is_empty() { Err("open, and nothing decides") } else { Ok(()) };
    }
    // A split chooses at random, and may choose the same.
    if before == after && !says.old.iter().chain(&says.new).any(|class| class.contains("(proxy one of ")) {
        return Err("nothing changed");
    }
    let Some((_, sent)) = &group.sent else { return Ok(()) };
    let real = match (&after.asked, &after.location) {
        (Some((target, host)), _) => {
            sent == &format!("{target} as {host}") || sent == &format!("{target} as the client's host")
        }
        (None, Some(location)) => sent == location,
        (None, None) => false,
    };
    if real { Ok(()) } else { Err("another path or place") }
}

#[tokio::test]
async fn what_is_said_of_logged_requests_is_what_happens() {
    let services = [Origin::echo().await, Origin::echo().await, Origin::echo().await, Origin::echo().await];
    let addresses: Vec<String> = services.iter().map(|service| service.address().to_string()).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let doors = ["127.0.0.1:0", "127.0.0.1:0"];
    let (mut requests, mut same, mut open) = (0, 0, 0);
    for seed in 0..12 {
        let mut rng = Rng::with_seed(seed);
        let make = |seed| Generator::new(seed).listeners(&doors).services(&addresses).families(6).make();
        let (old, other) = (make(seed), make(seed + 100));
        let folder = Folder::new();
        let before = loaded(&folder, "old.yaml", &old.text).expect("a generated configuration is valid");
        // One near to it, or quite another one with the same paths.
        let new = match seed % 3 {
            0 => other.text.clone(),
            _ => {
                let tries = std::iter::repeat_with(|| changed(&old.tree, &mut rng)).take(50);
                tries.into_iter().find(|text| loaded(&folder, "try.yaml", text).is_some()).expect("a valid change")
            }
        };
        let after = loaded(&folder, "new.yaml", &new).expect("a valid change");
        let asks = asks(&[old.requests, other.requests].concat(), &mut rng);
        let (log, was) = run(&old.text, &asks, &services).await;
        let (_, is) = run(&new, &asks, &services).await;

        let sides = || (Side::new(&before.description, &before.runtime), Side::new(&after.description, &after.runtime));
        let (one, _) = sides();
        let unchanged = replay(&one, &one, log.concat().as_bytes()).expect("a log");
        assert_eq!(unchanged.same, log.len() as u64, "seed {seed}: {unchanged}\n{}", old.text);
        let mut counted = 0;
        for (at, line) in log.iter().enumerate() {
            let (one, two) = sides();
            let said = replay(&one, &two, line.as_bytes()).expect("a line");
            assert!(said.foreign.is_none() && said.unread.is_none(), "seed {seed}: {said}\n{line}\n{}", old.text);
            let groups = said.groups();
            counted += said.same;
            requests += 1;
            same += said.same;
            open += groups.iter().filter(|group| group.says.kind == Kind::Open).count() as u64;
            if let Err(why) = judge(groups.first().copied(), &was[at], &is[at]) {
                let (was, is) = (&was[at], &is[at]);
                panic!("seed {seed}: {why}: {said}{:?}\n{line}{was:?}\n{is:?}\n{}\n---\n{new}", asks[at], old.text);
            }
        }
        folder.write("access.log", log.concat());
        let arguments = ["diff", "old.yaml", "new.yaml", "--requests", "access.log", "--format", "json"];
        let ended = pintle(folder.path(), &arguments).await;
        let told: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        assert_eq!(told["requests"]["requests"], log.len(), "{ended:?}");
        assert_eq!(told["requests"]["same"], counted, "{ended:?}");
    }
    // Else it would be exact by saying nothing.
    assert!(requests > 300 && same < requests && open * 3 < requests, "{requests} requests, {same} same, {open} open");
}
