//! Whether a value that a schema describes has what is read of it. A name is missing where a schema says which there are
//! and it is none of them: strictly, JSON Schema lets an object have any names unless `additionalProperties` is false, but
//! a document that lists names means those.

use super::{Document, Node};
use pintle_core::config::Span;
use pintle_core::template::{Step, Taken};

/// How many schemas are looked at for one field.
const MOST: usize = 10_000;
/// How deep schemas may lead to each other for one value.
const DEEPEST: usize = 100;

/// Whether something is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field<'d> {
    /// A schema names it.
    Known,
    /// No schema does.
    Unknown(Unknown<'d>),
    /// The document leaves it open.
    CannotSay,
}

/// What is missing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unknown<'d> {
    /// Which of the steps is the first that leads nowhere.
    pub(crate) step: usize,
    /// The names that there are instead.
    pub(crate) names: Vec<&'d str>,
    /// What is there, where it is no object: `array`, `string`.
    pub(crate) kind: Option<&'d str>,
    /// The schema that says so.
    pub(crate) place: &'d Span,
}

/// Whether one of these schemas, any of which may describe the value, knows what is read of it.
pub(super) fn look<'d>(document: &'d Document, schemas: &[&'d Node], steps: &[Step<'_>]) -> Field<'d> {
    Look { document, steps, left: MOST }.any(schemas, 0)
}

/// What schemas say of one value, put together.
#[derive(Debug, Default)]
struct Said<'d> {
    /// What it is not, by `type`.
    no_object: bool,
    /// The types that are given.
    kind: Option<&'d str>,
    /// Maps from names to schemas.
    properties: Vec<&'d Node>,
    /// Schemas for names beside these.
    others: Vec<&'d Node>,
    items: Vec<&'d Node>,
    /// Something is said of names.
    names: bool,
    /// There may be names beside those that are said.
    more: bool,
    /// It may be anything.
    anything: bool,
}

impl<'d> Said<'d> {
    fn anything() -> Self {
        Said { anything: true, ..Said::default() }
    }

    /// Takes what another says of the same value besides.
    fn and(&mut self, other: Said<'d>) {
        self.no_object |= other.no_object;
        self.kind = self.kind.or(other.kind);
        self.take(other);
    }

    /// Takes what another says of names and items.
    fn take(&mut self, other: Said<'d>) {
        self.properties.extend(other.properties);
        self.others.extend(other.others);
        self.items.extend(other.items);
        self.names |= other.names;
        self.more |= other.more;
        self.anything |= other.anything;
    }
}

struct Look<'d, 's> {
    document: &'d Document,
    steps: &'s [Step<'s>],
    left: usize,
}

