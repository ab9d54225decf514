//! Which route takes a request: hosts, paths, methods, conditions, listeners; and what happens where none does.

use pintle_testkit::{Ask, Gateway, H1Client, Origin};

/// A gateway whose routes answer with their own name: `[(match, name)]`, matches in the short or long form.
async fn named(routes: &[(&str, &str)]) -> Gateway {
    let routes = routes.iter().map(|(pattern, name)| format!("  - {{match: {pattern}, respond: {{body: {name}}}}}\n"));
    Gateway::plain(format!("routes:\n{}", routes.collect::<String>())).await
}

async fn taken_by(gateway: &Gateway, ask: Ask) -> String {
    let answer = gateway.ask(ask).await;
    if answer.status == 200 { answer.text() } else { answer.status.to_string() }
}

// Rule: match-most-specific
#[tokio::test]
async fn the_more_specific_path_wins_from_the_left() {
    let routes =
        [("/**", "any"), ("/a/**", "below-a"), ("\"/a/{x}\"", "one"), ("/a/b", "exact"), ("\"/{x}/b/c\"", "named")];
    let backwards: Vec<_> = routes.iter().rev().copied().collect();
    for routes in [&routes[..], &backwards] {
        let gateway = named(routes).await;
        let cases = [
            ("/a/b", "exact"),
            ("/a/c", "one"),
            ("/a/", "below-a"),
            ("/a", "below-a"),
            ("/a/b/c", "below-a"),
            ("/z/b/c", "named"),
            ("/ab", "any"),
            ("/", "any"),
        ];
        for (target, name) in cases {
            assert_eq!(taken_by(&gateway, Ask::get(target)).await, name, "{target}");
        }
    }
}

// Rule: match-slash
#[tokio::test]
async fn a_trailing_slash_counts() {
    let gateway = named(&[("/a", "without"), ("/a/", "with"), ("\"/b/{x}\"", "one")]).await;
    assert_eq!(taken_by(&gateway, Ask::get("/a")).await, "without");
    assert_eq!(taken_by(&gateway, Ask::get("/a/")).await, "with");
    assert_eq!(taken_by(&gateway, Ask::get("/b/")).await, "404", "a name is one segment, and not an empty one");
}

// Rule: match-most-specific
#[tokio::test]
async fn an_exact_host_wins_over_a_longer_wildcard_over_any() {
    let routes = [
        ("/**", "any"),
        ("\"*.example.com/**\"", "short"),
        ("\"*.eu.example.com/**\"", "long"),
        ("a.eu.example.com/**", "exact"),
    ];
    let gateway = named(&routes).await;
    let cases = [
        ("a.eu.example.com", "exact"),
        ("A.EU.Example.com:8443", "exact"),
        ("b.eu.example.com", "long"),
        ("c.d.us.example.com", "short"),
        ("eu.example.com", "short"),
        ("example.com", "any"),
    ];
    for (host, name) in cases {
        assert_eq!(taken_by(&gateway, Ask::get("/x").host(host)).await, name, "{host}");
    }
}

// Rule: match-more-conditions
#[tokio::test]
async fn more_conditions_win_and_exact_over_regex_over_present() {
    let gateway = named(&[
        ("/a", "plain"),
        ("{path: /a, header: {x: {present: true}}}", "present"),
        ("{path: /a, header: {x: {regex: \"^v\"}}}", "regex"),
        ("{path: /a, header: {x: v1}}", "exact"),
        ("{path: /a, header: {x: v1}, query: {q: \"1\"}}", "two"),
    ])
    .await;
    let ask = |value: &str| Ask::get("/a").header("x", value);
    assert_eq!(taken_by(&gateway, Ask::get("/a")).await, "plain");
    assert_eq!(taken_by(&gateway, ask("other")).await, "present");
    assert_eq!(taken_by(&gateway, ask("v2")).await, "regex");
    assert_eq!(taken_by(&gateway, ask("v1")).await, "exact");
    assert_eq!(taken_by(&gateway, Ask::get("/a?q=0&q=1").header("x", "v1")).await, "two");
    // A condition on many values holds if any value meets it.
    assert_eq!(taken_by(&gateway, ask("other").header("x", "v1")).await, "exact");
}

