//! What can be said of a plan before it runs.

mod answer;

pub(super) use answer::{picks, streams};

use super::super::config::{AggregateConfig, Ending, ForEach, OnFailure, PartConfig, is_name};
use super::build::has_no_content;
use super::{Part, PartSet, Plan};
use pintle_core::config::{Diagnostic, Reader, Spanned, nearest};
use pintle_core::template::is_reserved;
use pintle_policies::field::{self, Side};

/// The roots that an item may not hide.
const TAKEN: [&str; 9] = ["request", "path", "client", "route", "claims", "consumer", "parts", "response", "problem"];

/// The names of types, which mean these wherever they stand.
const TYPES: [&str; 11] =
    ["bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint"];

/// Whether parts have names that expressions can have.
pub(super) fn names(config: &AggregateConfig, reader: &mut Reader) -> bool {
    let mut good = true;
    for (name, _) in &config.parts {
        let flaw = match &*name.value {
            word if is_reserved(word) => Some(format!("`{word}` is a word of expressions, and no name for a part")),
            other if !is_name(other) => Some(format!("`{other}` is no name for a part")),
            _ => None,
        };
        if let Some(message) = flaw {
            let help = "a letter, then letters, digits and `_`: expressions call it `parts.NAME`";
            reader.report(Diagnostic::error("part-name", message, &name.span).help(help));
            good = false;
        }
    }
    good
}

/// Whether the item of a `for_each` has a name that hides nothing.
pub(super) fn item(each: &Spanned<ForEach>, reader: &mut Reader) -> bool {
    let message = match &*each.item {
        item if TAKEN.contains(&item) => format!("`{item}` is a name of the gateway's own"),
        item if is_reserved(item) || TYPES.contains(&item) => format!("`{item}` is a word of expressions"),
        _ => return true,
    };
    let help = "give the item another name, such as `item`";
    reader.report(Diagnostic::error("for-each", message, &each.span).help(help));
    false
}

/// The client's fields that calls carry, in small letters.
pub(super) fn passed(written: &[Spanned<String>], reader: &mut Reader) -> Option<Box<[Box<str>]>> {
    let mut good = true;
    let mut passed = Vec::new();
    for text in written {
        let Some(name) = field::name_to_set(text, Side::Request, reader) else {
            good = false;
            continue;
        };
        if field::is_of_exchange(&name) {
            let message = format!("`{name}` is about the client's own exchange with the gateway");
            let help = "leave it out: the calls are the gateway's, and have their own content, conditions and codings";
            reader.report(Diagnostic::error("pass-headers", message, &text.span).help(help));
            good = false;
        } else if !passed.contains(&name) {
            passed.push(name);
        }
    }
    good.then(|| passed.into())
}

/// What one part says that cannot be.
pub(super) fn part(config: &PartConfig, reader: &mut Reader) -> bool {
    let mut good = true;
    if let Some(body) = config.body.as_ref().filter(|_| has_no_content(&config.call.method)) {
        let message = format!("a request by {} has no content (RFC 9110 9.3)", config.call.method);
        let help = "write the method that the service wants: `POST NAME:/path`";
        reader.report(Diagnostic::error("part-body", message, body.span()).help(help));
        good = false;
    }
    if let (Some(each), OnFailure::Word(Ending::Pass)) = (&config.for_each, &config.on_failure) {
        let message = "`pass` hands on one answer, and `for_each` has many";
        let help = "write `fail`, or `{value: …}` for each item that fails";
        reader.report(Diagnostic::error("for-each", message, &each.span).help(help));
        good = false;
    }
    good
}

/// Works out what each part waits for; false where that never ends, which is reported.
pub(super) fn cycles(parts: &mut [Part], config: &AggregateConfig, reader: &mut Reader) -> bool {
    let needs: Vec<PartSet> = parts.iter().map(|part| part.needs).collect();
    for (at, part) in parts.iter_mut().enumerate() {
        let (mut after, mut new) = (PartSet::default(), needs[at]);
        while !new.is_in(after) {
            after = after.and(new);
            new = after.iter().map(|at| needs[at]).fold(PartSet::default(), PartSet::and);
        }
        part.after = after;
    }
    let changing: Vec<bool> = parts.iter().map(|part| !part.is_safe()).collect();
    for part in parts.iter_mut() {
        part.changed = part.after.iter().filter(|at| changing[*at]).fold(PartSet::default(), PartSet::with);
    }
    let Some(first) = parts.iter().enumerate().position(|(at, part)| part.after.has(at)) else { return true };
    let way = way_back(&needs, parts, first);
    let named: Vec<String> = way.iter().map(|at| format!("`{}`", parts[*at].name)).collect();
    let message = match &*named {
        [one] => format!("the part {one} waits for itself"),
        named => format!("parts wait for each other: {} → {}", named.join(" → "), named[0]),
    };
    let help = "a part waits for each one that it names: leave one of these names out";
    reader.report(Diagnostic::error("part-cycle", message, &config.parts[first].0.span).help(help));
    false
}

