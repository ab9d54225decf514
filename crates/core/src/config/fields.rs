//! A map with known keys, while it is read by derived code.

use smallvec::{SmallVec, smallvec};

use super::suggest::{in_words, listed, nearest, sounds_secret};
use super::{Diagnostic, Form, Node, Read, Reader};

/// A known key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// Refused for now.
    pub later: bool,
}

/// The values of a map by the index of their key.
#[derive(Debug)]
pub struct Fields<'a> {
    node: &'a Node,
    keys: &'static [Key],
    values: SmallVec<[Option<&'a Node>; 16]>,
    /// Keys that an unknown one was probably meant to be: they are not missing besides.
    suggested: SmallVec<[&'static str; 2]>,
}

impl<'a> Fields<'a> {
    /// Sorts a map's entries by key and reports the unknown ones. `called` is what the map is, for messages; may be
    /// empty.
    pub fn open(node: &'a Node, called: &str, keys: &'static [Key], reader: &mut Reader) -> Option<Self> {
        let Form::Map(entries) = node.form() else {
            let help = if matches!(node.form(), Form::Nothing) { "write `{}` for a map without keys" } else { "" };
            reader.expected("a map", node, help);
            return None;
        };
        let mut fields = Self { node, keys, values: smallvec![None; keys.len()], suggested: SmallVec::new() };
        for entry in entries {
            match keys.iter().position(|key| key.name == &*entry.key.value) {
                Some(index) if keys[index].later => reader.not_there_yet(keys[index].name, &entry.key.span),
                Some(index) => fields.values[index] = Some(&entry.value),
                None => fields.unknown(entry, called, reader),
            }
        }
        Some(fields)
    }

    fn unknown(&mut self, entry: &super::Entry, called: &str, reader: &mut Reader) {
        let known = || self.keys.iter().filter(|key| !key.later).map(|key| key.name);
        let suggestion = nearest(&entry.key.value, known());
        let message = format!("unknown key `{}`", entry.key.value);
        let label =
            if called.is_empty() { "not known here".to_owned() } else { format!("not known in {}", in_words(called)) };
        let help = match suggestion {
            Some(name) => format!("did you mean `{name}`?"),
            None if self.keys.is_empty() => "nothing can be set here".to_owned(),
            None => format!("known here: {}", listed(known())),
        };
        reader.report(Diagnostic::error("unknown-key", message, &entry.key.span).label(label).help(help));
        if sounds_secret(&entry.key) || suggestion.is_some_and(sounds_secret) {
            reader.diagnostics.hide(entry.value.span());
        }
        self.suggested.extend(suggestion);
    }

    /// The value of a key that must be there, or that its type can do without.
    pub fn required<T: Read>(&self, index: usize, reader: &mut Reader) -> Option<T> {
        if let Some(node) = self.values[index] {
            return T::read(node, reader);
        }
        let absent = T::absent();
        let name = self.keys[index].name;
        if absent.is_none() && !self.node.is_cut() && !self.suggested.contains(&name) {
            reader.report(Diagnostic::error("missing-key", format!("`{name}` is missing"), self.node.span()));
        }
        absent
    }

    /// The value of a key, or its default, which is written as YAML.
    pub fn or_text<T: Read>(&self, index: usize, default: &'static str, reader: &mut Reader) -> Option<T> {
        match self.values[index] {
            Some(node) => T::read(node, reader),
            None => reader.default_from(default, self.node.span()),
        }
    }

    /// The value of a key, or the type's own default.
    pub fn or_default<T: Read + Default>(&self, index: usize, reader: &mut Reader) -> Option<T> {
        match self.values[index] {
            Some(node) => T::read(node, reader),
            None => Some(T::default()),
        }
    }
}
