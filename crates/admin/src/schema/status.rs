//! The schema of `/status`.

use super::{causes, list, map, number, number_or_null, of, of_or_null, origins, text, text_or_null, truth, words};
use serde_json::{Value, json};

pub(super) fn add(add: &mut impl FnMut(&str, Value)) {
    add("Status", status());
    add("InForce", in_force());
    add("Listener", listener());
    add("Certificate", certificate());
    add("Upstream", upstream());
    add("Endpoint", endpoint());
}

fn status() -> Value {
    let connections = json!({
        "open": number("Connections of clients that are open."),
        "most": number("How many there may be."),
    });
    let memory =
        json!({"resident_bytes": number_or_null("Memory that is in use; null where the system does not tell.")});
    let lost = json!({
        "log_records": number("Records of the access log that were dropped, or lost in a failed write."),
    });
    let states = json!({
        "up": number("Those that take part."),
        "down": number("Those whose checks fail."),
        "ejected": number("Those that failed too often."),
        "unreachable": number("Those that take no connection."),
    });
    let members = json!({
        "pintle": text("The program's version."),
        "pid": number("The process."),
        "started": number("When it began, in seconds since 1970."),
        "configuration": of("InForce"),
        "state_failure": text_or_null("What is wrong with the state folder."),
        "draining": truth("Whether it ends."),
        "workers": number("Threads that serve."),
        "memory": map("Memory.", &memory, &json!({})),
        "connections": map("Connections of clients.", &connections, &json!({})),
        "lost": map("What could not be kept.", &lost, &json!({})),
        "routes": number("How many routes there are."),
        "listeners": list("The listeners.", &of("Listener")),
        "admin": map("The admin address.", &json!({
            "address": text_or_null("Where it listens."),
            "tls": truth("Whether it speaks TLS."),
            "certificates": list("Its certificates.", &of("Certificate")),
        }), &json!({})),
        "upstreams": list("The upstreams that were asked for, by name.", &of("Upstream")),
        "upstreams_total": number("How many there are."),
        "upstreams_next": text_or_null("What to give as `after` for those that follow; null if none do."),
        "endpoints": map("How many endpoints of all upstreams are in each state.", &states, &json!({})),
    });
    map("What runs.", &members, &json!({}))
}

fn in_force() -> Value {
    let refusal = json!({"at": number("When, in seconds since 1970."), "messages": text("What was wrong.")});
    let members = json!({
        "version": number("Its number."),
        "since": number("Since when, in seconds since 1970."),
        "by": causes(),
        "who": of_or_null("Caller"),
        "took_ms": number("How long it took to come in force."),
        "origin": origins(),
        "digest": text("SHA-256 of its texts."),
        "watched": {"type": ["boolean", "null"], "description": "Whether the guard watches it; null without a guard."},
        "last_refusal": {
            "anyOf": [map("What was refused last since then.", &refusal, &json!({})), {"type": "null"}],
        },
    });
    map("The configuration in force.", &members, &json!({}))
}

fn listener() -> Value {
    let members = json!({
        "name": text("Its name."),
        "protocol": words("What it takes.", &["http", "tcp"]),
        "addresses": list("Where it listens.", &json!({"type": "string"})),
        "tls": truth("Whether it terminates TLS."),
        "certificates": list("Its certificates, in the configuration's order.", &of("Certificate")),
    });
    map("A listener.", &members, &json!({}))
}

fn certificate() -> Value {
    let members = json!({
        "file": text("Where it was read from."),
        "names": list("The DNS names in it.", &json!({"type": "string"})),
        "ends": number_or_null("When it ends, in seconds since 1970."),
    });
    map("A certificate that is served.", &members, &json!({}))
}

fn upstream() -> Value {
    let members = json!({
        "name": text("Its name, or its URL."),
        "breaker_open": {
            "type": ["boolean", "null"],
            "description": "Whether its circuit breaker is open; null if it has none.",
        },
        "endpoints": list("Its endpoints: the first 100, or all where it alone is asked for.", &of("Endpoint")),
        "endpoints_total": number("How many there are."),
    });
    map("An upstream.", &members, &json!({}))
}

fn endpoint() -> Value {
    let members = json!({
        "address": text("Its address."),
        "state": words("Whether it takes part.", &["up", "down", "ejected", "unreachable"]),
        "active": number("Requests under way."),
        "idle_connections": number("Connections that are kept."),
    });
    map("An endpoint.", &members, &json!({}))
}
