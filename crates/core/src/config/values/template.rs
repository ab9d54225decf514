//! Texts and trees that are templates, and texts that are expressions: kept as they were written, with their places, until the names that they may use
//! are known and they are compiled.

use std::ops::Deref;

use crate::config::{Field, Grammar, Node, Read, Reader, Shape, Spanned, Tree};

/// A text with `${CEL}` in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TemplateText(pub Spanned<String>);

impl Deref for TemplateText {
    type Target = Spanned<String>;

    fn deref(&self) -> &Spanned<String> {
        &self.0
    }
}

impl Read for TemplateText {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Spanned::read(node, reader).map(TemplateText)
    }

    fn shape() -> Shape {
        let doc = "A text in which `${…}` is replaced by the value of the expression inside.";
        Shape::Text { name: "Template", doc, expected: "a text", grammar: Grammar::Template }
    }
}

/// A text that is CEL alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExpressionText(pub Spanned<String>);

impl Deref for ExpressionText {
    type Target = Spanned<String>;

    fn deref(&self) -> &Spanned<String> {
        &self.0
    }
}

impl Read for ExpressionText {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Spanned::read(node, reader).map(ExpressionText)
    }

    fn shape() -> Shape {
        let doc = "An expression: CEL without `${…}` around it.";
        Shape::Text { name: "Expression", doc, expected: "an expression", grammar: Grammar::Expression }
    }
}

/// A text, or a tree whose leaves are templates.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateTree(pub Tree);

impl Deref for TemplateTree {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.0
    }
}

impl Read for TemplateTree {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Tree::read(node, reader).map(TemplateTree)
    }

    fn shape() -> Shape {
        let form = |key, doc, shape| Field { key, doc, required: false, default: None, later: false, shape };
        Shape::Forms {
            name: "TemplateTree",
            doc: "A text, or a tree that becomes JSON. Each text in it is a template; one that is a single `${…}` keeps \
                  the type of its value.",
            expected: "a text or a tree",
            forms: vec![
                form("text", "A template.", TemplateText::shape),
                form("list", "A list of JSON, with templates as its texts.", Tree::shape),
                form("map", "An object of JSON, with templates as its texts.", Tree::shape),
            ],
        }
    }
}
