//! Random tables and requests against a plain matcher that looks at every route's text and sorts what fits: it shares
//! nothing with the table but the rules of semantics, "Match".

use super::*;
use fastrand::Rng;
use std::cmp::Reverse;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
struct Spec {
    hosts: Vec<&'static str>,
    paths: Vec<String>,
    methods: Vec<&'static str>,
    conditions: Vec<&'static str>,
    listeners: Option<Vec<u32>>,
}

#[derive(Debug)]
struct Asked {
    listener: u32,
    method: &'static str,
    host: &'static str,
    path: String,
    query: Option<&'static str>,
    lines: Vec<(&'static str, &'static str)>,
}

const HOSTS: [&str; 5] = ["a.b.c", "b.c", "*.c", "*.b.c", "x.y"];
const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "OPTIONS", "PURGE"];
const CONDITIONS: [&str; 11] = [
    "header x=1",
    "header x=1|2",
    "header x~2",
    "header x?",
    "header x!",
    "header y=1",
    "query q=1",
    "query q~1",
    "cookie c=1",
    "cookie c?",
    "cookie c!",
];

fn some<T: Clone>(random: &mut Rng, from: &[T], most: usize) -> Vec<T> {
    (0..random.usize(..=most)).map(|_| from[random.usize(..from.len())].clone()).collect()
}

fn spec(random: &mut Rng) -> Spec {
    let path = |random: &mut Rng| {
        let mut names = ["{p}", "{q}", "{r}"].into_iter();
        let mut path = String::new();
        for _ in 0..random.usize(..4) {
            path.push('/');
            path.push_str(if random.bool() { names.next().unwrap_or("a") } else { ["a", "b"][random.usize(..2)] });
        }
        path + ["/**", "/", "/a", "/{z}"][random.usize(..4)]
    };
    Spec {
        hosts: some(random, &HOSTS, 2),
        paths: (0..random.usize(1..3)).map(|_| path(random)).collect(),
        methods: some(random, &METHODS, 2),
        conditions: some(random, &CONDITIONS, 2),
        listeners: random.bool().then(|| vec![random.u32(..2)]).filter(|_| random.bool()),
    }
}

fn asked(random: &mut Rng) -> Asked {
    let mut path: String = (0..random.usize(..4)).map(|_| ["/a", "/b", "/c"][random.usize(..3)]).collect();
    if path.is_empty() || random.u8(..4) == 0 {
        path.push('/');
    }
    let mut lines = vec![];
    // One value a name: what two routes on different values do with both is no promise.
    for line in [("x", "1"), ("y", "1"), ("cookie", "c=1"), ("origin", "o"), ("access-control-request-method", "POST")]
    {
        if random.bool() {
            lines.push(if line.0 == "x" && random.bool() { ("x", "2") } else { line });
        }
    }
    Asked {
        listener: random.u32(..3),
        method: METHODS[random.usize(..METHODS.len())],
        host: ["a.b.c", "b.c", "z.b.c", "c", "x.y"][random.usize(..5)],
        path,
        query: [None, Some("q=1"), Some("q=2"), Some("z")][random.usize(..4)],
        lines,
    }
}

fn pattern(spec: &Spec) -> Option<Pattern> {
    let hosts = spec.hosts.iter().map(|host| HostPattern::parse(host).expect("a host")).collect();
    let paths = spec.paths.iter().map(|path| PathPattern::parse(path).expect("a path")).collect();
    let methods = spec.methods.iter().map(|method| Methods::parse_one(method).expect("a method")).collect();
    Pattern::new(hosts, paths, methods, spec.conditions.iter().map(|text| condition(text)).collect()).ok()
}

/// How good a host pattern is for a host, if it fits.
fn host_fit(pattern: &str, host: &str) -> Option<(u8, Reverse<usize>)> {
    match pattern.strip_prefix('*') {
        Some(tail) => (host.len() > tail.len() && host.ends_with(tail)).then_some((1, Reverse(tail.len()))),
        None => (pattern == host).then_some((0, Reverse(0))),
    }
}

