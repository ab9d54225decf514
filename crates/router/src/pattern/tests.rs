use super::*;

fn canonical(text: &str) -> String {
    Pattern::short(text).unwrap_or_else(|fault| panic!("{text}: {fault}")).to_string()
}

fn refused(text: &str) -> String {
    match Pattern::short(text) {
        Ok(pattern) => panic!("{text} became {pattern}"),
        Err(fault) => fault.to_string(),
    }
}

/// Each text is refused, with a remedy that says these words.
fn refused_with(cases: &[(&str, &str)]) {
    for (text, words) in cases {
        let said = refused(text);
        assert!(said.contains(words), "{text}: {said}");
    }
}

// Rule: match-short
#[test]
fn the_short_form_is_methods_host_and_path() {
    for text in
        ["/**", "/", "GET /", "GET,HEAD shop.example.com/orders/{id}", "*.x.y/a/", "[::1]/a", "PURGE 10.0.0.1/a"]
    {
        assert_eq!(canonical(text), text);
    }
    let pattern = Pattern::short("GET,POST *.a.b/x/{one}/y/{two}/**").expect("a match");
    assert_eq!(pattern.names().collect::<Vec<_>>(), ["one", "two"]);
    assert!(pattern.has_rest());
    assert_eq!(pattern.methods().iter().collect::<Vec<_>>(), ["GET", "POST"]);
    assert_eq!(pattern.hosts(), [HostPattern::Wildcard("a.b".into())]);
}

// Rule: route-names
#[test]
fn the_canonical_form_does_not_depend_on_how_it_was_written() {
    assert_eq!(canonical("  POST,GET,POST   Shop.Example.COM/a "), "GET,POST shop.example.com/a");
    assert_eq!(canonical("[0:0::1]/"), "[::1]/");
    let condition = |place, name, test| Condition::new(place, name, test).expect("a condition");
    let pattern = Pattern::new(
        ["x.y", "*.x.y"].map(|host| HostPattern::parse(host).expect("a host")).to_vec(),
        ["/b/{id}", "/a/{id}/**"].map(|path| PathPattern::parse(path).expect("a path")).to_vec(),
        Methods::parse("PUT,POST").expect("methods"),
        vec![
            condition(Place::Query, "q", Test::Present(true)),
            condition(Place::Cookie, "c", Test::Exact(vec!["2".into(), "1".into()])),
            condition(Place::Header, "X-B", Test::Regex("a\"b".into())),
            condition(Place::Header, "x-a", Test::Present(false)),
        ],
    );
    let expected = r#"POST,PUT x.y|*.x.y/a/{id}/**|/b/{id} [header x-a absent; header x-b~"a\"b"; query q present; cookie c="1"|"2"]"#;
    let pattern = pattern.expect("a match");
    assert_eq!(pattern.to_string(), expected);
    assert_eq!(pattern.canonical(&["public", "partners"]), format!("{expected} @public,partners"));
}

#[test]
fn a_match_that_is_none_is_refused_with_the_remedy() {
    refused_with(&[
        ("", "write `[METHOD[,METHOD] ][host]/path`"),
        ("GET, POST /a", "as in `GET,POST /a`"),
        ("GET /a b", "%20"),
        ("shop.example.com", "write `shop.example.com/**`"),
        ("GET shop.example.com", "write `shop.example.com/**`"),
        ("GET", "write `GET /**`"),
        ("https://a.b/c", "leave the scheme out"),
        ("~ ^/a", "`~` is no method"),
        ("get /a", "write GET"),
        ("GET, /a", "a method's name is missing"),
        ("CONNECT /a", "501"),
        ("G(T /a", "is no method"),
    ]);
}

#[test]
fn a_host_that_is_none_is_refused_with_the_remedy() {
    refused_with(&[
        ("a.b:8080/", "the request's port is not compared"),
        ("*/a", "leave the host out"),
        ("a.*.b/", "*.example.com"),
        ("*a.b/", "*.example.com"),
        ("*.*.b/", "*.example.com"),
        ("{tenant}.a.b/", "*.example.com"),
        ("(a|b).c/", "*.example.com"),
        ("ä.de/", "xn--"),
        ("a.b./", "last dot"),
        ("a..b/", "labels"),
        ("*./", "last dot"),
        ("a&b/", "labels"),
        ("[::g]/", "[2001:db8::1]"),
        ("[::1]:80/", "without port"),
    ]);
}

