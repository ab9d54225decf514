//! The table of operations as the part of a page for people.

use crate::operation::{Form, Operation, Place, Who};
use crate::operations::OPERATIONS;
use crate::trouble::{Kind, NO_PATH, OF_ANY, OF_WRITERS, WRONG_METHOD};
use std::fmt::Write;

/// The operations in Markdown: a table of all, then each by itself.
pub fn page() -> String {
    let mut out = String::from("| call | does | who may |\n| --- | --- | --- |\n");
    for one in OPERATIONS {
        let (verb, path, anchor) = (one.verb.word(), one.path, anchor(one));
        let _ = writeln!(out, "| [`{verb} {path}`](#{anchor}) | {} | {} |", lower(one.summary), who(one));
    }
    for one in OPERATIONS {
        section(one, &mut out);
    }
    out + "\n### Any call\n\n" + &of_any()
}

fn section(one: &Operation, out: &mut String) {
    let _ = writeln!(out, "\n<a id=\"{}\"></a>\n### `{} {}`\n", anchor(one), one.verb.word(), one.path);
    let _ = writeln!(out, "{}. {}", one.summary, one.about);
    if !one.parameters.is_empty() {
        let _ = writeln!(out, "\n| parameter | value | |\n| --- | --- | --- |");
    }
    for parameter in one.parameters {
        let form = match parameter.form {
            Form::Text(_) => "text".to_owned(),
            Form::Number(u64::MAX) => "whole number".to_owned(),
            Form::Number(most) => format!("whole number up to {most}"),
            Form::Flag => "true or false".to_owned(),
            Form::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        };
        let needed = if parameter.place == Place::Needed { "**required**; " } else { "" };
        let _ = writeln!(out, "| `{}` | {form} | {needed}{} |", parameter.name, parameter.about);
    }
    if let Some(takes) = &one.takes {
        let _ = writeln!(out, "\nContent: `{}`. {}", takes.kinds.join("`, `"), takes.about);
    }
    let _ = writeln!(out, "\n| answer | |\n| --- | --- |");
    for says in one.says {
        let kinds: Vec<String> = says
            .kinds
            .iter()
            .map(|(kind, schema)| {
                let kind = kind.split(';').next().unwrap_or_default();
                schema.map_or_else(|| format!("`{kind}`"), |schema| format!("`{kind}` (`{schema}`)"))
            })
            .collect();
        let tag = if says.tagged { "; `ETag` is the version" } else { "" };
        let _ = writeln!(out, "| {} | {} {}{tag} |", says.status, says.about, kinds.join(" or "));
    }
    let mut own: Vec<_> = one.own_troubles().collect();
    own.sort_by_key(|kind| kind.status);
    for kind in own {
        let _ = writeln!(out, "| {} | `{}`: {} |", kind.status, kind.reason, lower(kind.title));
    }
}

/// Refusals that any call may meet, in Markdown.
fn of_any() -> String {
    let mut out = String::from("| status | reason | |\n| --- | --- | --- |\n");
    let elsewhere: &[&Kind] = &[&NO_PATH, &WRONG_METHOD];
    let mut all: Vec<_> = [OF_ANY, OF_WRITERS, elsewhere].into_iter().flatten().collect();
    all.sort_by_key(|kind| kind.status);
    for kind in all {
        let _ = writeln!(out, "| {} | `{}` | {} |", kind.status, kind.reason, lower(kind.title));
    }
    out
}

fn who(one: &Operation) -> &'static str {
    match one.who {
        Who::Anyone => "everyone",
        Who::Reader => "who reads",
        Who::Writer => "who changes",
    }
}

fn anchor(one: &Operation) -> String {
    one.id.replace('_', "-")
}

fn lower(text: &str) -> String {
    let mut all = text.chars();
    all.next().map_or_else(String::new, |first| first.to_lowercase().chain(all).collect())
}
