use super::*;
use crate::exchange::{Captures, Client, RouteFacts};
use crate::kept::Kept;
use crate::notes::Notes;
use crate::redact::{Names, Redacted};
use crate::template::{Declared, Expression, Place, Template};
use crate::{Body, Method, Request, Scheme, StatusCode, Target, Trace, Version};
use std::sync::Arc;
use std::time::Instant;

fn exchange(path: &str, query: Option<&str>, fields: &[(&str, &str)]) -> Exchange {
    let tls = Tls { version: "1.3", cipher: "X".into(), server_name: Some("shop.test".into()), ..Tls::default() };
    Exchange {
        request: Request {
            method: Method::PUT,
            target: Target::new("shop.test", Some(8443), path, query),
            scheme: Scheme::Https,
            version: Version::Http2,
            fields: fields.iter().copied().collect(),
            body: Body::Empty,
            protocol: None,
        },
        client: Client {
            ip: [192, 0, 2, 7].into(),
            port: 4711,
            peer: None,
            local: None,
            peer_is_trusted: false,
            tls: Some(Arc::new(tls)),
        },
        id: "id".into(),
        trace: Trace::begin(*b"0af7651916cd43dd8448eb211c80319c", 1),
        listener: "public".into(),
        route: Arc::new(RouteFacts {
            name: "r1".into(),
            labels: [("team".into(), "shop".into())].into(),
            captures: Box::default(),
        }),
        captures: Captures { segments: std::iter::once(3..7).collect(), rest: Some(8) },
        identity: crate::Identity::default(),
        rehearsed: false,
        started: Instant::now(),
        deadline: None,
        notes: Notes::default(),
        kept: Kept::default(),
        unrouted: None,
        interim: None,
        inside: None,
    }
}

const PLACE: Declared<'static> = Declared::request().path(&["id"], true).identity().response();

/// What a template gives, as JSON where it is one expression; the error's message else.
fn says(text: &str, scope: &dyn Scope) -> String {
    let template = Template::compile(&format!("${{{text}}}"), Place::Json, &PLACE).expect("it compiles");
    let mut out = String::new();
    template.render(scope, &mut out).map_or_else(|error| format!("error: {error}"), |()| out)
}

