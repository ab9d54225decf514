//! A map with known keys, while it is read by derived code.

use smallvec::{SmallVec, smallvec};

use super::suggest::{in_words, listed, nearest, place_of, sounds_secret};
use super::{Diagnostic, Form, Node, Read, Reader, Shape};

/// A known key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// Refused for now.
    pub later: bool,
}

/// What is known of a map beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What it is, for messages; may be empty.
    pub called: &'static str,
    /// What to write where something else stands; may be empty.
    pub instead: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// The values of a map by the index of their key.
#[derive(Debug)]
pub struct Fields<'a> {
    node: &'a Node,
    known: &'static Known,
    values: SmallVec<[Option<&'a Node>; 16]>,
    /// Keys that an unknown one was probably meant to be, or to stand in: they are not missing besides.
    suggested: SmallVec<[&'static str; 2]>,
}

impl<'a> Fields<'a> {
    /// Sorts a map's entries by key and reports the unknown ones; `shape` describes what is read.
    pub fn open(node: &'a Node, known: &'static Known, shape: fn() -> Shape, reader: &mut Reader) -> Option<Self> {
        let Form::Map(entries) = node.form() else {
            let help = match node.form() {
                _ if !known.instead.is_empty() => known.instead,
                Form::Nothing => "write `{}` for a map without keys",
                _ => "",
            };
            reader.expected_of(&shape(), "a map", node, help);
            return None;
        };
        let keys = known.keys;
        let mut fields = Self { node, known, values: smallvec![None; keys.len()], suggested: SmallVec::new() };
        for entry in entries {
            match keys.iter().position(|key| key.name == &*entry.key.value) {
                Some(index) if keys[index].later => reader.not_there_yet(keys[index].name, &entry.key.span),
                Some(index) => fields.values[index] = Some(&entry.value),
                None => fields.unknown(entry, shape, reader),
            }
        }
        Some(fields)
    }

    fn unknown(&mut self, entry: &super::Entry, shape: fn() -> Shape, reader: &mut Reader) {
        let names = |later| self.known.keys.iter().filter(move |key| key.later == later).map(|key| key.name);
        let suggestion = nearest(&entry.key.value, names(false));
        let map = shape();
        let place = if suggestion.is_none() { place_of(&entry.key, &map) } else { None };
        let message = format!("unknown key `{}`", entry.key.value);
        let label = match self.known.called {
            "" => "not known here".to_owned(),
            called => format!("not known in {}", in_words(called)),
        };
        let help = match (suggestion, &place, nearest(&entry.key.value, names(true))) {
            (Some(name), ..) => format!("did you mean `{name}`?"),
            (_, Some(place), _) => place.help.clone(),
            (.., Some(name)) => format!("this version of Pintle does not have `{name}` yet"),
            _ if self.known.keys.is_empty() => "nothing can be set here".to_owned(),
            _ => format!("known here: {}", listed(names(false))),
        };
        reader.report(Diagnostic::error("unknown-key", message, &entry.key.span).label(label).help(help));
        if sounds_secret(&entry.key) || suggestion.map_or_else(|| map.has_secret(), sounds_secret) {
            reader.diagnostics.hide(entry.value.span());
        }
        self.suggested.extend(suggestion.or(place.map(|place| place.key)));
    }

    /// The value of a key that must be there, or that its type can do without.
    pub fn required<T: Read>(&self, index: usize, reader: &mut Reader) -> Option<T> {
        if let Some(node) = self.values[index] {
            return T::read(node, reader);
        }
        let absent = T::absent();
        let name = self.known.keys[index].name;
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
