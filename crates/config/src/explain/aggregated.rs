//! What an aggregate would call: its plan by the waves in which calls can begin, what every call carries, what the answer is
//! made of. The plan is the action's own; what parts and answer say beside it is told as it was written, defaults filled in.

use super::outcome::{changed, service, shown, target_shown};
use super::{Field, Service, Told};
use crate::describe::{ActionDescription, Description};
use pintle_core::config::{Entry, Node};
use pintle_core::redact::Names;
use pintle_core::step::{PlannedList, PlannedPart};
use pintle_core::{Exchange, Fields};
use std::time::Duration;

/// The calls of an aggregate, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregated {
    /// The action.
    pub action: Told,
    /// What the client asks for.
    pub asked: String,
    /// The calls, in the order in which they are written.
    pub parts: Vec<Part>,
    /// The fields that every call carries, and those of the client's that none does.
    pub fields: Vec<Field>,
    /// What the client gets.
    pub answer: Shape,
    /// What the plan says besides: `limits` and the like.
    pub settings: Vec<Said>,
    /// Whether the answer begins before all parts are known.
    pub stream: bool,
}

/// A call of an aggregate, or one for each item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Where it was written.
    pub place: String,
    /// What is called, as it was written.
    pub call: String,
    /// The service that gets it.
    pub to: Service,
    /// How many parts, one after the other, come before it at most: 0 begins at once.
    pub wave: usize,
    /// The parts that it waits for.
    pub needs: Vec<String>,
    /// What must hold.
    pub when: Option<String>,
    /// The list that calls are made for.
    pub for_each: Option<PlannedList>,
    /// The time that it has; none has what is left of the whole.
    pub timeout: Option<Duration>,
    /// What becomes of the whole where it fails: `fail`, `pass` or `value`.
    pub on_failure: &'static str,
    /// What stands for it then.
    pub value: Option<String>,
    /// The fields that its calls carry besides.
    pub headers: Vec<(String, String)>,
    /// What it says besides: `accept`, `decode`, `body`.
    pub settings: Vec<Said>,
    /// Whether the answer names it.
    pub is_answered: bool,
}

/// A key and its value on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The key.
    pub key: String,
    /// What it says.
    pub value: String,
}

/// What an answer is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The status, as it was written.
    pub status: String,
    /// The fields.
    pub headers: Vec<(String, String)>,
    /// The content: what stands under each name, in order. One without a name is all of it.
    pub content: Vec<(Option<String>, String)>,
    /// The parts that are merged, where it is made of them.
    pub merge: Vec<String>,
    /// What comes of two that have the same name.
    pub on_conflict: Option<String>,
}

/// Keys of a part that have a place of their own.
const OF_PART: [&str; 8] = ["call", "when", "for_each", "at_most", "parallel", "timeout", "on_failure", "headers"];
/// Keys of an aggregate that have one.
const OF_PLAN: [&str; 4] = ["parts", "respond", "stream", "pass_headers"];

/// Puts it together; `sent` are the fields that came.
pub(super) fn aggregated(
    (parts, answer, stream): (Vec<PlannedPart>, &[usize], bool),
    action: &ActionDescription,
    sent: &Fields,
    exchange: &Exchange,
    description: &Description,
) -> Aggregated {
    let (names, written) = (&description.names, action.settings.get("parts"));
    let waves = waves(&parts);
    let told = |(at, part): (usize, &PlannedPart)| {
        let node = written.and_then(|written| written.get(&part.name));
        let value = node.and_then(|node| node.get("on_failure")?.get("value"));
        Part {
            name: part.name.to_string(),
            place: node.map(|node| node.span().to_string()).unwrap_or_default(),
            call: target_shown(&part.call, names),
            to: service(&part.to, None, description),
            wave: waves[at],
            needs: part.needs.iter().map(|need| parts[*need].name.to_string()).collect(),
            when: part.when.as_deref().map(str::to_owned),
            for_each: part.for_each.clone(),
            timeout: part.timeout,
            on_failure: part.on_failure,
            value: value.filter(|_| part.on_failure == "value").map(|value| one_line(value, names)),
            headers: headers(node.and_then(|node| node.get("headers")), names),
            settings: node.map(|node| besides(node, &OF_PART, names)).unwrap_or_default(),
            is_answered: answer.contains(&at),
        }
    };
    let told: Vec<Part> = parts.iter().enumerate().map(told).collect();
    let all: Vec<&str> = parts.iter().map(|part| &*part.name).collect();
    let target = target_shown(exchange.request.target.path_and_query(), names);
    Aggregated {
        action: Told {
            name: action.kind.to_owned(),
            place: action.span.to_string(),
            why: format!("of {}", all.join(", ")),
        },
        asked: format!("{} {target}", exchange.request.method),
        fields: changed(sent, exchange, names),
        answer: shape(action.settings.get("respond"), &told, names),
        settings: besides(&action.settings, &OF_PLAN, names),
        parts: told,
        stream,
    }
}

