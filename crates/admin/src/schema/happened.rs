//! The schemas of `/why`, as `crates/config/src/explain/json/happened.rs` writes them.

use super::{list, map, number, number_or_null, of, of_or_null, text, text_or_null, truth, words};
use serde_json::{Value, json};

pub(super) fn add(add: &mut impl FnMut(&str, Value)) {
    add("Happened", happened());
    add("Verdict", verdict());
    add("AskedRequest", asked_request());
    add("AskedTunnel", map("A connection.", &json!({"server_name": text_or_null("The name asked for.")}), &json!({})));
    add("Try", attempt());
    add("HappenedPart", part());
    add("HappenedCall", call());
    add("Standing", standing());
    add("Time", time());
    add("Requests", requests());
    add("Request", request());
}

fn verdict() -> Value {
    let members = json!({
        "word": words("What became of it.", &["passed", "refused", "not_reached"]),
        "why": text_or_null("Why it refused."),
        "own": number_or_null("How long it took by itself, in microseconds, of those that may wait."),
    });
    map("What became of a policy in a request that was made.", &members, &json!({}))
}

fn happened() -> Value {
    let tls = json!({
        "version": text("The version."),
        "server_name": text_or_null("The server name that was asked for."),
        "fingerprint": text_or_null("SHA-256 of the client's certificate in hex."),
    });
    let members = json!({
        "kind": {"type": "string", "const": "happened", "description": "Which outcome it is."},
        "request_id": text("The request's id."),
        "trace_id": text_or_null("The trace that it belongs to."),
        "over": text("When it was over (RFC 3339)."),
        "version": number("The configuration by which it was answered; 0 where none was asked."),
        "asked": {"anyOf": [of("AskedRequest"), of("AskedTunnel")]},
        "status": number_or_null("The status that the client got, or would have got."),
        "grpc_status": number_or_null("The status of a gRPC answer."),
        "end": text_or_null("Why a tunnel ended."),
        "reason": text_or_null("Why the gateway answered by itself, or why the answer did not go out whole."),
        "title": text_or_null("What that means."),
        "detail": text("What the client read beyond that."),
        "internal": text_or_null("What the log says."),
        "policy": text_or_null("The policy that refused."),
        "consumer": text_or_null("The consumer that it came from."),
        "batch_request_id": text_or_null("The id of the batch that it is a request of."),
        "client": text_or_null("The client's address."),
        "peer": text_or_null("The other end of the connection."),
        "tls": {"anyOf": [map("The TLS session.", &tls, &json!({})), {"type": "null"}]},
        "action": of_or_null("Action"),
        "upstream": text_or_null("The upstream that was asked last; null for an aggregate, whose parts say theirs."),
        "upstream_status": number_or_null("The status that it answered."),
        "attempts": number("How many tries there were."),
        "tries": list("The last of them, in order.", &of("Try")),
        "budget_spent": truth("Whether another try was wanted and the budget for retries was spent."),
        "parts": list("The parts of an aggregate, in the order in which they are written.", &of("HappenedPart")),
        "parts_left_out": number("How many more parts there were."),
        "now": of_or_null("Standing"),
        "time": of("Time"),
        "received": number("Bytes of content that came."),
        "sent": number("Bytes of content that went."),
    });
    map("What became of a request. Times are in microseconds, from the end of its head on.", &members, &json!({}))
}

fn asked_request() -> Value {
    let members = json!({
        "http": text("The version of HTTP."),
        "method": text("The method."),
        "scheme": text("http or https."),
        "authority": text("Host and port."),
        "target": text("Path and query, without credentials."),
        "fields": list("The header fields as they came, without credentials.", &of("Field")),
        "fields_cut": truth("Whether not all of them were kept."),
    });
    map("A request as it came.", &members, &json!({}))
}

fn attempt() -> Value {
    let connect = json!({"took": number("All of it."), "tls": number("The part of it that was TLS.")});
    let members = json!({
        "endpoint": text("The endpoint's address."),
        "by": text("How it was chosen."),
        "among": number("Among how many."),
        "began": number("When it began."),
        "connect": {"anyOf": [map("A connection that was made.", &connect, &json!({})), {"type": "null"}]},
        "over": number_or_null("When it was over."),
        "status": number_or_null("The status that was answered."),
        "reason": text_or_null("Why there was no answer."),
        "internal": text_or_null("What happened."),
    });
    map("A try to get an answer.", &members, &json!({}))
}

fn part() -> Value {
    let members = json!({
        "name": text("Its name."),
        "upstream": text("The upstream that it calls."),
        "call": text("What it calls, as it was written."),
        "needs": list("The parts that it waited for.", &json!({"type": "string"})),
        "state": words(
            "What became of it; waiting where the request ended before that was known.",
            &["ok", "failed", "skipped", "waiting"],
        ),
        "reason": text_or_null("Why it failed, in a word."),
        "internal": text_or_null("What happened."),
        "status": number_or_null("The status that its service answered."),
        "fatal": truth("Whether it failed the whole."),
        "began": number_or_null("When its first call began; null where none was made for it."),
        "over": number_or_null("When it was settled."),
        "calls": number("How many calls were made for it."),
        "attempts": number("How many tries there were for them."),
        "kept": list("Some of the calls, those that went wrong before others.", &of("HappenedCall")),
    });
    map("What became of a part of an aggregate.", &members, &json!({}))
}

fn call() -> Value {
    let members = json!({
        "number": number("Its number among the calls of the request, from 0."),
        "began": number("When it began."),
        "over": number_or_null("When it was over; null where it was given up."),
        "attempts": number("How many tries there were."),
        "tries": list("The last of them, in order.", &of("Try")),
    });
    map("A call of a part.", &members, &json!({}))
}

fn standing() -> Value {
    let endpoint = json!({"address": text("Its address."), "state": text("Its state.")});
    let members = json!({
        "breaker_open": {"type": ["boolean", "null"], "description": "Whether the circuit breaker is open."},
        "endpoints": list("Its endpoints.", &map("An endpoint.", &endpoint, &json!({}))),
    });
    map("How an upstream stands now.", &members, &json!({}))
}

fn time() -> Value {
    let members = json!({
        "whole": number("All of it."),
        "head": number("How long the head took to come, before that."),
        "policies": number_or_null("When the action began."),
        "lookup": number("How long names were looked up."),
        "queue": number("How long it waited for a place."),
        "answered": number_or_null("When the service's head was here."),
    });
    map("Where the time went.", &members, &json!({}))
}

fn requests() -> Value {
    let members = json!({
        "kept": number("How many requests are kept."),
        "oldest": text_or_null("When the oldest of them was over."),
        "requests": list("Those that were asked for, the newest first.", &of("Request")),
    });
    map("The last requests.", &members, &json!({}))
}

fn request() -> Value {
    let members = json!({
        "request_id": text("Its id."),
        "over": text("When it was over."),
        "sentence": text("What became of it."),
        "request": text("What was asked."),
        "client": text_or_null("The client's address."),
        "route": text_or_null("The route that took it."),
        "upstream": text_or_null("The upstream that was asked."),
        "status": number_or_null("The status."),
        "reason": text_or_null("Why the gateway answered by itself, or why the answer did not go out whole."),
        "took": number("How long it took, in microseconds."),
    });
    map("A request, in brief.", &members, &json!({}))
}