/// How good a path pattern is for a path, and what it captures, if it fits.
fn path_fit(pattern: &str, path: &str) -> Option<(Vec<u8>, String)> {
    let (mut kinds, mut captured) = (vec![], String::new());
    let mut segments: Vec<&str> = path[1..].split('/').collect();
    for part in pattern[1..].split('/') {
        if part == "**" {
            kinds.push(2);
            captured += &format!(" **{}", segments.join("/"));
            return Some((kinds, captured));
        }
        let segment = (!segments.is_empty()).then(|| segments.remove(0))?;
        if part.starts_with('{') && !segment.is_empty() {
            kinds.push(1);
            captured += &format!(" {segment}");
        } else if part == segment {
            kinds.push(0);
        } else {
            return None;
        }
    }
    segments.is_empty().then_some((kinds, captured))
}

fn holds(condition: &str, asked: &Asked) -> bool {
    let (place, rest) = condition.split_once(' ').expect("a place");
    let (name, test) = rest.split_at(1);
    let value = match place {
        "header" => asked.lines.iter().find(|line| line.0 == name).map(|line| line.1),
        "query" => asked.query.and_then(|query| query.strip_prefix("q=")),
        _ => asked.lines.iter().find(|line| line.0 == "cookie").map(|_| "1"),
    };
    match (test.split_at(1), value) {
        (("!", _), value) => value.is_none(),
        (_, None) => false,
        (("=", wanted), Some(value)) => wanted.split('|').any(|wanted| wanted == value),
        (("~", wanted), Some(value)) => value.contains(wanted),
        (_, Some(_)) => true,
    }
}

/// What the plain matcher says: the answer in [`ask`]'s form, and whether two routes were equally good.
fn plain(specs: &[Spec], asked: &Asked) -> (String, bool) {
    let line = |name| asked.lines.iter().find(|line| line.0 == name).map(|line| line.1);
    let preflight = asked.method == "OPTIONS" && line("origin").is_some();
    let method = line("access-control-request-method").filter(|_| preflight).unwrap_or(asked.method);
    let (mut fits, mut allow) = (vec![], BTreeSet::new());
    for (number, spec) in specs.iter().enumerate() {
        let here = spec.listeners.as_ref().is_none_or(|all| all.contains(&asked.listener));
        if !here || !spec.conditions.iter().all(|condition| holds(condition, asked)) {
            continue;
        }
        let any = [(2, Reverse(0))];
        let hosts: Vec<_> = match spec.hosts.is_empty() {
            true => any.to_vec(),
            false => spec.hosts.iter().filter_map(|host| host_fit(host, asked.host)).collect(),
        };
        for (host, path) in hosts.iter().flat_map(|host| spec.paths.iter().map(move |path| (*host, path))) {
            let Some((kinds, captured)) = path_fit(path, &asked.path) else { continue };
            let listed = match spec.methods.as_slice() {
                [] => 2,
                methods if methods.contains(&method) => 0,
                methods if method == "HEAD" && methods.contains(&"GET") => 1,
                methods => {
                    allow.extend(methods.iter().copied());
                    continue;
                }
            };
            let kind =
                |mark| spec.conditions.iter().collect::<BTreeSet<_>>().iter().filter(|c| c.contains(mark)).count();
            let all = spec.conditions.iter().collect::<BTreeSet<_>>().len();
            let conditions = (Reverse(all), Reverse(kind('=')), Reverse(kind('~')));
            fits.push(((host, kinds, listed, conditions, spec.listeners.is_none()), number, captured));
        }
    }
    fits.sort();
    let tie = fits.iter().skip(1).any(|fit| fit.0 == fits[0].0 && fit.1 != fits[0].1);
    match fits.first() {
        Some((_, number, captured)) => (format!("{number}{captured}"), tie),
        None if allow.is_empty() => ("404".into(), false),
        None => {
            if allow.contains("GET") {
                allow.insert("HEAD");
            }
            let listed: Vec<_> = METHODS.iter().copied().filter(|method| allow.contains(method)).collect();
            (format!("405 {}", listed.join(", ")), false)
        }
    }
}

