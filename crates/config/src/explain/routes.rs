//! Why a route takes a request, and why others do not, in words.

use super::{Candidate, Told, Verdict};
use crate::describe::RouteDescription;
use pintle_core::redact::{Names, REDACTED};
use pintle_engine::Route;
use pintle_router::{
    Candidate as Seen, Condition, Explained, Head, HostPattern, Miss, PathPattern, Pattern, Respect, Segment, Table,
    Test, Verdict as Judged,
};
use std::cmp::Reverse;
use std::sync::Arc;

/// The entry that takes the request.
pub(super) fn winner(seen: &Explained) -> Option<usize> {
    seen.shown.iter().find(|one| one.verdict == Judged::Won).map(|one| one.entry)
}

/// Every candidate, with its reason.
pub(super) fn candidates(
    seen: &Explained,
    head: &Head<'_>,
    listener: &str,
    table: &Table<Arc<Route>>,
    routes: &[RouteDescription],
    names: &Names,
) -> Vec<Candidate> {
    let won = winner(seen).map(|entry| &routes[entry]);
    let fitting = seen.shown.iter().filter(|one| !matches!(one.verdict, Judged::Missed(_))).count();
    // A route with policies of its listeners is one for each of them: it is told of once.
    let elsewhere = |one: &Seen| one.verdict == Judged::Missed(Miss::Listener);
    let is_told = |(at, one): &(usize, &Seen)| {
        let twin = |other: &Seen| other.entry != one.entry && routes[other.entry].span == routes[one.entry].span;
        let before = seen.shown[..*at].iter().any(twin);
        !elsewhere(one) || !(before || seen.shown.iter().any(|other| twin(other) && !elsewhere(other)))
    };
    let told = |one: &Seen| {
        let route = &routes[one.entry];
        let (verdict, why) = match (one.verdict, won) {
            (Judged::Won, _) if fitting == 1 => (Verdict::Takes, "the only one that fits".to_owned()),
            (Judged::Won, _) => (Verdict::Takes, format!("the most specific of {fitting} that fit")),
            (Judged::Lost(respect), Some(won)) => (Verdict::Fits, lost(respect, route, won, head, listener)),
            (Judged::Lost(_), None) => (Verdict::Fits, String::new()),
            (Judged::Missed(miss), _) => {
                (Verdict::No, missed(miss, route, head, || table.unmet(one.entry, head), names))
            }
        };
        let pattern = pattern_shown(&route.pattern, names);
        Candidate {
            told: Told { name: route.name.clone(), place: route.span.to_string(), why },
            pattern: (!route.name.ends_with(&route.pattern.to_string())).then_some(pattern),
            verdict,
        }
    };
    seen.shown.iter().enumerate().filter(is_told).map(|(_, one)| told(one)).collect()
}

fn lost(respect: Respect, route: &RouteDescription, won: &RouteDescription, head: &Head<'_>, listener: &str) -> String {
    let (mine, theirs) = (&route.pattern, &won.pattern);
    match respect {
        Respect::Host => match (host(mine.hosts(), head), host(theirs.hosts(), head)) {
            (None, Some(theirs)) => format!("it names no host, where the one that takes it has `{theirs}`"),
            (Some(mine), Some(theirs)) => format!("its host `{mine}` is less specific than `{theirs}`"),
            _ => "its host is less specific".into(),
        },
        Respect::Path => match paths(mine.paths(), theirs.paths(), head.path) {
            Some((mine, theirs)) => format!("`{mine}` in its path is less specific than `{theirs}`"),
            None => "its path goes on with `**`, where that of the one that takes it ends".into(),
        },
        Respect::Method if mine.methods().is_empty() => {
            format!("it lists no method, where the one that takes it lists {}", theirs.methods().join(","))
        }
        Respect::Method => "it lists GET, where the one that takes it lists HEAD itself".into(),
        Respect::Conditions if mine.conditions().len() == theirs.conditions().len() => {
            "its conditions are less exact".into()
        }
        Respect::Conditions => match mine.conditions().len() {
            0 => format!("it has no conditions, where the one that takes it has {}", theirs.conditions().len()),
            count => format!(
                "it has fewer conditions, {count} where the one that takes it has {}",
                theirs.conditions().len()
            ),
        },
        Respect::Listener => format!("it does not name the listener `{listener}`"),
        Respect::Text => "as good as the one that takes it; among such the text of the conditions decides".into(),
    }
}

/// The most specific of a pattern's hosts that covers the request's.
fn host<'p>(hosts: &'p [HostPattern], head: &Head<'_>) -> Option<&'p HostPattern> {
    let asked = HostPattern::Exact(head.host.strip_suffix('.').unwrap_or(head.host).into());
    hosts.iter().filter(|host| host.covers(&asked)).max_by_key(|host| match host {
        HostPattern::Exact(_) => (true, 0),
        HostPattern::Wildcard(name) => (false, name.len()),
    })
}

