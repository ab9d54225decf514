//! What derived enums share: words, kinds, forms, and types made from one text.

use super::fields::Key;
use super::suggest::{listed, nearest};
use super::{Diagnostic, Form, Node, Reader, Text};

/// The index of the word that a node holds.
pub fn word(node: &Node, words: &'static [Key], reader: &mut Reader) -> Option<usize> {
    let known = || words.iter().filter(|word| !word.later).map(|word| word.name);
    let Some(text) = node.as_text() else {
        reader.expected(&one_of(known()), node, "");
        return None;
    };
    match words.iter().position(|word| word.name == text) {
        Some(index) if words[index].later => {
            reader.not_there_yet(text, node.span());
            None
        }
        Some(index) => Some(index),
        None => {
            let help = nearest(text, known()).map_or(String::new(), |name| format!("did you mean `{name}`?"));
            reader.expected(&one_of(known()), node, help);
            None
        }
    }
}

/// The index of the kind that a map with a single key names, and the value under it. More keys, and kinds that are
/// not there, are reported.
pub fn kind<'a>(node: &'a Node, called: &str, kinds: &'static [Key], reader: &mut Reader) -> Option<(usize, &'a Node)> {
    let known = || kinds.iter().filter(|kind| !kind.later).map(|kind| kind.name);
    let called = if called.is_empty() { "kind" } else { called };
    let Form::Map(entries) = node.form() else {
        reader.expected(&format!("a map with the {called} as its key"), node, format!("one of {}", listed(known())));
        return None;
    };
    let mut found = None;
    for entry in entries {
        let name = &*entry.key.value;
        match kinds.iter().position(|kind| kind.name == name) {
            Some(index) if kinds[index].later => reader.not_there_yet(name, &entry.key.span),
            Some(index) => found = Some((index, &entry.value)),
            None => {
                let help = match nearest(name, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", listed(known())),
                };
                let message = format!("unknown {called} `{name}`");
                reader.report(Diagnostic::error("unknown-kind", message, &entry.key.span).help(help));
            }
        }
    }
    if entries.len() > 1 {
        let names = listed(entries.iter().map(|entry| &*entry.key.value));
        let message = format!("expected one {called}, found {}: {names}", entries.len());
        let help = "each one is a map of its own: `[{a: …}, {b: …}]`";
        reader.report(Diagnostic::error("several-kinds", message, node.span()).help(help));
        return None;
    }
    if entries.is_empty() && !node.is_cut() {
        let message = format!("expected one {called}, found an empty map");
        let help = format!("one of {}", listed(known()));
        reader.report(Diagnostic::error("no-kind", message, node.span()).help(help));
    }
    found
}

/// Reports that none of the forms of a type fits.
pub fn forms_mismatch(node: &Node, expected: &str, reader: &mut Reader) {
    reader.expected(expected, node, "");
}

/// Whether a node is the word `none`.
pub fn is_none_word(node: &Node) -> bool {
    node.as_plain() == Some("none")
}

/// Reads a type that is made from one text.
pub fn read_text<T: Text>(node: &Node, expected: &str, reader: &mut Reader) -> Option<T> {
    let Some(text) = node.as_text() else {
        reader.expected(expected, node, "");
        return None;
    };
    T::parse(text).map_err(|help| reader.expected(expected, node, help)).ok()
}

fn one_of<'a>(known: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = known.collect();
    match names.as_slice() {
        [one] => format!("`{one}`"),
        [one, two] => format!("`{one}` or `{two}`"),
        _ => format!("one of {}", listed(names)),
    }
}
