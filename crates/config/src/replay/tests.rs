//! What is said of logged requests, over configurations small enough to be read.

use super::line::Line;
use super::{Kind, Replay, Says, Side, replay};
use crate::{Document, World, assemble, describe};
use pintle_core::config::{Read, Reader, Sources};
use pintle_engine::Runtime;

const DOOR: &str = "listeners: [{name: door, address: 127.0.0.1:8080}]\n";

fn loaded(text: &str) -> (crate::Description, Runtime) {
    let mut reader = Reader::new();
    let sources = Sources::from_text("gateway.yaml", text, &mut reader);
    let document = Document::read(&sources.root, &mut reader);
    let world = World::idle();
    let runtime = document.as_ref().and_then(|document| assemble(document, &world, &mut reader));
    let (Some(document), Some(runtime)) = (document, runtime) else { panic!("{}", reader.diagnostics.render(false)) };
    (describe(&sources.root, &document), runtime)
}

fn replayed(old: &str, new: &str, log: &str) -> Replay {
    let (old, new) = (loaded(old), loaded(new));
    replay(&Side::new(&old.0, &old.1), &Side::new(&new.0, &new.1), log.as_bytes()).expect("a log")
}

/// A line of the log; `end` is what became of it.
fn line(request: &str, end: &str) -> String {
    let (method, target) = request.split_once(' ').expect("a method");
    let (host, path) = target.split_at(target.find('/').expect("a path"));
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("\"url.query\":\"{query}\",")),
        None => (path, String::new()),
    };
    format!(
        "{{\"client.address\":\"203.0.113.9\",\"http.request.method\":\"{method}\",\"url.scheme\":\"http\",\
         \"server.address\":\"{host}\",\"url.path\":\"{path}\",{query}\"http.response.status_code\":200,\
         \"pintle.listener\":\"door\",{end}}}\n"
    )
}

fn by(route: &str) -> String {
    format!("\"pintle.route\":\"{route}\"")
}

/// What is said of one request; none if all is as before.
fn said(old: &str, new: &str, request: &str, end: &str) -> Option<Says> {
    let replay = replayed(old, new, &line(request, end));
    assert!(replay.unread.is_none() && replay.foreign.is_none(), "{replay}");
    let groups = replay.groups();
    assert_eq!(groups.len() as u64 + replay.same, 1, "{replay}");
    groups.first().map(|group| group.says.clone())
}

#[test]
fn every_key_that_is_read_is_one_that_is_written() {
    let source = include_str!("line.rs");
    let keys = ["client.address", "http.request.method", "http.request.body.size", "http.response.status_code"];
    let more = ["server.address", "url.path", "url.query", "url.scheme", "user_agent.original"];
    let own = ["pintle.listener", "pintle.route", "pintle.reason"];
    for key in keys.into_iter().chain(more).chain(own) {
        assert!(source.contains(&format!("\"{key}\"")), "{key} is not read");
        assert!(pintle_telemetry::access_log::KEYS.iter().any(|(known, _)| *known == key), "{key} is not written");
    }
}

#[test]
fn lines_of_both_formats_are_read_and_others_are_refused() {
    let combined = "2001:db8::1 - bob [23/Nov/2026:22:00:00 +0000] \"GET /a/../b%7e?q=1 HTTP/2.0\" 200 3 \"-\" \"x\"";
    let read = Line::read(combined.as_bytes()).expect("a line");
    assert_eq!((read.method.as_str(), &*read.path, read.query.as_deref()), ("GET", "/b~", Some("q=1")));
    for (broken, why) in [
        ("", "it is neither JSON nor the combined format"),
        ("a b", "it is neither JSON nor the combined format"),
        ("{\"url.path\":\"/\"", "it is no JSON object"),
        ("{\"url.path\":\"/\"}", "it has no `http.request.method`"),
        ("1.2.3.4 - - [t] \"GET /a b HTTP/1.1\" 200", "its request line is broken"),
        ("1.2.3.4 - - [t] \"\\x16\\x03\" 400", "its request line is broken"),
        ("1.2.3.4 - - [t] \"GET /%zz HTTP/1.1\" 400", "its path is not acceptable"),
        ("one - - [t] \"GET / HTTP/1.1\" 200", "its client has no address"),
    ] {
        assert_eq!(Line::read(broken.as_bytes()), Err(why), "{broken}");
    }
    assert_eq!(Line::read(b"\xff"), Err("it is no text"));
    let long = format!("{}\n{}", "x".repeat(300 * 1024), line("GET h/a", &by("/a")));
    let text = format!("{DOOR}routes: [{{match: /a, respond: {{body: a}}}}]");
    let replay = replayed(&text, &text, &long);
    assert_eq!((replay.same, replay.unread.map(|lines| lines.why)), (1, Some("the line is too long".into())));
}

