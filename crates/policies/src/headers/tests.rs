use crate::testing::{Service, chain, exchange, lines, now, said_of};
use pintle_core::{Reason, Response};
use std::sync::Arc;

/// What the service gets of these fields under these levels.
fn sent(levels: &[&str], fields: &[(&str, &str)]) -> Vec<String> {
    let service = Arc::new(Service::default());
    now(chain(levels, "{}", &service).run(&mut exchange(fields))).expect("an answer");
    lines(&service.got.lock())
}

/// What the client gets of these fields of an answer.
fn answered(levels: &[&str], fields: &[(&'static str, &'static str)]) -> Vec<String> {
    let service = Arc::new(Service { fields: fields.into(), ..Service::default() });
    lines(&now(chain(levels, "{}", &service).run(&mut exchange(&[("x-q", "1")]))).expect("an answer").fields)
}

#[test]
fn fields_are_set_added_and_removed() {
    let level = "[{headers: {request: {set: {X-A: new}, add: {x-b: [two, three]}, remove: [X-C]}}}]";
    assert_eq!(
        sent(&[level], &[("x-a", "1"), ("x-b", "one"), ("x-a", "2"), ("x-c", "3"), ("x-d", "4")]),
        ["x-b: one", "x-d: 4", "x-a: new", "x-b: two", "x-b: three"]
    );
    assert_eq!(answered(&["[{headers: {response: {remove: server}}}]"], &[("server", "x"), ("a", "b")]), ["a: b"]);
}

#[test]
fn values_are_templates_of_the_request_as_it_came() {
    let level = "[{headers: {request: {set: {x-new: \"${request.headers['x-old']}\", x-old: \"${path.id}!\"}}}}]";
    assert_eq!(sent(&[level], &[("x-old", "old")]), ["x-new: old", "x-old: a b!"]);
    let moved = "[{headers: {request: {set: {x-new: \"${request.headers['x-old']}\"}, remove: [x-old]}}}]";
    assert_eq!(sent(&[moved], &[("x-old", "old")]), ["x-new: old"]);
    let trimmed =
        "[{headers: {request: {set: {x-a: \" ${request.headers['x-old']} \", x-b: \" b\"}, remove: [x-old]}}}]";
    assert_eq!(sent(&[trimmed], &[("x-old", "a b")]), ["x-a: a b", "x-b: b"]);
}

#[test]
fn a_value_that_fails_is_left_out_with_the_clients_own() {
    let set = "[{headers: {request: {set: {x-user: \"${request.headers['x-no']}\", x-b: \"1\"}}}}]";
    assert_eq!(sent(&[set], &[("x-user", "root"), ("x-a", "1")]), ["x-a: 1", "x-b: 1"]);
    let add = set.replace("{set", "{add");
    assert_eq!(sent(&[&add], &[("x-user", "root")]), ["x-b: 1"]);
    let out = "[{headers: {response: {set: {x-a: \"${request.headers.no}\"}, add: {x-b: \"${request.headers.no}\"}}}}]";
    assert_eq!(answered(&[out], &[("x-a", "1"), ("x-b", "2")]), ["x-b: 2"]);
}

// Rule: headers-spelling
#[test]
fn no_spelling_of_the_clients_passes_for_what_is_set_or_removed() {
    let level = "[{headers: {request: {set: {x-user-id: \"7\", x-no: \"${request.headers.no}\"}, remove: x-debug}}}]";
    let spoofed = [("x_user_id", "0"), ("x-user_id", "0"), ("x_no", "0"), ("x_debug", "1"), ("x_other", "1")];
    assert_eq!(sent(&[level], &spoofed), ["x_other: 1", "x-user-id: 7"]);
    assert_eq!(answered(&["[{headers: {response: {remove: x-a}}}]"], &[("x_a", "1")]), ["x_a: 1"]);
}

#[test]
fn a_value_with_a_control_byte_is_left_out() {
    let level = "[{headers: {request: {set: {x-q: \"${request.query.q + '\\\\n'}\"}}}}]";
    assert_eq!(sent(&[level], &[("x-q", "client")]), [""; 0]);
}