// Rule: match-nothing-else
#[test]
fn a_path_has_no_other_pattern() {
    refused_with(&[
        ("/a/*.js", "{name} is one whole segment"),
        ("/a/*", "{name} is one whole segment"),
        ("/a**", "`**` at the end"),
        ("/a/***", "`**` at the end"),
        ("/a/**/b", "only at the end"),
        ("/a/**/", "only at the end"),
        ("/{a}b", "a {name} is a whole segment"),
        ("/b{a}", "a {name} is a whole segment"),
        ("/{a}{b}", "there are no patterns in it"),
        ("/{a:[0-9]+}", "there are no patterns in it"),
        ("/{a...}", "there are no patterns in it"),
        ("/{1a}", "as in {id}"),
        ("/{}", "as in {id}"),
        ("/{a/b}", "a {name} is a whole segment"),
        ("/:id", "written {id}"),
        ("/a/[0-9]", "`regex`"),
        ("/(a|b)", "`regex`"),
        ("/a$", "`regex`"),
        ("/^a", "`regex`"),
        ("/a\\d", "`regex`"),
        ("/.+/a", "`regex`"),
        ("/a.*", "{name}"),
        ("/(ab)+", "`regex`"),
        ("/a?b=1", "`query:`"),
        ("/<id>", "%3C"),
        ("/a#b", "%23"),
        ("/a//b", "one slash"),
        ("//", "one slash"),
    ]);
    // What only looks like one: sub-delims of RFC 3986 that real paths have.
    for text in ["/odata/$metadata", "/Products(1)", "/a+b", "/v1/x:cancel", "/@scope/pkg", "/a;v=1"] {
        assert_eq!(canonical(text), text);
    }
}

#[test]
fn captures_have_names_of_their_own() {
    refused_with(&[("/{id}/x/{id}", "give each its own name"), ("/{rest}", "`path.rest`"), ("/{in}", "word of CEL")]);
    let paths = |texts: &[&str]| {
        let paths = texts.iter().map(|path| PathPattern::parse(path).expect("a path")).collect();
        Pattern::new(vec![], paths, Methods::default(), vec![])
    };
    assert!(paths(&["/a/{id}", "/b/{id}/**"]).is_ok());
    let fault = paths(&["/a/{id}", "/b/{name}"]).expect_err("two meanings of one place");
    assert!(fault.to_string().contains("the same {names} in the same order"), "{fault}");
}

#[test]
fn literals_are_normalised_as_requests_are() {
    assert_eq!(canonical("/%61/%c3%a4"), "/a/%C3%A4");
    assert_eq!(canonical("/ä/**"), "/%C3%A4/**");
    assert_eq!(canonical("/a%2fb"), "/a%2Fb");
    refused_with(&[
        ("/a/../b", "resolved before they are matched"),
        ("/a/%2e", "resolved before they are matched"),
        ("/a/%", "two hexadecimal digits"),
        ("/a%00", "refused with 400"),
        ("/a%5Cb", "a backslash, which is refused with 400"),
        ("/..;a", "refused with 400"),
        ("/%252e", "refused with 400"),
    ]);
}

#[test]
fn a_path_is_not_deeper_than_any_request_needs() {
    assert!(Pattern::short(&"/a".repeat(100)).is_ok());
    assert!(refused(&"/a".repeat(101)).contains("at most 100"));
}

