//! The description of what a type reads, from which the schema and the reference are made.

/// What a type reads. Children are functions, as types may hold themselves.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Anything: text or a tree.
    Any,
    /// Refused for now.
    Later,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Whole {
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
    },
    /// A text; numbers and truth values without quotes are taken as their text.
    Text {
        /// The type's name; empty for any text.
        name: &'static str,
        /// Its documentation.
        doc: &'static str,
        /// What messages say is expected.
        expected: &'static str,
        /// What may stand in it, as far as that can be said beforehand.
        grammar: Grammar,
    },
    /// A list.
    List(fn() -> Shape),
    /// One, or a list.
    OneOrMany(fn() -> Shape),
    /// A map from names of the user's choice.
    MapOf(fn() -> Shape),
    /// One of several words.
    Words {
        /// The type's name.
        name: &'static str,
        /// Its documentation.
        doc: &'static str,
        /// The words, in the declared order.
        words: Vec<Word>,
    },
    /// A map with known keys.
    Map {
        /// The type's name.
        name: &'static str,
        /// Its documentation.
        doc: &'static str,
        /// The keys, in the declared order.
        fields: Vec<Field>,
    },
    /// A map with exactly one key, which says what kind of thing it is.
    Kinds {
        /// The type's name.
        name: &'static str,
        /// Its documentation.
        doc: &'static str,
        /// Whether a secret is named here: what else stands in its place may be the secret, and is not shown.
        secret: bool,
        /// The kinds, in the declared order; never with a default.
        kinds: Vec<Field>,
    },
    /// Several forms of one thing, told apart by the form of what is written.
    Forms {
        /// The type's name.
        name: &'static str,
        /// Its documentation.
        doc: &'static str,
        /// What messages say is expected.
        expected: &'static str,
        /// Each form: `text`, `list`, `map` or `none` as the key.
        forms: Vec<Field>,
    },
}

/// What may stand in a text: a literal by a rule of its own, a template, or an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// Nothing is known beforehand.
    Free,
    /// What this regular expression finds. It takes all that is sound, and may take more.
    Pattern(&'static str),
    /// A whole number.
    Number {
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
        /// Words that may stand in its place.
        or: &'static [&'static str],
    },
    /// A length of time with its unit.
    Duration,
    /// A number of bytes with its unit.
    Size,
    /// So many in a time.
    Rate,
    /// A part of a whole in percent.
    Share,
    /// Text with `${CEL}` in it.
    Template,
    /// CEL alone.
    Expression,
}

impl Shape {
    /// Whether what stands in place of such a value, and is none, may be a secret: one is named by it, by each of its items, or
    /// by a key of it or of its own maps.
    pub(super) fn may_be_secret(&self) -> bool {
        self.names_secret(2)
    }

    /// The same for a map that a secret's key stands in, not deeper.
    pub(super) fn has_secret(&self) -> bool {
        self.names_secret(1)
    }

    fn names_secret(&self, maps: u8) -> bool {
        match self {
            Shape::Kinds { secret, .. } => *secret,
            Shape::List(item) | Shape::OneOrMany(item) | Shape::MapOf(item) => item().names_secret(maps),
            Shape::Map { fields, .. } => maps > 0 && fields.iter().any(|field| (field.shape)().names_secret(maps - 1)),
            Shape::Forms { forms, .. } => forms.iter().any(|form| (form.shape)().names_secret(maps)),
            Shape::Any
            | Shape::Later
            | Shape::Bool
            | Shape::Whole { .. }
            | Shape::Text { .. }
            | Shape::Words { .. } => false,
        }
    }

    /// The same shape under the name and the documentation of a type that holds it alone.
    pub fn named(mut self, own_name: &'static str, own_doc: &'static str) -> Self {
        match &mut self {
            Shape::Text { name, doc, .. }
            | Shape::Words { name, doc, .. }
            | Shape::Map { name, doc, .. }
            | Shape::Kinds { name, doc, .. }
            | Shape::Forms { name, doc, .. } => (*name, *doc) = (own_name, own_doc),
            _ => {}
        }
        self
    }
}

/// A key of a map.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// Its documentation.
    pub doc: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its default as YAML, where there is one that is not simply "empty".
    pub default: Option<&'static str>,
    /// Whether it is refused for now.
    pub later: bool,
    /// What its value is.
    pub shape: fn() -> Shape,
}

/// A word of several.
#[derive(Clone, Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// Its documentation.
    pub doc: &'static str,
    /// Whether it is refused for now.
    pub later: bool,
}