impl<'d> Look<'d, '_> {
    /// Any schema that knows it is enough, and any that leaves it open keeps it open.
    fn any(&mut self, schemas: &[&'d Node], at: usize) -> Field<'d> {
        let mut unknown: Option<Unknown<'d>> = None;
        let mut open = schemas.is_empty();
        for schema in schemas {
            match self.one(schema, at) {
                Field::Known => return Field::Known,
                Field::CannotSay => open = true,
                Field::Unknown(new) => match &mut unknown {
                    Some(old) if old.step == new.step => old.names.extend(new.names),
                    // What leads further is nearer to what is meant.
                    Some(old) if old.step > new.step => {}
                    _ => unknown = Some(new),
                },
            }
        }
        match unknown {
            Some(mut unknown) if !open => {
                let mut seen = std::collections::HashSet::new();
                unknown.names.retain(|name| seen.insert(*name));
                Field::Unknown(unknown)
            }
            _ => Field::CannotSay,
        }
    }

    fn one(&mut self, schema: &'d Node, at: usize) -> Field<'d> {
        let Some(step) = self.steps.get(at) else { return Field::Known };
        let said = self.said(schema, &mut Vec::new());
        let further = match step.taken {
            Taken::Item(_) => self.any(&said.items, at + 1),
            Taken::Member(name) => {
                let named: Vec<&Node> = said.properties.iter().filter_map(|properties| properties.get(name)).collect();
                let kind = said.kind.filter(|_| said.no_object);
                match () {
                    () if !named.is_empty() => self.any(&named, at + 1),
                    () if !said.others.is_empty() && !said.more => self.any(&said.others, at + 1),
                    () if said.no_object || said.names && !said.more => {
                        let entries =
                            said.properties.iter().flat_map(|properties| properties.as_map().unwrap_or_default());
                        let names = entries.map(|entry| &*entry.key.value).collect();
                        let place = said.properties.first().map_or(schema.span(), |properties| properties.span());
                        Field::Unknown(Unknown { step: at, names, kind, place })
                    }
                    () => Field::CannotSay,
                }
            }
        };
        match further {
            Field::Unknown(_) if said.anything || self.left == 0 || !self.document.is_whole => Field::CannotSay,
            further => further,
        }
    }

    /// What a schema says of a value, with all schemas that it leads to. `around` are those that led here.
    fn said(&mut self, schema: &'d Node, around: &mut Vec<*const Node>) -> Said<'d> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || around.len() >= DEEPEST {
            return Said::anything();
        }
        if schema.as_map().is_none() {
            // `true` says nothing, and what is no schema is not guessed at; `false` is for nothing at all.
            return match schema.as_plain() {
                Some("false") => Said { no_object: true, ..Said::default() },
                Some("true") => Said::default(),
                _ => Said::anything(),
            };
        }
        // One that leads to itself says nothing new.
        if around.contains(&std::ptr::from_ref(schema)) {
            return Said::default();
        }
        around.push(schema);
        let said = self.map(schema, around);
        around.pop();
        said
    }

    fn map(&mut self, schema: &'d Node, around: &mut Vec<*const Node>) -> Said<'d> {
        let mut said = Said::default();
        if let Some(reference) = schema.get("$ref").and_then(Node::as_text) {
            let there = match self.document.resolve(reference) {
                Some(target) => self.said(target, around),
                None => Said::anything(),
            };
            if self.document.is_3_0 {
                return there;
            }
            said.and(there);
        }
        said.anything |= ["$dynamicRef", "$recursiveRef"].iter().any(|key| schema.get(key).is_some());
        said.and(own(schema));
        for one in list(schema, "allOf") {
            let one = self.said(one, around);
            said.and(one);
        }
        for key in ["oneOf", "anyOf"] {
            self.either(schema, key, &mut said, around);
        }
        for one in ["then", "else"].iter().filter_map(|key| schema.get(key)) {
            let one = self.said(one, around);
            said.take(one);
        }
        for entry in schema.get("dependentSchemas").and_then(Node::as_map).unwrap_or_default() {
            let one = self.said(&entry.value, around);
            said.take(one);
        }
        // The subtypes that it tells apart may have names of their own.
        let is_told_apart = list(schema, "oneOf").is_empty() && list(schema, "anyOf").is_empty();
        said.more |= schema.get("discriminator").is_some() && is_told_apart;
        said
    }

    /// Branches of which one holds.
    fn either(&mut self, schema: &'d Node, key: &str, said: &mut Said<'d>, around: &mut Vec<*const Node>) {
        let branches = list(schema, key);
        if branches.is_empty() {
            return;
        }
        let spoke = said.names || !said.items.is_empty();
        let (mut objects, mut kind) = (false, None);
        for branch in branches {
            let branch = self.said(branch, around);
            objects |= !branch.no_object;
            kind = kind.or(branch.kind);
            // One that says nothing of names only sets a condition, unless nobody else says any: then it may be anything.
            let is_silent = !branch.no_object && !branch.names && branch.items.is_empty();
            said.anything |= is_silent && !spoke;
            said.take(branch);
        }
        said.no_object |= !objects;
        said.kind = said.kind.or(kind);
    }
}

/// What a schema says by itself.
fn own(schema: &Node) -> Said<'_> {
    let mut said = Said::default();
    let types: Vec<&str> = match schema.get("type") {
        Some(kind) => kind.as_list().unwrap_or(std::slice::from_ref(kind)).iter().filter_map(Node::as_text).collect(),
        None => Vec::new(),
    };
    said.no_object = !types.is_empty() && !types.contains(&"object");
    said.kind = types.iter().find(|kind| **kind != "null").or(types.first()).copied();
    if let Some(properties) = schema.get("properties").filter(|node| node.as_map().is_some_and(|map| !map.is_empty())) {
        said.properties.push(properties);
        said.names = true;
    }
    for key in ["additionalProperties", "unevaluatedProperties"] {
        let Some(others) = schema.get(key) else { continue };
        said.names = true;
        match others.as_map() {
            Some(map) if !map.is_empty() => said.others.push(others),
            None if others.as_plain() == Some("false") => {}
            _ => said.more = true,
        }
    }
    if schema.get("patternProperties").is_some() {
        (said.names, said.more) = (true, true);
    }
    said.items.extend(schema.get("items").filter(|items| items.as_map().is_some()));
    said.items.extend(list(schema, "prefixItems"));
    said
}

fn list<'n>(schema: &'n Node, key: &str) -> &'n [Node] {
    schema.get(key).and_then(Node::as_list).unwrap_or_default()
}