/// Where the best of two patterns' paths part, as they are written there.
fn paths(mine: &[PathPattern], theirs: &[PathPattern], path: &str) -> Option<(String, String)> {
    let (mine, theirs) = (best(mine, path)?, best(theirs, path)?);
    let pairs = mine.segments().iter().zip(theirs.segments());
    pairs.filter(|(mine, theirs)| rank(mine) != rank(theirs)).map(|(mine, theirs)| (shown(mine), shown(theirs))).next()
}

/// The most specific path that matches.
fn best<'p>(paths: &'p [PathPattern], path: &str) -> Option<&'p PathPattern> {
    let matching = paths.iter().filter(|one| one.compare(path).is_ok());
    matching.min_by_key(|one| one.segments().iter().map(rank).collect::<Vec<_>>())
}

fn rank(segment: &Segment) -> u8 {
    match segment {
        Segment::Literal(_) => 0,
        Segment::Name(_) => 1,
        Segment::Rest => 2,
    }
}

/// A segment as it is written.
pub(super) fn shown(segment: &Segment) -> String {
    match segment {
        Segment::Literal(text) => text.to_string(),
        Segment::Name(name) => format!("{{{name}}}"),
        Segment::Rest => "**".into(),
    }
}

fn missed(
    miss: Miss,
    route: &RouteDescription,
    head: &Head<'_>,
    unmet: impl Fn() -> Vec<usize>,
    names: &Names,
) -> String {
    match miss {
        Miss::Listener => match route.listeners.as_deref() {
            Some([one]) => format!("it belongs to the listener `{one}`"),
            Some(several) => format!("it belongs to the listeners `{}`", several.join("`, `")),
            None => "it belongs to another listener".into(),
        },
        // Who mends one of them wants to know of the others.
        Miss::Condition(_) => {
            let conditions = route.pattern.conditions();
            let all: Vec<String> = unmet().into_iter().map(|number| failed(&conditions[number], head, names)).collect();
            all.join("; ")
        }
        Miss::Method => format!("it takes {}, not {}", route.pattern.methods().join(", "), head.asked()),
    }
}

/// A match as it is written, but for what it wants of a credential.
fn pattern_shown(pattern: &Pattern, names: &Names) -> String {
    pattern.conditions().iter().fold(pattern.to_string(), |shown, condition| {
        let text = condition.to_string();
        let subject = subject(condition, &text);
        let is_presence = matches!(condition.test(), Test::Present(_));
        match subject.split_once(' ') {
            Some((_, name)) if !is_presence && names.is_credential(name) => {
                shown.replace(&text, &format!("{subject}={REDACTED}"))
            }
            _ => shown,
        }
    })
}

/// What a condition is about: `header x-a`.
fn subject(condition: &Condition, text: &str) -> String {
    let subject = text.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    match condition.test() {
        Test::Present(_) => subject,
        // `header x-a="1"`, `header x-a~"1"`: the name alone.
        _ => subject[..subject.find(['=', '~']).unwrap_or(subject.len())].to_owned(),
    }
}

/// What of a condition does not hold. Of a credential neither what came is told nor what is wanted.
fn failed(condition: &Condition, head: &Head<'_>, names: &Names) -> String {
    const MOST: usize = 3;
    let values = condition.values(head, MOST);
    let values: Vec<String> = values.iter().map(|value| format!("{:?}", names.value(value))).collect();
    let subject = subject(condition, &condition.to_string());
    let is_credential = subject.split_once(' ').is_some_and(|(_, name)| names.is_credential(name));
    let wanted = match condition.test() {
        Test::Exact(_) | Test::Regex(_) if is_credential => {
            return format!("{subject} is {}", if values.is_empty() { "absent" } else { "not as it wants it" });
        }
        Test::Exact(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
            texts.join(" or ")
        }
        Test::Regex(text) => format!("what matches {text:?}"),
        Test::Present(true) => return format!("{subject} is absent"),
        Test::Present(false) => return format!("{subject} is there, and it wants none"),
    };
    match values.is_empty() {
        true => format!("{subject} is absent, it wants {wanted}"),
        false => format!("{subject} is {}, it wants {wanted}", values.join(" and ")),
    }
}

/// Sorts by how near, the nearest first.
pub(super) fn nearest<T>(mut found: Vec<(usize, T)>, most: usize) -> impl Iterator<Item = T> {
    found.sort_by_key(|(near, _)| Reverse(*near));
    found.into_iter().map(|(_, one)| one).take(most)
}