// Rule: policy-all
#[test]
fn all_levels_apply_and_the_inner_one_wins() {
    let (outer, inner) = (
        "[{headers: {request: {set: {a: outer, b: outer}}, response: {set: {a: outer, b: outer}}}}]",
        "[{headers: {request: {set: {a: inner}}, response: {set: {a: inner}}}}]",
    );
    assert_eq!(sent(&[outer, inner], &[]), ["b: outer", "a: inner"]);
    assert_eq!(answered(&[outer, inner], &[]), ["b: outer", "a: inner"]);
    assert_eq!(sent(&[outer, "[{headers: none}]"], &[]), [""; 0]);
    assert_eq!(sent(&[outer, "[{headers: none}]", inner], &[]), ["a: inner"]);
}

#[test]
fn answers_may_name_themselves() {
    let level =
        "[{headers: {response: {set: {x-s: \"${response.status} ${response.headers.a} ${request.headers['x-q']}\"}}}}]";
    assert_eq!(answered(&[level], &[("a", "b")]), ["a: b", "x-s: 200 b 1"]);
    let wrong = "[{headers: {request: {set: {x-s: \"${response.status}\"}}}}]";
    assert_eq!(
        said_of(&[wrong], "{}"),
        ["1:37 `response` cannot be named here [the response is known on the way back alone]"]
    );
}

#[test]
fn the_gateways_own_answers_are_edited_too() {
    let chain = chain(
        &["[{headers: {response: {set: {x-a: \"${request.method}\"}}}}, {body_limit: 1B}]"],
        "{}",
        &Arc::default(),
    );
    let mut exchange = exchange(&[]);
    exchange.request.body = pintle_core::Body::full("two");
    let refusal = now(chain.run(&mut exchange)).expect_err("a refusal");
    assert_eq!(refusal.reason, Reason::BodyTooLarge);
    let mut response = Response::new(refusal.reason.status());
    chain.edit_reply(refusal.at, &exchange, &mut response);
    assert_eq!(lines(&response.fields), ["x-a: POST"]);
}

#[test]
fn names_that_are_not_for_policies_are_refused() {
    let said = |name: &str, side: &str, how: &str| {
        let edits = if how == "remove" { format!("[{name}]") } else { format!("{{{name}: a}}") };
        said_of(&[&format!("[{{headers: {{{side}: {{{how}: {edits}}}}}}}]")], "{}")
    };
    for name in ["content-length", "Transfer-Encoding", "connection", "te", "upgrade", "keep-alive", "trailer"] {
        for (side, how) in [("request", "set"), ("response", "add"), ("request", "remove")] {
            let said = said(name, side, how);
            assert!(said[0].contains("belongs to the connection"), "{said:?}");
        }
    }
    assert!(said("Host", "request", "set")[0].ends_with("`host` of `proxy`, or of a part]"));
    assert!(said("\"a b\"", "response", "set")[0].contains("`a b` is no header's name"));
    assert!(said("\":path\"", "request", "set")[0].contains("no header's name"));
    assert!(said("via", "request", "set")[0].contains("written by the gateway itself"));
    assert_eq!(said("via", "request", "remove"), [""; 0]);
    assert_eq!(said("x-request-id", "response", "set"), [""; 0]);
}

#[test]
fn what_cannot_be_meant_is_refused_where_it_stands() {
    let level = "- headers:\n    response:\n      set: {x-a: \"a\\nb\", X-A: c}\n      remove: [x-a]\n";
    assert_eq!(
        said_of(&[level], "{}"),
        [
            "3:18 a header's value holds a line end or another control character \
             [a value is one line; in a text over several lines use `>-`, which joins them]",
            "3:26 `X-A` is set twice [capitals make no difference in a header's name]",
            "4:16 `x-a` is removed and given a value at once \
             [`set` alone puts the value in place of what was there]",
        ]
    );
    assert_eq!(
        said_of(&["[{headers: {request: {set: {x-a: 'b${path.nope}'}}}}]"], "{}"),
        ["1:38 the match captures no `nope` [there is `path.id`]"]
    );
}

#[test]
fn the_example_means_what_it_says() {
    let level = r#"
      - headers:
          request: {set: {x-tenant: "${request.headers['x-tenant'].lowerAscii()}"}, remove: [x-debug]}
          response: {add: {x-served-by: pintle}, remove: [server]}
    "#;
    assert_eq!(sent(&[level], &[("x-tenant", "ACME"), ("x-debug", "1")]), ["x-tenant: acme"]);
    assert_eq!(sent(&[level], &[]), [""; 0], "nobody named a tenant");
    assert_eq!(answered(&[level], &[("server", "x")]), ["x-served-by: pintle"]);
}
