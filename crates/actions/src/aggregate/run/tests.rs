//! Plans at work with no network and no clock but the test's: calls come when the test says so, in the order that it says.

mod fates;
mod orders;

use super::super::answer;
use super::super::config::AggregateConfig;
use super::*;
use crate::testing::{Known, PLACE, exchange, lines};
use pintle_core::config::{Diagnostic, Node, Read, Reader, Source, Spanned};
use pintle_core::template::Declared;
use pintle_core::{Body, Fields, Reason, StatusCode};
use pintle_policies::held::{Account, Share};
use pintle_upstream::{Reference, Services, Upstream, reference};
use std::collections::HashMap;
use std::time::Duration;

/// Every service that is named, each one once; a name is a host.
#[derive(Default)]
struct Once(HashMap<String, Arc<Upstream>>);

impl Services for Once {
    fn upstream(
        &mut self,
        reference: &Spanned<Reference>,
        scheme: reference::Scheme,
        reader: &mut Reader,
    ) -> Option<Arc<Upstream>> {
        let url = match &reference.value {
            Reference::Named(name) => format!("http://{name}.test"),
            url => url.to_string(),
        };
        if let Some(known) = self.0.get(&url) {
            return Some(Arc::clone(known));
        }
        let named = Spanned::new(Reference::parse(&url).expect("a URL"), reference.span.clone());
        let upstream = Known::default().upstream(&named, scheme, reader)?;
        self.0.insert(url, Arc::clone(&upstream));
        Some(upstream)
    }
}

/// Builds the plan of a node; nothing may be wrong with it.
fn plan_of(node: &Node, place: &Declared<'_>) -> Plan {
    let mut reader = Reader::new();
    let config = AggregateConfig::read(node, &mut reader);
    let plan = config.and_then(|config| Plan::build(&config, place, &mut Once::default(), &mut reader));
    let said: Vec<&Diagnostic> = reader.diagnostics.iter().collect();
    assert!(said.is_empty(), "{said:?}");
    plan.expect("it is good")
}

fn plan(text: &str) -> Plan {
    let mut diagnostics = Reader::new().diagnostics;
    let node = Node::parse(&Source::new("gateway.yaml", text), &mut diagnostics);
    plan_of(&node, &PLACE)
}

/// A plan at work, and the calls that are under way.
struct World<'p> {
    plan: &'p Plan,
    run: Run<'p>,
    exchange: Exchange,
    account: Arc<Account>,
    begun: Vec<usize>,
    aborted: Vec<usize>,
    under_way: Vec<usize>,
    now: Instant,
}

impl<'p> World<'p> {
    fn new(plan: &'p Plan) -> Self {
        let mut world = World {
            plan,
            run: Run::new(plan, None),
            exchange: exchange(&[]),
            account: Arc::default(),
            begun: Vec::new(),
            aborted: Vec::new(),
            under_way: Vec::new(),
            now: Instant::now(),
        };
        world.go_on();
        world
    }

    fn go_on(&mut self) {
        let todo = self.run.go_on(&self.exchange, self.now);
        for call in todo.abort {
            let at = self.under_way.iter().position(|one| *one == call).expect("what is aborted was begun");
            self.under_way.swap_remove(at);
            self.aborted.push(call);
        }
        self.begun.extend(&todo.begin);
        self.under_way.extend(todo.begin);
    }

    /// A call as a text: `GET http://a.test/path`, and its content where it has any.
    fn name(&self, call: usize) -> String {
        let request = self.run.request(call);
        let part = &self.plan.parts[request.part];
        let content = String::from_utf8_lossy(&request.content);
        let service = part.target.upstream.name.trim_end_matches(":80");
        format!("{} {service}{} {content}", part.method, request.target).trim_end().to_owned()
    }

    fn begun(&self) -> Vec<String> {
        self.begun.iter().map(|call| self.name(*call)).collect()
    }

