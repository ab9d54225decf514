//! What became of a request as people read it.

mod parts;

use super::{Happened, line, named};
use crate::explain::sentence::shown;
use crate::explain::{Explanation, Outcome, Standing};
use pintle_telemetry::utc;
use pintle_telemetry::why::{Came, Recorded, Time, Tried};
use std::fmt;
use std::time::Duration;

/// The answer, the tries, the time.
pub(super) fn happened(f: &mut fmt::Formatter<'_>, happened: &Happened) -> fmt::Result {
    let Happened { recorded, action, now, .. } = happened;
    answer(f, recorded)?;
    if let Some(action) = action {
        line(f, "", format_args!("by {} {}", named(action), action.why))?;
    }
    if let Some(upstream) = &recorded.upstream {
        writeln!(f)?;
        line(f, "upstream", upstream)?;
        let left_out = recorded.attempts.saturating_sub(recorded.tries.len() as u64);
        if left_out > 0 {
            line(f, "", format_args!("{left_out} tries came before these"))?;
        }
        for (number, one) in (left_out + 1..).zip(&recorded.tries) {
            tried(f, "", number, one)?;
        }
        if recorded.tries.is_empty() {
            line(f, "", "no endpoint was asked")?;
        }
        if recorded.budget_spent {
            line(f, "", "another try was wanted, and the budget for retries was spent")?;
        }
        standing(f, now.as_ref())?;
    }
    parts::parts(f, happened)?;
    if let Came::Request { fields, head_cut, .. } = &recorded.came
        && !fields.is_empty()
    {
        writeln!(f)?;
        for (at, (name, value)) in fields.iter().enumerate() {
            line(f, if at == 0 { "came with" } else { "" }, format_args!("{name}: {value}"))?;
        }
        if *head_cut {
            line(f, "", "and more, which was not kept")?;
        }
    }
    writeln!(f)?;
    time(f, recorded)?;
    line(f, "bytes", format_args!("{} of content came, {} went", recorded.received, recorded.sent))?;
    line(f, "request", &recorded.id)?;
    match &recorded.trace {
        Some(trace) => line(f, "trace", trace),
        None => Ok(()),
    }
}

fn answer(f: &mut fmt::Formatter<'_>, recorded: &Recorded) -> fmt::Result {
    let reason = recorded.reason.map(|reason| format!(" {}: {}", reason.code(), reason.title())).unwrap_or_default();
    match &recorded.came {
        Came::Request { status, grpc_status, .. } => {
            let grpc = grpc_status.map(|one| format!(", gRPC status {one}")).unwrap_or_default();
            line(f, "answer", format_args!("{status}{reason}{grpc}"))?;
        }
        Came::Tunnel { end, .. } => line(f, "end", if reason.is_empty() { end } else { reason.trim_start() })?,
    }
    if !recorded.detail.is_empty() {
        line(f, "", &recorded.detail)?;
    }
    match &recorded.internal {
        Some(internal) => line(f, "", format_args!("the log says: {internal}")),
        None => Ok(()),
    }
}

fn tried(f: &mut fmt::Formatter<'_>, indent: &str, number: u64, one: &Tried) -> fmt::Result {
    let by = match &*one.by {
        "only" => "the only one to choose from".to_owned(),
        "none_left" => format!("one of all {}, as every one was out", one.among),
        "sticky" => "the one that the client's cookie names".to_owned(),
        "sticky_gone" => format!("one of {}, as the one that the client's cookie names took no part", one.among),
        "other_address" => "another address of the same name".to_owned(),
        by => format!("{by} among {}", one.among),
    };
    line(f, "", format_args!("{indent}try {number}: {}, {by}", one.endpoint))?;
    let connect = match one.connect {
        Some(connect) if connect.tls.is_zero() => format!(", connected in {}", shown(connect.took)),
        Some(connect) => format!(", connected in {} ({} of it TLS)", shown(connect.took), shown(connect.tls)),
        None if one.failed.is_some() || one.over.is_none() => String::new(),
        None => ", on a kept connection".to_owned(),
    };
    let took = one.over.map(|over| format!(" in {}", shown(over.saturating_sub(one.began)))).unwrap_or_default();
    let came = match (one.status, one.failed) {
        (Some(status), _) => format!("answered {status}{took}"),
        (None, Some(reason)) => format!("{}{took}", reason.code()),
        (None, None) if one.over.is_some() => format!("connected{took}"),
        // A call of a part may be given up before.
        (None, None) if !indent.is_empty() => "had not answered when it was given up".to_owned(),
        (None, None) => "had not answered when the request ended".to_owned(),
    };
    line(f, "", format_args!("{indent}  began at {}, {came}{connect}", shown(one.began)))?;
    match &one.internal {
        Some(internal) => line(f, "", format_args!("{indent}  {internal}")),
        None => Ok(()),
    }
}

fn standing(f: &mut fmt::Formatter<'_>, now: Option<&Standing>) -> fmt::Result {
    let Some(now) = now else { return line(f, "now", "there is no such upstream any more") };
    let endpoints: Vec<String> = now.endpoints.iter().map(|(address, state)| format!("{address} {state}")).collect();
    let endpoints = if endpoints.is_empty() { "no endpoint is known".to_owned() } else { endpoints.join(", ") };
    line(f, "now", endpoints)?;
    match now.breaker_open {
        Some(true) => line(f, "", "its circuit breaker is open"),
        Some(false) => line(f, "", "its circuit breaker is closed"),
        None => Ok(()),
    }
}

fn time(f: &mut fmt::Formatter<'_>, recorded: &Recorded) -> fmt::Result {
    let Time { whole, head, action, lookup, queue, answered } = recorded.time;
    line(f, "time", format_args!("{} in all, over at {}", shown(whole), utc(recorded.over)))?;
    let part = |f: &mut fmt::Formatter<'_>, time: Duration, what: &str| match time.is_zero() {
        true => Ok(()),
        false => line(f, "", format_args!("{} {what}", shown(time))),
    };
    part(f, head, "before that, until the head was here")?;
    part(f, action.unwrap_or_default(), "for the policies on the way in")?;
    for wait in &recorded.waits {
        line(f, "", format_args!("{} by `{}` itself", shown(wait.own), wait.policy))?;
    }
    part(f, lookup, "for looking names up")?;
    part(f, queue, "waiting for a place")?;
    match answered {
        Some(answered) => {
            part(f, answered, "until the service's head was here")?;
            part(f, whole.saturating_sub(answered), "from there to the end of the answer")
        }
        None => Ok(()),
    }
}

impl Explanation {
    /// What happened in a line for a list: when, in a sentence, what was asked, and the id to ask by.
    pub fn line(&self) -> String {
        let Outcome::Happened(happened) = &self.outcome else { return String::new() };
        let recorded = &happened.recorded;
        let sentence = self.sentence.as_deref().unwrap_or_default();
        let text = format!("{} {}  {}  {sentence}", utc(recorded.over), recorded.id, self.request);
        crate::shown::shown(&text, usize::MAX)
    }
}
