//! The explanation as programs read it.

mod aggregated;
mod happened;

use super::{
    Answer, Candidate, Change, Explanation, Field, Happened, Judged, Outcome, Policy, Sent, Service, Told, Verdict,
};
use serde_json::{Value, json};

impl Explanation {
    /// As a JSON object. What is absent is null.
    pub fn json(&self) -> Value {
        let mut value = json!({
            "request": self.request,
            "from": self.from,
            "notes": self.notes,
            "listener": told(&self.listener),
            "candidates": self.candidates.iter().map(candidate).collect::<Value>(),
            "left_out": self.left_out,
            "near": self.near.iter().map(told).collect::<Value>(),
            "route": self.route,
            "policies": self.policies.iter().map(policy).collect::<Value>(),
            "outcome": outcome(&self.outcome),
        });
        if let Some(sentence) = &self.sentence {
            value["sentence"] = json!(sentence);
        }
        value
    }
}

fn policy(policy: &Policy) -> Value {
    let judged = policy.judged.as_ref().map(|judged| match judged {
        Judged::Passed { own } => json!({"word": "passed", "why": null, "own": own.map(happened::micros)}),
        Judged::Refused(why) => json!({"word": "refused", "why": why, "own": null}),
        Judged::NotReached => json!({"word": "not_reached", "why": null, "own": null}),
    });
    let mut value = json!({
        "name": policy.name,
        "settings": policy.settings,
        "level": policy.level,
        "named": policy.named,
        "place": policy.place,
    });
    if let Some(judged) = judged {
        value["verdict"] = judged;
    }
    value
}

fn told(told: &Told) -> Value {
    json!({"name": told.name, "place": told.place, "why": told.why})
}

fn candidate(candidate: &Candidate) -> Value {
    let mut value = told(&candidate.told);
    value["match"] = json!(candidate.pattern);
    value["verdict"] = json!(match candidate.verdict {
        Verdict::Takes => "takes",
        Verdict::Fits => "fits",
        Verdict::No => "no",
    });
    value
}

fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::NoHandshake(why) => json!({"kind": "no_handshake", "why": why}),
        Outcome::Sent(sent) => self::sent(sent),
        Outcome::Aggregated(aggregated) => aggregated::aggregated(aggregated),
        Outcome::Happened(happened) => happened::happened(happened),
        Outcome::Answered { action, answer } => {
            let mut value = self::answer(answer, "answered");
            value["action"] = json!(action.as_ref().map(action_of));
            value
        }
        Outcome::Refused { reason, title, detail, internal, answer } => {
            let mut value = self::answer(answer, "refused");
            value["reason"] = json!(reason);
            value["title"] = json!(title);
            value["detail"] = json!(detail);
            value["internal"] = json!(internal);
            value
        }
    }
}

fn sent(sent: &Sent) -> Value {
    let fields = |wanted: &[Change]| -> Value {
        let wanted = |field: &&Field| wanted.contains(&field.change);
        sent.fields.iter().filter(wanted).map(field).collect()
    };
    json!({
        "kind": "sent",
        "action": action_of(&sent.action),
        "to": sent.to.iter().map(service).collect::<Value>(),
        "copy": sent.copy.as_ref().map(service),
        "method": sent.method,
        "target": sent.target,
        "fields": fields(&[Change::Kept, Change::Added]),
        "dropped": fields(&[Change::Dropped]),
    })
}

fn field(field: &Field) -> Value {
    json!({"name": field.name, "value": field.value, "added": field.change == Change::Added})
}

fn action_of(action: &Told) -> Value {
    json!({"kind": action.name, "settings": action.why, "place": action.place})
}

fn service(service: &Service) -> Value {
    json!({
        "name": service.name,
        "place": service.place,
        "endpoints": service.endpoints,
        "share": service.share,
        "host": service.host,
    })
}

fn answer(answer: &Answer, kind: &str) -> Value {
    let fields: Value = answer.fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({"kind": kind, "status": answer.status, "fields": fields, "content": answer.content})
}
