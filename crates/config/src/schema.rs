//! The JSON Schema (draft-07) of a configuration, by which an editor completes, explains and marks keys.
//!
//! Made from the shapes of the types, so that it says what they read. It is as strict as a schema can be without marking
//! what loads: names that must exist, and rules between keys, are for `pintle check`. No key at the top is required,
//! because an included file holds a part of them. Knows no type by name.

mod values;

use crate::Document;
use crate::comment::plain;
use pintle_core::config::{Field, Read, Shape};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The schema as JSON, always the same for the same program.
pub fn schema() -> String {
    let mut definitions = Definitions::default();
    let mut root = definitions.map_of(&Document::shape());
    root.remove("required");
    root.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    root.insert("$id".into(), "urn:pintle:config".into());
    root.insert("title".into(), "Pintle".into());
    root.insert("definitions".into(), definitions.all.into_iter().map(|(name, (_, value))| (name, value)).collect());
    format!("{:#}\n", Value::Object(root))
}

/// The types that are referred to by name, so that each stands there once and may hold itself.
#[derive(Default)]
struct Definitions {
    /// By name: what tells the type from another one of the same name, and its schema.
    all: BTreeMap<String, (String, Value)>,
}

impl Definitions {
    /// The schema of a shape. `place` is where it stands, to tell types of the same name apart.
    fn of(&mut self, shape: &Shape, place: &str) -> Value {
        match shape {
            Shape::Map { name, .. } | Shape::Kinds { name, .. } | Shape::Forms { name, .. } if !name.is_empty() => {
                self.refer(name, shape, place)
            }
            Shape::Map { .. } | Shape::Kinds { .. } | Shape::Forms { .. } => self.whole(shape, place),
            Shape::List(item) => json!({"type": "array", "items": self.of(&item(), place)}),
            Shape::OneOrMany(item) => {
                let item = self.of(&item(), place);
                json!({"anyOf": [item, {"type": "array", "items": item}]})
            }
            Shape::MapOf(value) => json!({"type": "object", "additionalProperties": self.of(&value(), place)}),
            other => values::of(other),
        }
    }

    fn refer(&mut self, name: &str, shape: &Shape, place: &str) -> Value {
        let own = identity(shape);
        let mut name = name.to_owned();
        if self.all.get(&name).is_some_and(|(other, _)| *other != own) {
            name = place.to_owned();
        }
        if !self.all.contains_key(&name) {
            // Known before it is made: it may hold itself.
            self.all.insert(name.clone(), (own.clone(), Value::Null));
            let value = self.whole(shape, &name);
            self.all.insert(name.clone(), (own, value));
        }
        json!({"$ref": format!("#/definitions/{name}")})
    }

    fn whole(&mut self, shape: &Shape, place: &str) -> Value {
        match shape {
            Shape::Map { .. } => Value::Object(self.map_of(shape)),
            Shape::Kinds { doc, kinds, .. } => {
                // What a kind is stands at its type; the list says why it runs where it runs.
                let own = |kind: &Field| Field { doc: doc_of(&(kind.shape)()).unwrap_or(kind.doc), ..kind.clone() };
                let mut kinds = self.fields(&kinds.iter().map(own).collect::<Vec<_>>(), place);
                kinds.extend([("minProperties".into(), 1.into()), ("maxProperties".into(), 1.into())]);
                Value::Object(described(kinds, &plain(doc)))
            }
            Shape::Forms { doc, forms, .. } => {
                let forms: Vec<Value> =
                    forms.iter().filter(|form| is_there(form)).map(|form| self.form(form, place)).collect();
                let any = Map::from_iter([("anyOf".to_owned(), Value::Array(forms))]);
                Value::Object(described(any, &plain(doc)))
            }
            other => self.of(other, place),
        }
    }

    fn form(&mut self, form: &Field, place: &str) -> Value {
        match form.key {
            "none" => json!({"const": "none", "description": plain(form.doc)}),
            _ => self.of(&(form.shape)(), place),
        }
    }

    fn map_of(&mut self, shape: &Shape) -> Map<String, Value> {
        let Shape::Map { name, doc, fields } = shape else { return Map::new() };
        let mut map = self.fields(fields, name);
        let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.key).collect();
        if !required.is_empty() {
            map.insert("required".into(), required.into());
        }
        described(map, &plain(doc))
    }

    fn fields(&mut self, fields: &[Field], place: &str) -> Map<String, Value> {
        let there = fields.iter().filter(|field| is_there(field));
        let properties: Map<String, Value> =
            there.map(|field| (field.key.to_owned(), self.property(field, place))).collect();
        Map::from_iter([
            ("type".to_owned(), "object".into()),
            ("properties".to_owned(), properties.into()),
            ("additionalProperties".to_owned(), false.into()),
        ])
    }

    fn property(&mut self, field: &Field, place: &str) -> Value {
        let shape = (field.shape)();
        let mut value = match self.of(&shape, &format!("{place}.{}", field.key)) {
            // In draft-07 nothing that stands beside a `$ref` counts.
            Value::Object(object) if object.contains_key("$ref") => {
                Map::from_iter([("allOf".to_owned(), Value::Array(vec![Value::Object(object)]))])
            }
            Value::Object(object) => object,
            _ => Map::new(),
        };
        let default = field.default.map(values::from_yaml);
        let mut text = plain(field.doc);
        if let Some(more) = values::explained(&shape) {
            text = format!("{text}\n\n{more}");
        }
        if let (Some(written), Some(false)) = (field.default, default.as_ref().map(is_empty)) {
            text = format!("{text}\n\nDefault: {written}");
        }
        if let Some(default) = default {
            value.insert("default".into(), default);
        }
        Value::Object(described(value, text.trim()))
    }
}

/// Whether it can be written: not a key for later, and no map all of whose kinds are for later.
pub(crate) fn is_there(field: &Field) -> bool {
    let has_kinds = || match (field.shape)() {
        Shape::Kinds { kinds, .. } => kinds.iter().any(|kind| !kind.later),
        _ => true,
    };
    !field.later && has_kinds()
}

/// What is said of a type itself, if anything is.
pub(crate) fn doc_of(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::Map { doc, .. } | Shape::Kinds { doc, .. } | Shape::Forms { doc, .. } | Shape::Text { doc, .. } => {
            Some(*doc).filter(|doc| !doc.is_empty())
        }
        _ => None,
    }
}

/// What tells a type from another one of the same name.
pub(crate) fn identity(shape: &Shape) -> String {
    match shape {
        Shape::Map { doc, fields, .. }
        | Shape::Kinds { doc, kinds: fields, .. }
        | Shape::Forms { doc, forms: fields, .. } => {
            fields.iter().map(|field| field.key).fold((*doc).to_owned(), |all, key| all + "\n" + key)
        }
        _ => String::new(),
    }
}

fn described(mut schema: Map<String, Value>, text: &str) -> Map<String, Value> {
    if !text.is_empty() {
        schema.insert("description".into(), text.into());
    }
    schema
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}
