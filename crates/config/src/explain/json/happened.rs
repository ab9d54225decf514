//! What became of a request as programs read it. Times are in microseconds.

use super::{Happened, action_of};
use crate::explain::{Explanation, Outcome};
use pintle_telemetry::utc;
use pintle_telemetry::why::{Came, Recorded, RecordedCall, RecordedPart, Tried};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn happened(happened: &Happened) -> Value {
    let Happened { recorded, action, now, .. } = happened;
    let (asked, status, grpc_status, end) = match &recorded.came {
        Came::Request { version, method, scheme, authority, target, fields, head_cut, status, grpc_status } => {
            let fields: Value = fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            let asked = json!({
                "http": version,
                "method": method,
                "scheme": scheme,
                "authority": authority,
                "target": target,
                "fields": fields,
                "fields_cut": head_cut,
            });
            (asked, Some(*status), *grpc_status, None)
        }
        Came::Tunnel { server_name, end } => (json!({"server_name": server_name}), None, None, Some(end)),
    };
    json!({
        "kind": "happened",
        "request_id": recorded.id,
        "trace_id": recorded.trace.as_ref().or_else(|| status.and(Some(&recorded.id))),
        "over": utc(recorded.over),
        "version": recorded.version,
        "asked": asked,
        "status": status,
        "grpc_status": grpc_status,
        "end": end,
        "reason": recorded.reason.map(|reason| reason.code()),
        "title": recorded.reason.map(|reason| reason.title()),
        "detail": recorded.detail,
        "internal": recorded.internal,
        "policy": recorded.policy,
        "consumer": recorded.consumer,
        "batch_request_id": recorded.outer,
        "client": recorded.client.map(|ip| ip.to_string()),
        "peer": recorded.peer.map(|peer| peer.to_string()),
        "tls": recorded.tls.as_ref().map(|tls| json!({
            "version": tls.version,
            "server_name": tls.server_name,
            "fingerprint": tls.fingerprint,
        })),
        "action": action.as_ref().map(action_of),
        "upstream": recorded.upstream,
        "upstream_status": recorded.upstream_status,
        "attempts": recorded.attempts,
        "tries": recorded.tries.iter().map(tried).collect::<Value>(),
        "budget_spent": recorded.budget_spent,
        "parts": recorded.parts.iter().map(part).collect::<Value>(),
        "parts_left_out": recorded.parts_left_out,
        "now": now.as_ref().map(|now| json!({
            "breaker_open": now.breaker_open,
            "endpoints": now
                .endpoints
                .iter()
                .map(|(address, state)| json!({"address": address, "state": state}))
                .collect::<Value>(),
        })),
        "time": time(recorded),
        "received": recorded.received,
        "sent": recorded.sent,
    })
}

fn part(part: &RecordedPart) -> Value {
    json!({
        "name": part.name,
        "upstream": part.upstream,
        "call": part.call,
        "needs": part.needs,
        "state": part.state,
        "reason": part.reason,
        "internal": part.internal,
        "status": part.status,
        "fatal": part.is_fatal,
        "began": part.began.map(micros),
        "over": part.over.map(micros),
        "calls": part.made,
        "attempts": part.attempts,
        "kept": part.calls.iter().map(call).collect::<Value>(),
    })
}

fn call(call: &RecordedCall) -> Value {
    json!({
        "number": call.number,
        "began": micros(call.began),
        "over": call.over.map(micros),
        "attempts": call.attempts,
        "tries": call.tries.iter().map(tried).collect::<Value>(),
    })
}

fn tried(one: &Tried) -> Value {
    json!({
        "endpoint": one.endpoint,
        "by": one.by,
        "among": one.among,
        "began": micros(one.began),
        "connect": one.connect.map(|connect| json!({"took": micros(connect.took), "tls": micros(connect.tls)})),
        "over": one.over.map(micros),
        "status": one.status,
        "reason": one.failed.map(|reason| reason.code()),
        "internal": one.internal,
    })
}

fn time(recorded: &Recorded) -> Value {
    let time = &recorded.time;
    json!({
        "whole": micros(time.whole),
        "head": micros(time.head),
        "policies": time.action.map(micros),
        "lookup": micros(time.lookup),
        "queue": micros(time.queue),
        "answered": time.answered.map(micros),
    })
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Explanation {
    /// What happened, in brief, for a list.
    pub fn brief(&self) -> Value {
        let Outcome::Happened(happened) = &self.outcome else { return Value::Null };
        let recorded = &happened.recorded;
        let status = match recorded.came {
            Came::Request { status, .. } => Some(status),
            Came::Tunnel { .. } => None,
        };
        json!({
            "request_id": recorded.id,
            "over": utc(recorded.over),
            "sentence": self.sentence,
            "request": self.request,
            "client": recorded.client.map(|ip| ip.to_string()),
            "route": recorded.route,
            "upstream": recorded.upstream,
            "status": status,
            "reason": recorded.reason.map(|reason| reason.code()),
            "took": micros(recorded.time.whole),
        })
    }
}
