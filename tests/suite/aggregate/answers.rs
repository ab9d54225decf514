//! What the client gets.

use super::{both, config, service};
use pintle_testkit::{Ask, Gateway, Origin, Received, Reply};

/// A route of its own for each path.
async fn gateway(service: &Origin, routes: &str) -> Gateway {
    Gateway::start(config(&[("a", service.address())], routes)).await
}

// Rule: aggregate-answer
#[tokio::test]
async fn unless_it_is_said_the_answer_has_every_body_under_its_parts_name_as_written() {
    let service = service(&[("/x", "{\"z\":1,\"a\":[ 1.0 ,2]}"), ("/y", "\"ü\\u00fc\\n\"")]).await;
    let routes = "  - {match: /a, aggregate: {parts: {z: {call: GET a:/x}, b: {call: GET a:/y}, a: {call: GET a:/x}}}}
  - {match: /b, aggregate: {parts: {z: {call: GET a:/x}}, respond: {status: 201, headers: {x-n: \"${parts.z.body.z}\", x-no: \"${parts.z.body.none}\"}}}}
  - {match: /c, aggregate: {parts: {z: {call: GET a:/x}}, respond: {body: \"it is ${parts.z.body.z}, ${parts.z.status}\"}}}
  - {match: /d, aggregate: {parts: {z: {call: GET a:/x}}, respond: {body: \"${parts.z.body.a}\"}}}
  - {match: /e, aggregate: {parts: {z: {call: POST a:/x}}, respond: {status: 204}}}
";
    let gateway = gateway(&service, routes).await;
    for (path, status, kind, content) in [
        ("/a", 200, Some("application/json"), r#"{"z":{"z":1,"a":[1.0,2]},"b":"üü\n","a":{"z":1,"a":[1.0,2]}}"#),
        ("/b", 201, Some("application/json"), r#"{"z":{"z":1,"a":[1.0,2]}}"#),
        ("/c", 200, Some("text/plain; charset=utf-8"), "it is 1, 200"),
        ("/d", 200, Some("application/json"), "[1.0,2]"),
        ("/e", 204, None, ""),
    ] {
        for answer in both(&gateway, Ask::get(path)).await {
            let told = (answer.status, answer.get("content-type"), &*answer.text());
            assert_eq!(told, (status, kind, content), "{path}");
            assert_eq!((answer.get("x-n"), answer.has("x-no")), ((path == "/b").then_some("1"), false));
        }
    }
}

#[tokio::test]
async fn head_gets_the_fields_alone() {
    let service = service(&[("/x", "[1,2,3]")]).await;
    let routes = "  - {match: GET /a, aggregate: {parts: {x: {call: GET a:/x}}, etag: true}}\n";
    let gateway = gateway(&service, routes).await;
    for (head, get) in
        both(&gateway, Ask::new("HEAD", "/a")).await.into_iter().zip(both(&gateway, Ask::get("/a")).await)
    {
        assert_eq!((head.status, head.body.len()), (200, 0), "{head:?}");
        for name in ["content-type", "etag", "content-length"] {
            assert_eq!(head.get(name), get.get(name), "{name}");
        }
        assert_eq!(service.last().method, "GET");
    }
}

// Rule: aggregate-merge
#[tokio::test]
async fn objects_are_merged_and_who_wins_is_written() {
    let service = service(&[
        ("/x", r#"{"a":1,"in":{"x":1},"n":1.10}"#),
        ("/y", r#"{"b":2,"in":{"y":2}}"#),
        ("/z", r#"{"a":3,"in":[]}"#),
        ("/list", "[1]"),
    ])
    .await;
    let route = |path: &str, merge: &str| {
        format!(
            "  - {{match: {path}, aggregate: {{parts: {{x: {{call: GET a:/x}}, y: {{call: GET a:/y}}, z: {{call: GET a:/z}}, list: {{call: GET a:/list}}}}, respond: {{{merge}, headers: {{x-all: \"${{parts.x.status}}${{parts.y.status}}${{parts.z.status}}${{parts.list.status}}\"}}}}}}}}\n"
        )
    };
    let routes = [
        route("/xy", "merge: [x, y]"),
        route("/yx", "merge: [y, x]"),
        route("/xz", "merge: [x, z]"),
        route("/first", "merge: [x, z, y], on_conflict: first"),
        route("/last", "merge: [x, z], on_conflict: last"),
        route("/list", "merge: [x, list], on_conflict: last"),
    ];
    let gateway = gateway(&service, &routes.concat()).await;
    for (path, content) in [
        ("/xy", r#"{"a":1,"in":{"x":1,"y":2},"n":1.10,"b":2}"#),
        ("/yx", r#"{"b":2,"in":{"y":2,"x":1},"a":1,"n":1.10}"#),
        ("/first", r#"{"a":1,"in":{"x":1,"y":2},"n":1.10,"b":2}"#),
        ("/last", r#"{"a":3,"in":[],"n":1.10}"#),
    ] {
        for answer in both(&gateway, Ask::get(path)).await {
            assert_eq!((answer.status, &*answer.text()), (200, content), "{path}");
            assert_eq!(answer.get("content-type"), Some("application/json"));
        }
    }
    for (path, part, reason) in [("/xz", "z", "conflict"), ("/list", "list", "not_an_object")] {
        for answer in both(&gateway, Ask::get(path)).await {
            let problem = answer.problem(502, "part_failed");
            assert_eq!((&problem["part"], &problem["part_reason"]), (&part.into(), &reason.into()), "{path}");
        }
    }
}

/// Answers with what the query says its fields are: `?cache-control=max-age=5&vary=cookie`.
async fn by_query(request: Received) -> Reply {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let reply = Reply::json(&serde_json::json!({"n": 1}));
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .fold(reply, |reply, (name, value)| reply.header(name, value))
}

// Rule: aggregate-cache
#[tokio::test]
async fn how_long_it_may_be_kept_is_the_least_that_its_parts_allow() {
    let service = Origin::start(by_query).await;
    let route = |path: &str, method: &str, a: &str, b: &str, respond: &str| {
        format!(
            "  - match: {path}\n    aggregate: {{parts: {{a: {{call: \"GET a:/?{a}\"}}, b: {{call: \"{method} a:/?{b}\"}}}}{respond}}}\n"
        )
    };
    let cases = [
        (
            "/1",
            "GET",
            "cache-control=max-age=60",
            "cache-control=max-age=5,private&vary=Cookie",
            "",
            Some("private, max-age=5"),
            Some("cookie"),
        ),
        ("/2", "GET", "cache-control=max-age=60&vary=accept", "vary=cookie,Accept", "", None, Some("accept, cookie")),
        ("/3", "GET", "cache-control=no-store", "cache-control=max-age=5", "", Some("no-store"), None),
        ("/4", "GET", "cache-control=max-age=60&age=50", "cache-control=s-maxage=20", "", Some("max-age=10"), None),
        ("/5", "POST", "cache-control=max-age=60", "cache-control=max-age=60", "", None, None),
        (
            "/6",
            "GET",
            "cache-control=no-store",
            "vary=*",
            ", respond: {headers: {cache-control: max-age=9}}",
            Some("max-age=9"),
            Some("*"),
        ),
        ("/7", "GET", "set-cookie=a=b", "etag=x&expires=0&server=secret", "", None, None),
        // What depends on who asks is for nobody else, and what depends on a field varies by it.
        (
            "/8",
            "GET",
            "cache-control=max-age=60&who=${client.ip}",
            "cache-control=max-age=60&lang=${'x-lang' in request.headers ? request.headers['x-lang'] : 'en'}",
            "",
            Some("private, max-age=60"),
            Some("x-lang"),
        ),
        (
            "/9",
            "GET",
            "cache-control=max-age=60",
            "cache-control=max-age=60,must-revalidate",
            "",
            Some("max-age=60, must-revalidate"),
            None,
        ),
    ];
    let routes: String = cases.iter().map(|case| route(case.0, case.1, case.2, case.3, case.4)).collect();
    let gateway = gateway(&service, &routes).await;
    for (path, _, _, _, _, control, vary) in cases {
        for answer in both(&gateway, Ask::get(path)).await {
            assert_eq!(
                (answer.status, answer.get("cache-control"), answer.get("vary")),
                (200, control, vary),
                "{path}"
            );
            for name in ["set-cookie", "etag", "expires", "server", "age"] {
                assert!(!answer.has(name), "{path}: {answer:?}");
            }
        }
    }
}

// Rule: aggregate-partial
#[tokio::test]
async fn a_partial_answer_says_so_and_is_kept_by_nobody_unless_that_is_said() {
    let service = service(&[("/x", "1")]).await;
    let route = |path: &str, rest: &str| {
        format!(
            "  - match: {path}\n    aggregate: {{parts: {{x: {{call: GET a:/x}}, no: {{call: GET a:/no, on_failure: {{value: none}}}}, none: {{for_each: \"n in [1, 2]\", call: \"GET a:/no/${{n}}\", on_failure: {{value: {{n: 0}}}}}}}}{rest}}}\n"
        )
    };
    let routes = [
        route("/1", ""),
        route("/2", ", etag: true, respond: {headers: {cache-control: max-age=60, expires: \"0\", x-a: b}}"),
        route(
            "/3",
            ", respond: {headers: {x-a: b}}, partial: {headers: {cache-control: max-age=1, gateway-partial: \"yes\", x-a: c}}",
        ),
    ];
    let gateway = gateway(&service, &routes.concat()).await;
    let partial = "no; reason=status; status=404, none; reason=status; status=404";
    for (path, control, says, a) in [
        ("/1", "no-store", partial, None),
        ("/2", "no-store", partial, Some("b")),
        ("/3", "max-age=1", "yes", Some("c")),
    ] {
        for answer in both(&gateway, Ask::get(path)).await {
            assert_eq!(
                (answer.status, &*answer.text()),
                (200, r#"{"x":1,"no":"none","none":[{"n":0},{"n":0}]}"#),
                "{path}"
            );
            let told = (answer.get("cache-control"), answer.get("gateway-partial"), answer.get("x-a"));
            assert_eq!(told, (Some(control), Some(says), a), "{path}");
            assert!(!answer.has("etag") && !answer.has("expires"), "{answer:?}");
        }
    }
}

// Rule: aggregate-etag
#[tokio::test]
async fn who_has_it_already_is_told_so() {
    let service = service(&[("/x", "[1]"), ("/y", "[2]")]).await;
    let routes = "  - match: /a/{name}
    aggregate: {parts: {x: {call: \"GET a:/${path.name}\"}}, respond: {headers: {x-a: b, cache-control: max-age=5}}, etag: true}
";
    let gateway = gateway(&service, routes).await;
    let [first, second] = both(&gateway, Ask::get("/a/x")).await;
    let tag = first.get("etag").expect("a tag").to_owned();
    assert_eq!(second.get("etag"), Some(&*tag));
    assert!(tag.starts_with('"') && tag.len() > 10, "{tag}");
    for tags in [tag.clone(), format!("\"other\", W/{tag}"), "*".into()] {
        for answer in both(&gateway, Ask::get("/a/x").header("if-none-match", &tags)).await {
            assert_eq!((answer.status, answer.body.len(), answer.get("etag")), (304, 0, Some(&*tag)), "{tags}");
            assert_eq!((answer.get("x-a"), answer.get("cache-control")), (Some("b"), Some("max-age=5")));
            assert!(!service.last().has("if-none-match"), "a condition is about the whole");
        }
    }
    for answer in both(&gateway, Ask::get("/a/y").header("if-none-match", &tag)).await {
        assert_eq!((answer.status, &*answer.text()), (200, r#"{"x":[2]}"#));
    }
    for answer in both(&gateway, Ask::post("/a/x", "").header("if-none-match", &tag)).await {
        assert_eq!(answer.status, 200);
    }
}

// Rule: aggregate-numbers
#[tokio::test]
async fn numbers_that_are_passed_on_keep_their_text_and_ones_that_do_not_fit_are_not_calculated_with() {
    const NUMBERS: &str = r#"{"id":9007199254740993,"long":123456789012345678901234567890,"big":1e400,"small":-0.0,"price":1.10,"exp":1E+2}"#;
    let service = service(&[("/n", NUMBERS), ("/sum", "1")]).await;
    let routes = "  - match: GET /pass
    aggregate:
      parts:
        n: {call: GET a:/n}
        sum: {call: POST a:/sum, body: {id: \"${parts.n.body.id}\", all: \"${parts.n.body}\", text: \"n=${parts.n.body.long}\"}}
      respond: {body: {n: \"${parts.n.body}\", id: \"${parts.n.body.id}\", big: \"${parts.n.body.big}\", sum: \"${parts.sum.body}\"}}
  - match: GET /add
    aggregate: {parts: {n: {call: GET a:/n}}, respond: {body: {n: \"${parts.n.body.long + 1}\"}}}
";
    let gateway = gateway(&service, routes).await;
    for answer in both(&gateway, Ask::get("/pass")).await {
        let wanted = format!(r#"{{"n":{NUMBERS},"id":9007199254740993,"big":1e400,"sum":1}}"#);
        assert_eq!((answer.status, answer.text()), (200, wanted));
        let sent = format!(r#"{{"id":9007199254740993,"all":{NUMBERS},"text":"n=123456789012345678901234567890"}}"#);
        assert_eq!(service.last().body, sent);
    }
    for answer in both(&gateway, Ask::get("/add")).await {
        assert_eq!(answer.problem(502, "part_failed")["part_reason"], "expression");
    }
}

// Rule: aggregate-fields
#[tokio::test]
async fn clients_pick_what_they_get_where_that_is_allowed() {
    let service = service(&[("/x", r#"{"id":1,"total":2.50,"rest":{"a":1,"b":2}}"#)]).await;
    let route = |path: &str, rest: &str| {
        format!("  - match: {path}\n    aggregate: {{parts: {{x: {{call: GET a:/x}}, y: {{call: GET a:/x}}}}{rest}}}\n")
    };
    let gateway = gateway(&service, &(route("/a", ", fields: true") + &route("/b", ""))).await;
    for answer in both(&gateway, Ask::get("/a?fields=y(total,rest(b))")).await {
        assert_eq!((answer.status, &*answer.text()), (200, r#"{"y":{"total":2.50,"rest":{"b":2}}}"#));
    }
    for answer in both(&gateway, Ask::get("/b?fields=y")).await {
        assert!(answer.text().starts_with(r#"{"x":"#), "{answer:?}");
    }
    let hits = service.hits();
    for answer in both(&gateway, Ask::get("/a?fields=y(")).await {
        answer.problem(400, "bad_value");
    }
    assert_eq!(service.hits(), hits, "nobody is asked for what cannot be told");
}
