//! Policies under a name, and the three ways to set a kind: its own settings, `none`, or a named one with some fields
//! changed.

use crate::Policy;
use crate::chain::Kind;
use pintle_core::config::{
    ConfigPath, Diagnostic, Entry, Field, Form, Map, Node, Read, Reader, Shape, Spanned, nearest,
};

/// What stands behind a policy's kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting<T> {
    /// `none`: what outer levels say of this kind does not hold here.
    Off,
    /// Settings.
    On {
        /// As they were understood.
        value: T,
        /// As they were written, for whoever takes them with some fields changed.
        written: Node,
    },
    /// `{use: NAME, …}`: a named policy of this kind, with the other keys in place of its own.
    Use {
        /// The name.
        name: Spanned<String>,
        /// The whole map, `use` with it.
        changes: Node,
    },
}

impl<T: Read> Read for Setting<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.as_plain() == Some("none") {
            return Some(Setting::Off);
        }
        if let Some(name) = node.get("use") {
            return Some(Setting::Use { name: Spanned::read(name, reader)?, changes: node.clone() });
        }
        Some(Setting::On { value: T::read(node, reader)?, written: node.clone() })
    }

    fn shape() -> Shape {
        let field = |key, doc, shape| Field { key, doc, required: false, default: None, later: false, shape };
        // A kind that has several forms itself has these.
        let (several, of_several) = match T::shape() {
            Shape::Forms { forms, doc, .. } => (forms, doc),
            _ => (Vec::new(), ""),
        };
        let (own, doc) = match T::shape() {
            Shape::Map { doc, .. } | Shape::Kinds { doc, .. } => ("map", doc),
            Shape::MapOf(_) => ("map", ""),
            Shape::List(_) => ("list", ""),
            Shape::Text { doc, .. } | Shape::Words { doc, .. } => ("text", doc),
            _ => ("text", of_several),
        };
        let own = if several.is_empty() { vec![field(own, "The policy's settings.", T::shape)] } else { several };
        let none = field("none", "What outer levels say of this policy does not hold here.", String::shape);
        let used = field("use", "A named policy of this kind, with the other keys in place of its own.", used::<T>);
        let forms = std::iter::once(none).chain(own).chain([used]).collect();
        Shape::Forms { name: "", doc, expected: "", forms }
    }
}

/// The shape of `{use: NAME, …}`.
fn used<T: Read>() -> Shape {
    let doc = "The name of a policy of this kind under the top-level `policies`.";
    let name = Field { key: "use", doc, required: true, default: None, later: false, shape: String::shape };
    let own = match T::shape() {
        Shape::Map { fields, .. } => fields,
        _ => Vec::new(),
    };
    // What is left out is the named policy's.
    let changes = own.into_iter().map(|field| Field { required: false, default: None, ..field });
    Shape::Map { name: "", doc: "", fields: std::iter::once(name).chain(changes).collect() }
}

impl<T> Setting<T> {
    /// The settings as they were written; of a named policy what is changed.
    pub(crate) fn node(&self) -> Option<&Node> {
        match self {
            Setting::Off => None,
            Setting::On { written, .. } => Some(written),
            Setting::Use { changes, .. } => Some(changes),
        }
    }

    /// What was written, without what it means.
    pub(crate) fn written(&self) -> Setting<()> {
        match self {
            Setting::Off => Setting::Off,
            Setting::On { written, .. } => Setting::On { value: (), written: written.clone() },
            Setting::Use { name, changes } => Setting::Use { name: name.clone(), changes: changes.clone() },
        }
    }
}

/// The top-level `policies`: each under its name, `NAME: {KIND: …}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedPolicies(Vec<(Spanned<String>, Option<Policy>)>);

