//! The tables.

use super::Anchors;
use super::phrase::{key_of, only, value};
use super::sections::{Section, fields, joined_title, opened};
use crate::comment::{examples, prose};
use crate::schema::{doc_of, is_there};
use pintle_core::Reason;
use pintle_core::config::{Field, Grammar, Shape};
use pintle_core::template::{FUNCTIONS, NAMES};
use std::fmt::Write;

/// What a type is, its forms, its keys, its examples.
pub(super) fn section(section: &Section, anchors: &Anchors, out: &mut String) {
    let doc = doc_of(&section.shape).unwrap_or_default();
    paragraph(out, &prose(doc));
    if let Shape::Forms { forms, .. } = &section.shape {
        form_list(forms, anchors, out);
    }
    let keys = fields(&section.shape);
    let rows: Vec<[String; 4]> = keys.iter().filter(|key| is_there(key)).map(|key| row(key, anchors)).collect();
    table(["Key", "Value", "Default", ""], &rows, out);
    for example in examples(doc) {
        let _ = write!(out, "```yaml\n{example}```\n\n");
    }
}

fn form_list(forms: &[Field], anchors: &Anchors, out: &mut String) {
    if only(forms).is_some() {
        return;
    }
    for form in forms.iter().filter(|form| is_there(form)) {
        let doc = prose(form.doc);
        let _ = match form.key {
            "none" => writeln!(out, "- `none`: {doc}"),
            "use" => writeln!(out, "- `{{use: NAME, …}}`: {doc}"),
            "map" => writeln!(out, "- map: {doc}"),
            "list" => writeln!(out, "- list: {doc}"),
            _ => writeln!(out, "- {}: {doc}", value(&(form.shape)(), anchors)),
        };
    }
    out.push('\n');
}

fn row(field: &Field, anchors: &Anchors) -> [String; 4] {
    let shape = (field.shape)();
    let default = match (field.default, field.required) {
        (_, true) => "**required**".to_owned(),
        (None | Some("{}" | "[]"), _) => String::new(),
        (Some(default), _) => format!("`{default}`"),
    };
    let mut doc = prose(field.doc);
    if let Shape::Words { words, .. } = words_of(shape.clone()) {
        for word in words.iter().filter(|word| !word.later && !word.doc.is_empty()) {
            let _ = write!(doc, "<br>`{}`: {}", word.word, prose(word.doc));
        }
    }
    [format!("`{}`", field.key), value(&shape, anchors), default, doc]
}

/// The words, where nothing but words can be written.
fn words_of(shape: Shape) -> Shape {
    match opened(String::new(), shape).1 {
        Shape::Forms { forms, .. } => match only(&forms) {
            Some(form) => (form.shape)(),
            None => Shape::Any,
        },
        shape => shape,
    }
}

/// A table that comes from elsewhere than a type.
pub(super) fn of(word: &str) -> String {
    let mut out = String::new();
    match word {
        "names" => {
            let rows: Vec<_> =
                NAMES.iter().map(|one| [format!("`{}`", one.name), one.kind.into(), one.doc.into()]).collect();
            table(["Name", "Type", ""], &rows, &mut out);
        }
        "functions" => {
            let code = |text: &str| format!("`{text}`");
            let call = |text: &str| match text.rsplit_once(')') {
                Some((call, more)) => format!("`{call})`{more}"),
                None => code(text),
            };
            let rows: Vec<_> =
                FUNCTIONS.iter().map(|one| [call(one.call), code(one.example), code(one.result)]).collect();
            table(["Function", "Example", "Result"], &rows, &mut out);
        }
        "values" => table(["Value", "Written as", ""], &values(), &mut out),
        "order" => {
            let there = pintle_policies::ORDER.iter().filter(|place| place.is_there);
            let rows: Vec<_> = there.map(|place| [format!("`{}`", place.name), place.why.into()]).collect();
            table(["Place", "Why there"], &rows, &mut out);
        }
        "reasons" => {
            let mut all = Reason::ALL.to_vec();
            all.sort_by_key(|one| one.status());
            let row = |one: &Reason| {
                let (status, code) = (one.status().as_u16().to_string(), format!("`{}`", one.code()));
                [status, code, one.title().into(), prose(one.doc().trim())]
            };
            table(["Status", "Reason", "Title", "When"], &all.iter().map(row).collect::<Vec<_>>(), &mut out);
        }
        "log" => {
            let keys = pintle_telemetry::access_log::KEYS.iter();
            let rows: Vec<_> = keys.map(|(key, doc)| [format!("`{key}`"), prose(doc.trim())]).collect();
            table(["Key", ""], &rows, &mut out);
        }
        "tunnel" => {
            let keys = pintle_telemetry::access_log::TUNNEL_KEYS.iter();
            let rows: Vec<_> = keys.map(|(key, doc)| [format!("`{key}`"), prose(doc)]).collect();
            table(["Key", ""], &rows, &mut out);
        }
        "later" => {
            let mut rows = Vec::new();
            later("", &super::root(), &mut Vec::new(), &mut rows);
            table(["In", "Not yet"], &rows, &mut out);
        }
        _ => {}
    }
    out
}

