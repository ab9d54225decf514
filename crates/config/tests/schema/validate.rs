//! As much of JSON Schema (draft-07) as the schema uses. A word that it does not know is a failure of the test, so that
//! nothing is passed over. A library for all of it would bring 28 packages.

use pintle_core::config::{Form, Node};
use regex::Regex;
use serde_json::{Map, Value};

pub(crate) struct Schema(Value);

/// What says nothing about validity.
const NOTES: [&str; 8] =
    ["$schema", "$id", "title", "description", "default", "definitions", "enumDescriptions", "examples"];

impl Schema {
    pub(crate) fn new(text: &str) -> Self {
        let schema: Value = serde_json::from_str(text).expect("the schema is JSON");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        Schema(schema)
    }

    /// The places that are wrong.
    pub(crate) fn marks(&self, value: &Value) -> Vec<String> {
        let mut marks = Vec::new();
        self.check(&self.0, value, "", &mut marks);
        marks
    }

    /// The keys of maps that have no description.
    pub(crate) fn unexplained(&self) -> Vec<String> {
        let mut found = Vec::new();
        unexplained(&self.0, "", &mut found);
        found
    }

    fn is_valid(&self, schema: &Value, value: &Value) -> bool {
        let mut marks = Vec::new();
        self.check(schema, value, "", &mut marks);
        marks.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, place: &str, marks: &mut Vec<String>) {
        let rules = schema.as_object().expect("a schema is an object");
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/definitions/").expect("a definition");
            assert_eq!(rules.len(), 1, "nothing counts beside a reference");
            return self.check(&self.0["definitions"][name], value, place, marks);
        }
        for (rule, wanted) in rules {
            if !self.holds(rules, rule, wanted, value) {
                marks.push(format!("{place}: {rule} {wanted}"));
            }
        }
        for (key, inner) in value.as_object().into_iter().flatten() {
            let inside = schema["properties"].get(key).or(rules.get("additionalProperties"));
            if let Some(inside) = inside.filter(|inside| inside.is_object()) {
                self.check(inside, inner, &format!("{place}/{key}"), marks);
            }
        }
        for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
            if let Some(inside) = rules.get("items") {
                self.check(inside, inner, &format!("{place}/{index}"), marks);
            }
        }
        for inside in schema["allOf"].as_array().into_iter().flatten() {
            self.check(inside, value, place, marks);
        }
    }

    fn holds(&self, rules: &Map<String, Value>, rule: &str, wanted: &Value, value: &Value) -> bool {
        let list = || wanted.as_array().expect("a list");
        let number = |value: &Value| value.as_f64();
        match rule {
            "type" if wanted.is_string() => is_of(value, wanted),
            "type" => list().iter().any(|wanted| is_of(value, wanted)),
            "const" => value == wanted,
            "enum" => list().contains(value),
            "pattern" => {
                let pattern = Regex::new(wanted.as_str().expect("a text")).expect("a regular expression");
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "minimum" => number(value).is_none_or(|value| Some(value) >= number(wanted)),
            "maximum" => number(value).is_none_or(|value| Some(value) <= number(wanted)),
            "minProperties" => {
                value.as_object().is_none_or(|map| map.len() as u64 >= wanted.as_u64().expect("a number"))
            }
            "maxProperties" => {
                value.as_object().is_none_or(|map| map.len() as u64 <= wanted.as_u64().expect("a number"))
            }
            "required" => list()
                .iter()
                .all(|key| value.as_object().is_none_or(|map| map.contains_key(key.as_str().expect("a key")))),
            "additionalProperties" if wanted == false => {
                value.as_object().is_none_or(|map| map.keys().all(|key| rules["properties"].get(key).is_some()))
            }
            "anyOf" => list().iter().any(|form| self.is_valid(form, value)),
            "properties" | "additionalProperties" | "items" | "allOf" => true,
            note => {
                assert!(NOTES.contains(&note), "the schema uses `{note}`, which this test does not know");
                true
            }
        }
    }
}

fn is_of(value: &Value, kind: &Value) -> bool {
    match kind.as_str().expect("a type's name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        other => panic!("the schema uses the type `{other}`, which this test does not know"),
    }
}

fn unexplained(schema: &Value, place: &str, found: &mut Vec<String>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        if inner["description"].as_str().is_none_or(|text| text.len() < 5 || text.contains("[`")) {
            found.push(format!("{place}/{key}"));
        }
    }
    let inner = schema.as_object().into_iter().flatten().chain([]);
    for (key, inner) in inner.filter(|(key, _)| *key != "default") {
        match inner {
            Value::Object(_) => unexplained(inner, &format!("{place}/{key}"), found),
            Value::Array(all) => all.iter().for_each(|inner| unexplained(inner, &format!("{place}/{key}"), found)),
            _ => {}
        }
    }
}

/// The tree with the types that YAML 1.2 gives to scalars without quotes, as an editor's reader does.
pub(crate) fn as_editors_read(node: &Node) -> Value {
    match node.form() {
        Form::List(items) => items.iter().map(as_editors_read).collect(),
        Form::Map(entries) => entries.iter().map(|one| (one.key.to_string(), as_editors_read(&one.value))).collect(),
        Form::Scalar { text, plain: true } => match &**text {
            "null" | "~" => Value::Null,
            text => match serde_json::from_str(text) {
                Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
                _ => text.into(),
            },
        },
        Form::Scalar { text, .. } => (&**text).into(),
        Form::Nothing | Form::Broken => Value::Null,
    }
}
