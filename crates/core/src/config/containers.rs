//! Lists, one or many, and maps from names.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::{Form, Node, Read, Reader, Shape, Spanned};

/// Reads every item, the bad ones too, before it says whether all were good.
fn items<T: Read>(nodes: &[Node], reader: &mut Reader) -> Option<Vec<T>> {
    let mut all = Some(Vec::with_capacity(nodes.len()));
    for node in nodes {
        match (T::read(node, reader), &mut all) {
            (Some(item), Some(list)) => list.push(item),
            (Some(_), None) => {}
            (None, _) => all = None,
        }
    }
    all
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.form() {
            Form::List(nodes) => items(nodes, reader),
            Form::Nothing => {
                reader.expected("a list", node, "write `[]` for an empty list");
                None
            }
            _ => {
                let help = match node.form() {
                    Form::Map(_) => "write `[{…}]`, or begin each item with `- `".to_owned(),
                    _ => node.as_plain().map_or(String::new(), |text| format!("write `[{text}]`")),
                };
                reader.expected_of(&T::shape(), "a list", node, help);
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::List(T::shape)
    }
}

/// One value, or a list of them: `to: a` and `to: [a, b]`. It has one item at least unless `[]` was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> IntoIterator for OneOrMany<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a OneOrMany<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Read> Read for OneOrMany<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.form() {
            Form::List(nodes) => items(nodes, reader).map(Self),
            _ => T::read(node, reader).map(|one| Self(vec![one])),
        }
    }

    fn shape() -> Shape {
        Shape::OneOrMany(T::shape)
    }
}

/// A map from names of the user's choice, in the written order. Names are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<T>(pub Vec<(Spanned<String>, T)>);

impl<T> Map<T> {
    /// The value under a name. Looks at each one: for many names build an index.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key.value == name).map(|(_, value)| value)
    }
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Map<T> {
    type Target = [(Spanned<String>, T)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> IntoIterator for Map<T> {
    type Item = (Spanned<String>, T);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Map<T> {
    type Item = &'a (Spanned<String>, T);
    type IntoIter = std::slice::Iter<'a, (Spanned<String>, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Read> Read for Map<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Form::Map(entries) = node.form() else {
            let help = match node.form() {
                Form::Nothing => "write `{}` for an empty map",
                Form::List(_) => "each one has a name: `NAME: …` instead of `- …`",
                _ => "",
            };
            reader.expected_of(&T::shape(), "a map from names", node, help);
            return None;
        };
        let mut all = Some(Vec::with_capacity(entries.len()));
        for entry in entries {
            match (T::read(&entry.value, reader), &mut all) {
                (Some(value), Some(list)) => list.push((entry.key.clone().map(String::from), value)),
                (Some(_), None) => {}
                (None, _) => all = None,
            }
        }
        all.map(Self)
    }

    fn shape() -> Shape {
        Shape::MapOf(T::shape)
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Some(Map::read(node, reader)?.into_iter().map(|(name, value)| (name.value, value)).collect())
    }

    fn shape() -> Shape {
        Shape::MapOf(T::shape)
    }
}
