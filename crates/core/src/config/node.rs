//! The tree: what was written, with positions, and nothing about what it means.

use super::confided::without_credentials;
use super::{Span, Spanned};

/// One value of the tree. Two are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Node {
    pub(super) form: Form,
    pub(super) span: Span,
    /// A syntax error ended the file inside this value, so what is absent from it may only be unread.
    pub(super) cut: bool,
}

/// The forms that a value may have. The form picks among short and long forms; it is never guessed by trying.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// No value at all: `key:` with nothing behind it.
    Nothing,
    /// One value. YAML's own types play no part: `no`, `0755` and `1.20` are the texts that were written.
    Scalar {
        /// The text, after quotes and escapes.
        text: Box<str>,
        /// Written without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the written order. Keys are unique.
    Map(Vec<Entry>),
    /// A value that was refused and reported already; whoever reads it says nothing more.
    Broken,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Spanned<Box<str>>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A node of a form, at a place.
    pub fn new(form: Form, span: Span) -> Self {
        Self { form, span, cut: false }
    }

    /// Where it stands.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// What it is.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The text of a scalar.
    pub fn as_text(&self) -> Option<&str> {
        match &self.form {
            Form::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar that has no quotes: the only one that may be a number, a truth value or a word.
    pub fn as_plain(&self) -> Option<&str> {
        match &self.form {
            Form::Scalar { text, plain: true } => Some(text),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.form {
            Form::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a map.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.form {
            Form::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|entry| *entry.key.value == *key).map(|entry| &entry.value)
    }

    /// Whether it is nothing, or YAML's word for it: `null` or `~` without quotes.
    pub fn is_null(&self) -> bool {
        matches!(self.form, Form::Nothing) || matches!(self.as_plain(), Some("null" | "~"))
    }

    /// Whether it was refused and reported already.
    pub fn is_broken(&self) -> bool {
        matches!(self.form, Form::Broken)
    }

    /// Whether a syntax error ended the file inside this value: then what is absent is not known to be missing.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// What a message says was found: "a list", "`5`", "nothing".
    pub fn found(&self) -> String {
        match &self.form {
            Form::Nothing | Form::Broken => "nothing".into(),
            Form::Scalar { text, .. } if text.is_empty() => "an empty text".into(),
            Form::Scalar { text, .. } => quoted(text),
            Form::List(_) => "a list".into(),
            Form::Map(_) => "a map".into(),
        }
    }

    /// The same tree with every place replaced, for a default: what is wrong with it is wrong where it was left out.
    pub(super) fn placed(mut self, span: &Span) -> Self {
        match &mut self.form {
            Form::List(items) => {
                *items = std::mem::take(items).into_iter().map(|item| item.placed(span)).collect();
            }
            Form::Map(entries) => {
                for entry in entries.iter_mut() {
                    entry.key.span = span.clone();
                    let value = std::mem::replace(&mut entry.value, Node::new(Form::Nothing, span.clone()));
                    entry.value = value.placed(span);
                }
            }
            Form::Nothing | Form::Scalar { .. } | Form::Broken => {}
        }
        self.span = span.clone();
        self
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

/// A text as messages show it: in backticks, one line, not over 40 characters.
pub(super) fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    let text = &*without_credentials(text);
    let line = text.lines().next().unwrap_or("");
    if line.chars().count() > MOST || line.len() < text.trim_end().len() {
        let start: String = line.chars().take(MOST).collect();
        return format!("`{start}…`");
    }
    format!("`{line}`")
}
