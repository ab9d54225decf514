//! The policies of a route as its user sees them: which hold, in the order in which they run, with all that they say,
//! and where that was written. The same rules as in `build`, over what was written instead of what it means.

use crate::chain::{Part, View};
use crate::layers::Levels;
use crate::{NamedPolicies, ORDER, PolicyEntry, PolicyList, Setting};
use pintle_core::config::{Form, Node, Reader, Span};

/// A policy that holds for a route, at one place of the run order.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDescription {
    /// Its place in the run order: `timeout`, `headers.response`.
    pub place: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Which of the levels around the route says so, by its place among them.
    pub level: usize,
    /// The named policy that it is, or is made of.
    pub named: Option<String>,
    /// What it says, with every default.
    pub settings: Node,
    /// Where its settings were written.
    pub span: Span,
    /// Where a list names it; the same, where it stands in the list itself.
    pub listed: Span,
}

struct Held {
    kind: &'static str,
    levels: Levels,
    part: Part,
    level: usize,
    named: Option<String>,
    settings: Node,
    span: Span,
    listed: Span,
}

/// Describes what holds where these lists do, outer to inner. Only of lists that [`crate::build`] takes.
pub fn describe(levels: &[&PolicyList], named: &NamedPolicies) -> Vec<PolicyDescription> {
    let mut held: Vec<Held> = Vec::new();
    for (level, list) in levels.iter().enumerate() {
        for entry in list.iter() {
            take(entry, level, named, &mut held);
        }
    }
    let mut all = Vec::new();
    for place in ORDER.iter().filter(|place| place.is_there) {
        let (kind, part) = place.name.split_once('.').map_or((place.name, None), |(kind, part)| (kind, Some(part)));
        all.extend(held.iter().filter(|one| one.kind == kind).filter_map(|one| at_place(one, place.name, part)));
    }
    all
}

fn take(entry: &PolicyEntry, level: usize, named: &NamedPolicies, held: &mut Vec<Held>) {
    let (policy, name, listed) = match entry {
        PolicyEntry::Named(name) => (named.get(name), Some(&name.value), &name.span),
        PolicyEntry::Inline(policy) => (Some(&policy.value), None, &policy.span),
    };
    let Some(view) = policy.map(crate::Policy::view) else { return };
    let View { kind, levels, shape, part, setting } = view;
    let (name, written) = match setting {
        Setting::Off => {
            held.retain(|one| one.kind != kind);
            // Without these the top level's settings hold, so that there is none is something to tell.
            if matches!(kind, "access_log" | "body_limit") {
                let none = Form::Scalar { text: "none".into(), plain: true };
                let settings = Node::new(none, listed.clone());
                let (span, listed) = (listed.clone(), listed.clone());
                held.push(Held { kind, levels, part, level, named: None, settings, span, listed });
            }
            return;
        }
        Setting::On { written, .. } => (name.cloned(), written),
        Setting::Use { name, changes } => {
            let Some(own) = named.get(&name).and_then(|policy| written_of(policy.view().setting)) else { return };
            let Some(merged) = crate::named::merged(&own, &changes, &name, &mut Reader::new()) else { return };
            (Some(name.value), merged)
        }
    };
    match levels {
        Levels::Innermost => held.retain(|one| one.kind != kind),
        Levels::Authentication => held.retain(|one| one.levels != levels || one.level == level),
        Levels::All => {}
    }
    let span = written.span().clone();
    held.push(Held {
        kind,
        levels,
        part,
        level,
        named: name,
        settings: shape().fill(&written),
        span,
        listed: listed.clone(),
    });
}

fn written_of(setting: Setting<()>) -> Option<Node> {
    match setting {
        Setting::On { written, .. } => Some(written),
        Setting::Off | Setting::Use { .. } => None,
    }
}

/// What of a policy runs at a place: all of it, or the part that the place is called by, if that says anything.
fn at_place(held: &Held, place: &'static str, part: Option<&str>) -> Option<PolicyDescription> {
    let settings = match part {
        None => held.settings.clone(),
        Some(part) => (held.part)(&held.settings, part)?,
    };
    Some(PolicyDescription {
        place,
        kind: held.kind,
        level: held.level,
        named: held.named.clone(),
        settings,
        span: held.span.clone(),
        listed: held.listed.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read;

    fn described(levels: &[&str], named: &str) -> Vec<String> {
        let lists: Vec<PolicyList> = levels.iter().map(|text| read(text)).collect();
        let named: NamedPolicies = read(named);
        let lists: Vec<&PolicyList> = lists.iter().collect();
        let line = |one: PolicyDescription| {
            let name = one.named.map_or(String::new(), |name| format!(" ({name})"));
            let (at, listed) = (one.span.position(), one.listed.position());
            let at = format!("{}:{} {}:{}", at.line, at.column, listed.line, listed.column);
            format!("{}@{}{name} {} {at}", one.place, one.level, one.settings)
        };
        describe(&lists, &named).into_iter().map(line).collect()
    }

    #[test]
    fn what_holds_stands_in_run_order_with_its_places() {
        let named = "{slow: {timeout: 1m}}";
        let levels = [
            "[{body_limit: 1MiB}, slow]",
            "- headers: {response: {remove: [server]}}\n- headers: {request: {set: {x-a: 1}}}",
        ];
        assert_eq!(
            described(&levels, named),
            [
                "headers.response@1 {remove: [server]} 1:12 1:3",
                "timeout@0 (slow) 1m 1:18 1:22",
                "body_limit@0 1MiB 1:15 1:2",
                "headers.request@1 {set: {x-a: 1}} 2:12 2:3",
            ]
        );
    }

    #[test]
    fn an_inner_level_replaces_switches_off_and_changes() {
        assert_eq!(described(&["[{timeout: 5s}]", "[{timeout: 7s}]"], "{}"), ["timeout@1 7s 1:12 1:2"]);
        assert_eq!(described(&["[{timeout: 5s}]", "[{timeout: none}]"], "{}"), Vec::<String>::new());
        assert_eq!(described(&["[{body_limit: 5B}]", "[{body_limit: none}]"], "{}"), ["body_limit@1 none 1:2 1:2"]);
        let named = "h: {headers: {request: {set: {x-a: 1}}, response: {remove: [server]}}}";
        assert_eq!(
            described(&["[{headers: {use: h, request: {remove: [x-b]}}}]"], named),
            ["headers.response@0 (h) {remove: [server]} 1:12 1:2", "headers.request@0 (h) {remove: [x-b]} 1:12 1:2",]
        );
    }
}
