//! How the standard types read themselves, and the type for anything.

use std::ops::Deref;

use super::{Form, Grammar, Node, Read, Reader, Shape};

impl Read for bool {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let help = match node.as_text() {
            Some("true") => return Some(true),
            Some("false") => return Some(false),
            Some("yes" | "on" | "True" | "TRUE" | "1") => "did you mean `true`?",
            Some("no" | "off" | "False" | "FALSE" | "0") => "did you mean `false`?",
            _ => "",
        };
        reader.expected("`true` or `false`", node, help);
        None
    }

    fn shape() -> Shape {
        Shape::Bool
    }
}

/// A whole number between bounds, both included.
fn whole(node: &Node, max: u64, reader: &mut Reader) -> Option<u64> {
    let text = node.as_text().unwrap_or("");
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        let help = match text.replace(['_', ',', '\'', '%'], "") {
            plain if plain != text && plain.parse::<u64>().is_ok() => format!("write `{plain}`"),
            _ => String::new(),
        };
        reader.expected("a whole number", node, help);
        return None;
    }
    if text.len() > 1 && text.starts_with('0') {
        reader.expected("a whole number", node, "a number has no leading zero");
        return None;
    }
    let value = text.parse::<u64>().ok().filter(|value| *value <= max);
    if value.is_none() {
        reader.expected(&format!("a whole number from 0 to {max}"), node, "");
    }
    value
}

macro_rules! read_whole {
    ($($number:ty),*) => {$(
        impl Read for $number {
            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                // On every platform we build for, each of these fits in 64 bits.
                whole(node, <$number>::MAX as u64, reader).and_then(|value| value.try_into().ok())
            }

            fn shape() -> Shape {
                Shape::Whole { min: 0, max: <$number>::MAX as u64 }
            }
        }
    )*};
}
read_whole!(u8, u16, u32, u64, usize);

impl Read for String {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if let Some(text) = node.as_text() {
            return Some(text.to_owned());
        }
        let help = if matches!(node.form(), Form::Nothing) { "write `\"\"` for an empty text" } else { "" };
        reader.expected("a text", node, help);
        None
    }

    fn shape() -> Shape {
        Shape::Text { name: "", doc: "", expected: "a text", grammar: Grammar::Free }
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Box<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Box::new)
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn absent() -> Option<Self> {
        T::absent().map(Box::new)
    }
}

/// Anything, kept as it was written: a body that is a text or a tree, a policy's changes over a named one.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree(pub Node);

impl Deref for Tree {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.0
    }
}

impl Read for Tree {
    fn read(node: &Node, _: &mut Reader) -> Option<Self> {
        (!node.is_broken()).then(|| Self(node.clone()))
    }

    fn shape() -> Shape {
        Shape::Any
    }
}

impl Read for Node {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Tree::read(node, reader).map(|tree| tree.0)
    }

    fn shape() -> Shape {
        Shape::Any
    }
}