#[test]
fn the_request_and_what_is_known_around_it() {
    let exchange = exchange("/o/abcd/x/y%20z", Some("q=1"), &[]);
    for (text, value) in [
        ("request.method", r#""PUT""#),
        ("request.scheme", r#""https""#),
        ("request.host", r#""shop.test""#),
        ("request.headers.host", r#""shop.test:8443""#),
        ("request.path", r#""/o/abcd/x/y%20z""#),
        ("path.rest", r#""x/y%20z""#),
        ("client.ip", r#""192.0.2.7""#),
        ("client.port", "4711"),
        ("client.tls.version", r#""1.3""#),
        ("client.tls", r#"{"version":"1.3","cipher":"X","server_name":"shop.test"}"#),
        ("has(client.tls.subject)", "false"),
        ("route.name", r#""r1""#),
        ("route.labels.team", r#""shop""#),
        ("route.labels", r#"{"team":"shop"}"#),
        ("has(route.labels.nope)", "false"),
        ("has(claims.sub)", "false"),
        ("has(consumer.name)", "false"),
        ("response.status", "error: this is absent"),
    ] {
        assert_eq!(says(text, &exchange), value, "{text}");
    }
}

// Rule: template-rest
#[test]
fn captures_are_decoded_and_absent_where_they_are_no_text() {
    assert_eq!(says("path.id", &exchange("/o/a%2F/x", None, &[])), r#""a/""#);
    assert_eq!(says("path.id", &exchange("/o/%FF0/x", None, &[])), "error: this is absent");
}

// Rule: names-values
#[test]
fn query_parameters_are_decoded_names_too() {
    let exchange = exchange("/", Some("a=1&b=x+y%2B%C3%A4&a=2&&%61=3&c&d=%zz%FF"), &[]);
    for (text, value) in [
        ("request.query.a", r#""1""#),
        ("request.query_all.a", r#"["1","2","3"]"#),
        ("request.query.b", r#""x y+ä""#),
        ("request.query.c", r#""""#),
        ("request.query.d", "\"%zz\u{fffd}\""),
        ("has(request.query.e)", "false"),
        ("has(request.query_all.e)", "false"),
        ("request.query", "{\"a\":\"1\",\"b\":\"x y+ä\",\"c\":\"\",\"d\":\"%zz\u{fffd}\"}"),
        ("request.query_all.map(k, size(request.query_all[k]))", "[3,1,1,1]"),
    ] {
        assert_eq!(says(text, &exchange), value, "{text}");
    }
}

// Rule: names-values
#[test]
fn headers_are_joined_and_cookies_found() {
    let fields = [("x-a", "1"), ("cookie", "s=1; t=a=b"), ("x-a", "2"), ("cookie", "u=\"3\"; s=9")];
    let exchange = exchange("/", None, &fields);
    for (text, value) in [
        ("request.headers['X-A']", r#""1, 2""#),
        ("has(request.headers.nope)", "false"),
        ("size(request.headers)", "2"),
        ("request.headers.filter(k, k.startsWith('x-')).map(k, request.headers[k])", r#"["1, 2"]"#),
        ("request.cookies.s", r#""1""#),
        ("request.cookies.t", r#""a=b""#),
        ("request.cookies", r#"{"s":"1","t":"a=b","u":"\"3\""}"#),
        ("has(request.cookies.v)", "false"),
    ] {
        assert_eq!(says(text, &exchange), value, "{text}");
    }
}

#[test]
fn what_is_no_utf8_is_replaced_and_what_stands_there_is_borrowed() {
    let mut exchange = exchange("/o/abcd/x", None, &[]);
    exchange.request.fields.append("x-b", b"a\xffb");
    exchange.request.fields.append("x-c", "plain");
    let borrowed = |text: &str| {
        let expression = Expression::compile(text, &PLACE).expect("it compiles");
        let value = expression.evaluate(&exchange).expect("it is there");
        matches!(value, Value::Text(Cow::Borrowed(_)))
    };
    assert_eq!(says("request.headers['x-b']", &exchange), "\"a\u{fffd}b\"");
    assert!(borrowed("request.headers['x-c']") && borrowed("path.id") && borrowed("path.rest"));
    assert!(!borrowed("request.headers['x-b']"));
}

#[test]
fn an_answer_adds_its_own_names() {
    let exchange = exchange("/", None, &[]);
    let mut response = Response::new(StatusCode::IM_A_TEAPOT);
    response.fields.append("x-a", "1");
    let scope = ResponseScope { exchange: &exchange, response: &response };
    assert_eq!(says("response.status", &scope), "418");
    assert_eq!(says("response.headers['x-a'] + request.method", &scope), r#""1PUT""#);
    assert_eq!(says("response.headers", &scope), r#"{"x-a":"1"}"#);
}

#[test]
fn many_parameters_make_a_map_in_a_time_that_grows_with_them() {
    use std::fmt::Write;
    let mut query = String::new();
    for number in 0..30_000 {
        let _ = write!(query, "{number:x}&");
    }
    let exchange = exchange("/", Some(&query), &[]);
    let started = Instant::now();
    assert_eq!(says("size(request.query)", &exchange), "30000");
    assert!(started.elapsed().as_secs() < 5, "seconds mean that names are compared with each other");
}

#[test]
fn what_is_shown_to_people_holds_no_credential() {
    let fields = [
        ("authorization", "Bearer hunter2"),
        ("cookie", "sid=hunter2; theme=dark"),
        ("referer", "https://a.example/?code=hunter2&page=1"),
        ("x-partner-ref", "hunter2"),
        ("x-tenant", "acme"),
    ];
    let exchange = exchange("/o/abcd/x", Some("token=hunter2&token=hunter2&page=2"), &fields);
    let sent: Fields =
        [("set-cookie", "sid=hunter2"), ("location", "/cb?code=hunter2"), ("etag", "1")].into_iter().collect();
    let names = Names::and(["X-Partner-Ref"]);
    let scope = Redacted::new(&exchange, Some((StatusCode::FOUND, &sent)), &names);
    for (text, value) in [
        ("request.headers.authorization", r#""REDACTED""#),
        ("request.headers['x-partner-ref']", r#""REDACTED""#),
        ("request.headers['X-Tenant']", r#""acme""#),
        ("request.headers['host']", r#""shop.test:8443""#),
        ("request.headers['x-' + 'partner-ref']", r#""REDACTED""#),
        ("request.headers.referer", r#""https://a.example/?code=REDACTED&page=1""#),
        ("has(request.headers.authorization)", "true"),
        ("has(request.headers.nope)", "false"),
        ("request.cookies.sid", r#""REDACTED""#),
        ("request.cookies", r#"{"sid":"REDACTED","theme":"dark"}"#),
        ("request.query.token", r#""REDACTED""#),
        ("request.query_all.token", r#"["REDACTED","REDACTED"]"#),
        ("request.query", r#"{"token":"REDACTED","page":"2"}"#),
        ("request.query_all", r#"{"token":["REDACTED","REDACTED"],"page":["2"]}"#),
        ("response.status", "302"),
        ("response.headers['set-cookie']", r#""REDACTED""#),
        ("response.headers", r#"{"set-cookie":"REDACTED","location":"/cb?code=REDACTED","etag":"1"}"#),
        ("client.ip", r#""192.0.2.7""#),
        ("path.id", r#""abcd""#),
    ] {
        assert_eq!(says(text, &scope), value, "{text}");
    }
    assert!(!says("request.headers", &scope).contains("hunter2"));
    let unanswered = Redacted::new(&exchange, None, &names);
    assert!(says("response.status", &unanswered).contains("absent"));
}
