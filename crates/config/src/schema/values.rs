//! What stands at a leaf: texts, numbers, words; and defaults, which are written as YAML.

use crate::comment::plain;
use pintle_core::config::{Grammar, Node, Reader, Shape, Sources, Word};
use serde_json::{Value, json};

/// The schema of a shape that holds no other.
pub(super) fn of(shape: &Shape) -> Value {
    match shape {
        // In quotes they are the same.
        Shape::Bool => json!({"type": ["boolean", "string"], "pattern": "^(true|false)$"}),
        Shape::Whole { min, max } => number(*min, *max, &[]),
        Shape::Text { grammar, .. } => text(*grammar),
        Shape::Words { words, .. } => one_of(words),
        _ => json!({}),
    }
}

fn text(grammar: Grammar) -> Value {
    match grammar {
        // Any scalar is taken as its text.
        Grammar::Free | Grammar::Template | Grammar::Expression => json!({"type": ["string", "number", "boolean"]}),
        Grammar::Pattern(pattern) => json!({"type": "string", "pattern": pattern}),
        Grammar::Number { min, max, or } => number(min, max, or),
        Grammar::Duration => json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}),
        Grammar::Size => json!({"type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB|TiB)$"}),
        Grammar::Rate => json!({"type": "string", "pattern": "^[0-9]+/(s|min|h|d)$"}),
        Grammar::Share => json!({"type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,4})?%$"}),
    }
}

/// The most that every reader of JSON understands exactly.
const EXACT: u64 = 1 << 53;

fn number(min: u64, max: u64, or: &[&str]) -> Value {
    let pattern = match or {
        [] => "^[0-9]+$".to_owned(),
        words => format!("^([0-9]+|{})$", words.join("|")),
    };
    let mut schema = json!({"type": ["integer", "string"], "minimum": min, "pattern": pattern});
    if max <= EXACT {
        schema["maximum"] = max.into();
    }
    schema
}

fn one_of(words: &[Word]) -> Value {
    let there = || words.iter().filter(|word| !word.later);
    let mut all: Vec<Value> = there().map(|word| word.word.into()).collect();
    let docs: Vec<String> = there().map(|word| plain(word.doc)).collect();
    // `1.2` without quotes is a number to an editor.
    all.extend(there().filter_map(|word| serde_json::from_str(word.word).ok()).filter(Value::is_number));
    json!({"enum": all, "enumDescriptions": docs})
}

/// What is to be known of a value beyond what its key says: its unit, or that it is a template.
pub(super) fn explained(shape: &Shape) -> Option<String> {
    Some(match shape {
        Shape::Text { grammar: Grammar::Template, .. } => "A template: `${…}` is a CEL expression.".to_owned(),
        Shape::Text { grammar: Grammar::Expression, .. } => "An expression: CEL without `${…}` around it.".to_owned(),
        Shape::Text { expected, grammar, .. } if *grammar != Grammar::Free => capital(expected),
        Shape::Words { words, .. } => {
            let there = words.iter().filter(|word| !word.later && !word.doc.is_empty());
            let lines = there.map(|word| format!("{}: {}", word.word, plain(word.doc)));
            lines.collect::<Vec<_>>().join("\n\n")
        }
        Shape::OneOrMany(item) | Shape::List(item) => explained(&item())?,
        _ => return None,
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

/// A default as JSON.
pub(super) fn from_yaml(text: &str) -> Value {
    let sources = Sources::from_text("default", &format!("default: {text}"), &mut Reader::new());
    sources.root.get("default").map_or(Value::Null, json_of)
}

fn json_of(node: &Node) -> Value {
    if let Some(items) = node.as_list() {
        return items.iter().map(json_of).collect();
    }
    if let Some(entries) = node.as_map() {
        return entries.iter().map(|entry| (entry.key.to_string(), json_of(&entry.value))).collect();
    }
    let plain = node.as_plain().and_then(|plain| serde_json::from_str(plain).ok());
    plain.filter(|value: &Value| value.is_number() || value.is_boolean()).unwrap_or_else(|| node.as_text().into())
}
