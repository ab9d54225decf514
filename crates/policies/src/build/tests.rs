use crate::testing::{Service, chain, exchange, lines, now, read, said_of, try_read};
use crate::{NamedPolicies, ORDER, Policy, PolicyList};
use pintle_core::Body;
use pintle_core::step::Plan;
use std::sync::Arc;
use std::time::Duration;

/// How long requests may take under these levels.
fn time(levels: &[&str], named: &str) -> Option<Duration> {
    let mut exchange = exchange(&[]);
    now(chain(levels, named, &Arc::default()).run(&mut exchange)).expect("an answer");
    exchange.deadline.map(|deadline| deadline - exchange.started)
}

// Rule: policy-inner
#[test]
fn the_inner_level_replaces_the_outer() {
    let seconds = |count| Some(Duration::from_secs(count));
    assert_eq!(time(&[], "{}"), None);
    assert_eq!(time(&["[{timeout: 5s}]", "[]"], "{}"), seconds(5));
    assert_eq!(time(&["[{timeout: 5s}]", "[{timeout: 7s}]", "[]"], "{}"), seconds(7));
    assert_eq!(time(&["[{timeout: 5s}]", "[{timeout: none}]"], "{}"), None);
    assert_eq!(time(&["[{timeout: none}]", "[{timeout: 5s}]"], "{}"), seconds(5));
    assert_eq!(time(&["[slow]", "[]"], "{slow: {timeout: 1m}}"), seconds(60));
    assert_eq!(time(&["[slow]", "[{timeout: {use: fast}}]"], "{slow: {timeout: 1m}, fast: {timeout: 1s}}"), seconds(1));
}

// Rule: policy-use
#[test]
fn a_named_policy_is_taken_with_changes() {
    let named = "h: {headers: {request: {set: {x-a: \"1\"}, remove: [x-r]}, response: {set: {x-b: \"2\"}}}}";
    let level = "[{headers: {use: h, request: {set: {x-c: \"3\"}}}}]";
    let service = Arc::new(Service::default());
    let mut exchange = exchange(&[("x-r", "stays: the whole of `request` was replaced")]);
    let response = now(chain(&[level], named, &service).run(&mut exchange)).expect("an answer");
    let got = service.got.lock().clone();
    assert!(got.contains("x-c") && got.contains("x-r") && !got.contains("x-a"));
    assert_eq!(response.fields.get_str("x-b"), Some("2"));
}

#[test]
fn what_is_wrong_in_shared_lists_is_said_once() {
    assert_eq!(
        said_of(&["[{headers: {request: {set: {a: \"${nope}\"}}}}]"], "{}"),
        ["1:35 unknown name `nope` [there are `request`, `path`, `client`, `claims`, `consumer`, `route`]"]
    );
}

#[test]
fn names_are_found_or_suggested() {
    let named = "{slow: {timeout: 1m}, limit: {body_limit: 1MiB}}";
    assert_eq!(said_of(&["[slw]"], named), ["1:2 there is no policy named `slw` [did you mean `slow`?]"]);
    assert_eq!(
        said_of(&["- slow\n- {timeout: {use: nope}}\n- headers\n- {timeout: {use: limit}}"], named),
        [
            "2:19 there is no policy named `nope` [there are: slow, limit]",
            "3:3 there is no policy named `headers` [for a policy without a name write `{headers: …}`]",
            "4:19 `limit` is a `body_limit` policy, and cannot be used for `timeout`",
        ]
    );
    assert_eq!(said_of(&["[a]"], "{}"), ["1:2 there is no policy named `a` [name one under the top-level `policies`]"]);
    assert_eq!(
        said_of(&["[{timeout: {use: slow, after: 5s}}]"], named),
        ["1:24 `slow` is `1m`, and has no `after` to change"]
    );
}

// Rule: policy-once
#[test]
fn a_list_holds_one_of_a_kind_whose_inner_level_replaces() {
    assert_eq!(
        said_of(&["[{timeout: 1s}, slow]"], "{slow: {timeout: 1m}}"),
        ["1:17 `timeout` stands twice in one list, and only one can hold"]
    );
    let twice = "[{headers: {response: {set: {a: \"1\"}}}}, {headers: {response: {set: {b: \"2\"}}}}]";
    assert_eq!(said_of(&[twice], "{}"), [""; 0]);
}

