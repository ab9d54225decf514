//! A path of a file, relative to the file that names it.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::config::{Diagnostic, Grammar, Node, Read, Reader, Shape};

/// A path, already joined with the directory of the file that names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigPath(PathBuf);

impl ConfigPath {
    /// A path that came from elsewhere than a configuration.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The name of its shape.
    pub(in crate::config) const NAME: &'static str = "Path";

    /// The path that a text names from where it stands, if it can be one.
    pub(in crate::config) fn of(node: &Node) -> Option<Self> {
        let text = node.as_text().filter(|text| !text.is_empty() && !text.contains('\0'))?;
        Some(Self(node.span().source().directory().join(text)))
    }
}

impl Deref for ConfigPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for ConfigPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Read for ConfigPath {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = node.as_text().unwrap_or("");
        // Nobody's file is called so: it is what belongs into the file.
        if text.trim_start().starts_with("-----BEGIN ") {
            reader.diagnostics.hide(node.span());
            let message = "expected a path, found what a file in PEM holds";
            let help = "write it into a file, and its path here";
            reader.report(Diagnostic::error("plain-secret", message, node.span()).help(help));
            return None;
        }
        let help = if text.contains("${") || text.starts_with('~') {
            "a path is taken as it is, relative to the file that names it: variables and `~` mean nothing in it"
        } else if text.is_empty() || text.contains('\0') {
            ""
        } else {
            reader.names_a_file(node.span().source());
            return Self::of(node);
        };
        reader.expected("a path", node, help);
        None
    }

    fn shape() -> Shape {
        let doc = "A path, relative to the file that names it.";
        Shape::Text { name: Self::NAME, doc, expected: "a path", grammar: Grammar::Free }
    }
}
