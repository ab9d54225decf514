//! The traits by which a type reads itself, and the context handed along.

use super::{Diagnostic, Diagnostics, Form, Node, Shape, Source, Span};

/// A type that reads itself from a tree. Mostly derived.
///
/// Reading collects every error: `None` says that something was reported, and the caller goes on with the siblings.
pub trait Read: Sized {
    /// Reads a value, or reports all that is wrong in it.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;

    /// The description from which reference and schema are made. Children are given as functions, so a type may hold
    /// itself.
    fn shape() -> Shape;

    /// What stands for a key that was left out and has no default; `None` where the key must be there.
    fn absent() -> Option<Self> {
        None
    }
}

/// A type that is made from one text: the meaning behind `#[read(text, expected = "…")]`.
pub trait Text: Sized {
    /// Understands a text. The error is the remedy, as the message itself says what was expected and what was found;
    /// it may be empty.
    fn parse(text: &str) -> Result<Self, String>;
}

/// A key that has a meaning in the promise but none in this version: writing it is an error with its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Later;

impl Read for Later {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        reader.not_there_yet("this", node.span());
        None
    }

    fn shape() -> Shape {
        Shape::Later
    }

    fn absent() -> Option<Self> {
        Some(Self)
    }
}

/// What is handed along while reading: where errors go.
#[derive(Debug, Default)]
pub struct Reader {
    /// All that was found so far.
    pub diagnostics: Diagnostics,
    /// The texts that name files.
    naming: Vec<Source>,
}

impl Reader {
    /// A reader with nothing found.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note that a text names a file: what it means is not in it alone.
    pub(super) fn names_a_file(&mut self, source: &Source) {
        if self.naming.last() != Some(source) {
            self.naming.push(source.clone());
        }
    }

    /// The texts that name files, some of them several times.
    pub fn naming(&self) -> &[Source] {
        &self.naming
    }

    /// Reports anything.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports an error with nothing more to say. For labels and remedies use [`Reader::report`].
    pub fn error(&mut self, code: &'static str, message: impl Into<String>, span: &Span) {
        self.report(Diagnostic::error(code, message, span));
    }

    /// Reports that something else was expected here; silent where the node was reported already, or where the file broke
    /// off in it: the bracket that is never closed may be what is wrong.
    pub fn expected(&mut self, expected: &str, node: &Node, help: impl Into<String>) {
        if node.is_broken() || node.is_cut() {
            return;
        }
        let mut help = help.into();
        if node.as_text().is_some_and(is_environment) {
            help = "variables are not filled in; a secret alone is taken from one, by {env: NAME}".into();
        }
        let code = if matches!(node.form(), Form::Nothing) { "no-value" } else { "unexpected" };
        let message = format!("expected {expected}, found {}", node.found());
        self.report(Diagnostic::error(code, message, node.span()).help(help));
    }

    /// As [`Reader::expected`], where a value of this shape belongs. What may be a secret that was written as it is, is not
    /// shown.
    pub(super) fn expected_of(&mut self, shape: &Shape, expected: &str, node: &Node, help: impl Into<String>) {
        if !shape.may_be_secret() {
            return self.expected(expected, node, help);
        }
        self.diagnostics.hide(node.span());
        if !matches!(node.form(), Form::Scalar { .. }) || node.is_cut() {
            return self.expected(expected, node, help);
        }
        let message = format!("expected {expected}, found plain text");
        let help = "a secret is kept in a variable or a file, and named by {env: NAME} or {file: PATH}";
        self.report(Diagnostic::error("plain-secret", message, node.span()).help(help));
    }

    /// Reports a 0 where there must be one of something at least, at the value under a key of a map.
    pub fn zero(&mut self, map: &Node, key: &str) {
        let at = map.get(key).unwrap_or(map);
        self.expected("more than 0", at, "");
    }

    /// Reports a name that a later version brings.
    pub(super) fn not_there_yet(&mut self, name: &str, span: &Span) {
        let message = format!("`{name}` is not there yet");
        let help = "this version of Pintle does not have it: remove it";
        self.report(Diagnostic::error("not-yet", message, span).help(help));
    }

    /// Reads a default that is written as YAML, as if it stood at the place of the map that left it out.
    pub fn default_from<T: Read>(&mut self, text: &'static str, at: &Span) -> Option<T> {
        if is_simple(text) {
            let form = Form::Scalar { text: text.into(), plain: true };
            return T::read(&Node::new(form, at.clone()), self);
        }
        let node = Node::parse(&Source::new("default", text), &mut self.diagnostics).placed(at);
        T::read(&node, self)
    }
}

/// Whether a text is what shells and other programs fill in: `${NAME}`.
fn is_environment(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

/// Whether a default is a plain scalar beyond doubt, so that most need no parser.
fn is_simple(text: &str) -> bool {
    text != "null"
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'%'))
}