    /// A call comes that is under way; the first one whose target ends so.
    fn come(&mut self, target: &str, status: u16, content: &str) {
        let named = |call: &usize| self.run.request(*call).target.ends_with(target);
        let call = *self.under_way.iter().find(|call| named(call)).unwrap_or_else(|| panic!("no call to {target}"));
        let answered = answered(&self.account, status, &[("content-type", "application/json")], content);
        self.came(call, Ok(answered));
    }

    fn came(&mut self, call: usize, outcome: Result<Answered, Failure>) {
        self.under_way.retain(|one| *one != call);
        self.run.came(call, outcome, &self.exchange);
        self.go_on();
    }

    /// So much time goes by.
    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.run.expire(&self.exchange, self.now);
        self.go_on();
    }

    /// What became of a part, and why.
    fn part(&self, name: &str) -> (&'static str, &'static str) {
        let at = self.plan.parts.iter().position(|part| &*part.name == name).expect("a part");
        match &self.run.parts[at] {
            None => ("waiting", ""),
            Some(settled) => (settled.state.as_str(), settled.failure.as_ref().map_or("", |failure| failure.reason)),
        }
    }

    /// The whole answer once it is decided: status, fields and content, or the refusal with all that it says.
    fn told(&mut self) -> String {
        let decision =
            self.run.decision().unwrap_or_else(|| panic!("nothing is decided; under way: {:?}", self.begun()));
        let outcome = match decision {
            Decision::TooLarge => Err(answer::too_large(self.plan)),
            Decision::Fails(at) => answer::failing(self.plan, &self.run.parts, at, &mut self.exchange),
            Decision::Complete => answer::complete(self.plan, &self.run, &self.exchange, None, &self.account),
        };
        match outcome {
            Ok(response) => {
                let Body::Full(content) = &response.body else { panic!("content that is known") };
                let content = String::from_utf8_lossy(content);
                format!("{} {:?} {content}", response.status.as_u16(), lines(&response.fields))
            }
            Err(refusal) => {
                let part = refusal.part.as_ref().map(|part| (&*part.name, part.reason, part.status));
                format!("{} {part:?} {} {:?}", refusal.reason.code(), refusal.detail, refusal.internal)
            }
        }
    }
}

fn answered(account: &Arc<Account>, status: u16, fields: &[(&str, &str)], content: &str) -> Answered {
    let fields = Arc::new(fields.iter().copied().collect::<Fields>());
    let status = StatusCode::from_u16(status).expect("a status");
    Answered::new((status, fields), content.to_owned().into(), None, Share::new(account))
}

