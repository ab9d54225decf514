//! What an answer may be asked for: to begin early, and to be picked from.

use super::super::super::config::AggregateConfig;
use super::super::{Built, Failing, Plan};
use pintle_core::config::{Diagnostic, Reader};
use pintle_core::template::{Root, Template};

/// Whether an answer may begin before its parts are known, where that is wanted.
pub(in super::super) fn streams(plan: &Plan, config: &AggregateConfig, reader: &mut Reader) -> bool {
    if !plan.answer.stream {
        return true;
    }
    let mut flaws = Vec::new();
    for (at, part) in plan.parts.iter().enumerate() {
        if !matches!(part.failing, Failing::Value(_)) {
            let message = format!("`stream` begins the answer before it is known whether `{}` fails", part.name);
            let help = "give it `on_failure: {value: …}`, or leave `stream` out";
            flaws.push((message, config.parts[at].0.span.clone(), help));
        }
    }
    let respond = config.respond.as_ref();
    for (name, text) in respond.iter().flat_map(|respond| &respond.headers) {
        if plan.answer.headers.template(name).is_some_and(names_a_part) {
            let message =
                format!("`{}` of a streamed answer names a part, which is not known when it begins", name.value);
            flaws.push((message, text.span.clone(), "leave it out, or leave `stream` out"));
        }
    }
    if let Some(first) = respond.and_then(|respond| respond.merge.as_ref()?.first()) {
        let message = "what is merged is not known piece by piece".to_owned();
        flaws.push((message, first.span.clone(), "name the parts in `body`, or leave `stream` out"));
    }
    for (key, is_set) in [("fields", &config.picks), ("etag", &config.etag)] {
        if is_set.value {
            let message = format!("`{key}` needs the whole answer, and `stream` begins before there is one");
            flaws.push((message, is_set.span.clone(), "leave one of the two out"));
        }
    }
    let good = flaws.is_empty();
    for (message, span, help) in flaws {
        reader.report(Diagnostic::error("stream", message, &span).help(help));
    }
    good
}

/// Whether there is JSON to pick fields of, where clients may; else that is reported.
pub(in super::super) fn picks(plan: &Plan, config: &AggregateConfig, reader: &mut Reader) -> bool {
    let is_json = match &plan.answer.built {
        Built::Content(content) => content.kind() == Some("application/json"),
        Built::Merged(..) => true,
        Built::Nothing => false,
    };
    if plan.answer.fields && !is_json {
        let message = "`fields` picks members of a tree, and this answer is none";
        let help = "write `respond.body` as a tree, or leave `fields` out";
        reader.report(Diagnostic::error("picks-no-tree", message, &config.picks.span).help(help));
        return false;
    }
    true
}

fn names_a_part(template: &Template) -> bool {
    template.names().any(|name| name.root() == Root::Parts)
}
