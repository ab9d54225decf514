//! What is said of a field that is not there.

use crate::openapi::Unknown;
use pintle_core::config::{Diagnostic, Span, nearest};
use pintle_core::template::{Access, Taken};
use pintle_policies::template::narrowed;

/// How many names a message lists.
const MOST_NAMES: usize = 16;

/// `text` is what was written, and `span` where.
pub(super) fn missing(unknown: &Unknown<'_>, access: &Access<'_>, text: &str, span: &Span) -> Diagnostic {
    let step = &access.steps[unknown.step];
    let name = match step.taken {
        Taken::Member(name) => name,
        Taken::Item(_) => "",
    };
    let mut before = text.get(access.range.clone()).unwrap_or_default().to_owned();
    for step in &access.steps[..unknown.step] {
        match step.taken {
            Taken::Member(name) => before.push_str(&format!(".{name}")),
            Taken::Item(Some(at)) => before.push_str(&format!("[{at}]")),
            Taken::Item(None) => before.push_str("[]"),
        }
    }
    let message = match unknown.kind {
        Some("array") => format!("`{before}` is a list, and has no `{name}`"),
        Some(kind) => format!("`{before}` is of type `{kind}`, and has no `{name}`"),
        None => format!("`{before}` has no `{name}`"),
    };
    let names = || unknown.names.iter().copied();
    let help = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if unknown.names.is_empty() => String::new(),
        None if let [only] = &unknown.names[..] => format!("there is `{only}`"),
        None => {
            let listed: Vec<_> = names().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
            let more = if unknown.names.len() > MOST_NAMES { ", …" } else { "" };
            format!("there are {}{more}", listed.join(", "))
        }
    };
    let place = narrowed(&step.range, text, span);
    let diagnostic = Diagnostic::error("openapi-field", message, &place).help(help);
    diagnostic.also(unknown.place, "by the service's OpenAPI document")
}
