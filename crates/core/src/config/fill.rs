//! A tree in its full form: every default written out, short forms made long, one made a list of one. Two trees of a
//! type mean the same to their user if their full forms are equal.

use super::{Diagnostics, Entry, Field, Form, Node, Shape, Source, Span, Spanned};

impl Shape {
    /// The full form of a tree that this type has read without an error. What a default says stands at the place of the
    /// map that left it out.
    pub fn fill(&self, node: &Node) -> Node {
        match self {
            Shape::Later => node.clone(),
            Shape::Any => any(node),
            Shape::Bool | Shape::Whole { .. } | Shape::Text { .. } | Shape::Words { .. } => plain(node),
            Shape::List(item) => list(node, &item()),
            Shape::OneOrMany(item) if node.as_list().is_some() => list(node, &item()),
            Shape::OneOrMany(item) => Node::new(Form::List(vec![item().fill(node)]), node.span.clone()),
            Shape::MapOf(value) => map_of(node, &value()),
            Shape::Map { fields, .. } => map(node, fields),
            Shape::Kinds { kinds, .. } => kinds_of(node, kinds),
            Shape::Forms { forms, .. } => form_of(node, forms),
        }
    }

    /// As [`Shape::fill`], for a map; what stands under these keys is left as it is.
    pub fn fill_but(&self, node: &Node, keys: &[&str]) -> Node {
        let Shape::Map { fields, .. } = self else { return self.fill(node) };
        let (known, left): (Vec<_>, Vec<_>) = fields.iter().partition(|field| !keys.contains(&field.key));
        let known: Vec<Field> = known.into_iter().cloned().collect();
        let Form::Map(mut entries) = map(node, &known).form else { return node.clone() };
        for field in left {
            let kept = node.as_map().and_then(|all| all.iter().find(|entry| *entry.key.value == *field.key));
            entries.extend(kept.cloned());
        }
        Node::new(Form::Map(entries), node.span.clone())
    }

    /// Whether both are texts of one type.
    fn is_same_type(&self, other: Shape) -> bool {
        match (self, other) {
            (Shape::Text { name, expected, .. }, Shape::Text { name: other, expected: wanted, .. }) => {
                (*name, *expected) == (other, wanted)
            }
            _ => false,
        }
    }

    /// The known keys of a map.
    pub fn keys(&self) -> Vec<&'static str> {
        match self {
            Shape::Map { fields, .. } => fields.iter().map(|field| field.key).collect(),
            _ => Vec::new(),
        }
    }

    /// What stands under a known key of a map.
    pub fn of(&self, key: &str) -> Option<Shape> {
        match self {
            Shape::Map { fields, .. } => fields.iter().find(|field| field.key == key).map(|field| (field.shape)()),
            _ => None,
        }
    }

    /// What stands for a key that was left out of the map at `at`.
    fn default(field: &Field, at: &Span) -> Option<Node> {
        let text = field.default?;
        let node = Node::parse(&Source::new("default", text), &mut Diagnostics::new()).placed(at);
        Some((field.shape)().fill(&node))
    }
}

/// In a tree for anything quotes tell a text from a number or a truth value, and say nothing elsewhere.
fn any(node: &Node) -> Node {
    let form = match &node.form {
        Form::Scalar { text, plain: false } => Form::Scalar { text: text.clone(), plain: !is_typed(text) },
        Form::List(items) => Form::List(items.iter().map(any).collect()),
        Form::Map(entries) => {
            let entry = |entry: &Entry| Entry { key: entry.key.clone(), value: any(&entry.value) };
            Form::Map(entries.iter().map(entry).collect())
        }
        form => form.clone(),
    };
    Node::new(form, node.span.clone())
}

/// Whether a text without quotes may be read as something else than a text.
fn is_typed(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "true" | "false")
        || text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
}

/// Quotes say nothing where a text is wanted.
fn plain(node: &Node) -> Node {
    let Form::Scalar { text, .. } = &node.form else { return node.clone() };
    Node::new(Form::Scalar { text: text.clone(), plain: true }, node.span.clone())
}

fn list(node: &Node, item: &Shape) -> Node {
    let Some(items) = node.as_list() else { return node.clone() };
    Node::new(Form::List(items.iter().map(|one| item.fill(one)).collect()), node.span.clone())
}

/// The order of such a map means nothing, so it is that of the names.
fn map_of(node: &Node, value: &Shape) -> Node {
    let Some(entries) = node.as_map() else { return node.clone() };
    let filled = |entry: &Entry| Entry { key: entry.key.clone(), value: value.fill(&entry.value) };
    let mut entries: Vec<Entry> = entries.iter().map(filled).collect();
    entries.sort_by(|a, b| a.key.value.cmp(&b.key.value));
    Node::new(Form::Map(entries), node.span.clone())
}

fn map(node: &Node, fields: &[Field]) -> Node {
    if node.as_map().is_none() {
        return node.clone();
    }
    let entry = |field: &Field| {
        let value = match node.get(field.key) {
            Some(value) => (field.shape)().fill(value),
            None => Shape::default(field, &node.span)?,
        };
        Some(Entry { key: Spanned::new(field.key.into(), node.span.clone()), value })
    };
    Node::new(Form::Map(fields.iter().filter_map(entry).collect()), node.span.clone())
}

fn kinds_of(node: &Node, kinds: &[Field]) -> Node {
    let Some(entries) = node.as_map() else { return node.clone() };
    let filled = |entry: &Entry| {
        let kind = kinds.iter().find(|kind| kind.key == &*entry.key.value);
        let value = kind.map_or_else(|| entry.value.clone(), |kind| (kind.shape)().fill(&entry.value));
        Entry { key: entry.key.clone(), value }
    };
    Node::new(Form::Map(entries.iter().map(filled).collect()), node.span.clone())
}

/// A text stands for a map where it is what the map's first key holds: `orders` for `{to: orders}`. Where the two are of
/// different types it is a form of its own, as `true` is beside `{retry_after: 10m}`.
fn form_of(node: &Node, forms: &[Field]) -> Node {
    let of = |key: &str| forms.iter().find(|form| form.key == key).map(|form| (form.shape)());
    match &node.form {
        // In quotes it is a text, without them the word: this is where the quotes say something.
        Form::Scalar { text, .. } if &**text == "none" && of("none").is_some() => node.clone(),
        Form::Scalar { .. } => match (of("text"), of("map")) {
            (Some(text), Some(long @ Shape::Map { .. })) => {
                let Shape::Map { fields, .. } = &long else { return text.fill(node) };
                let Some(first) = fields.first().filter(|first| text.is_same_type((first.shape)())) else {
                    return text.fill(node);
                };
                let key = Spanned::new(first.key.into(), node.span.clone());
                let short = Entry { key, value: node.clone() };
                long.fill(&Node::new(Form::Map(vec![short]), node.span.clone()))
            }
            (Some(text), _) => text.fill(node),
            _ => node.clone(),
        },
        Form::List(_) => of("list").map_or_else(|| node.clone(), |shape| shape.fill(node)),
        Form::Map(_) => of("map").map_or_else(|| node.clone(), |shape| shape.fill(node)),
        Form::Nothing | Form::Broken => node.clone(),
    }
}