#[test]
fn the_table_finds_what_a_plain_look_at_every_route_finds() {
    let mut random = Rng::with_seed(7);
    let (mut found, mut refused, mut conflicting, mut out_of_reach) = (0, 0, 0, 0);
    for _ in 0..1_500 {
        let count = random.usize(1..40);
        let mut drawn: Vec<Spec> = vec![];
        for _ in 0..count {
            let mut next = spec(&mut random);
            // Half of them share host and path with another one, so that there is something to decide.
            if let Some(other) = (random.bool()).then(|| random.choice(&drawn)).flatten() {
                (next.hosts, next.paths) = (other.hosts.clone(), other.paths.clone());
            }
            drawn.push(next);
        }
        let (mut specs, mut routes): (Vec<Spec>, Vec<Route>) = drawn
            .into_iter()
            .filter_map(|spec| {
                let listeners = spec.listeners.clone().map_or(Listeners::ALL, Listeners::only);
                let route = (pattern(&spec)?, listeners);
                Some((spec, route))
            })
            .unzip();
        let table = loop {
            match build(&routes) {
                Ok(table) => break table,
                Err(conflicts) => {
                    conflicting += 1;
                    // The later one of each pair goes, from the end so that the places before stay.
                    let later: BTreeSet<usize> = conflicts.iter().map(|conflict| conflict.second).collect();
                    for place in later.into_iter().rev() {
                        specs.remove(place);
                        routes.remove(place);
                    }
                }
            }
        };
        // With one listener and with two.
        let shadowed = [1, 2].map(|listeners| table.shadowed(listeners));
        out_of_reach += shadowed.iter().flatten().count();
        for _ in 0..40 {
            let asked = asked(&mut random);
            let (expected, tie) = plain(&specs, &asked);
            assert!(!tie, "no conflict was reported:\n{specs:#?}\n{asked:?}");
            let query = asked.query.map_or(String::new(), |query| format!("?{query}"));
            let request = format!("{} {}{}{query}", asked.method, asked.host, asked.path);
            assert_eq!(ask_on(&table, asked.listener, &request, &asked.lines), expected, "{specs:#?}\n{asked:?}");
            let number: Option<usize> = expected.split(' ').next().and_then(|number| number.parse().ok());
            let hidden = shadowed.iter().zip(1..).filter(|(_, listeners)| asked.listener < *listeners);
            let reached = hidden.flat_map(|(all, _)| all).any(|one| Some(one.route) == number);
            assert!(!reached, "said to be out of reach: {expected}\n{specs:#?}\n{asked:?}");
            explained(&table, &routes, &asked, &expected);
            *(if expected.starts_with("40") { &mut refused } else { &mut found }) += 1;
        }
    }
    assert!(found > 10_000 && refused > 10_000 && conflicting > 300, "{found} {refused} {conflicting}");
    assert!(out_of_reach > 100, "{out_of_reach}");
}

/// Holds the explanation against the answer, in [`ask`]'s form, and against the routes' patterns.
fn explained(table: &Table<usize>, routes: &[Route], asked: &Asked, answer: &str) {
    let method = Method::from_bytes(asked.method.as_bytes()).expect("a method");
    let fields: Fields = asked.lines.iter().copied().collect();
    let (listener, host, path, query) = (asked.listener, asked.host, asked.path.as_str(), asked.query);
    let head = Head { listener, method: &method, host, path, query, fields: &fields };
    let all = table.explain(&head, usize::MAX).shown;
    let won: Vec<String> =
        all.iter().filter(|one| one.verdict == Verdict::Won).map(|one| one.entry.to_string()).collect();
    let wants_other_method = all.iter().any(|one| one.verdict == Verdict::Missed(Miss::Method));
    let number = answer.split(' ').next().unwrap_or_default();
    match number {
        "404" => assert!(won.is_empty() && !wants_other_method, "{all:?}\n{asked:?}"),
        "405" => assert!(won.is_empty() && wants_other_method, "{all:?}\n{asked:?}"),
        number => assert_eq!(won, [number], "{all:?}\n{asked:?}"),
    }
    let lost = all.iter().any(|one| matches!(one.verdict, Verdict::Lost(_)));
    assert!(!(lost && won.is_empty()), "{all:?}\n{asked:?}");
    let here = HostPattern::parse(asked.host).expect("a host");
    for (entry, (pattern, _)) in routes.iter().enumerate() {
        let by_host = pattern.hosts().is_empty() || pattern.hosts().iter().any(|host| host.covers(&here));
        let by_path = pattern.paths().iter().any(|path| path.compare(&asked.path).is_ok());
        let found = all.iter().filter(|one| one.entry == entry).count();
        assert_eq!(found, usize::from(by_host && by_path), "{pattern} {asked:?}");
    }
}
