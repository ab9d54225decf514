//! Which files a tree names, found by its shape: whoever reads a path says so by the shape of what it reads, and nobody
//! keeps a list of files beside it.

use super::{ConfigPath, Form, Node, Read, Reader, Shape};
use std::ops::Deref;

/// A value together with the files that it names: for a part of a configuration whose files are watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WithFiles<T> {
    value: T,
    files: Vec<ConfigPath>,
}

impl<T> WithFiles<T> {
    /// Every file that it names, in the written order.
    pub fn files(&self) -> &[ConfigPath] {
        &self.files
    }
}

impl<T> Deref for WithFiles<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Read> Read for WithFiles<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let value = T::read(node, reader)?;
        let mut files = Vec::new();
        T::shape().files(node, &mut files);
        Some(WithFiles { value, files })
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn absent() -> Option<Self> {
        T::absent().map(|value| WithFiles { value, files: Vec::new() })
    }
}

impl Shape {
    /// Adds every file that a tree names which this type has read, in the written order.
    pub fn files(&self, node: &Node, found: &mut Vec<ConfigPath>) {
        match self {
            Shape::Text { name: ConfigPath::NAME, .. } => found.extend(ConfigPath::of(node)),
            Shape::Any | Shape::Later | Shape::Bool | Shape::Whole { .. } => {}
            Shape::Text { .. } | Shape::Words { .. } => {}
            Shape::List(item) => node.as_list().into_iter().flatten().for_each(|one| item().files(one, found)),
            Shape::OneOrMany(item) => {
                let items = node.as_list().unwrap_or(std::slice::from_ref(node));
                items.iter().for_each(|one| item().files(one, found));
            }
            Shape::MapOf(value) => {
                node.as_map().into_iter().flatten().for_each(|entry| value().files(&entry.value, found));
            }
            Shape::Map { fields, .. } | Shape::Kinds { kinds: fields, .. } => {
                for entry in node.as_map().into_iter().flatten() {
                    if let Some(field) = fields.iter().find(|field| *field.key == *entry.key.value) {
                        (field.shape)().files(&entry.value, found);
                    }
                }
            }
            Shape::Forms { forms, .. } => {
                let form = match node.form() {
                    Form::Scalar { .. } => "text",
                    Form::List(_) => "list",
                    Form::Map(_) => "map",
                    Form::Nothing | Form::Broken => return,
                };
                if let Some(form) = forms.iter().find(|one| one.key == form) {
                    (form.shape)().files(node, found);
                }
            }
        }
    }

    /// Whether a tree of this shape may name files. What is of many kinds may, without a look at each: it may hold itself.
    pub fn may_name_files(&self) -> bool {
        match self {
            Shape::Text { name, .. } => *name == ConfigPath::NAME,
            Shape::Any | Shape::Later | Shape::Bool | Shape::Whole { .. } | Shape::Words { .. } => false,
            Shape::List(item) | Shape::OneOrMany(item) | Shape::MapOf(item) => item().may_name_files(),
            Shape::Map { fields, .. } | Shape::Forms { forms: fields, .. } => {
                fields.iter().any(|field| (field.shape)().may_name_files())
            }
            Shape::Kinds { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Map, OneOrMany, SecretSource, Source, Spanned};

    /// A policy with files in all the places where they may stand.
    #[derive(Debug, Read)]
    #[allow(dead_code)]
    struct Policy {
        /// Several.
        lists: OneOrMany<Spanned<ConfigPath>>,
        /// One within.
        key: Option<SecretSource>,
        /// By names.
        #[read(default)]
        more: Map<Option<ConfigPath>>,
        /// No file.
        #[read(default)]
        name: String,
    }

    #[test]
    fn every_path_is_found_from_where_it_was_written() {
        let text = "lists: [a.txt, /etc/b.txt]\nkey: {file: k}\nmore: {x: c}\nname: d.txt\n";
        let mut reader = Reader::new();
        let node = Node::parse(&Source::new("conf.d/policy.yaml", text), &mut reader.diagnostics);
        let read = WithFiles::<Policy>::read(&node, &mut reader).expect("it is good");
        let wanted = ["conf.d/a.txt", "/etc/b.txt", "conf.d/k", "conf.d/c"];
        assert_eq!((read.files(), &*read.name), (&wanted.map(ConfigPath::new)[..], "d.txt"));
        assert!(Policy::shape().may_name_files() && !Vec::<String>::shape().may_name_files());
    }
}