/// The values that need a word, of those that some key takes.
fn values() -> Vec<[String; 3]> {
    let mut used = Vec::new();
    grammars(&super::root(), &mut Vec::new(), &mut used);
    let all = [
        (Some(Grammar::Duration), "duration", "`250ms` `5s` `1m` `8h` `7d`", "One whole number and one unit."),
        (Some(Grammar::Size), "size", "`10B` `1KiB` `8MiB` `2GiB` `1TiB`", "A number of bytes, in powers of 1024."),
        (Some(Grammar::Rate), "rate", "`100/s` `1000/min` `20/h` `5/d`", "So many in a time."),
        (Some(Grammar::Share), "share", "`5%` `0.5%`", "A part of a whole, from `0%` to `100%`."),
        (
            None,
            "text",
            "`orders` `\"a: b\"`",
            "Where a text is meant, a number without quotes is its text: `1.20` stays `1.20`.",
        ),
        (None, "path of a file", "`certs/shop.pem`", "Relative to the file that names it."),
        (
            None,
            "secret",
            "`{env: NAME}` or `{file: PATH}`",
            "Never in plain text, never printed. A file's last line end is not part of it.",
        ),
    ];
    let there = all.into_iter().filter(|(grammar, ..)| grammar.is_none_or(|grammar| used.contains(&grammar)));
    there.map(|(_, name, written, doc)| [name.to_owned(), written.to_owned(), doc.to_owned()]).collect()
}

fn grammars(shape: &Shape, seen: &mut Vec<String>, used: &mut Vec<Grammar>) {
    let below = match shape {
        Shape::Text { grammar, .. } => {
            used.push(*grammar);
            return;
        }
        Shape::List(inner) | Shape::OneOrMany(inner) | Shape::MapOf(inner) => return grammars(&inner(), seen, used),
        Shape::Forms { forms, .. } => forms.clone(),
        shape => fields(shape),
    };
    if key_of(shape).is_some_and(|key| seen.contains(&key)) {
        return;
    }
    seen.extend(key_of(shape));
    below.iter().filter(|field| is_there(field)).for_each(|field| grammars(&(field.shape)(), seen, used));
}

/// The keys that are refused for now, by where they would stand.
fn later(place: &str, shape: &Shape, seen: &mut Vec<String>, rows: &mut Vec<[String; 2]>) {
    let keys = fields(shape);
    let missing: Vec<String> = keys.iter().filter(|key| !is_there(key)).map(|key| format!("`{}`", key.key)).collect();
    let missing = missing.join(", ");
    if !missing.is_empty() && rows.iter().all(|[_, known]| *known != missing) {
        let place = if place.is_empty() { "the top".to_owned() } else { format!("`{place}`") };
        rows.push([place, missing]);
    }
    for field in keys.iter().filter(|field| is_there(field)) {
        let (place, shape) = opened(joined_title(place, field.key), (field.shape)());
        if let Some(key) = key_of(&shape).filter(|key| !seen.contains(key)) {
            seen.push(key);
            later(&place, &shape, seen, rows);
        }
    }
}

fn paragraph(out: &mut String, text: &str) {
    if !text.is_empty() {
        out.push_str(text);
        out.push_str("\n\n");
    }
}

fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace("\n\n", "<br>")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    out.push_str(&line(&head.map(str::to_owned)));
    out.push_str(&line(&[const { "---" }; N].map(str::to_owned)));
    for row in rows {
        out.push_str(&line(row));
    }
    out.push('\n');
}
