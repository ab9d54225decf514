//! Routes that no request comes to, and those that only look like it.

use super::*;

fn shadowed(routes: &[(Pattern, &[u32])]) -> Vec<(usize, Vec<usize>)> {
    let listeners = |named: &[u32]| match named {
        [] => Listeners::ALL,
        named => Listeners::only(named.iter().copied()),
    };
    let routes: Vec<Route> = routes.iter().map(|(pattern, named)| (pattern.clone(), listeners(named))).collect();
    let table = build(&routes).expect("no conflicts");
    table.shadowed(2).into_iter().map(|one| (one.route, one.by)).collect()
}

#[test]
fn a_route_is_out_of_reach_where_each_listener_has_one_of_its_own() {
    assert_eq!(shadowed(&[(short("/a"), &[]), (short("/a"), &[0]), (short("/a"), &[1])]), [(0, vec![1, 2])]);
    assert_eq!(shadowed(&[(short("/a"), &[]), (short("/a"), &[0, 1])]), [(0, vec![1])]);
    assert_eq!(shadowed(&[(short("/a"), &[]), (short("/a"), &[0])]), []);
    assert_eq!(shadowed(&[(short("/a"), &[]), (short("/b"), &[0, 1])]), []);
    assert_eq!(shadowed(&[(short("a.b/a"), &[]), (short("/a"), &[0, 1])]), []);
}

#[test]
fn those_that_go_first_must_take_every_method() {
    let all: &[u32] = &[0, 1];
    assert_eq!(shadowed(&[(short("GET,POST /a"), &[]), (short("GET,POST,PUT /a"), all)]), [(0, vec![1])]);
    assert_eq!(
        shadowed(&[(short("GET,POST /a"), &[]), (short("GET /a"), all), (short("POST /a"), all)]),
        [(0, vec![1, 2])]
    );
    assert_eq!(shadowed(&[(short("GET,POST /a"), &[]), (short("GET /a"), all)]), []);
    // A method can be any word, so no list of them is all.
    assert_eq!(shadowed(&[(short("/a"), &[]), (short("GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS,TRACE /a"), all)]), []);
    // One that lists GET leaves HEAD to one that lists HEAD.
    assert_eq!(shadowed(&[(short("HEAD /a"), &[]), (short("GET /a"), all)]), []);
    assert_eq!(shadowed(&[(short("GET /a"), &[]), (short("GET /a"), all)]), [(0, vec![1])]);
}

#[test]
fn conditions_that_say_less_in_more_words_go_first() {
    let one = long("/a", &["header x=1"]);
    let two = long("/a", &["header x=1|2", "header x?"]);
    assert_eq!(shadowed(&[(one.clone(), &[]), (two, &[])]), [(0, vec![1])]);
    let regex = long("/a", &["header x~^[0-9]$", "header x?"]);
    assert_eq!(shadowed(&[(one.clone(), &[]), (regex, &[])]), [(0, vec![1])]);
    let other = long("/a", &["header x=2", "header x?"]);
    assert_eq!(shadowed(&[(one.clone(), &[]), (other, &[])]), []);
    let elsewhere = long("/a", &["header x=1", "query x?"]);
    assert_eq!(shadowed(&[(one, &[]), (elsewhere, &[])]), []);
}

#[test]
fn in_long_lists_those_with_the_same_conditions_are_found() {
    let mut routes: Vec<(Pattern, &[u32])> = Vec::new();
    for number in 0..500 {
        routes.push((long("/a", &[&format!("header x={number}")]), &[]));
    }
    routes.push((long("/a", &["header x=77"]), &[0, 1]));
    assert_eq!(shadowed(&routes), [(77, vec![500])]);
}

#[test]
fn every_host_and_path_of_a_route_must_be_taken() {
    let paths = |paths: &[&str]| {
        let paths = paths.iter().map(|path| PathPattern::parse(path).expect("a path")).collect();
        Pattern::new(vec![], paths, Methods::default(), vec![]).expect("a match")
    };
    let all: &[u32] = &[0, 1];
    assert_eq!(shadowed(&[(paths(&["/a", "/b"]), &[]), (short("/a"), all)]), []);
    assert_eq!(shadowed(&[(paths(&["/a", "/b"]), &[]), (short("/a"), all), (short("/b"), all)]), [(0, vec![1, 2])]);
}

#[test]
fn conditions_that_no_one_value_meets_are_named() {
    let table = table(&[
        long("/a", &["header x=1", "header x=2"]),
        long("/b", &["header x=1", "header x~2"]),
        long("/c", &["header x=1", "header x~1", "header y=2", "query x=2"]),
    ]);
    let said: Vec<String> = table.contradictory().map(|(at, a, b)| format!("{at}: {a}, {b}")).collect();
    assert_eq!(said, [r#"0: header x="1", header x="2""#, r#"1: header x="1", header x~"2""#]);
}

#[test]
fn a_part_of_a_route_that_names_no_listener_gives_way_as_the_whole_does() {
    let routes = [
        (short("/a"), Listeners::part_of_all(0)),
        (short("/a"), Listeners::part_of_all(1)),
        (short("/a"), Listeners::only([0])),
    ];
    let table = build(&routes).expect("no conflicts");
    assert_eq!([ask_on(&table, 0, "/a", &[]), ask_on(&table, 1, "/a", &[])], ["2", "1"]);
    assert!(build(&[(short("/a"), Listeners::part_of_all(0)), (short("/a"), Listeners::ALL)]).is_err());
}
