use super::*;
use crate::testing::{PLACE, answer, built, exchange, lines, try_build};
use pintle_core::Body;

/// Status, fields and content.
fn said(text: &str) -> (u16, Vec<String>, String) {
    let respond = built(text, |config: &RespondConfig, reader| config.build(&PLACE, reader));
    let response = answer(&*respond, &mut exchange(&[("x-a", "\"a\"\n")])).expect("an answer");
    let body = match response.body {
        Body::Empty => String::new(),
        Body::Full(bytes) => String::from_utf8(bytes.to_vec()).expect("text"),
        Body::Stream { .. } => panic!("it is here"),
    };
    (response.status.as_u16(), lines(&response.fields), body)
}

fn wrong(text: &str) -> Vec<String> {
    try_build(text, |config: &RespondConfig, reader| config.build(&PLACE, reader)).1
}

#[test]
fn a_text_is_plain() {
    let plain = vec!["content-type: text/plain; charset=utf-8".to_owned()];
    assert_eq!(said("{status: 200, body: \"ok\\n\"}"), (200, plain.clone(), "ok\n".into()));
    assert_eq!(said("body: 5"), (200, plain.clone(), "5".into()));
    assert_eq!(said("body: 'is ${path.id}, $${x}'"), (200, plain, "is a b, ${x}".into()));
    assert_eq!(said("{status: 404}"), (404, vec![], String::new()));
    assert_eq!(said("body: \"\""), (200, vec![], String::new()));
}

// Rule: template-type
#[test]
fn a_tree_is_json_and_a_single_value_keeps_its_type() {
    let text = "body:\n  n: 5\n  f: -1.50e3\n  t: true\n  z: null\n  y: ~\n  q: \"5\"\n  o: 0755\n  s: a \"b\"\n\
                \x20 p: ${client.port}\n  m: port ${client.port}\n  h: ${request.headers['x-a']}\n  l: [1, [], {}]\n";
    let json = r#"{"n":5,"f":-1.50e3,"t":true,"z":null,"y":null,"q":"5","o":"0755","s":"a \"b\"","p":4711,"m":"port 4711","h":"\"a\"\n","l":[1,[],{}]}"#;
    assert_eq!(said(text), (200, vec!["content-type: application/json".into()], json.into()));
    assert_eq!(said("body: []").2, "[]");
}

#[test]
fn headers_are_templates_and_may_name_the_type() {
    let (_, fields, _) =
        said("{headers: {Content-Type: text/html, x-p: '${path.id}', x-no: '${request.query.no}'}, body: a}");
    assert_eq!(fields, ["content-type: text/html", "x-p: a b"]);
    let control = "{headers: {x-a: \"${request.headers['x-a']}\"}}";
    assert_eq!(said(control).1, [""; 0], "a control byte stands in no header");
}

// Rule: fails-path
#[test]
fn a_value_that_the_client_did_not_give_is_its_fault() {
    let reason = |text: &str| {
        let respond = built(text, |config: &RespondConfig, reader| config.build(&PLACE, reader));
        answer(&*respond, &mut exchange(&[])).expect_err("a refusal").reason.code()
    };
    assert_eq!(reason("body: '${request.query.no}'"), "bad_value");
    assert_eq!(reason("body: {a: '${route.labels.no}'}"), "internal");
}

#[test]
fn what_cannot_be_answered_is_refused() {
    assert_eq!(wrong("{status: 204, body: a}"), ["1:21 an answer with this status has no content [leave `body` out]"]);
    assert_eq!(
        wrong("{status: 101}"),
        ["1:10 expected a status from 200 to 599, found `101` [an answer with 1xx is not the last one]"]
    );
    assert_eq!(wrong("{status: 600}"), ["1:10 expected a status from 200 to 599, found `600`"]);
    assert!(wrong("body:\n")[0].contains("leave `body` out"));
    assert!(wrong("{headers: {content-length: 5}}")[0].contains("belongs to the connection"));
    assert_eq!(
        wrong("body: {a: ['x ${path.nope}'], '${b}': 1}"),
        [
            "1:17 the match captures no `nope` [there is `path.id`, `path.rest`]",
            "1:31 a key is a text as it is, without `${…}`",
        ]
    );
}