#[test]
fn kinds_of_later_versions_are_refused_by_name() {
    let later = ORDER.iter().filter(|place| !place.is_there);
    for kind in later.map(|place| place.name) {
        let (_, said) = try_read::<PolicyList>(&format!("[{{{kind}: {{}}}}]"));
        assert!(said[0].starts_with(&format!("1:3 `{kind}` is not there yet")), "{said:?}");
    }
    let (_, said) = try_read::<PolicyList>("[{timout: 5s}, 5, [], {timeout: 5}]");
    assert_eq!(
        said,
        [
            "1:3 unknown policy `timout` [did you mean `timeout`?]",
            "1:19 expected a named policy, or a map with the policy as its key, found a list",
            "1:33 expected a duration such as 5s, found `5` [a duration needs its unit: 5s or 5ms?]",
        ]
    );
}

#[test]
fn a_named_policy_has_settings_of_its_own() {
    let (_, said) = try_read::<NamedPolicies>("{a: {timeout: none}, b: {timeout: {use: c}}, c: {timeout: 5s}}");
    assert_eq!(
        said,
        [
            "1:5 the named policy `a` has no settings of its own [leave it out: `none` is for lists]",
            "1:25 the named policy `b` has no settings of its own [`use` is for lists; write its settings here]",
        ]
    );
    // What is broken is not unknown besides.
    assert_eq!(said_of(&["[a]"], "{a: {timeout: 5}}").len(), 1);
    assert_eq!(
        try_read::<NamedPolicies>("[]").1,
        ["1:1 expected a map from names, found a list [each one has a name: `NAME: …` instead of `- …`]"]
    );
}

// Rule: policy-order
#[test]
fn the_order_says_why_and_holds_every_kind() {
    for kind in Policy::KINDS {
        assert!(ORDER.iter().any(|place| place.name.split('.').next() == Some(kind)), "{kind}");
    }
    assert!(ORDER.iter().all(|place| place.why.ends_with('.')));
    let at = |name| ORDER.iter().position(|place| place.name == name).expect(name);
    assert!(at("headers.response") < at("timeout") && at("timeout") < at("body_limit"));
    assert!(at("body_limit") < at("authorize") && at("authorize") < at("headers.request"));
}

#[test]
fn the_written_form_is_kept_equal() {
    assert_eq!(read::<PolicyList>("[{timeout: 5s}, a]"), read::<PolicyList>("- timeout: 5s\n- a\n"));
    assert_ne!(read::<PolicyList>("[{timeout: 5s}]"), read::<PolicyList>("[{timeout: 6s}]"));
}

#[test]
fn a_plan_of_a_chain_is_what_its_run_comes_to() {
    let levels = [
        "[{headers: {response: {set: {x-out: \"${response.status}\"}}}}, {timeout: 5s}]",
        "[{body_limit: 1KiB}, {headers: {request: {set: {x-in: \"${path.id}\"}}}}]",
    ];
    let chain = chain(&levels, "{}", &Arc::new(Service { fields: vec![("x-own", "1")], ..Service::default() }));
    let (mut planned, mut run) = (exchange(&[]), exchange(&[]));
    let Ok(Plan::Answer(plan)) = chain.plan(&mut planned) else { panic!("the service of tests answers") };
    let answer = now(chain.run(&mut run)).expect("an answer");
    assert_eq!(lines(&plan.fields), lines(&answer.fields));
    assert_eq!(lines(&plan.fields), ["x-own: 1", "x-out: 200"]);
    assert_eq!(lines(&planned.request.fields), lines(&run.request.fields));
    for exchange in [&mut planned, &mut run] {
        exchange.request.body = Body::full(vec![0; 2048]);
    }
    let (plan, run) =
        (chain.plan(&mut planned).expect_err("too large"), now(chain.run(&mut run)).expect_err("too large"));
    assert_eq!((plan.reason, plan.at), (run.reason, run.at));
}