/// The parts by which one comes back to itself.
fn way_back(needs: &[PartSet], parts: &[Part], first: usize) -> Vec<usize> {
    let mut way = vec![first];
    let mut at = first;
    while let Some(next) = needs[at].iter().find(|next| *next == first || parts[*next].after.has(first)) {
        if next == first || way.contains(&next) {
            break;
        }
        way.push(next);
        at = next;
    }
    way
}

/// Whether no more calls can come of it than may be made; else that is reported. So no order in which services answer decides
/// who gets the last one.
pub(super) fn explosions(plan: &Plan, config: &AggregateConfig, reader: &mut Reader) -> bool {
    let mut good = true;
    let each = |at: usize| config.parts[at].1.for_each.as_ref().map(|each| &each.span);
    for (at, part) in plan.parts.iter().enumerate() {
        let (Some(list), Some(place)) = (part.each.as_ref().map(|each| &each.list), each(at)) else { continue };
        let from = PartSet::of(list.names()).iter().find(|from| *from != at && plan.parts[*from].each.is_some());
        if let Some(from) = from.filter(|_| config.parts[at].1.at_most.is_none()) {
            let message = format!("`for_each` goes through what came of the `for_each` of `{}`", plan.parts[from].name);
            let help = "the one multiplies the other: say by `at_most` how many items there may be";
            reader.report(Diagnostic::error("for-each", message, place).help(help));
            good = false;
        }
    }
    let calls = |part: &Part| part.each.as_ref().map_or(1, |each| each.at_most as u64);
    let (most, allowed) = (plan.parts.iter().map(calls).sum::<u64>(), u64::from(plan.limits.calls));
    if most > allowed {
        let place = (0..plan.parts.len()).filter_map(each).next().unwrap_or(&config.parts[0].0.span);
        let message = format!("up to {most} calls may come of one request, and `limits` allows {allowed}");
        let help = format!("bound a `for_each` by `at_most`, or raise it: `limits: {{calls: {most}}}`");
        reader.report(Diagnostic::error("too-many-calls", message, place).help(help));
        good = false;
    }
    good
}

/// The parts that `merge` names.
pub(super) fn merged(
    written: &[Spanned<String>],
    config: &AggregateConfig,
    parts: &[&str],
    reader: &mut Reader,
) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    let mut good = true;
    for name in written {
        let at = parts.iter().position(|part| *part == name.value);
        let (message, help) = match at {
            None => {
                let help = match nearest(name, parts.iter().copied()) {
                    Some(similar) => format!("did you mean `{similar}`?"),
                    None => format!("there are {}", parts.join(", ")),
                };
                (format!("there is no part `{}`", name.value), help)
            }
            Some(at) if found.contains(&at) => {
                (format!("`{}` is merged twice", name.value), "leave one of them out".to_owned())
            }
            Some(at) if config.parts[at].1.for_each.is_some() => {
                let message = format!("`{}` is a list, and objects are merged", name.value);
                (message, "put it into `body` under a name".to_owned())
            }
            Some(at) => {
                found.push(at);
                continue;
            }
        };
        reader.report(Diagnostic::error("merge", message, &name.span).help(help));
        good = false;
    }
    good.then_some(found)
}

/// Warns of calls that are made for nothing.
pub(super) fn unused(plan: &Plan, config: &AggregateConfig, reader: &mut Reader) {
    let others = plan.parts.iter().fold(PartSet::default(), |set, part| set.and(part.needs));
    let used = plan.answer.needs().and(others);
    for (at, part) in plan.parts.iter().enumerate() {
        // One that changes something may be there for that.
        if !used.has(at) && part.is_safe() {
            let message = format!("nobody uses the part `{}`", part.name);
            let help = "put `${parts.NAME.body}` into `respond`, or leave the part out";
            let diagnostic = Diagnostic::warning("unused-part", message, &config.parts[at].0.span);
            reader.report(diagnostic.help(help.replace("NAME", &part.name)));
        }
    }
}
