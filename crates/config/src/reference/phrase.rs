//! How a type is called in a cell of a table.

use super::Anchors;
use crate::schema::is_there;
use pintle_core::config::{Field, Grammar, Shape};

/// What a type is known by: its name, and what tells it from another one of that name. None for what has no section.
pub(super) fn key_of(shape: &Shape) -> Option<String> {
    match shape {
        Shape::Map { name, .. } | Shape::Kinds { name, .. } | Shape::Forms { name, .. } if !name.is_empty() => {
            Some(format!("{name}\n{}", crate::schema::identity(shape)))
        }
        _ => None,
    }
}

/// The value of a key, in some words, linked to where it is explained.
pub(super) fn value(shape: &Shape, anchors: &Anchors) -> String {
    let link = |text: &str| match key_of(shape).and_then(|key| anchors.get(&key)) {
        Some(anchor) => format!("[{text}](#{anchor})"),
        None => text.to_owned(),
    };
    match shape {
        Shape::Bool => "`true` or `false`".into(),
        Shape::Whole { max, .. } if *max < u64::from(u32::MAX) => format!("whole number up to {max}"),
        Shape::Whole { .. } => "whole number".into(),
        Shape::Text { name, expected, grammar, .. } => text(name, expected, *grammar),
        Shape::Words { words, .. } => {
            let there = words.iter().filter(|word| !word.later).map(|word| format!("`{}`", word.word));
            listed(&there.collect::<Vec<_>>())
        }
        Shape::List(item) => format!("list: {}", value(&item(), anchors)),
        Shape::OneOrMany(item) => format!("{}; or a list", value(&item(), anchors)),
        Shape::MapOf(inner) => format!("map by name: {}", value(&inner(), anchors)),
        Shape::Map { .. } => link("map"),
        Shape::Kinds { .. } => link("map with one key"),
        Shape::Forms { name, forms, .. } => match only(forms) {
            Some(form) => value(&(form.shape)(), anchors),
            None if key_of(shape).is_some_and(|key| anchors.contains_key(&key)) => link(&sorts(forms)),
            None if name.is_empty() => link(&sorts(forms)),
            None => all_forms(forms, anchors),
        },
        Shape::Any | Shape::Later => "anything".into(),
    }
}

fn text(name: &str, expected: &str, grammar: Grammar) -> String {
    match grammar {
        Grammar::Template => "[template](#templates-and-expressions)".into(),
        Grammar::Expression => "[expression](#templates-and-expressions)".into(),
        Grammar::Duration => "[duration](#values)".into(),
        Grammar::Size => "[size](#values)".into(),
        Grammar::Rate => "[rate](#values)".into(),
        Grammar::Share => "[share](#values)".into(),
        Grammar::Free if name.is_empty() => "text".into(),
        _ => without_article(expected).replace('*', "\\*"),
    }
}

/// The form that is left, if there is one alone.
pub(super) fn only(forms: &[Field]) -> Option<&Field> {
    let mut there = forms.iter().filter(|form| is_there(form));
    there.next().filter(|_| there.next().is_none())
}

/// What may be written: "text or map".
fn sorts(forms: &[Field]) -> String {
    let there = forms.iter().filter(|form| is_there(form) && form.key != "use");
    let names = there.map(|form| if form.key == "none" { "`none`" } else { form.key });
    listed(&names.map(str::to_owned).collect::<Vec<_>>())
}

fn all_forms(forms: &[Field], anchors: &Anchors) -> String {
    let there = forms.iter().filter(|form| is_there(form));
    let each = there.map(|form| match form.key {
        "none" => "`none`".to_owned(),
        _ => match (form.shape)() {
            Shape::Any => form.key.to_owned(),
            shape => value(&shape, anchors),
        },
    });
    listed(&each.collect::<Vec<_>>())
}

fn without_article(text: &str) -> &str {
    text.strip_prefix("a ").or(text.strip_prefix("an ")).unwrap_or(text)
}

/// "a, b or c".
fn listed(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
