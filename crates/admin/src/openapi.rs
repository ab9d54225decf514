//! The OpenAPI document (3.1), made of the table of operations.

use crate::answer::TEXT;
use crate::operation::{Form, Operation, Parameter, Place, Who};
use crate::operations::OPERATIONS;
use crate::schema;
use crate::trouble::{Kind, PROBLEM};
use pintle_core::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const ABOUT: &str = "What operators ask a running gateway, at the address that `admin.address` names. Reading is free on loopback; \
    anywhere else it wants the token, and what changes something wants it everywhere, but for a unix socket, whose file's \
    permissions decide. Refusals are problems (RFC 9457) for who names JSON in `Accept`, and one sentence as text for \
    everyone else. Every answer has the call's `X-Request-Id`: the one that was sent, or one that was given. GET is HEAD, too.";

/// The document, the same for every gateway of this version.
pub fn openapi() -> Value {
    let mut paths = Map::new();
    for one in OPERATIONS {
        let path = paths.entry(one.path).or_insert_with(|| json!({}));
        path[one.verb.word().to_ascii_lowercase()] = operation(one);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pintle's admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Health, status, metrics, changes and explanations of a running gateway.",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schema::all(),
            "responses": shared(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The token of `admin.token`."},
            },
        },
    })
}

fn operation(one: &Operation) -> Value {
    let mut parameters: Vec<Value> = one.parameters.iter().map(parameter).collect();
    if one.takes_version() {
        let version = json!({
            "name": "If-Match",
            "in": "header",
            "description": "Holds only while this version is in force: the version in quotes.",
            "schema": {"type": "string", "pattern": "^(\"[0-9]{1,19}\"|\\*)$", "examples": ["\"3\""]},
        });
        parameters.push(version);
    }
    let security = match one.who {
        Who::Anyone => json!([]),
        Who::Reader | Who::Writer => json!([{}, {"token": []}]),
    };
    let mut value = json!({
        "operationId": one.id,
        "summary": one.summary,
        "description": one.about,
        "security": security,
        "responses": responses(one),
    });
    if !parameters.is_empty() {
        value["parameters"] = parameters.into();
    }
    if let Some(takes) = &one.takes {
        let content: Map<String, Value> =
            takes.kinds.iter().map(|kind| ((*kind).to_owned(), json!({"schema": {"type": "string"}}))).collect();
        value["requestBody"] = json!({"required": true, "description": takes.about, "content": content});
    }
    value
}

fn parameter(one: &Parameter) -> Value {
    let schema = match one.form {
        // Bytes are bounded, and a character has up to four of them.
        Form::Text(most) => json!({"type": "string", "minLength": 1, "maxLength": most}),
        Form::Number(most) => json!({"type": "integer", "minimum": 0, "maximum": most}),
        Form::Flag => json!({"type": "boolean", "default": false}),
        Form::Word(words) => json!({"type": "string", "enum": words}),
    };
    let example: Value = match one.form {
        Form::Text(_) | Form::Word(_) => one.example.into(),
        Form::Number(_) | Form::Flag => serde_json::from_str(one.example).unwrap_or_default(),
    };
    let schema = if one.many { json!({"type": "array", "items": schema}) } else { schema };
    let example = if one.many { json!([example]) } else { example };
    json!({
        "name": one.name,
        "in": if one.place == Place::Path { "path" } else { "query" },
        "required": one.place != Place::Query,
        "description": one.about,
        "schema": schema,
        "example": example,
    })
}

fn responses(one: &Operation) -> Value {
    let mut all = Map::new();
    for says in one.says {
        let content: Map<String, Value> = says
            .kinds
            .iter()
            .map(|(kind, schema)| {
                let schema = match schema {
                    Some(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
                    None => json!({"type": "string"}),
                };
                ((*kind).to_owned(), json!({"schema": schema}))
            })
            .collect();
        let mut response = json!({"description": says.about, "content": content, "headers": headers()});
        if says.tagged {
            response["headers"]["ETag"] = json!({
                "description": "The version in force, in quotes.",
                "required": true,
                "schema": {"type": "string", "pattern": "^\"[0-9]+\"$"},
            });
        }
        all.insert(says.status.to_string(), response);
    }
    all.extend(refusals(one).map(|refusal| {
        let name = refusal.name();
        (refusal.status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}))
    }));
    all.into()
}

/// The refusals of one status, which several operations may share.
struct Refusal {
    status: u16,
    kinds: Vec<&'static Kind>,
}

fn refusals(one: &Operation) -> impl Iterator<Item = Refusal> + use<> {
    let mut by_status: BTreeMap<u16, Vec<&'static Kind>> = BTreeMap::new();
    for kind in one.troubles() {
        by_status.entry(kind.status).or_default().push(kind);
    }
    by_status.into_iter().map(|(status, kinds)| Refusal { status, kinds })
}

/// Every response that is referred to, by its name.
fn shared() -> Map<String, Value> {
    let all = OPERATIONS.iter().flat_map(|one| refusals(one));
    all.map(|refusal| (refusal.name(), refusal.response())).collect()
}

impl Refusal {
    fn name(&self) -> String {
        self.kinds.iter().map(|kind| kind.reason).collect::<Vec<_>>().join(".")
    }

    fn response(&self) -> Value {
        let about: Vec<String> = self.kinds.iter().map(|kind| format!("`{}`: {}.", kind.reason, kind.title)).collect();
        let mut headers = headers();
        if self.status == StatusCode::UNAUTHORIZED {
            headers["WWW-Authenticate"] =
                json!({"description": "How to show the token.", "required": true, "schema": {"type": "string"}});
        }
        let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
        json!({
            "description": about.join(" "),
            "headers": headers,
            "content": {PROBLEM: problem, TEXT: {"schema": {"type": "string"}}},
        })
    }
}

fn headers() -> Value {
    json!({"X-Request-Id": {"description": "The call's id.", "required": true, "schema": {"type": "string"}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_led_to() {
        let document = openapi();
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in &found {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        for part in ["schemas", "responses"] {
            for name in document["components"][part].as_object().expect("a map").keys() {
                let reference = format!("#/components/{part}/{name}");
                assert!(found.contains(&&*reference), "nothing leads to {name}");
            }
        }
    }

    #[test]
    fn every_operation_is_whole() {
        let mut ids: Vec<_> = OPERATIONS.iter().map(|one| one.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), OPERATIONS.len(), "two have one name");
        for one in OPERATIONS {
            assert!(!one.summary.is_empty() && !one.about.is_empty() && !one.says.is_empty(), "{}", one.id);
            for parameter in one.parameters {
                assert!(!parameter.about.is_empty() && !parameter.example.is_empty(), "{}", parameter.name);
                let in_path = one.path.contains(&format!("{{{}}}", parameter.name));
                assert_eq!(parameter.place == Place::Path, in_path, "{} of {}", parameter.name, one.path);
            }
            let writes = one.verb != crate::Verb::Get;
            assert_eq!(one.who == Who::Writer, writes, "{}: GET changes nothing (RFC 9110 9.2.1)", one.id);
        }
    }
}
