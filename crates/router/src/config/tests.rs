use super::*;
use pintle_core::config::Source;

/// The canonical form of what `text` reads as, or each message with its place and remedy.
fn read(text: &str) -> Result<String, Vec<String>> {
    let source = Source::new("test.yaml", text);
    let mut reader = Reader::new();
    let node = Node::parse(&source, &mut reader.diagnostics);
    let pattern = Pattern::read(&node, &mut reader);
    match pattern {
        Some(pattern) if reader.diagnostics.is_empty() => Ok(pattern.to_string()),
        _ => Err(reader
            .diagnostics
            .iter()
            .map(|said| {
                let place = said.span.position();
                format!("{}:{} {}: {}", place.line, place.column, said.message, said.help.as_deref().unwrap_or(""))
            })
            .collect()),
    }
}

fn refused(text: &str, expected: &[&str]) {
    let said = read(text).expect_err(text);
    assert_eq!(said, expected, "{text}");
}

// Rule: match-short
#[test]
fn the_short_form_is_a_text() {
    assert_eq!(read("GET,HEAD shop.example.com/orders/{id}").as_deref(), Ok("GET,HEAD shop.example.com/orders/{id}"));
    assert_eq!(read("/**").as_deref(), Ok("/**"));
}

#[test]
fn the_long_form_is_a_map() {
    let text = r#"
host: [shop.example.com, "*.shop.example.com"]
path: /orders/**
method: [POST, PUT]
header: {x-canary: "1", User-Agent: {regex: "(?i)firefox"}, x-internal: {present: false}, x-n: [1, 2]}
query: {dry_run: {present: true}}
cookie: {beta: "yes"}
"#;
    let expected = r#"POST,PUT shop.example.com|*.shop.example.com/orders/** [header user-agent~"(?i)firefox"; header x-canary="1"; header x-internal absent; header x-n="1"|"2"; query dry_run present; cookie beta="yes"]"#;
    assert_eq!(read(text).as_deref(), Ok(expected));
    assert_eq!(read("{host: a.b}").as_deref(), Ok("a.b/**"));
    assert_eq!(read("{method: GET}").as_deref(), Ok("GET /**"));
    assert_eq!(read("{path: ['/a/{id}', '/b/{id}']}").as_deref(), Ok("/a/{id}|/b/{id}"));
}

#[test]
fn a_match_in_no_form_is_refused() {
    refused(
        "[/a]",
        &[
            "1:1 expected a match such as `GET shop.example.com/orders/**`, or a map, found a list: for several paths write `match: {path: […]}`; hosts and methods too may be lists there",
        ],
    );
    refused("{}", &["1:1 the match says nothing: write `match: /**` for every request"]);
    refused("{host: []}", &["1:8 the list is empty: leave the key out for any"]);
    refused(
        "/a/*.js",
        &[
            "1:1 path `/a/*.js` has `*.js`: `*` is no pattern within a path; {name} is one whole segment, `**` at the end is the rest",
        ],
    );
}

#[test]
fn every_fault_of_a_long_form_is_told_at_its_place() {
    let text = r#"
host: [a.b:80, c.d]
path: orders
method: [get]
header:
  Host: a
  x-b: {regex: "a("}
  x-c: {present: maybe}
  x-d: {regex: a, present: true}
"#;
    refused(
        text,
        &[
            "2:8 host `a.b:80` has a port: leave it out; the request's port is not compared",
            "3:7 path `orders` does not begin with `/`: write `/orders`",
            "4:10 `get` is no method: write GET",
            "6:3 `host` is not matched as a header: use `host:` of the match",
            "7:8 `a(` is no regular expression: unclosed group",
            "8:18 expected `true` or `false`, found `maybe`: ",
            "9:8 expected one test, found 2: `regex`, `present`: keep one; where several may stand, each is a map of its own",
        ],
    );
    refused("{query: {q: []}}", &["1:13 there is no value to match: use {present: true} for any value"]);
    refused("{query: q}", &["1:9 expected a map from names, found `q`: "]);
    refused("{hosts: a.b}", &["1:2 unknown key `hosts`: did you mean `host`?"]);
}

#[test]
fn faults_of_the_whole_are_told_of_the_whole() {
    refused(
        "{path: ['/{a}', '/b/{c}']}",
        &[
            "1:1 `/b/{c}` and `/{a}` capture different names: let every path of one match have the same {names} in the same order, or write two routes",
        ],
    );
}
