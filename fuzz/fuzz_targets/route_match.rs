//! Lines of matches, then a request: no panic; a match's canonical form reads as the same match; what is found does
//! not depend on the order in which the routes are written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pintle_core::{Fields, Method};
use pintle_router::{Entry, Head, Listeners, Outcome, Pattern, Table, normalise};

fn table(patterns: &[Pattern]) -> Option<Table<String>> {
    let entry = |pattern: &Pattern| Entry {
        value: pattern.to_string(),
        pattern: pattern.clone(),
        listeners: Listeners::ALL,
    };
    Table::build(patterns.iter().map(entry).collect()).ok()
}

fuzz_target!(|text: &str| {
    let Some((target, matches)) = text.split_once('\n') else { return };
    let mut patterns: Vec<Pattern> = matches.lines().filter_map(|line| Pattern::short(line).ok()).collect();
    for pattern in &patterns {
        assert_eq!(Pattern::short(&pattern.to_string()).as_ref(), Ok(pattern));
    }
    let forward = table(&patterns);
    patterns.reverse();
    let backward = table(&patterns);
    let (Some(forward), Some(backward)) = (&forward, &backward) else {
        assert!(forward.is_none() && backward.is_none());
        return;
    };
    let (host, path) = target.split_at(target.find('/').unwrap_or(target.len()));
    let Ok(path) = normalise(path) else { return };
    let (method, fields) = (Method::GET, Fields::new());
    let head = Head { listener: 0, method: &method, host, path: &path, query: None, fields: &fields };
    let found = forward.find(&head);
    assert_eq!(found, backward.find(&head));
    if let Outcome::Found { captures, .. } = &found {
        let whole = |at| captures.segment(&path, at).is_some_and(|text| !text.is_empty() && !text.contains('/'));
        assert!((0..captures.segments.len()).all(whole));
        assert!(path.ends_with(captures.rest(&path)));
    }
});