#[test]
fn conditions_that_no_request_meets_are_refused() {
    let refused = |place, name, test| Condition::new(place, name, test).expect_err("refused").to_string();
    let one = || Test::Exact(vec!["1".into()]);
    assert!(refused(Place::Header, "Host", one()).contains("`host:`"));
    assert!(refused(Place::Header, "connection", one()).contains("belongs to the connection"));
    assert!(refused(Place::Header, "a b", one()).contains("no header's name"));
    assert!(refused(Place::Cookie, "a=b", one()).contains("no cookie's name"));
    assert!(refused(Place::Query, "a", Test::Exact(vec![])).contains("{present: true}"));
    let said = refused(Place::Query, "a", Test::Regex("a(b".into()));
    assert_eq!(said, "`a(b` is no regular expression: unclosed group");
    let condition = |test| Condition::new(Place::Query, "a", test).expect("a condition");
    let both = vec![condition(one()), condition(Test::Present(false))];
    let fault = Pattern::new(vec![], vec![], Methods::default(), both).expect_err("never met");
    assert_eq!(fault.what, r#"no request meets both `query a="1"` and `query a absent`"#);
}

fn within(child: &str, group: &str) -> Result<String, String> {
    let (child, group) = (Pattern::short(child).expect("a child"), Pattern::short(group).expect("a group"));
    child.within(&group).map(|joined| joined.to_string()).map_err(|fault| fault.to_string())
}

// Rule: match-group
#[test]
fn a_groups_path_and_its_childs_are_joined() {
    for (child, group, joined) in [
        ("/{user}", "users.example.com/api/**", "users.example.com/api/{user}"),
        ("GET /health", "users.example.com/api/**", "GET users.example.com/api/health"),
        ("/old/**", "/api/**", "/api/old/**"),
        ("/", "/api/**", "/api/"),
        ("/**", "/api/**", "/api/**"),
        ("/a", "/**", "/a"),
        ("/{b}", "/{a}/**", "/{a}/{b}"),
    ] {
        assert_eq!(within(child, group).as_deref(), Ok(joined));
    }
    let said = within("/a", "/api").expect_err("no `**`");
    assert_eq!(said, "the group's path `/api` does not end in `**`: write `/api/**`");
    assert!(within("/{a}", "/{a}/**").expect_err("twice").contains("two {a}"));
}

// Rule: match-group
#[test]
fn a_child_may_narrow_the_host() {
    for (child, group, joined) in [
        ("a.b/", "/**", "a.b/"),
        ("/", "a.b/**", "a.b/"),
        ("a.b/", "a.b/**", "a.b/"),
        ("x.a.b/", "*.a.b/**", "x.a.b/"),
        ("*.x.a.b/", "*.a.b/**", "*.x.a.b/"),
        ("*.b/", "*.a.b/**", "*.a.b/"),
    ] {
        assert_eq!(within(child, group).as_deref(), Ok(joined));
    }
    for (child, group) in [("c.d/", "a.b/**"), ("a.b/", "*.a.b/**"), ("xa.b/", "*.a.b/**")] {
        assert!(within(child, group).expect_err("another host").contains("is none of the group's"));
    }
}

#[test]
fn the_methods_of_both_must_hold() {
    for (child, group, joined) in [
        ("GET /", "/**", "GET /"),
        ("/", "GET,PUT /**", "GET,PUT /"),
        ("PUT,POST /", "GET,PUT /**", "PUT /"),
        ("HEAD /", "GET /**", "HEAD /"),
        ("GET /", "GET,HEAD /**", "GET /"),
        ("PURGE,GET /", "PURGE /**", "PURGE /"),
    ] {
        assert_eq!(within(child, group).as_deref(), Ok(joined), "{child} in {group}");
    }
    assert!(within("POST /", "GET /**").expect_err("no method").contains("none of the group's `GET`"));
}

// Rule: match-group
#[test]
fn the_conditions_of_both_must_hold() {
    let with = |path, test| {
        let condition = Condition::new(Place::Header, "x", test).expect("a condition");
        Pattern::new(vec![], vec![PathPattern::parse(path).expect("a path")], Methods::default(), vec![condition])
            .expect("a match")
    };
    let group = with("/a/**", Test::Present(true));
    let child = with("/b", Test::Regex("1".into()));
    assert_eq!(child.within(&group).expect("both").to_string(), r#"/a/b [header x~"1"; header x present]"#);
    assert!(with("/b", Test::Present(false)).within(&group).is_err());
}