// Rule: aggregate-once
#[test]
fn equal_safe_calls_are_made_once_and_unsafe_ones_each() {
    let plan = plan(
        r#"
parts:
  one: {for_each: "n in [1, 2, 1, 1, 2]", call: "GET http://a.test/${n}"}
  two: {call: GET http://a.test/1}
  other: {call: GET http://b.test/1}
  field: {call: GET http://a.test/1, headers: {x-a: b}}
  head: {call: OPTIONS http://a.test/1}
  sent: {for_each: "n in [7, 7]", call: POST http://a.test/1, body: {n: "${n}"}}
"#,
    );
    let mut world = World::new(&plan);
    let made = [
        "GET http://a.test/1",
        "GET http://a.test/2",
        "GET http://b.test/1",
        "GET http://a.test/1",
        "OPTIONS http://a.test/1",
        r#"POST http://a.test/1 {"n":7}"#,
        r#"POST http://a.test/1 {"n":7}"#,
    ];
    assert_eq!(world.begun(), made);
    world.come("/2", 200, "22");
    for call in world.under_way.clone() {
        let outcome = answered(&world.account, 200, &[], &format!("1{call}"));
        world.came(call, Ok(outcome));
    }
    let told = world.told();
    let wanted = r#"{"one":[10,22,10,10,22],"two":10,"other":12,"field":13,"head":14,"sent":[15,16]}"#;
    assert!(told.ends_with(wanted), "{told}");
}

#[test]
fn one_that_comes_later_takes_what_has_come_already() {
    let plan = plan(
        "
parts:
  a: {call: GET http://a.test/x}
  b: {when: parts.a.body > 1, call: GET http://a.test/x, accept: [4xx]}
",
    );
    let mut world = World::new(&plan);
    world.come("/x", 200, "5");
    assert_eq!((world.begun.len(), world.part("b")), (1, ("ok", "")));
    assert!(world.told().ends_with(r#"{"a":5,"b":5}"#), "{}", world.told());
}

// Rule: aggregate-given-up
#[test]
fn a_call_that_nobody_waits_for_is_given_up_and_made_anew_for_who_wants_it_again() {
    let plan = plan(
        "
parts:
  a: {call: GET http://a.test/x, timeout: 1s, on_failure: {value: 1}}
  b: {when: parts.a.state == 'failed', call: GET http://a.test/x}
",
    );
    let mut world = World::new(&plan);
    world.wait(Duration::from_millis(999));
    assert_eq!(world.part("a"), ("waiting", ""));
    world.wait(Duration::from_millis(1));
    assert_eq!(world.part("a"), ("failed", "timeout"));
    assert_eq!((&*world.aborted, &*world.begun), (&[0][..], &[0, 1][..]));
    world.come("/x", 200, "2");
    assert!(world.told().ends_with(r#"{"a":1,"b":2}"#), "{}", world.told());
}

#[test]
fn a_call_that_another_part_waits_for_goes_on() {
    let plan = plan(
        "
parts:
  a: {call: GET http://a.test/x, timeout: 1s, on_failure: {value: 1}}
  b: {call: GET http://a.test/x}
",
    );
    let mut world = World::new(&plan);
    world.wait(Duration::from_secs(1));
    assert_eq!((world.part("a"), world.aborted.len()), (("failed", "timeout"), 0));
    world.come("/x", 200, "2");
    assert_eq!(world.begun.len(), 1);
    assert!(world.told().ends_with(r#"{"a":1,"b":2}"#), "{}", world.told());
}

#[test]
fn what_does_not_matter_any_more_is_given_up_or_never_begun() {
    let plan = plan(
        "
parts:
  a: {call: GET http://a.test/a}
  b: {call: GET http://a.test/b}
  c: {call: GET http://a.test/c}
  d: {call: 'GET http://a.test/d/${parts.a.body}'}
  e: {for_each: n in parts.c.body, call: 'GET http://a.test/e/${n}'}
",
    );
    let mut world = World::new(&plan);
    assert_eq!(world.begun.len(), 3);
    // Only what stands before it can decide otherwise now.
    world.come("/b", 500, "");
    assert_eq!(world.aborted, [2]);
    assert_eq!(world.run.decision(), None);
    world.come("/a", 200, "1");
    assert_eq!((world.begun.len(), world.run.decision()), (3, Some(Decision::Fails(1))));
}

// Rule: aggregate-parallel
#[test]
fn no_more_calls_are_under_way_than_may_be() {
    let plan = plan(
        r#"
parts:
  a: {for_each: "n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", parallel: 3, call: "GET http://a.test/${n}"}
"#,
    );
    let mut world = World::new(&plan);
    for left in (0..10).rev() {
        assert_eq!(world.under_way.len(), (left + 1).min(3));
        let call = world.under_way[left % world.under_way.len()];
        let outcome = answered(&world.account, 200, &[], "0");
        world.came(call, Ok(outcome));
    }
    assert_eq!(world.run.decision(), Some(Decision::Complete));
}

// Rule: aggregate-at-most
#[test]
fn a_list_that_is_none_or_too_long_fails_its_part_and_nothing_is_called() {
    let plan = plan(
        "
parts:
  list: {call: GET http://a.test/list}
  each: {for_each: n in parts.list.body, at_most: 3, call: 'GET http://a.test/${n}', on_failure: {value: 0}}
",
    );
    for (content, reason) in [
        ("[1,2,3,4]", "too_many_items"),
        (r#"{"a":[1]}"#, "not_a_list"),
        ("null", "not_a_list"),
        (r#""ab""#, "not_a_list"),
    ] {
        let mut world = World::new(&plan);
        world.come("/list", 200, content);
        assert_eq!((world.part("each"), world.begun.len()), (("failed", reason), 1), "{content}");
        let told = world.told();
        // `value` stands for an item, and there is none.
        assert!(told.ends_with(r#""each":[]}"#) && told.contains(&format!("each; reason={reason}")), "{told}");
    }
    let mut world = World::new(&plan);
    world.come("/list", 200, "[]");
    assert_eq!((world.part("each"), world.told().ends_with(r#""each":[]}"#)), (("ok", ""), true));
}

// Rule: aggregate-list-order
#[test]
fn of_items_that_fail_the_first_in_the_list_decides() {
    let plan = plan(
        r#"
parts:
  a: {for_each: "n in [1, 2, 3, 4, 5]", parallel: 4, call: "GET http://a.test/${n}"}
"#,
    );
    let mut world = World::new(&plan);
    world.come("/4", 500, "");
    assert_eq!((world.part("a"), world.begun.len()), (("waiting", ""), 4), "the fifth does not matter any more");
    world.come("/1", 200, "1");
    world.come("/2", 404, "");
    assert_eq!((world.part("a"), world.aborted.len()), (("failed", "status"), 1), "neither does the third");
    assert!(world.told().contains(r#"Some(("a", "status", Some(404)))"#), "{}", world.told());
}

// Rule: aggregate-needs
#[test]
fn a_part_that_needs_a_failed_one_fails_by_that_and_the_cause_decides() {
    let plan = plan(
        "
parts:
  first: {call: 'GET http://a.test/f/${parts.last.body}'}
  second: {call: 'GET http://a.test/s/${parts.first.body}'}
  last: {call: GET http://a.test/last}
",
    );
    let mut world = World::new(&plan);
    world.come("/last", 500, "");
    assert_eq!(world.part("first"), ("failed", "needs"));
    assert_eq!(world.part("second"), ("failed", "needs"));
    assert!(world.told().starts_with(r#"part_failed Some(("last", "status", Some(500)))"#), "{}", world.told());
}

// Rule: aggregate-skipped
#[test]
fn a_part_that_is_skipped_has_null_for_a_body() {
    let plan = plan(
        r#"
parts:
  a: {call: GET http://a.test/a}
  b: {when: parts.a.body > 1, call: GET http://a.test/b}
  c: {call: POST http://a.test/c, body: {b: "${parts.b.body}", state: "${parts.b.state}"}}
"#,
    );
    let mut world = World::new(&plan);
    world.come("/a", 200, "1");
    assert_eq!(world.part("b"), ("skipped", ""));
    assert_eq!(world.begun()[1], r#"POST http://a.test/c {"b":null,"state":"skipped"}"#);
    world.come("/c", 200, "3");
    let told = world.told();
    assert!(told.ends_with(r#"{"a":1,"b":null,"c":3}"#) && !told.contains("gateway-partial"), "{told}");
    // What cannot be said fails the part.
    let mut world = World::new(&plan);
    world.come("/a", 200, r#""x""#);
    assert_eq!(world.part("b"), ("failed", "expression"));
}

// Rule: aggregate-pass
#[test]
fn what_a_service_answered_is_handed_on_where_it_answered() {
    let plan = plan("parts: {a: {call: GET http://a.test/a, on_failure: pass}}");
    let mut world = World::new(&plan);
    world.come("/a", 404, "theirs");
    assert_eq!(world.told(), r#"404 ["content-type: application/json"] theirs"#);
    let mut world = World::new(&plan);
    world.came(0, Err(Failure::of_refusal(Reason::ConnectFailed, "nobody is there")));
    assert!(world.told().starts_with(r#"part_failed Some(("a", "connect_failed", None))"#), "{}", world.told());
    // One that is taken for good by its status is none of the service's failures.
    let mut world = World::new(&plan);
    world.come("/a", 200, "{");
    assert!(world.told().starts_with(r#"part_failed Some(("a", "decode", Some(200)))"#), "{}", world.told());
}
