//! The schemas of answers (JSON Schema 2020-12), by their names. A test holds them against what a gateway answers: every
//! member that there is stands here.

mod explanation;
mod happened;
mod stats;
mod status;

use serde_json::{Map, Value, json};

/// Every schema that the document has, by its name.
pub(crate) fn all() -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |name: &str, schema: Value| {
        all.insert(name.to_owned(), schema);
    };
    add("Problem", problem());
    add("Message", message());
    add("Config", config());
    add("Changed", changed());
    add("Changes", changes());
    add("Reloaded", reloaded());
    add("History", history());
    add("Caller", caller());
    add("OpenApi", open_api());
    status::add(&mut add);
    stats::add(&mut add);
    explanation::add(&mut add);
    happened::add(&mut add);
    all
}

/// A map with these members, and others that may be left out.
fn map(about: &str, members: &Value, optional: &Value) -> Value {
    let (Some(members), Some(optional)) = (members.as_object(), optional.as_object()) else { return json!({}) };
    let required: Vec<&String> = members.keys().collect();
    let all: Map<String, Value> = members.iter().chain(optional).map(|(name, of)| (name.clone(), of.clone())).collect();
    json!({"type": "object", "description": about, "required": required, "properties": all})
}

fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

fn text_or_null(about: &str) -> Value {
    json!({"type": ["string", "null"], "description": about})
}

fn number(about: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": about})
}

fn number_or_null(about: &str) -> Value {
    json!({"type": ["integer", "null"], "minimum": 0, "description": about})
}

fn truth(about: &str) -> Value {
    json!({"type": "boolean", "description": about})
}

fn words(about: &str, words: &[&str]) -> Value {
    json!({"type": "string", "enum": words, "description": about})
}

fn list(about: &str, of: &Value) -> Value {
    json!({"type": "array", "items": of, "description": about})
}

fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn of_or_null(name: &str) -> Value {
    json!({"anyOf": [of(name), {"type": "null"}]})
}

fn problem() -> Value {
    let members = json!({
        "type": {"type": "string", "const": "about:blank", "description": "Nothing beyond the status."},
        "title": text("What the reason means."),
        "status": json!({"type": "integer", "minimum": 400, "maximum": 599, "description": "The status."}),
        "detail": text("What is wrong, and the remedy."),
        "reason": text("The reason, one word."),
        "request_id": text("The call's id: the `X-Request-Id` that was sent, or one that was given."),
    });
    let optional = json!({"messages": list("What is wrong with a configuration.", &of("Message"))});
    map("Why a call was refused (RFC 9457).", &members, &optional)
}

fn message() -> Value {
    let place = json!({
        "file": text("Where."),
        "line": number("The line, from 1."),
        "column": number("The column, from 1, in characters."),
        "end_line": number("Where it ends."),
        "end_column": number("Just past its end."),
        "label": text_or_null("What is there."),
    });
    let also = list("Other places that belong to it.", &map("A place.", &place, &json!({})));
    let mut members = place;
    members["severity"] = words("How bad it is.", &["error", "warning"]);
    members["code"] = text("What kind of mistake it is; `docs/check.md` lists them.");
    members["message"] = text("What is wrong.");
    members["help"] = text_or_null("The remedy.");
    members["also"] = also;
    map("What is wrong with a configuration, or doubtful in it.", &members, &json!({}))
}

fn config() -> Value {
    let file = json!({"name": text("Its name."), "text": text("All of it.")});
    let members = json!({
        "version": number("The version in force."),
        "main": text("The main file's name."),
        "files": list("The files in the order of their reading.", &map("A file.", &file, &json!({}))),
    });
    map("The texts in force.", &members, &json!({}))
}

fn changed() -> Value {
    let members = json!({
        "version": number("The version in force; with `dry_run` the one that stays."),
        "changes": of("Changes"),
    });
    let optional = json!({
        "dry_run": json!({"type": "boolean", "const": true, "description": "Nothing was changed."}),
        "messages": list("What is doubtful in it.", &of("Message")),
    });
    map("A change that was made, or could be.", &members, &optional)
}

fn changes() -> Value {
    let any = list("Each that is added, removed or changed.", &json!({"type": "object"}));
    let mut members = Map::new();
    for kind in ["listeners", "routes", "policies", "upstreams", "certificates", "settings"] {
        members.insert(kind.into(), any.clone());
    }
    members.insert("summary".into(), text("All of it in one line."));
    json!({
        "type": ["object", "null"],
        "description": "What changes, as `pintle diff --format json` says it; null where that cannot be said.",
        "properties": members,
        "additionalProperties": true,
    })
}

fn reloaded() -> Value {
    map("A reload.", &json!({"version": number("The version in force.")}), &json!({}))
}

/// By what a configuration came in force.
fn causes() -> Value {
    let all = ["start", "file", "signal", "admin", "put", "rollback", "guard"];
    words("By what it came in force.", &all)
}

/// Where a configuration comes from.
fn origins() -> Value {
    words("Where it comes from.", &["files", "put", "rollback", "guard", "state"])
}

fn caller() -> Value {
    let members = json!({
        "peer": text("Its address, or `unix`."),
        "uid": number_or_null("The user, on a unix socket."),
        "pid": number_or_null("The process, on a unix socket."),
        "token": text_or_null("Where the token comes from that it showed: `env NAME` or `file PATH`."),
        "certificate": text_or_null("SHA-256 of the client certificate that it proved to have."),
        "agent": text_or_null("What it said that it is (`User-Agent`)."),
        "request_id": text("The call's id."),
    });
    map("Who called.", &members, &json!({}))
}

fn history() -> Value {
    let version = json!({
        "version": number("Its number."),
        "at": number("When it came in force, in seconds since 1970."),
        "by": causes(),
        "who": of_or_null("Caller"),
        "took_ms": number("How long that took."),
        "digest": text("SHA-256 of its texts."),
        "copy_of": number_or_null("The version that was gone back to."),
        "taken_back": truth("Whether the guard took it back."),
    });
    let members = json!({
        "in_force": number("The version in force."),
        "origin": origins(),
        "versions": list("The newest first.", &map("A configuration.", &version, &json!({}))),
    });
    map("The configurations that are kept.", &members, &json!({}))
}

fn open_api() -> Value {
    json!({
        "type": "object",
        "description": "An OpenAPI document.",
        "required": ["openapi", "info", "paths"],
        "properties": {"openapi": {"type": "string"}, "info": {"type": "object"}, "paths": {"type": "object"}},
        "additionalProperties": true,
    })
}
