//! What is possible for a request of which not everything is known, held against what becomes of the whole request:
//! [`agrees`] is asked for every request of the other tests.

use super::*;

/// Everything is known, or nothing but host, path, query and method.
struct Told {
    all: bool,
}

impl Knowledge for Told {
    fn is_whole(&self, place: Place, _: &str) -> bool {
        self.all || place == Place::Query
    }

    fn holds(&self, _: &Condition) -> Option<bool> {
        None
    }
}

/// Holds what is possible against what is.
pub(super) fn agrees(table: &Table<usize>, head: &Head<'_>) {
    let method = head.asked();
    let whole = table.possible(head, &method, &Told { all: true });
    let part = table.possible(head, &method, &Told { all: false });
    let is_last_sure =
        |possible: &Possible<'_>| possible.routes.iter().rev().skip(1).all(|candidate| !candidate.open.is_empty());
    assert!(is_last_sure(&whole) && is_last_sure(&part), "{whole:?} {part:?}");
    match table.find(head) {
        Outcome::Found { value, captures } => {
            let is = |candidate: &PossibleRoute<'_>| candidate.entry == *value && candidate.captures == captures;
            assert!(whole.routes.first().is_some_and(is), "{whole:?} for {head:?}");
            assert!(part.routes.iter().any(is), "{part:?} for {head:?}");
        }
        Outcome::MethodNotAllowed { .. } => {
            assert!(whole.routes.is_empty() && !whole.misses.is_empty(), "{whole:?} for {head:?}");
            assert!(part.routes.iter().all(|candidate| !candidate.open.is_empty()), "{part:?} for {head:?}");
            assert!(!part.misses.is_empty(), "{part:?} for {head:?}");
        }
        Outcome::NotFound => {
            assert!(whole.routes.is_empty() && whole.misses.is_empty(), "{whole:?} for {head:?}");
            assert!(
                part.routes.iter().chain(&part.misses).all(|candidate| !candidate.open.is_empty()),
                "{part:?} for {head:?}"
            );
        }
    }
}

#[test]
fn conditions_that_are_not_known_leave_routes_open() {
    let routes = [long("/a", &["header x=1"]), long("/a", &["query q=1", "query r=1"]), short("/a"), short("POST /b")];
    let table = table(&routes);
    let fields = Fields::new();
    let asked = |path, query| {
        let head = Head { listener: 0, method: &Method::GET, host: "h", path, query, fields: &fields };
        let possible = table.possible(&head, &Method::GET, &Told { all: false });
        let routes: Vec<_> = possible.routes.iter().map(|route| (route.entry, route.open.len())).collect();
        (routes, possible.misses.len())
    };
    assert_eq!(asked("/a", None), (vec![(0, 1), (2, 0)], 0));
    assert_eq!(asked("/a", Some("q=1&r=1")).0, vec![(1, 0)]);
    assert_eq!(asked("/b", None), (vec![], 1));
    assert_eq!(asked("/c", None), (vec![], 0));
}
