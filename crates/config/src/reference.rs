//! The reference for users, `docs/config.md`: the page `reference/page.txt` with what can be made from the program put into
//! it: tables of keys from the types' shapes, and the tables of policies, reasons, names and functions.
//!
//! A line `{{keys PATH}}` of the page is replaced by the keys of the type at that path, and sections for the types below
//! that have no such line of their own: a new key needs no change here. `{{kinds PATH}}` does the same for the kinds
//! of a map with a single key. Knows no type by name.

mod phrase;
mod sections;
mod tables;

use crate::Document;
use pintle_core::config::{Read, Shape};
use sections::{Section, anchor, at, below};
use std::collections::BTreeMap;

const PAGE: &str = include_str!("reference/page.txt");

/// Where each type is explained: its anchor by its name, and what tells it from another one of that name.
type Anchors = BTreeMap<String, String>;

/// The reference as Markdown, always the same for the same program.
pub fn reference() -> String {
    let parts = parts();
    let sections = parts.iter().flat_map(|part| part.sections.iter().chain(&part.whole));
    let anchors: Anchors =
        sections.filter_map(|section| Some((phrase::key_of(&section.shape)?, anchor(&section.title)))).collect();
    let mut out = String::new();
    for part in &parts {
        out.push_str(part.text);
        for (index, section) in part.sections.iter().enumerate() {
            // The first one stands under the page's own heading.
            if index > 0 || part.own_headings {
                out.push_str(&format!("### {}\n\n", section.title));
            }
            tables::section(section, &anchors, &mut out);
        }
        out.push_str(&part.table);
    }
    let contents = contents(&out);
    let mut page = out.replacen("{{contents}}", &contents, 1).replace("\n\n\n", "\n\n");
    page.truncate(page.trim_end().len());
    page + "\n"
}

/// The page up to a line to be replaced, and what comes in its place.
struct Part {
    text: &'static str,
    sections: Vec<Section>,
    own_headings: bool,
    /// What all the sections belong to, where it has none itself.
    whole: Option<Section>,
    table: String,
}

fn parts() -> Vec<Part> {
    let paths: Vec<&str> = PAGE.lines().filter_map(|line| order(line)).filter_map(|(_, path)| path).collect();
    let mut parts = Vec::new();
    let (mut start, mut at_byte, mut heading) = (0, 0, "");
    for line in PAGE.split_inclusive('\n') {
        let begins = at_byte;
        at_byte += line.len();
        if let Some(title) = line.strip_prefix("## ").or(line.strip_prefix("### ")) {
            heading = title.trim();
        }
        let Some((word, path)) = order(line) else { continue };
        if word == "contents" {
            continue;
        }
        let (sections, own_headings) = match word {
            "keys" => (below(at(path.unwrap_or_default()), heading, &paths), false),
            "kinds" => (kinds(path.unwrap_or_default(), &paths), true),
            _ => (Vec::new(), false),
        };
        let table = if sections.is_empty() { tables::of(word) } else { String::new() };
        let whole = at(path.unwrap_or_default()).filter(|_| own_headings);
        let whole = whole.map(|(_, shape)| Section::new(heading, "", shape));
        parts.push(Part { text: &PAGE[start..begins], sections, own_headings, whole, table });
        start = at_byte;
    }
    parts.push(Part {
        text: &PAGE[start..],
        sections: Vec::new(),
        own_headings: false,
        whole: None,
        table: String::new(),
    });
    parts
}

/// `{{keys listeners}}`: the word, and the path if there is one.
fn order(line: &str) -> Option<(&str, Option<&str>)> {
    let inside = line.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    Some(match inside.split_once(' ') {
        Some((word, path)) => (word, Some(path)),
        None if inside == "keys" => (inside, Some("")),
        None => (inside, None),
    })
}

fn kinds(path: &str, placed: &[&str]) -> Vec<Section> {
    let Some((_, Shape::Kinds { kinds, .. })) = at(path) else { return Vec::new() };
    let there = kinds.iter().filter(|kind| crate::schema::is_there(kind));
    let sections =
        there.flat_map(|kind| below(Some((kind.key.to_owned(), (kind.shape)())), &format!("`{}`", kind.key), placed));
    sections.collect()
}

/// A list of the headings, with links.
fn contents(page: &str) -> String {
    let mut out = String::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            out.push_str(&format!("- [{title}](#{})\n", anchor(title)));
        } else if let Some(title) = line.strip_prefix("### ") {
            out.push_str(&format!("  - [{title}](#{})\n", anchor(title)));
        }
    }
    out.trim_end().to_owned()
}

/// The shape of the whole.
fn root() -> Shape {
    Document::shape()
}
