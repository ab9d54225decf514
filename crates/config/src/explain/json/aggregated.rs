//! What an aggregate would call as programs read it. Times are in microseconds.

use super::{action_of, field, happened, service};
use crate::explain::aggregated::Said;
use crate::explain::{Aggregated, Change, Part};
use serde_json::{Value, json};

pub(super) fn aggregated(aggregated: &Aggregated) -> Value {
    let Aggregated { action, parts, fields, answer, settings, stream, .. } = aggregated;
    let of = |dropped: bool| -> Value {
        fields.iter().filter(|one| (one.change == Change::Dropped) == dropped).map(field).collect()
    };
    json!({
        "kind": "aggregated",
        "action": action_of(action),
        "parts": parts.iter().map(part).collect::<Value>(),
        "fields": of(false),
        "dropped": of(true),
        "settings": said(settings),
        "stream": stream,
        "answer": {
            "status": answer.status,
            "headers": named(&answer.headers),
            "content": answer
                .content
                .iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect::<Value>(),
            "merge": answer.merge,
            "on_conflict": answer.on_conflict,
        },
    })
}

fn part(part: &Part) -> Value {
    let each = part.for_each.as_ref();
    json!({
        "name": part.name,
        "place": part.place,
        "call": part.call,
        "to": service(&part.to),
        "wave": part.wave,
        "needs": part.needs,
        "when": part.when,
        "for_each": each.map(|each| json!({"list": each.list, "at_most": each.at_most, "parallel": each.parallel})),
        "timeout": part.timeout.map(happened::micros),
        "on_failure": part.on_failure,
        "value": part.value,
        "headers": named(&part.headers),
        "settings": said(&part.settings),
        "answered": part.is_answered,
    })
}

fn named(all: &[(String, String)]) -> Value {
    all.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn said(all: &[Said]) -> Value {
    all.iter().map(|said| json!({"name": said.key, "value": said.value})).collect()
}
