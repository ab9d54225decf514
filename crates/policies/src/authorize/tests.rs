use crate::testing::{Service, chain, exchange, now, said_of};
use pintle_core::identity::{Consumer, Identity};
use pintle_core::step::Plan;
use pintle_core::template::{Entries, Value};
use pintle_core::{Exchange, Refusal};
use std::sync::Arc;

/// Claims of one name.
struct Claims(&'static str, &'static str);

impl Entries for Claims {
    fn len(&self) -> usize {
        1
    }

    fn get(&self, key: &str) -> Option<Value<'_>> {
        (key == self.0).then(|| Value::text(self.1))
    }

    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s str, Value<'s>)) {
        visit(self.0, Value::text(self.1));
    }
}

fn of(groups: &[&str]) -> Identity {
    let groups = groups.iter().map(|group| Box::from(*group)).collect();
    Identity::of(Arc::new(Consumer { name: "acme".into(), groups }))
}

fn bearing(name: &'static str, value: &'static str) -> Identity {
    Identity { consumer: None, claims: Some(Arc::new(Claims(name, value))) }
}

fn run(levels: &[&str], exchange: &mut Exchange) -> Result<(), Refusal> {
    now(chain(levels, "{}", &Arc::new(Service::default())).run(exchange)).map(drop)
}

/// What the operator reads of a request by somebody; empty where it passes.
fn why(settings: &str, identity: Identity) -> String {
    let mut exchange = exchange(&[]);
    exchange.identity = identity;
    match run(&[&format!("[{{authorize: {settings}}}]")], &mut exchange) {
        Ok(()) => String::new(),
        Err(refusal) => {
            assert_eq!((refusal.reason.code(), &*refusal.detail), ("forbidden", ""), "the client learns no more");
            refusal.internal.expect("a reason for the operator")
        }
    }
}

// Rule: authorize-rules
#[test]
fn what_is_allowed_and_not_denied_passes() {
    let nobody = Identity::default;
    assert_eq!(why("{allow: request.method == \"POST\"}", nobody()), "");
    assert_eq!(why("{allow: request.method == \"GET\"}", nobody()), "no rule of `allow` holds");
    assert_eq!(why("{allow: path.id == \"a b\" && client.ip == \"192.0.2.7\"}", nobody()), "");
    let several = "{allow: {reads: request.method == \"GET\", partners: \"'partners' in consumer.groups\"}}";
    assert_eq!(why(several, of(&["staff", "partners"])), "");
    assert_eq!(why(several, of(&["staff"])), "no rule of `allow` holds");
    assert!(why(several, nobody()).starts_with("rule `partners` of `allow` failed: "));
    let denied = "{allow: \"true\", deny: {small: \"false\", posts: request.method == \"POST\"}}";
    assert_eq!(why(denied, nobody()), "rule `posts` of `deny` holds");
    assert_eq!(why("{deny: request.method == \"GET\"}", nobody()), "");
    assert_eq!(why("{deny: request.method == \"POST\"}", nobody()), "the rule of `deny` holds");
}

// Rule: authorize-groups
#[test]
fn groups_are_a_short_form_and_all_that_is_said_must_hold() {
    assert_eq!(why("{groups: [partners, staff]}", of(&["staff"])), "");
    assert_eq!(why("{groups: partners}", of(&["staff"])), "the consumer acme is in none of `groups`");
    assert_eq!(
        why("{groups: partners}", bearing("groups", "partners")),
        "`groups` asks for a consumer, and there is none"
    );
    assert_eq!(why("{groups: staff, allow: \"false\"}", of(&["staff"])), "no rule of `allow` holds");
    assert_eq!(why("{groups: staff, deny: \"true\"}", of(&["staff"])), "the rule of `deny` holds");
}

// Rule: authorize-fails
#[test]
fn a_rule_that_fails_decides_against_the_request() {
    assert!(
        why("{allow: claims.scope == \"orders\"}", bearing("sub", "me")).starts_with("the rule of `allow` failed: ")
    );
    assert!(why("{deny: claims.scope == \"orders\"}", bearing("sub", "me")).starts_with("the rule of `deny` failed: "));
    assert_eq!(why("{allow: {a: claims.scope == \"x\", b: claims.sub == \"me\"}}", bearing("sub", "me")), "");
    assert_eq!(why("{allow: \"has(claims.scope) || claims.sub == 'me'\"}", bearing("sub", "me")), "");
    // What is known to be no condition only by then.
    assert!(why("{allow: claims.sub}", bearing("sub", "me")).contains("true or false is wanted"));
}

// Rule: authorize-levels
#[test]
fn all_levels_must_allow() {
    let allows = |levels: &[&str]| run(levels, &mut exchange(&[])).is_ok();
    assert!(allows(&["[{authorize: {allow: \"true\"}}]", "[{authorize: {allow: \"true\"}}]"]));
    assert!(!allows(&["[{authorize: {allow: \"false\"}}]", "[{authorize: {allow: \"true\"}}]"]));
    assert!(!allows(&["[{authorize: {allow: \"true\"}}, {authorize: {deny: \"true\"}}]"]));
    assert!(allows(&["[{authorize: {allow: \"false\"}}]", "[{authorize: none}]"]));
}

#[test]
fn one_with_a_token_learns_that_another_might_do() {
    let told = |identity: Identity, authorization: &str| {
        let mut exchange = exchange(&[("authorization", authorization)]);
        exchange.identity = identity;
        let refusal = run(&["[{authorize: {allow: \"false\"}}]"], &mut exchange).expect_err("it is denied");
        refusal.fields.and_then(|fields| fields.get_str("www-authenticate").map(str::to_owned))
    };
    assert_eq!(told(bearing("sub", "me"), "Bearer x").as_deref(), Some("Bearer error=\"insufficient_scope\""));
    assert_eq!(told(bearing("sub", "me"), "bearer x").as_deref(), Some("Bearer error=\"insufficient_scope\""));
    assert_eq!(told(of(&[]), "Bearer x"), None);
    assert_eq!(told(bearing("sub", "me"), "Basic x"), None);
}

#[test]
fn what_nobody_asked_is_not_known_to_be_refused() {
    let planned = |settings: &str| {
        let mut exchange = exchange(&[]);
        exchange.rehearsed = true;
        let chain = chain(&[&format!("[{{authorize: {settings}}}]")], "{}", &Arc::new(Service::default()));
        matches!(chain.plan(&mut exchange), Ok(Plan::Answer(_)))
    };
    assert!(planned("{groups: partners}") && planned("{allow: claims.sub == \"me\"}"));
    assert!(planned("{deny: claims.sub == \"me\"}"));
    assert!(!planned("{allow: request.method == \"GET\"}") && !planned("{deny: request.method == \"POST\"}"));
}

#[test]
fn names_and_types_are_checked_when_it_loads() {
    let said = |settings: &str| said_of(&[&format!("[{{authorize: {settings}}}]")], "{}");
    assert!(said("{allow: consumr.name == \"a\"}")[0].contains("unknown name `consumr`"));
    assert!(said("{allow: request.method}")[0].contains("true or false is wanted"));
    assert!(said("{allow: request.method > 1}")[0].starts_with("1:"));
    assert!(said("{allow: \"${true}\"}")[0].contains("${"));
    assert!(said("{allow: {}}")[0].contains("leave `allow` out"));
    assert!(said("{groups: []}")[0].contains("leave `groups` out"));
    assert!(said("{}")[0].contains("authorize: none"));
    assert!(said("{alow: \"true\"}")[0].contains("`alow`"));
}
