//! What derived enums share: words, kinds, forms, and types made from one text.

use smallvec::SmallVec;

use super::confided::has_credentials;
use super::fields::Key;
use super::suggest::{listed, nearest};
use super::{Diagnostic, Entry, Form, Node, Reader, Shape, Spanned, Text};

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
            // Another number is another thing: `1.1` was not meant to be `1.2`.
            let letters = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
            let near = nearest(text, known()).filter(|near| letters(near) != letters(text) || letters(text) == text);
            let help = near.map_or(String::new(), |name| format!("did you mean `{name}`?"));
            reader.expected(&one_of(known()), node, help);
            None
        }
    }
}

/// The kinds that a map names, mostly one.
#[derive(Debug, Default)]
pub struct Named<'a> {
    /// The index and the value of each kind that is known. All are read, for the errors in them.
    pub values: SmallVec<[(usize, &'a Node); 1]>,
    /// Whether there was one key, as there must be.
    pub single: bool,
}

/// Looks up the kind that a map with a single key names. More keys, and kinds that are not there, are reported.
pub fn kind<'a>(node: &'a Node, called: &str, kinds: &'static [Key], reader: &mut Reader) -> Named<'a> {
    let known = || kinds.iter().filter(|kind| !kind.later).map(|kind| kind.name);
    let called = if called.is_empty() { "kind" } else { called };
    let Form::Map(entries) = node.form() else {
        reader.expected(&format!("a map with the {called} as its key"), node, format!("one of {}", listed(known())));
        return Named::default();
    };
    let of = |entry: &Entry| kinds.iter().position(|kind| kind.name == &*entry.key.value);
    let count = entries.iter().filter(|entry| of(entry).is_some()).count();
    match entries.as_slice() {
        [] if !node.is_cut() => {
            let message = format!("expected one {called}, found an empty map");
            let help = format!("one of {}", listed(known()));
            reader.report(Diagnostic::error("no-kind", message, node.span()).help(help));
        }
        [_, _, ..] if count == 1 => return beside(entries, |entry| of(entry).is_some(), reader),
        [_, _, ..] => {
            let names = listed(entries.iter().map(|entry| &*entry.key.value));
            let message = format!("expected one {called}, found {}: {names}", entries.len());
            let help = "keep one; where several may stand, each is a map of its own";
            reader.report(Diagnostic::error("several-kinds", message, node.span()).help(help));
        }
        _ => {}
    }
    let mut named = Named { values: SmallVec::new(), single: entries.len() == 1 };
    for entry in entries {
        match of(entry) {
            Some(index) if kinds[index].later => reader.not_there_yet(&entry.key, &entry.key.span),
            Some(index) => named.values.push((index, &entry.value)),
            None => unknown_kind(&entry.key, called, kinds, reader),
        }
    }
    named
}

/// One kind, and keys beside it that belong into it: the usual slip of indentation, and one message for it.
fn beside<'a>(entries: &'a [Entry], is_kind: impl Fn(&Entry) -> bool, reader: &mut Reader) -> Named<'a> {
    let kind = entries.iter().find(|entry| is_kind(entry));
    let others: Vec<&Entry> = entries.iter().filter(|entry| !is_kind(entry)).collect();
    if let (Some(kind), Some(first)) = (kind, others.first()) {
        let name = &kind.key.value;
        let names = listed(others.iter().map(|entry| &*entry.key.value));
        let verb = if others.len() == 1 { "stands" } else { "stand" };
        let message = format!("{names} {verb} beside `{name}`, not in it");
        let diagnostic = Diagnostic::error("beside-kind", message, &first.key.span);
        let help = format!("indent it further than `{name}`, or write `{name}: {{…}}`");
        reader.report(diagnostic.also(&kind.key.span, "").help(help));
    }
    Named::default()
}

fn unknown_kind(key: &Spanned<Box<str>>, called: &str, kinds: &'static [Key], reader: &mut Reader) {
    let names = |later| kinds.iter().filter(move |kind| kind.later == later).map(|kind| kind.name);
    let help = match (nearest(key, names(false)), nearest(key, names(true))) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(near)) => format!("this version of Pintle does not have `{near}` yet"),
        (None, None) => format!("there are {}", listed(names(false))),
    };
    let message = format!("unknown {called} `{}`", key.value);
    reader.report(Diagnostic::error("unknown-kind", message, &key.span).help(help));
}

/// Reports that none of the forms of a type fits.
pub fn forms_mismatch(node: &Node, expected: &str, shape: fn() -> Shape, reader: &mut Reader) {
    reader.expected_of(&shape(), expected, node, "");
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
    if has_credentials(text) {
        reader.diagnostics.hide(node.span());
        let message = format!("expected {expected}, found a URL with a user and a password in it");
        let help =
            "leave them out, as in http://127.0.0.1:9001; what a service wants to see is a header of its requests";
        reader.report(Diagnostic::error("plain-secret", message, node.span()).help(help));
        return None;
    }
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