// Rule: match-405
#[tokio::test]
async fn a_wrong_method_is_405_with_all_that_would_be_right() {
    let gateway = named(&[("GET /a", "get"), ("\"POST,PUT /a\"", "write"), ("POST /b", "post")]).await;
    let answer = gateway.ask(Ask::new("DELETE", "/a")).await;
    answer.problem(405, "method_not_allowed");
    let mut allow: Vec<&str> = answer.get("allow").unwrap_or_default().split(", ").collect();
    allow.sort_unstable();
    assert_eq!(allow, ["GET", "HEAD", "POST", "PUT"]);
    assert_eq!(taken_by(&gateway, Ask::new("OPTIONS", "/b")).await, "405");
    assert_eq!(taken_by(&gateway, Ask::get("/c")).await, "404");
}

// Rule: match-preflight
#[tokio::test]
async fn a_preflight_is_matched_as_the_method_that_it_asks_for() {
    let service = Origin::named("post").await;
    let routes = format!("routes: [{{match: POST /a, proxy: \"{}\"}}]", service.url());
    let gateway = Gateway::plain(routes).await;
    let options = Ask::new("OPTIONS", "/a").header("origin", "https://shop.example.com");
    let answer = gateway.ask(options.clone().header("access-control-request-method", "POST")).await;
    assert_eq!(answer.json()["method"], "OPTIONS");
    assert_eq!(gateway.ask(options.clone()).await.status, 405, "not a preflight");
    assert_eq!(gateway.ask(options.header("access-control-request-method", "PUT")).await.status, 405);
}

// Rule: match-own
#[tokio::test]
async fn the_gateway_answers_for_itself_where_no_service_can() {
    let gateway = named(&[("/**", "any")]).await;
    assert_eq!(gateway.ask(Ask::new("OPTIONS", "*")).await.status, 204);
    let mut wire = gateway.wire().await;
    wire.write("CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n").await;
    wire.answer_to("CONNECT").await.problem(501, "not_implemented");
}

// Rule: path-normalised
#[tokio::test]
async fn the_path_is_normalised_once_before_anything_sees_it() {
    let service = Origin::echo().await;
    let gateway = Gateway::to(service.url()).await;
    let cases = [
        ("/%7Euser/%61", "/~user/a"),
        ("/a%2fb%c3%a9", "/a%2Fb%C3%A9"),
        ("/a/./b/../c/", "/a/c/"),
        ("/a/..", "/"),
        ("/../../a", "/a"),
        ("//a///b", "/a/b"),
        ("/%2e%2E/a", "/a"),
        ("/a?b=../%zz//c", "/a?b=../%zz//c"),
    ];
    for (sent, got) in cases {
        assert_eq!(gateway.get(sent).await.json()["target"], got, "{sent}");
    }
    assert_eq!(service.hits(), cases.len());
}

// Rule: path-refused
#[tokio::test]
async fn a_path_that_could_be_read_in_two_ways_is_refused() {
    let service = Origin::echo().await;
    let gateway = Gateway::to(service.url()).await;
    let bad = ["/%", "/%4", "/%zz", "/a%00", "/a\\b", "/a%5Cb", "/a%5cb", "/..;/a", "/a/..;x/b", "/%252e%252e/a"];
    for target in bad {
        let mut wire = gateway.wire().await;
        wire.write(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert_eq!(wire.answer().await.status, 400, "{target}");
    }
    assert_eq!(service.hits(), 0);
}

// Rule: match-listener
#[tokio::test]
async fn a_route_of_a_listener_is_seen_there_alone() {
    let config = "
listeners:
  - {name: public, address: 127.0.0.1:0}
  - {name: inner, address: 127.0.0.1:0}
routes:
  - {match: /**, respond: {body: both}}
  - {listener: inner, match: /**, respond: {body: inner}}
  - {listener: public, match: /public, respond: {body: public}}";
    let gateway = Gateway::start(config).await;
    let at = async |place: usize, target: &str| H1Client::tcp(gateway.address(place)).await.get(target).await.text();
    assert_eq!(at(0, "/x").await, "both");
    assert_eq!(at(1, "/x").await, "inner");
    assert_eq!(at(0, "/public").await, "public");
    assert_eq!(at(1, "/public").await, "inner");
}

#[tokio::test]
async fn a_route_that_names_its_listener_goes_first_where_listeners_have_policies_too() {
    let config = "listeners:
  - {name: in, address: 127.0.0.1:0, policies: [{timeout: 5s}]}
  - {name: out, address: 127.0.0.1:0}
routes:
  - {match: /a, respond: {body: any}}
  - {match: /a, listener: out, respond: {body: out}}
";
    let gateway = Gateway::start(config).await;
    for (place, body) in [(0, "any"), (1, "out")] {
        let answer = H1Client::tcp(gateway.address(place)).await.get("/a").await;
        assert_eq!(answer.text(), body);
    }
}