/// In which wave each part begins.
fn waves(parts: &[PlannedPart]) -> Vec<usize> {
    let mut waves = vec![0; parts.len()];
    // A plan has no cycles: each turn settles one wave more.
    for _ in 0..parts.len() {
        for (at, part) in parts.iter().enumerate() {
            waves[at] = part.needs.iter().map(|need| waves[*need] + 1).max().unwrap_or(0);
        }
    }
    waves
}

fn shape(respond: Option<&Node>, parts: &[Part], names: &Names) -> Shape {
    let of = |key| respond.and_then(|respond| respond.get(key)).filter(|node| !node.is_null());
    let text = |key| of(key).and_then(Node::as_text).map(str::to_owned);
    let status = text("status").unwrap_or_else(|| "200".to_owned());
    let merge = of("merge").and_then(Node::as_list).unwrap_or_default();
    let merge: Vec<String> = merge.iter().filter_map(Node::as_text).map(str::to_owned).collect();
    let every = |part: &Part| (Some(part.name.clone()), format!("${{parts.{}.body}}", part.name));
    let content = match (of("body"), &merge[..], &*status) {
        (Some(body), ..) => match body.as_map() {
            Some(entries) => {
                let entry = |entry: &Entry| (Some(entry.key.value.to_string()), one_line(&entry.value, names));
                entries.iter().map(entry).collect()
            }
            None => vec![(None, one_line(body, names))],
        },
        (None, [], "204" | "205" | "304") => Vec::new(),
        (None, [], _) => parts.iter().map(every).collect(),
        (None, ..) => Vec::new(),
    };
    let on_conflict = (!merge.is_empty()).then(|| text("on_conflict").unwrap_or_else(|| "error".to_owned()));
    Shape { status, headers: headers(of("headers"), names), content, merge, on_conflict }
}

fn headers(node: Option<&Node>, names: &Names) -> Vec<(String, String)> {
    let entries = node.and_then(Node::as_map).unwrap_or_default();
    let header = |entry: &Entry| {
        let name = entry.key.value.to_string();
        let value = entry.value.as_text().map_or_else(|| entry.value.to_string(), str::to_owned);
        (name.clone(), shown(&name, &value, names))
    };
    entries.iter().map(header).collect()
}

/// What a map says beside these keys, without what says nothing.
fn besides(node: &Node, but: &[&str], names: &Names) -> Vec<Said> {
    let entries = node.as_map().unwrap_or_default().iter();
    let entries = entries.filter(|entry| !but.contains(&&*entry.key.value) && says_something(&entry.value));
    entries.map(|entry| Said { key: entry.key.value.to_string(), value: one_line(&entry.value, names) }).collect()
}

fn says_something(node: &Node) -> bool {
    match (node.as_map(), node.as_list()) {
        (Some(entries), _) => entries.iter().any(|entry| says_something(&entry.value)),
        (_, Some(items)) => !items.is_empty(),
        _ => !node.is_null() && node.as_plain() != Some("false"),
    }
}

/// A value on one line, without the credentials that it has by their names.
fn one_line(node: &Node, names: &Names) -> String {
    let text = node.to_string();
    match node.as_text() {
        Some(text) => names.value(text).into_owned(),
        None => names.value(&text).into_owned(),
    }
}
