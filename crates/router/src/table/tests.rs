mod big;
mod possible;
mod reach;
mod reference;

use super::*;
use crate::pattern::{Condition, HostPattern, PathPattern, Place, Test};
use pintle_core::Fields;

fn short(text: &str) -> Pattern {
    Pattern::short(text).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A short form with conditions: `header x-a=1`, `query b~x`, `cookie c?`, `header d!`.
fn long(text: &str, conditions: &[&str]) -> Pattern {
    let pattern = short(text);
    let conditions = conditions.iter().map(|text| condition(text)).collect();
    let (hosts, paths) = (pattern.hosts().to_vec(), pattern.paths().to_vec());
    Pattern::new(hosts, paths, pattern.methods().clone(), conditions).unwrap_or_else(|fault| panic!("{fault}"))
}

fn condition(text: &str) -> Condition {
    let (place, rest) = text.split_once(' ').expect("a place");
    let end = rest.find(['=', '~', '?', '!']).expect("a test");
    let (name, test) = (&rest[..end], &rest[end + 1..]);
    let place = match place {
        "header" => Place::Header,
        "query" => Place::Query,
        _ => Place::Cookie,
    };
    let test = match &rest[end..=end] {
        "=" => Test::Exact(test.split('|').map(Box::from).collect()),
        "~" => Test::Regex(test.into()),
        mark => Test::Present(mark == "?"),
    };
    Condition::new(place, name, test).unwrap_or_else(|fault| panic!("{fault}"))
}

type Route = (Pattern, Listeners);

fn build(routes: &[Route]) -> Result<Table<usize>, Vec<Conflict>> {
    let entry = |(value, (pattern, listeners)): (usize, &Route)| Entry {
        pattern: pattern.clone(),
        listeners: listeners.clone(),
        value,
    };
    Table::build(routes.iter().enumerate().map(entry).collect())
}

fn table(patterns: &[Pattern]) -> Table<usize> {
    let routes: Vec<Route> = patterns.iter().map(|pattern| (pattern.clone(), Listeners::ALL)).collect();
    build(&routes).expect("no conflicts")
}

fn conflicts(patterns: &[Pattern]) -> Vec<(usize, usize)> {
    let routes: Vec<Route> = patterns.iter().map(|pattern| (pattern.clone(), Listeners::ALL)).collect();
    build(&routes).err().unwrap_or_default().iter().map(|conflict| (conflict.first, conflict.second)).collect()
}

/// Finds by `METHOD host/path[?query]` and header lines; the number of the route, or `405 ALLOW`, or `404`.
fn ask(table: &Table<usize>, request: &str, lines: &[(&str, &str)]) -> String {
    ask_on(table, 0, request, lines)
}

fn ask_on(table: &Table<usize>, listener: u32, request: &str, lines: &[(&str, &str)]) -> String {
    let (method, target) = request.split_once(' ').unwrap_or(("GET", request));
    let (target, query) = target.split_once('?').map_or((target, None), |(target, query)| (target, Some(query)));
    let (host, path) = target.split_at(target.find('/').expect("a path"));
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let fields: Fields = lines.iter().copied().collect();
    let head = Head { listener, method: &method, host, path, query, fields: &fields };
    possible::agrees(table, &head);
    match table.find(&head) {
        Outcome::Found { value, captures } => {
            let mut text = value.to_string();
            (0..captures.segments.len()).for_each(|at| {
                text.push(' ');
                text.push_str(captures.segment(path, at).expect("a capture"));
            });
            if captures.rest.is_some() {
                text.push_str(" **");
                text.push_str(captures.rest(path));
            }
            text
        }
        Outcome::MethodNotAllowed { allow } => format!("405 {}", allow.join(", ")),
        Outcome::NotFound => "404".into(),
    }
}

// Rule: match-host
#[test]
fn the_port_is_not_part_and_the_last_dot_does_not_count() {
    let table = table(&[short("a.b/x")]);
    assert_eq!(ask(&table, "a.b/x", &[]), "0");
    assert_eq!(ask(&table, "a.b./x", &[]), "0");
    assert_eq!(ask(&table, "/x", &[]), "404");
}

// Rule: match-host
#[test]
fn a_wildcard_is_one_or_more_labels() {
    let table = table(&[short("*.x.y/")]);
    assert_eq!(ask(&table, "a.x.y/", &[]), "0");
    assert_eq!(ask(&table, "a.b.x.y/", &[]), "0");
    assert_eq!(ask(&table, "x.y/", &[]), "404");
    assert_eq!(ask(&table, ".x.y/", &[]), "404");
    assert_eq!(ask(&table, "ax.y/", &[]), "404");
}

// Rule: match-name
#[test]
fn a_name_is_one_segment_that_is_not_empty() {
    let table = table(&[short("/a/{x}/c")]);
    assert_eq!(ask(&table, "/a/b/c", &[]), "0 b");
    assert_eq!(ask(&table, "/a/b%2Fd/c", &[]), "0 b%2Fd");
    assert_eq!(ask(&table, "/a/b/b/c", &[]), "404");
    assert_eq!(ask(&table, "/a//c", &[]), "404");
}

// Rule: match-rest
#[test]
fn two_stars_are_the_path_before_it_a_slash_and_all_below() {
    let table = table(&[short("/a/**")]);
    assert_eq!(ask(&table, "/a", &[]), "0 **");
    assert_eq!(ask(&table, "/a/", &[]), "0 **");
    assert_eq!(ask(&table, "/a/b/c/", &[]), "0 **b/c/");
    assert_eq!(ask(&table, "/ab", &[]), "404");
    assert_eq!(ask(&table, "/", &[]), "404");
}

#[test]
fn two_stars_at_the_root_are_everything() {
    let table = table(&[short("/**")]);
    assert_eq!(ask(&table, "a.b/", &[]), "0 **");
    assert_eq!(ask(&table, "/a/b", &[]), "0 **a/b");
    let fields = Fields::new();
    let star = Head { listener: 0, method: &Method::OPTIONS, host: "", path: "*", query: None, fields: &fields };
    assert_eq!(table.find(&star), Outcome::NotFound);
}

#[test]
fn a_trailing_slash_counts_elsewhere() {
    let table = table(&[short("/a"), short("/b/"), short("/c/{x}"), short("/d/{x}/"), short("/")]);
    for (path, found) in [
        ("/a", "0"),
        ("/a/", "404"),
        ("/b", "404"),
        ("/b/", "1"),
        ("/c/x", "2 x"),
        ("/c/x/", "404"),
        ("/c/", "404"),
        ("/d/x/", "3 x"),
        ("/d/x", "404"),
        ("/", "4"),
    ] {
        assert_eq!(ask(&table, path, &[]), found, "{path}");
    }
}

#[test]
fn the_host_decides_first() {
    let table = table(&[short("/a/b"), short("*.x.y/a/{z}"), short("*.b.x.y/**"), short("a.b.x.y/**")]);
    assert_eq!(ask(&table, "a.b.x.y/a/b", &[]), "3 **a/b");
    assert_eq!(ask(&table, "c.b.x.y/a/b", &[]), "2 **a/b");
    assert_eq!(ask(&table, "c.x.y/a/b", &[]), "1 b");
    assert_eq!(ask(&table, "x.y/a/b", &[]), "0");
}

#[test]
fn then_the_path_segment_by_segment_from_the_left() {
    let table =
        table(&[short("/**"), short("/{x}/b/c"), short("/a/**"), short("/a/{x}"), short("/a/b/{x}/d"), short("/a")]);
    assert_eq!(ask(&table, "/a/b/c", &[]), "2 **b/c");
    assert_eq!(ask(&table, "/z/b/c", &[]), "1 z");
    assert_eq!(ask(&table, "/a/b", &[]), "3 b");
    assert_eq!(ask(&table, "/a/b/c/d", &[]), "4 c");
    assert_eq!(ask(&table, "/a/b/c/e", &[]), "2 **b/c/e");
    assert_eq!(ask(&table, "/a", &[]), "5");
    assert_eq!(ask(&table, "/z/b", &[]), "0 **z/b");
}

// Rule: match-more-conditions
#[test]
fn then_one_that_lists_the_method() {
    let table = table(&[long("/a", &["header x?", "header y?"]), short("GET,PUT /a"), short("POST /a")]);
    let both = [("x", "1"), ("y", "1")];
    assert_eq!(ask(&table, "GET /a", &both), "1");
    assert_eq!(ask(&table, "POST /a", &both), "2");
    assert_eq!(ask(&table, "DELETE /a", &both), "0");
}

#[test]
fn then_more_conditions_and_exact_over_regex_over_present() {
    let table = table(&[
        short("/a"),
        long("/a", &["header x?"]),
        long("/a", &["header x~1"]),
        long("/a", &["header x=1"]),
        long("/a", &["header y?", "header z?"]),
    ]);
    assert_eq!(ask(&table, "/a", &[]), "0");
    assert_eq!(ask(&table, "/a", &[("x", "2")]), "1");
    assert_eq!(ask(&table, "/a", &[("x", "21")]), "2");
    assert_eq!(ask(&table, "/a", &[("x", "1")]), "3");
    assert_eq!(ask(&table, "/a", &[("x", "1"), ("y", ""), ("z", "")]), "4");
}

// Rule: match-order
#[test]
fn the_written_order_never_matters() {
    let mut patterns = vec![short("/**"), short("a.b/**"), long("a.b/{x}", &["header x=1"]), short("GET a.b/{x}")];
    let asked = |patterns: &[Pattern]| {
        let table = table(patterns);
        ["GET a.b/1", "POST a.b/1", "a.b/", "/1"].map(|request| {
            let found = ask(&table, request, &[("x", "1")]);
            patterns[found[..1].parse::<usize>().expect("a route")].to_string()
        })
    };
    let first = asked(&patterns);
    for _ in 0..4 {
        patterns.rotate_left(1);
        assert_eq!(asked(&patterns), first);
    }
}

#[test]
fn equal_routes_that_can_both_match_are_a_conflict() {
    assert_eq!(conflicts(&[short("/a/{x}"), short("/b"), short("/a/{y}")]), [(0, 2)]);
    assert_eq!(conflicts(&[short("/a"), short("/a"), short("/a")]), [(0, 1), (0, 2)]);
    assert_eq!(conflicts(&[short("GET,PUT /a"), short("POST,PUT /a")]), [(0, 1)]);
    assert_eq!(conflicts(&[long("/a", &["header x=1"]), long("/a", &["header y=1"])]), [(0, 1)]);
    assert_eq!(conflicts(&[long("/a", &["header x=1|2"]), long("/a", &["header x=2|3"])]), [(0, 1)]);
    assert_eq!(conflicts(&[long("/a", &["header x~a"]), long("/a", &["header x~b"])]), [(0, 1)]);
    assert_eq!(
        conflicts(&[long("/a", &["header x=1", "query y~2"]), long("/a", &["header x~1", "query y=2"])]),
        [(0, 1)]
    );
}

#[test]
fn equal_routes_that_cannot_both_match_are_none() {
    assert_eq!(conflicts(&[short("/a"), short("/a/"), short("/a/**"), short("/{x}"), short("b.c/a")]), []);
    assert_eq!(conflicts(&[short("GET /a"), short("POST /a"), short("HEAD /a")]), []);
    assert_eq!(conflicts(&[long("/a", &["header x=1"]), long("/a", &["header x=2"])]), []);
    assert_eq!(conflicts(&[long("/a", &["header x?"]), long("/a", &["header x!"])]), []);
    assert_eq!(conflicts(&[long("/a", &["header x=1", "query y~2"]), long("/a", &["header x~3", "query y=2"])]), []);
    let twice = vec![PathPattern::parse("/a/{x}").expect("a path"); 2];
    assert_eq!(conflicts(&[Pattern::new(vec![], twice, Methods::default(), vec![]).expect("a match")]), []);
}

#[test]
fn one_conflict_is_named_once_for_many_hosts() {
    let hosts = ["a.b", "c.d"].map(|host| HostPattern::parse(host).expect("a host")).to_vec();
    let pattern = Pattern::new(hosts, vec![], Methods::default(), vec![]).expect("a match");
    assert_eq!(conflicts(&[pattern.clone(), pattern]), [(0, 1)]);
}

// Rule: match-next-best
#[test]
fn a_route_whose_conditions_fail_leaves_the_request_to_the_next_best() {
    let table = table(&[
        short("/**"),
        long("a.b/x/y", &["header h=1"]),
        long("a.b/x/{n}", &["query q=1"]),
        long("a.b/{m}/{n}", &["cookie c=1"]),
        long("*.b/x/**", &["header h=2"]),
    ]);
    assert_eq!(ask(&table, "a.b/x/y?q=1", &[("h", "1"), ("cookie", "c=1")]), "1");
    assert_eq!(ask(&table, "a.b/x/y?q=1", &[("h", "2"), ("cookie", "c=1")]), "2 y");
    assert_eq!(ask(&table, "a.b/x/y", &[("h", "2"), ("cookie", "c=1")]), "3 x y");
    assert_eq!(ask(&table, "a.b/x/y", &[("h", "2")]), "4 **y");
    assert_eq!(ask(&table, "a.b/x/y", &[]), "0 **x/y");
}

// Rule: match-any-value
#[test]
fn a_condition_on_many_values_holds_if_any_value_meets_it() {
    let table = table(&[
        long("/h", &["header x=1|2"]),
        long("/q", &["query x=1"]),
        long("/c", &["cookie x=1"]),
        long("/r", &["query x~^a.c$"]),
    ]);
    assert_eq!(ask(&table, "/h", &[("x", "0"), ("x", "2")]), "0");
    assert_eq!(ask(&table, "/h", &[("x", "0"), ("x", "3")]), "404");
    assert_eq!(ask(&table, "/q?x=0&y=1&x=1", &[]), "1");
    assert_eq!(ask(&table, "/q?x=0&y=1", &[]), "404");
    assert_eq!(ask(&table, "/q", &[]), "404");
    assert_eq!(ask(&table, "/c", &[("cookie", "y=1; x=0;x=1")]), "2");
    assert_eq!(ask(&table, "/c", &[("cookie", "y=1"), ("cookie", "x=1")]), "2");
    assert_eq!(ask(&table, "/c", &[("cookie", "xx=1; y=x=1")]), "404");
    assert_eq!(ask(&table, "/r?x=abcd&x=a+c", &[]), "3");
}

#[test]
fn names_and_values_of_a_query_are_decoded() {
    let table = table(&[long("/a", &["query d r=a b&ä"]), long("/b", &["query d?"]), long("/c", &["query d!"])]);
    assert_eq!(ask(&table, "/a?%64+r=a%20b%26%C3%A4", &[]), "0");
    assert_eq!(ask(&table, "/a?d%20r=a+b&%C3%A4", &[]), "404");
    for (query, there) in [("?d", true), ("?d=", true), ("?x&d=1", true), ("?dd=1", false), ("", false), ("?", false)] {
        assert_eq!(ask(&table, &format!("/b{query}"), &[]) == "1", there, "{query}");
        assert_eq!(ask(&table, &format!("/c{query}"), &[]) == "2", !there, "{query}");
    }
}

#[test]
fn a_regex_finds_anywhere_unless_it_is_anchored() {
    let table = table(&[long("/a", &["header user-agent~(?i)firefox"]), long("/b", &["header x~^v[12]$"])]);
    assert_eq!(ask(&table, "/a", &[("user-agent", "Mozilla/5.0 Firefox/130.0")]), "0");
    assert_eq!(ask(&table, "/b", &[("x", "v2")]), "1");
    assert_eq!(ask(&table, "/b", &[("x", "v21")]), "404");
}

#[test]
fn a_wrong_method_is_405_if_that_was_all() {
    let table = table(&[
        short("GET /a"),
        short("PUT,PURGE a.b/**"),
        long("DELETE /a", &["header x=1"]),
        long("PATCH /a", &["header x=2", "header y?"]),
        short("GET /b"),
        short("/b/**"),
    ]);
    assert_eq!(ask(&table, "POST a.b/a", &[]), "405 GET, HEAD, PUT, PURGE");
    assert_eq!(ask(&table, "POST /a", &[]), "405 GET, HEAD");
    assert_eq!(ask(&table, "POST /a", &[("x", "1")]), "405 GET, HEAD, DELETE");
    assert_eq!(ask(&table, "PURGE a.b/c", &[]), "1 **c");
    assert_eq!(ask(&table, "POST /b", &[]), "5 **");
    assert_eq!(ask(&table, "POST /c", &[]), "404");
}

#[test]
fn a_failed_condition_is_404() {
    let table = table(&[long("GET /a", &["header x=1"])]);
    assert_eq!(ask(&table, "GET /a", &[]), "404");
    assert_eq!(ask(&table, "POST /a", &[]), "404");
}

#[test]
fn a_preflight_is_matched_as_the_method_that_it_asks_for() {
    let table = table(&[short("PUT /a"), short("OPTIONS /a"), short("GET /b")]);
    let preflight = |method| [("origin", "https://x"), ("access-control-request-method", method)];
    assert_eq!(ask(&table, "OPTIONS /a", &preflight("PUT")), "0");
    assert_eq!(ask(&table, "OPTIONS /a", &preflight("PUT")[..1]), "1");
    assert_eq!(ask(&table, "OPTIONS /a", &preflight("PUT")[1..]), "1");
    assert_eq!(ask(&table, "OPTIONS /a", &preflight("no method")), "1");
    assert_eq!(ask(&table, "OPTIONS /a", &preflight("DELETE")), "405 PUT, OPTIONS");
    assert_eq!(ask(&table, "OPTIONS /b", &preflight("GET")), "2");
    assert_eq!(ask(&table, "GET /a", &preflight("PUT")), "405 PUT, OPTIONS");
}

// Rule: match-head
#[test]
fn get_matches_head_too() {
    let table =
        table(&[short("GET /a"), short("GET /b"), short("HEAD /b"), short("/b"), short("POST,GET /c"), short("/c")]);
    assert_eq!(ask(&table, "HEAD /a", &[]), "0");
    assert_eq!(ask(&table, "HEAD /b", &[]), "2");
    assert_eq!(ask(&table, "GET /b", &[]), "1");
    assert_eq!(ask(&table, "PUT /b", &[]), "3");
    assert_eq!(ask(&table, "HEAD /c", &[]), "4");
    assert_eq!(ask(&table, "PUT /c", &[]), "5");
}

#[test]
fn a_route_with_listeners_belongs_to_those_alone() {
    let routes = [
        (short("/a"), Listeners::only([1, 2])),
        (short("/**"), Listeners::ALL),
        (short("GET /b"), Listeners::only([1])),
    ];
    let table = build(&routes).expect("no conflicts");
    assert_eq!(ask_on(&table, 0, "/a", &[]), "1 **a");
    assert_eq!(ask_on(&table, 1, "/a", &[]), "0");
    assert_eq!(ask_on(&table, 2, "/a", &[]), "0");
    let table = build(&routes[2..]).expect("no conflicts");
    assert_eq!(ask_on(&table, 0, "POST /b", &[]), "404");
    assert_eq!(ask_on(&table, 1, "POST /b", &[]), "405 GET, HEAD");
}

// Rule: match-listener
#[test]
fn an_equal_route_that_names_its_listener_wins_there() {
    let routes = [
        (short("/a"), Listeners::ALL),
        (short("/a"), Listeners::only([1])),
        (short("/a"), Listeners::only([2])),
        (short("GET /a"), Listeners::ALL),
    ];
    let table = build(&routes).expect("routes of different listeners never compete");
    assert_eq!(ask_on(&table, 0, "PUT /a", &[]), "0");
    assert_eq!(ask_on(&table, 1, "PUT /a", &[]), "1");
    assert_eq!(ask_on(&table, 2, "PUT /a", &[]), "2");
    assert_eq!(ask_on(&table, 2, "GET /a", &[]), "3");
    let both = [(short("/a"), Listeners::only([1, 2])), (short("/a"), Listeners::only([2, 3]))];
    assert_eq!(build(&both).err(), Some(vec![Conflict { first: 0, second: 1 }]));
}

#[test]
fn a_tunnel_over_http2_is_matched_as_get() {
    use pintle_core::{Body, Protocol, Request, Scheme, Target, Version};
    let table = table(&[short("GET /chat")]);
    let request = Request {
        method: Method::CONNECT,
        target: Target::new("a.b", Some(8443), "/chat", Some("x=1")),
        scheme: Scheme::Https,
        version: Version::Http2,
        fields: Fields::new(),
        body: Body::Empty,
        protocol: Some(Protocol::WebSocket),
    };
    assert!(matches!(table.find(&Head::new(0, &request)), Outcome::Found { value: 0, .. }));
}

#[test]
fn more_captures_than_fit_inline_are_all_there() {
    let table = table(&[short("/{a}/{b}/{c}/{d}/{e}/{f}/x"), short("/{a}/{b}/{c}/{d}/**")]);
    assert_eq!(ask(&table, "/1/2/3/4/5/6/x", &[]), "0 1 2 3 4 5 6");
    assert_eq!(ask(&table, "/1/2/3/4/5/6/y", &[]), "1 1 2 3 4 **5/6/y");
}

#[test]
fn a_long_list_is_searched_by_value_in_the_same_order() {
    let tenant = |at: usize| long("/**", &[&format!("header t={at}|x{at}"), "query q!"]);
    let mut patterns: Vec<Pattern> = (0..40).map(tenant).collect();
    patterns.push(long("/**", &["header t~^1", "query q!"]));
    patterns.push(long("/**", &["query q=1"]));
    patterns.push(short("GET /**"));
    let table = table(&patterns);
    assert_eq!(table.indexes.len(), 1);
    assert_eq!(ask(&table, "POST /", &[("t", "17")]), "17 **");
    assert_eq!(ask(&table, "POST /", &[("t", "x17")]), "17 **");
    assert_eq!(ask(&table, "POST /", &[("t", "123")]), "40 **");
    assert_eq!(ask(&table, "POST /?q=1", &[("t", "17")]), "41 **");
    assert_eq!(ask(&table, "POST /?q=2", &[("t", "17")]), "405 GET, HEAD");
    assert_eq!(ask(&table, "HEAD /", &[("t", "17")]), "42 **");
    // Of two that a doubled line lets both match, the one whose condition's text comes first.
    assert_eq!(ask(&table, "POST /", &[("t", "30"), ("t", "nobody"), ("t", "21")]), "21 **");
    let many: Vec<(&str, String)> = (0..40).rev().map(|at| ("t", at.to_string())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(ask(&table, "POST /", &many), "0 **");
}

/// What an explanation says of each route: its number and why.
fn reasons(table: &Table<usize>, request: &str, lines: &[(&str, &str)]) -> Vec<(usize, Verdict)> {
    let (method, target) = request.split_once(' ').expect("a method");
    let (host, path) = target.split_at(target.find('/').expect("a path"));
    let (method, fields) = (Method::from_bytes(method.as_bytes()).expect("a method"), lines.iter().copied().collect());
    let head = Head { listener: 0, method: &method, host, path, query: None, fields: &fields };
    table.explain(&head, 100).shown.iter().map(|one| (one.entry, one.verdict)).collect()
}

#[test]
fn an_explanation_says_in_which_respect_a_route_lost() {
    use Verdict::{Lost, Missed, Won};
    let routes = [
        (short("GET a.b/x/{id}"), Listeners::ALL),
        (long("GET a.b/x/{id}", &["header v=1", "header w?"]), Listeners::ALL),
        (long("GET a.b/x/{id}", &["header v=1"]), Listeners::ALL),
        (short("a.b/x/{id}"), Listeners::ALL),
        (short("GET a.b/x/{id}"), Listeners::only([0])),
        (short("GET a.b/x/{id}"), Listeners::only([1])),
        (short("POST a.b/x/{id}"), Listeners::ALL),
        (short("a.b/x/**"), Listeners::ALL),
        (short("*.b/x/7"), Listeners::ALL),
        (short("/**"), Listeners::ALL),
        (short("/y"), Listeners::ALL),
    ];
    let table = build(&routes).expect("no conflicts");
    let expected = [
        (1, Missed(Miss::Condition(1))),
        (2, Won),
        (4, Lost(Respect::Conditions)),
        (5, Missed(Miss::Listener)),
        (0, Lost(Respect::Conditions)),
        (6, Missed(Miss::Method)),
        (3, Lost(Respect::Method)),
        (7, Lost(Respect::Path)),
        (8, Lost(Respect::Host)),
        (9, Lost(Respect::Host)),
    ];
    let mut found = reasons(&table, "GET a.b/x/7", &[("v", "1")]);
    found.sort_by_key(|(entry, _)| expected.iter().position(|(other, _)| other == entry));
    assert_eq!(found, expected);
    let found = reasons(&table, "GET a.b/x/7", &[]);
    assert!(found.contains(&(4, Won)) && found.contains(&(0, Lost(Respect::Listener))), "{found:?}");
}

#[test]
fn an_explanation_of_head_prefers_the_route_that_lists_it() {
    let table = table(&[long("GET /", &["header v=1"]), short("HEAD /")]);
    let lost = Verdict::Lost(Respect::Method);
    assert_eq!(reasons(&table, "HEAD h/", &[("v", "1")]), [(0, lost), (1, Verdict::Won)]);
}

#[test]
fn an_explanation_knows_every_condition_that_fails() {
    let table = table(&[long("/", &["header v=1", "header w?", "query q=1", "cookie c!"])]);
    let (method, fields) = (Method::GET, [("v", "1"), ("cookie", "c=1")].into_iter().collect());
    let head = Head { listener: 0, method: &method, host: "h", path: "/", query: Some("q=2"), fields: &fields };
    assert_eq!(table.explain(&head, 9).shown[0].verdict, Verdict::Missed(Miss::Condition(1)));
    assert_eq!(table.unmet(0, &head), [1, 2, 3]);
}

#[test]
fn an_explanation_has_a_bound_and_keeps_who_won() {
    let mut patterns: Vec<Pattern> = (0..50).map(|at| long("/", &[&format!("header t={at}")])).collect();
    patterns.push(short("/"));
    let table = table(&patterns);
    let (method, fields) = (Method::GET, Fields::default());
    let head = Head { listener: 0, method: &method, host: "h", path: "/", query: None, fields: &fields };
    let all = table.explain(&head, 3);
    assert_eq!((all.shown.len(), all.left_out), (4, 47));
    assert_eq!(all.shown[3], Candidate { entry: 50, verdict: Verdict::Won });
}
