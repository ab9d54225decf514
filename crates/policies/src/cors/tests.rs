use crate::testing::{Service, chain, exchange, lines, now, said_of};
use pintle_core::step::Plan;
use pintle_core::{Method, Refusal, Response};
use std::sync::Arc;

const SHOP: &str = "{origins: [\"https://shop.example.com\", \"https://*.partner.example\"], methods: [GET, PUT], \
    headers: [Authorization, x-a], expose: [etag], credentials: true, max_age: 10m}";

/// What a service says of CORS by itself, which no client reads.
const OWN: [(&str, &str); 4] = [
    ("access-control-allow-origin", "https://evil.test"),
    ("access-control-allow-credentials", "true"),
    ("access-control-max-age", "9999"),
    ("x-own", "1"),
];

fn ask(settings: &str, method: Method, fields: &[(&str, &str)]) -> Result<Response, Refusal> {
    let service = Arc::new(Service { fields: OWN.into(), ..Service::default() });
    let chain = chain(&[&format!("[{{cors: {settings}}}]")], "{}", &service);
    let (mut asked, mut planned) = (exchange(fields), exchange(fields));
    (asked.request.method, planned.request.method) = (method.clone(), method);
    let answer = now(chain.run(&mut asked));
    // `explain` says the same.
    match (&answer, chain.plan(&mut planned)) {
        (Ok(answer), Ok(Plan::Answer(plan))) => assert_eq!(lines(&answer.fields), lines(&plan.fields)),
        (Err(answer), Err(plan)) => assert_eq!((answer.reason, answer.at), (plan.reason, plan.at)),
        other => panic!("{other:?}"),
    }
    answer
}

fn got(settings: &str, fields: &[(&str, &str)]) -> Vec<String> {
    lines(&ask(settings, Method::GET, fields).expect("an answer").fields)
}

fn preflight(settings: &str, origin: &str) -> Result<Response, Refusal> {
    ask(settings, Method::OPTIONS, &[("origin", origin), ("access-control-request-method", "PUT")])
}

// Rule: cors-preflight
#[test]
fn a_preflight_is_answered_in_place_of_the_service() {
    for origin in ["https://shop.example.com", "https://a.partner.example"] {
        let answer = preflight(SHOP, origin).expect("an answer");
        assert_eq!(answer.status, 204);
        assert_eq!(
            lines(&answer.fields),
            [
                "vary: origin".to_owned(),
                format!("access-control-allow-origin: {origin}"),
                "access-control-allow-credentials: true".into(),
                "access-control-allow-methods: GET, PUT".into(),
                "access-control-allow-headers: authorization, x-a".into(),
                "access-control-max-age: 600".into(),
            ]
        );
    }
    let any = "{origins: \"*\", methods: \"*\", headers: [\"*\"]}";
    assert_eq!(
        lines(&preflight(any, "https://anybody.test").expect("an answer").fields),
        ["access-control-allow-origin: *", "access-control-allow-methods: *", "access-control-allow-headers: *"]
    );
    let refused = preflight(SHOP, "https://evil.test").expect_err("not listed");
    assert_eq!((refused.reason.code(), refused.detail.contains("evil")), ("cross_site", false));
}

// Rule: cors-answer
#[test]
fn what_the_service_says_is_replaced() {
    let listed = ["x-own: 1", "vary: origin", "access-control-allow-origin: https://shop.example.com"];
    let rest = ["access-control-allow-credentials: true", "access-control-expose-headers: etag"];
    assert_eq!(got(SHOP, &[("origin", "https://shop.example.com")]), [&listed[..], &rest[..]].concat());
    for fields in [&[("origin", "https://evil.test")][..], &[("origin", "null")], &[]] {
        assert_eq!(got(SHOP, fields), ["x-own: 1", "vary: origin"], "{fields:?}");
    }
    for fields in [&[("origin", "https://evil.test")][..], &[]] {
        assert_eq!(got("{origins: \"*\"}", fields), ["x-own: 1", "access-control-allow-origin: *"]);
    }
}

#[test]
fn what_is_no_preflight_goes_on() {
    for fields in [&[("origin", "https://shop.example.com")][..], &[("access-control-request-method", "PUT")]] {
        assert_eq!(ask(SHOP, Method::OPTIONS, fields).expect("an answer").status, 200);
    }
}

// Rule: cors-any
#[test]
fn any_is_refused_with_credentials_and_beside_others() {
    let said = |settings: &str| said_of(&[&format!("[{{cors: {settings}}}]")], "{}");
    for key in
        ["origins: \"*\"", "origins: \"https://a.test\", methods: \"*\"", "origins: \"https://a.test\", headers: \"*\""]
    {
        let said = said(&format!("{{{key}, credentials: true}}"));
        assert!(said[0].contains("takes `*` for a name"), "{said:?}");
    }
    assert!(said("{origins: [\"*\", \"https://a.test\"]}")[0].contains("stands alone"));
    assert!(said("{origins: []}")[0].contains("`cors: none`"));
    assert!(said("{}")[0].contains("origins"));
    assert!(said("{origins: \"https://a.test/\"}")[0].contains("no path"));
    assert!(said("{origins: \"https://a.test\", methods: [get]}")[0].contains("write GET"));
    assert!(said("{origins: \"https://a.test\", headers: [\"x a\"]}")[0].contains("a header's name"));
}
