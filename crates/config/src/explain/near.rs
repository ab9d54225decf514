//! Routes that match nearly: what whoever asks "why not that one" probably means.

use super::Told;
use super::routes::{nearest, shown, winner};
use crate::describe::RouteDescription;
use pintle_router::{Explained, Head, HostPattern, PathPattern, Segment};
use std::collections::HashSet;

/// How many are told of.
const MOST: usize = 3;

/// The routes whose host or path differs by a little, nearer to the request than the one that takes it.
pub(super) fn near(seen: &Explained, head: &Head<'_>, listener: &str, routes: &[RouteDescription]) -> Vec<Told> {
    let candidates: HashSet<usize> = seen.shown.iter().map(|one| one.entry).collect();
    let least = winner(seen).map_or(0, |entry| depth(&routes[entry], head.path));
    let mut places = HashSet::new();
    let mut found = Vec::new();
    for (entry, route) in routes.iter().enumerate() {
        let elsewhere = route.listeners.as_ref().is_some_and(|names| !names.iter().any(|name| name == listener));
        if elsewhere || candidates.contains(&entry) {
            continue;
        }
        let Some((near, why)) = nearness(route, head) else { continue };
        let place = route.span.to_string();
        if near > least && places.insert(place.clone()) {
            found.push((near, Told { name: route.name.clone(), place, why }));
        }
    }
    nearest(found, MOST).collect()
}

/// Two for each segment of the path that a route means by itself.
fn depth(route: &RouteDescription, path: &str) -> usize {
    let matching = route.pattern.paths().iter().filter(|one| one.compare(path).is_ok());
    matching.map(meant).max().unwrap_or(0)
}

fn meant(path: &PathPattern) -> usize {
    2 * path.segments().iter().filter(|segment| !matches!(segment, Segment::Rest)).count()
}

/// How near a route is that does not match, two for each segment that agrees and one for a slip, and what differs.
fn nearness(route: &RouteDescription, head: &Head<'_>) -> Option<(usize, String)> {
    let hosts = route.pattern.hosts();
    let asked = HostPattern::Exact(head.host.strip_suffix('.').unwrap_or(head.host).into());
    let by_host = hosts.is_empty() || hosts.iter().any(|host| host.covers(&asked));
    let judge = |path: &PathPattern| match path.compare(head.path) {
        Ok(()) if by_host => None,
        Ok(()) => {
            let names: Vec<String> = hosts.iter().map(|host| format!("`{host}`")).collect();
            // One that takes any path is near to nothing.
            Some(meant(path)).filter(|near| *near > 0).map(|near| (near, format!("its host is {}", names.join(" or "))))
        }
        Err(agreeing) if by_host => differing(path, agreeing, head.path),
        Err(_) => None,
    };
    route.pattern.paths().iter().filter_map(judge).max_by_key(|(near, _)| *near)
}

/// What differs in a path after so many segments.
fn differing(pattern: &PathPattern, agreeing: usize, path: &str) -> Option<(usize, String)> {
    let asked = path.strip_prefix('/')?.split('/').nth(agreeing);
    let wanted = pattern.segments().get(agreeing);
    let (slip, why) = match (wanted, asked) {
        (Some(Segment::Literal(text)), None) if text.is_empty() => (true, "its path ends in a slash".to_owned()),
        (None, Some("")) => (true, "its path does not end in a slash".to_owned()),
        (Some(segment), None | Some("")) => (false, format!("its path goes on with `/{}`", shown(segment))),
        (None, Some(asked)) => (false, format!("its path ends before `/{asked}`")),
        (Some(segment), Some(asked)) => {
            let text = shown(segment);
            let slip = strsim::damerau_levenshtein(&text, asked) <= 1 + text.len() / 4;
            (slip, format!("its path has `{text}` where the request has `{asked}`"))
        }
        (None, None) => return None,
    };
    // Two paths that only begin at the same root have nothing in common.
    let near = 2 * agreeing + usize::from(slip);
    (near > 0).then_some((near, why))
}
