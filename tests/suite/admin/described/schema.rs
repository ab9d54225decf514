//! An OpenAPI document as a test reads it: enough of JSON Schema for what ours says, and stricter, as a member that is not
//! described is a fault.

use parking_lot::Mutex;
use pintle_testkit::Answer;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) struct Document {
    root: Value,
    /// The schemas that some answer was held against.
    used: Mutex<BTreeSet<String>>,
}

impl Document {
    pub(super) fn new(root: Value) -> Self {
        Document { root, used: Mutex::default() }
    }

    /// Holds an answer against what is said of it.
    #[track_caller]
    pub(super) fn holds(&self, method: &str, target: &str, answer: &Answer) {
        let path = target.split('?').next().unwrap_or_default();
        // `/why/{id}` stands for all that is in its last segment's place.
        let is = |described: &&String| {
            let fits = |(part, other): (&str, &str)| part == other || part.starts_with('{');
            described.split('/').count() == path.split('/').count()
                && described.split('/').zip(path.split('/')).all(fits)
        };
        let paths = self.root["paths"].as_object().expect("paths");
        let described = paths.keys().find(|one| *one == path).or_else(|| paths.keys().find(is));
        let operation = &self.root["paths"][described.map_or(path, String::as_str)][method.to_ascii_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not described");
        let mut response = &operation["responses"][answer.status.to_string()];
        if let Some(name) = response["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            response = &self.root["components"]["responses"][name];
        }
        assert!(response.is_object(), "{method} {target}: {} is not described: {answer:?}", answer.status);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let missing = header["required"] == true && answer.get(&name.to_ascii_lowercase()).is_none();
            assert!(!missing, "{method} {target}: no {name} in {answer:?}");
        }
        let kind = answer.get("content-type").unwrap_or_default();
        let schema = &response["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {target}: {kind} is not described for {}", answer.status);
        if kind.contains("json") {
            let mut faults = Vec::new();
            self.check(schema, &answer.json(), "", &mut faults);
            assert!(faults.is_empty(), "{method} {target}: {faults:#?}\n{}", answer.text());
        }
    }

    /// Every schema was held against something.
    #[track_caller]
    pub(super) fn is_used(&self) {
        let used = self.used.lock();
        let all = self.root["components"]["schemas"].as_object().expect("schemas").keys();
        let unused: Vec<_> = all.filter(|name| !used.contains(*name)).collect();
        // Of a handshake that fails, and of a caller by a socket, other tests hear.
        let expected = ["NoHandshake"];
        assert!(unused.iter().all(|name| expected.contains(&&***name)), "{unused:?}");
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            self.used.lock().insert(name.to_owned());
            return self.check(&self.root["components"]["schemas"][name], value, at, faults);
        }
        if let Some(any) = schema["anyOf"].as_array() {
            let all: Vec<Vec<String>> = any.iter().map(|one| self.faults(one, value, at)).collect();
            if !all.iter().any(Vec::is_empty) {
                faults.push(format!("{at}: none of: {all:?}"));
            }
            return;
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.contains(&kind(value)) {
            return faults.push(format!("{at}: {} where {types:?} is described", kind(value)));
        }
        if let Some(wanted) = schema.get("const").filter(|wanted| *wanted != value) {
            faults.push(format!("{at}: {value} is not {wanted}"));
        }
        if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
            faults.push(format!("{at}: {value} is none of the words"));
        }
        if let Value::Array(items) = value {
            items
                .iter()
                .enumerate()
                .for_each(|(n, item)| self.check(&schema["items"], item, &format!("{at}/{n}"), faults));
        }
        if let Value::Object(members) = value {
            for (name, member) in members {
                match schema["properties"].get(name) {
                    Some(schema) => self.check(schema, member, &format!("{at}/{name}"), faults),
                    None if schema["additionalProperties"] == true || schema.get("properties").is_none() => {}
                    None => faults.push(format!("{at}/{name} is not described")),
                }
            }
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            faults.extend(
                required.filter(|name| !members.contains_key(*name)).map(|name| format!("{at}/{name} is missing")),
            );
        }
    }

    fn faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(schema, value, at, &mut faults);
        faults
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