#[test]
fn the_route_in_the_log_says_what_its_line_does_not() {
    let routes = |canary: &str| {
        format!(
            "{DOOR}upstreams: {{a: {{endpoints: [127.0.0.1:1]}}, b: {{endpoints: [127.0.0.1:2]}}}}\nroutes:
  - {{name: canary, match: {{path: /**, header: {{x-canary: \"1\"}}}}, proxy: {canary}}}
  - {{name: plain, match: /**, proxy: a}}\n"
        )
    };
    let moved = |end: &str| said(&routes("a"), &routes("b"), "GET h/x", end);
    assert_eq!(moved(&by("plain")), None);
    let says = moved(&by("canary")).expect("a change");
    assert_eq!((says.kind, &*says.new), (Kind::Elsewhere, &["`canary` (proxy b)".to_owned()][..]));

    // Another condition on the same field: the log says that it was there, or was not 1.
    let other = routes("b").replace("x-canary: \"1\"", "x-canary: {present: true}");
    assert_eq!(said(&routes("b"), &other, "GET h/x", &by("canary")), None);
    let says = said(&routes("b"), &other, "GET h/x", &by("plain")).expect("a question");
    assert_eq!((says.kind, &*says.depends), (Kind::Open, &["header x-canary".to_owned()][..]));
    assert_eq!(says.to_string(), "`plain` (proxy a) -> `canary` (proxy b) or as before: depends on header x-canary");
}

#[test]
fn what_the_log_hides_of_a_query_is_not_guessed() {
    let text = |name: &str, want: &str| {
        format!(
            "{DOOR}routes:\n  - {{name: q, match: {{path: /a, query: {{{name}: {want}}}}}, respond: {{status: 201}}}}
  - {{name: plain, match: /a, respond: {{body: a}}}}\n"
        )
    };
    let old = format!("{DOOR}routes:\n  - {{name: plain, match: /a, respond: {{body: a}}}}\n");
    let ask = |name, want, query: &str| {
        let says = said(&old, &text(name, want), &format!("GET h/a?{query}"), &by("plain"));
        says.map(|says| says.kind)
    };
    assert_eq!(ask("page", "\"2\"", "page=2&token=REDACTED"), Some(Kind::Elsewhere));
    assert_eq!(ask("page", "\"2\"", "page=3&token=REDACTED"), None);
    assert_eq!(ask("token", "secret", "page=2&token=REDACTED"), Some(Kind::Open));
    assert_eq!(ask("token", "{present: true}", "page=2&token=REDACTED"), Some(Kind::Elsewhere));
    assert_eq!(ask("token", "{present: false}", "page=2&token=REDACTED"), None);
    assert_eq!(ask("token", "{present: true}", "page=2&tok%65n=REDACTED"), Some(Kind::Open));
    assert_eq!(ask("last", "x", "page=2&more…"), Some(Kind::Open));
    assert_eq!(ask("page", "\"2\"", "page=2&more…"), Some(Kind::Open), "another value may be cut off");
}

#[test]
fn a_preflight_is_open_only_where_its_method_decides() {
    let text = |post: &str| {
        format!(
            "{DOOR}routes:\n  - {{name: read, match: GET /a, respond: {{body: a}}}}
  - {{name: write, match: POST /a, respond: {post}}}\n"
        )
    };
    let (old, new) = (text("{status: 200}"), text("{status: 201}"));
    assert_eq!(said(&old, &new, "OPTIONS h/a", &by("read")), None, "the log says that it asked for GET");
    assert_eq!(said(&old, &new, "OPTIONS h/a", &by("write")).map(|says| says.kind), Some(Kind::Elsewhere));
    let moved = old.replace("POST /a", "PUT /a");
    assert_eq!(
        said(&old, &moved, "OPTIONS h/a", "\"pintle.reason\":\"method_not_allowed\"").map(|says| says.depends),
        Some(vec!["header access-control-request-method".to_owned()])
    );
}

#[test]
fn content_is_held_against_the_new_limit_as_far_as_it_is_known() {
    let text = |limit: &str, action: &str| {
        format!(
            "{DOOR}upstreams: {{a: {{endpoints: [127.0.0.1:1]}}}}
routes: [{{name: r, match: /**, policies: [{{body_limit: {limit}}}], {action}}}]\n"
        )
    };
    let (proxy, respond) = ("proxy: a", "respond: {body: a}");
    let ask = |old: &str, new: &str, action: &str, end: &str| {
        let end = format!("{},{end}", by("r"));
        said(&text(old, action), &text(new, action), "POST h/x", &end).map(|says| says.kind)
    };
    let size = |bytes: u32| format!("\"http.request.body.size\":{bytes}");
    let refused = "\"http.request.body.size\":0,\"pintle.reason\":\"body_too_large\"";
    assert_eq!(ask("1KiB", "100B", proxy, &size(500)), Some(Kind::Refused));
    assert_eq!(ask("1KiB", "100B", proxy, &size(50)), None);
    assert_eq!(ask("1KiB", "2KiB", respond, &size(0)), None);
    assert_eq!(ask("1KiB", "100B", respond, &size(0)), Some(Kind::Open), "what was not read was not counted");
    assert_eq!(ask("1KiB", "none", proxy, refused), Some(Kind::LetIn));
    assert_eq!(ask("1KiB", "100B", proxy, refused), None);
    assert_eq!(ask("1KiB", "2KiB", proxy, refused), Some(Kind::Open));
    assert_eq!(ask("none", "1KiB", proxy, &size(500)), None);
}

#[test]
fn a_listener_that_is_gone_or_speaks_another_protocol_answers_nobody() {
    let routes = "routes: [{name: r, match: /**, respond: {body: a}}]\n";
    let old = format!("{DOOR}{routes}");
    let gone = old.replace("name: door, address: 127.0.0.1:8080", "name: other, address: 127.0.0.1:8081");
    let says = said(&old, &gone, "GET h/x", &by("r")).expect("a change");
    assert_eq!((says.kind, &*says.new[0]), (Kind::Refused, "no answer: listener `door` is gone"));
    let renamed = old.replace("name: door", "name: entry");
    assert_eq!(said(&old, &renamed, "GET h/x", &by("r")), None);

    let trusting = |networks: &str| old.replace("8080}", &format!("8080, trusted_proxies: [{networks}]}}"));
    assert_eq!(said(&old, &trusting("10.0.0.0/8"), "GET h/x", &by("r")), None, "its client is not one of them");
    let says = said(&old, &trusting("203.0.113.0/24"), "GET h/x", &by("r")).expect("a question");
    assert_eq!((says.kind, &*says.depends[0]), (Kind::Open, "the forwarding fields"));
    let says = said(&trusting("10.0.0.0/8"), &old, "GET h/x", &by("r")).expect("a question");
    assert_eq!(says.kind, Kind::Open);
}

#[test]
fn a_template_that_names_what_no_log_has_is_open_only_where_it_changed() {
    let text = |path: &str| {
        format!(
            "{DOOR}upstreams: {{a: {{endpoints: [127.0.0.1:1]}}}}
routes: [{{name: r, match: \"/{{id}}\", proxy: {{to: a, path: \"{path}\"}}}}]\n"
        )
    };
    let tenant = "/${request.headers['x-tenant']}/${path.id}";
    assert_eq!(said(&text(tenant), &text(tenant), "GET h/7", &by("r")), None);
    let says = said(&text("/t/${path.id}"), &text(tenant), "GET h/7", &by("r")).expect("a question");
    assert_eq!((says.kind, &*says.depends), (Kind::Open, &["header x-tenant".to_owned()][..]));
    let says = said(&text("/t/${path.id}"), &text("/u/${path.id}"), "GET h/7", &by("r")).expect("a change");
    assert_eq!(says.to_string(), "`r` (proxy a), with another path or host");
    assert_eq!(said(&text("/t/${path.id}"), &text("/${'t'}/${path.id}"), "GET h/7", &by("r")), None);
}

#[test]
fn what_was_refused_before_any_route_stays_refused() {
    let old = format!("{DOOR}routes: []\n");
    let new = format!("{DOOR}routes: [{{match: /**, respond: {{body: a}}}}]\n");
    assert_eq!(said(&old, &new, "GET h/", "\"pintle.reason\":\"bad_path\""), None);
    assert_eq!(said(&old, &new, "GET h/x", "\"pintle.reason\":\"no_route\"").map(|says| says.kind), Some(Kind::LetIn));
    let tighter = format!("{new}limits: {{header: {{size: 1KiB}}}}\n");
    let replay = replayed(&new, &tighter, &line("GET h/x", &by("/**")));
    assert_eq!((replay.same, replay.notes.len()), (1, 1), "{replay}");
}

#[test]
fn a_route_that_is_closed_refuses_whom_it_does_not_let_in() {
    let text = |maintenance: &str| {
        format!("{DOOR}routes: [{{name: r, match: /**, maintenance: {maintenance}, respond: {{body: a}}}}]\n")
    };
    let (open, closed) = (text("false"), text("true"));
    let some = text("{unless: \"request.headers['x-test'] == 'yes'\"}");
    let says = said(&open, &closed, "GET h/x", &by("r")).expect("a change");
    assert_eq!(says.to_string(), "`r` (respond 200) -> 503 maintenance at `r`");
    let refused = format!("{},\"pintle.reason\":\"maintenance\"", by("r"));
    assert_eq!(said(&closed, &open, "GET h/x", &refused).map(|says| says.kind), Some(Kind::LetIn));
    assert_eq!(said(&closed, &closed, "GET h/x", &refused), None);
    assert_eq!(said(&some, &some, "GET h/x", &refused), None);
    assert_eq!(said(&some, &some, "GET h/x", &by("r")), None, "it was let in, and is");
    let says = said(&open, &some, "GET h/x", &by("r")).expect("a question");
    assert_eq!((says.kind, &*says.depends), (Kind::Open, &["whom `maintenance` lets in".to_owned()][..]));
}