impl Read for NamedPolicies {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        // What is broken was reported, and refuses the configuration; its name is known all the same.
        let Some(entries) = node.as_map() else { return Map::<Policy>::read(node, reader).map(|_| Self::default()) };
        let read = |entry: &Entry| {
            let policy = Policy::read(&entry.value, reader).filter(|policy| has_settings(policy, entry, reader));
            (entry.key.clone().map(String::from), policy)
        };
        Some(Self(entries.iter().map(read).collect()))
    }

    fn shape() -> Shape {
        Map::<Policy>::shape()
    }
}

fn has_settings(policy: &Policy, entry: &Entry, reader: &mut Reader) -> bool {
    let Some(why) = policy.unfit_for_a_name() else { return true };
    let message = format!("the named policy `{}` has no settings of its own", entry.key.value);
    reader.report(Diagnostic::error("empty-policy", message, entry.value.span()).help(why));
    false
}

/// So many names a message lists.
const MOST: usize = 16;

impl NamedPolicies {
    /// The names, in the written order.
    pub fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.0.iter().map(|(name, _)| name)
    }

    /// Adds the files that their settings name.
    pub fn files(&self, found: &mut Vec<ConfigPath>) {
        self.0.iter().filter_map(|(_, policy)| policy.as_ref()).for_each(|policy| policy.files(found));
    }

    /// The policy under a name, if it is there and sound.
    pub fn get(&self, name: &str) -> Option<&Policy> {
        self.0.iter().find(|(known, _)| known.value == name).and_then(|(_, policy)| policy.as_ref())
    }

    /// The policy under a name; a name that nobody gave is reported.
    pub(crate) fn find(&self, name: &Spanned<String>, reader: &mut Reader) -> Option<&Policy> {
        if let Some((_, policy)) = self.0.iter().find(|(known, _)| known == name) {
            return policy.as_ref();
        }
        let message = format!("there is no policy named `{name}`");
        reader.report(Diagnostic::error("unknown-policy", message, &name.span).help(self.remedy(name)));
        None
    }

    fn remedy(&self, wrong: &str) -> String {
        match nearest(wrong, self.0.iter().map(|(name, _)| name.as_str())) {
            Some(name) => format!("did you mean `{name}`?"),
            None if Policy::KINDS.contains(&wrong) => format!("for a policy without a name write `{{{wrong}: …}}`"),
            None if self.0.is_empty() => "name one under the top-level `policies`".into(),
            None => {
                let names: Vec<&str> = self.0.iter().take(MOST).map(|(name, _)| name.as_str()).collect();
                let more = if self.0.len() > MOST { ", …" } else { "" };
                format!("there are: {}{more}", names.join(", "))
            }
        }
    }

    /// The settings of the named policy of this kind with the changes in them.
    pub(crate) fn changed<T: Kind>(&self, name: &Spanned<String>, changes: &Node, reader: &mut Reader) -> Option<T> {
        let policy = self.find(name, reader)?;
        let Some(Setting::On { written, .. }) = T::of(policy) else {
            let message = format!("`{name}` is a `{}` policy, and cannot be used for `{}`", policy.kind(), T::NAME);
            reader.error("other-policy", message, &name.span);
            return None;
        };
        T::read(&merged(written, changes, name, reader)?, reader)
    }
}

/// The map `written` with the keys of `changes` in place of its own.
pub(crate) fn merged(written: &Node, changes: &Node, name: &Spanned<String>, reader: &mut Reader) -> Option<Node> {
    let changed: Vec<&Entry> = changes.as_map()?.iter().filter(|entry| &**entry.key != "use").collect();
    let Some(own) = written.as_map() else {
        let Some(first) = changed.first() else { return Some(written.clone()) };
        let message = format!("`{name}` is {}, and has no `{}` to change", written.found(), first.key.value);
        reader.error("no-fields", message, &first.key.span);
        return None;
    };
    let mut entries: Vec<Entry> =
        own.iter().filter(|entry| !changed.iter().any(|new| new.key == entry.key)).cloned().collect();
    entries.extend(changed.into_iter().cloned());
    Some(Node::new(Form::Map(entries), changes.span().clone()))
}
