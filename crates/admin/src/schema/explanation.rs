//! The schema of `/explain`, as `crates/config/src/explain/json.rs` writes it.

use super::{list, map, number, number_or_null, of, of_or_null, text, text_or_null, truth, words};
use serde_json::{Value, json};

pub(super) fn add(add: &mut impl FnMut(&str, Value)) {
    add("Explanation", explanation());
    add("Told", told());
    add("Candidate", candidate());
    add("Policy", policy());
    add("Action", action());
    add("Service", service());
    add("Field", field());
    add("NoHandshake", kind("no_handshake", &json!({"why": text("Why the handshake fails.")})));
    add("Sent", kind("sent", &sent()));
    add("Aggregated", kind("aggregated", &aggregated()));
    add("Part", part());
    add("Setting", setting());
    add("Answered", kind("answered", &answered()));
    add("Refused", kind("refused", &refused()));
}

fn explanation() -> Value {
    let members = json!({
        "version": number("The configuration by which it is explained."),
        "request": text("The request, as it was asked."),
        "from": text("Who asks."),
        "notes": list("What is to be known of the request beside its text.", &json!({"type": "string"})),
        "listener": of("Told"),
        "candidates": list("Every route whose host and path match, the most specific first.", &of("Candidate")),
        "left_out": number("How many more there are that did not win."),
        "near": list("Routes that match nearly, the nearest first.", &of("Told")),
        "route": text_or_null("The route that takes it."),
        "policies": list("What holds around its answer, outer to inner.", &of("Policy")),
        "outcome": {"anyOf": [of("Sent"), of("Aggregated"), of("Answered"), of("Refused"), of("NoHandshake"), of("Happened")]},
    });
    let optional = json!({"sentence": text("What happened, in a sentence; only of a request that was made.")});
    map("What would become of a request, or what did.", &members, &optional)
}

fn told() -> Value {
    let members = json!({
        "name": text("Its name."),
        "place": text("Where it was written."),
        "why": text("Why it is told of."),
    });
    map("Something of the configuration.", &members, &json!({}))
}

fn candidate() -> Value {
    let members = json!({
        "name": text("Its name."),
        "place": text("Where it was written."),
        "why": text("Why it won or lost."),
        "match": text_or_null("Its match, where its name is another."),
        "verdict": words("How far it came.", &["takes", "fits", "no"]),
    });
    map("A route whose host and path match.", &members, &json!({}))
}

fn policy() -> Value {
    let members = json!({
        "name": text("Its place in the run order."),
        "settings": text("Its settings, defaults filled in."),
        "level": text("Whose it is."),
        "named": text_or_null("Its name, if it has one."),
        "place": text("Where it was written."),
    });
    map("A policy that holds.", &members, &json!({"verdict": of("Verdict")}))
}

fn action() -> Value {
    let members = json!({
        "kind": text("Which one."),
        "settings": text("What it is told."),
        "place": text("Where it was written."),
    });
    map("A route's action.", &members, &json!({}))
}

fn service() -> Value {
    let members = json!({
        "name": text("The upstream's name, or its URL."),
        "place": text_or_null("Where it was written."),
        "endpoints": list("Its endpoints' addresses.", &json!({"type": "string"})),
        "share": text_or_null("Of how many requests it is; null where it is all."),
        "host": text_or_null("The Host that it gets; null is the endpoint's own address."),
    });
    map("A service that a request may go to.", &members, &json!({}))
}

fn field() -> Value {
    let members = json!({"name": text("Its name."), "value": text("Its value; credentials stand as `<hidden>`.")});
    let optional = json!({"added": truth("Whether the gateway adds it, or changed its value.")});
    map("A header field.", &members, &optional)
}

/// One of the things that a request may come to.
fn kind(word: &str, members: &Value) -> Value {
    let mut members = members.clone();
    members["kind"] = json!({"type": "string", "const": word, "description": "Which outcome it is."});
    map("What a request comes to.", &members, &json!({}))
}

fn sent() -> Value {
    json!({
        "action": of("Action"),
        "to": list("The services that may get it.", &of("Service")),
        "copy": of_or_null("Service"),
        "method": text("The method that they get."),
        "target": text("Path and query that they get."),
        "fields": list("The fields that they get.", &of("Field")),
        "dropped": list("The fields that they do not get.", &of("Field")),
    })
}

fn aggregated() -> Value {
    let content = json!({
        "name": text_or_null("The name that it stands under; null is all of the content."),
        "value": text("What stands there, as it was written."),
    });
    let shape = json!({
        "status": text("The status, as it was written."),
        "headers": list("The fields, as they were written.", &of("Field")),
        "content": list("The content, in order.", &map("What stands in the content.", &content, &json!({}))),
        "merge": list("The parts that it is merged of, where it is.", &json!({"type": "string"})),
        "on_conflict": text_or_null("What comes of two that have the same name, where it is merged."),
    });
    json!({
        "action": of("Action"),
        "parts": list("The calls, in the order in which they are written.", &of("Part")),
        "fields": list("The fields that every call carries.", &of("Field")),
        "dropped": list("The client's fields that none carries.", &of("Field")),
        "settings": list("What the plan says besides.", &of("Setting")),
        "stream": truth("Whether the answer begins before all parts are known."),
        "answer": map("What the client gets.", &shape, &json!({})),
    })
}

fn part() -> Value {
    let each = json!({
        "list": text("Under which name an item is known, and the list."),
        "at_most": number("The most items that it may have."),
        "parallel": number("How many calls are under way at a time."),
    });
    let members = json!({
        "name": text("Its name."),
        "place": text("Where it was written."),
        "call": text("What it calls, as it was written."),
        "to": of("Service"),
        "wave": number("How many parts, one after the other, come before it at most; 0 begins at once."),
        "needs": list("The parts that it waits for.", &json!({"type": "string"})),
        "when": text_or_null("What must hold."),
        "for_each": {"anyOf": [map("The list that calls are made for.", &each, &json!({})), {"type": "null"}]},
        "timeout": number_or_null("The time that it has, in microseconds; null has what is left of the whole."),
        "on_failure": words("What becomes of the whole where it fails.", &["fail", "pass", "value"]),
        "value": text_or_null("What stands for it then."),
        "headers": list("The fields that its calls carry besides, as they were written.", &of("Field")),
        "settings": list("What it says besides.", &of("Setting")),
        "answered": truth("Whether the answer names it."),
    });
    map("A call of an aggregate, or one for each item of a list.", &members, &json!({}))
}

fn setting() -> Value {
    let members = json!({"name": text("The key."), "value": text("What it says, on one line.")});
    map("A key of the configuration.", &members, &json!({}))
}

fn answer() -> Value {
    json!({
        "status": number("The status."),
        "fields": list("Its header fields.", &of("Field")),
        "content": text_or_null("Its content, if it is a text."),
    })
}

fn answered() -> Value {
    let mut members = answer();
    members["action"] = of_or_null("Action");
    members
}

fn refused() -> Value {
    let mut members = answer();
    members["reason"] = text("The word in problems and logs.");
    members["title"] = text("What it means.");
    members["detail"] = text("What the client reads beyond that.");
    members["internal"] = text_or_null("What the log says beyond that.");
    members
}
