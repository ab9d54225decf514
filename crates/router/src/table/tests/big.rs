//! Many routes: each is found, none by looking at the others.

use super::*;
use std::time::Instant;

/// Hosts, shared prefixes, names and methods, as large configurations have them.
fn routes(count: usize) -> Vec<Entry<usize>> {
    let entry = |value: usize| {
        let text = match value % 4 {
            0 => format!("h{}.example.com/api/v1/things{value}/{{id}}", value % 500),
            1 => format!("GET /svc{value}/**"),
            2 => format!("*.t{value}.example.org/a/b"),
            _ => format!("/api/v{}/{{tenant}}/r{value}", value % 50),
        };
        Entry { pattern: short(&text), listeners: Listeners::ALL, value }
    };
    (0..count).map(entry).collect()
}

#[test]
fn every_one_of_many_routes_is_found() {
    let count = 20_000;
    let table = Table::build(routes(count)).expect("no conflicts");
    assert_eq!(table.len(), count);
    for value in 0..count {
        let (request, found) = match value % 4 {
            0 => (format!("h{}.example.com/api/v1/things{value}/7", value % 500), format!("{value} 7")),
            1 => (format!("a.b/svc{value}/x/y"), format!("{value} **x/y")),
            2 => (format!("x.y.t{value}.example.org/a/b"), format!("{value}")),
            _ => (format!("a.b/api/v{}/acme/r{value}", value % 50), format!("{value} acme")),
        };
        assert_eq!(ask(&table, &request, &[]), found);
    }
    assert_eq!(ask(&table, "a.b/api/v3/acme/r4", &[]), "404");
}

/// `cargo test --release -- --ignored --nocapture figures`
#[test]
#[ignore = "prints figures, asserts nothing"]
#[allow(clippy::print_stdout)]
fn figures() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4
    };
    let before = resident();
    let entries = routes(100_000);
    println!("entries: {} KiB", resident() - before);
    let start = Instant::now();
    let table = Table::build(entries).expect("no conflicts");
    println!("build of 100,000: {:?}, then {} KiB", start.elapsed(), resident() - before);
    let one = Table::build(vec![routes(100_000).swap_remove(99_997)]).expect("no conflicts");
    let fields = Fields::new();
    let head =
        Head { listener: 0, method: &Method::GET, host: "a.b", path: "/svc99997/x/y", query: None, fields: &fields };
    for (name, table) in [("1", &one), ("100,000", &table), ("1", &one), ("100,000", &table)] {
        let start = Instant::now();
        for _ in 0..1_000_000 {
            assert!(matches!(std::hint::black_box(table).find(std::hint::black_box(&head)), Outcome::Found { .. }));
        }
        println!("found among {name}: {} ns", start.elapsed().as_nanos() / 1_000_000);
    }
    let start = Instant::now();
    for _ in 0..1_000_000 {
        assert!(crate::normalise(std::hint::black_box("/api/v1/things99996/7/some-longer-tail.json")).is_ok());
    }
    println!("normalise: {} ns", start.elapsed().as_nanos() / 1_000_000);
    let tenant = |value: usize| Entry {
        pattern: long("/**", &[&format!("header x-tenant=t{value}")]),
        listeners: Listeners::ALL,
        value,
    };
    let entries = (0..10_000).map(tenant).collect();
    let start = Instant::now();
    let table = Table::build(entries).expect("no conflicts");
    println!("build of 10,000 on one path: {:?}", start.elapsed());
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(ask(std::hint::black_box(&table), "/a", &[("x-tenant", "t9999")]), "9999 **a");
    }
    println!("found among them: {} ns", start.elapsed().as_nanos() / 100);
}
