//! What became of an aggregate, by its parts.

use super::{Said, shown};
use pintle_core::Reason;
use pintle_telemetry::why::{RecordedPart, Tried};

impl Said<'_> {
    /// The part that failed the whole.
    fn fatal(&self) -> Option<&RecordedPart> {
        self.recorded.parts.iter().find(|part| part.is_fatal)
    }

    /// An answer that was made of parts, or is one's own.
    pub(super) fn of_parts(&self) -> Option<String> {
        let parts = &self.recorded.parts;
        let answer = self.taken();
        if let Some(fatal) = self.fatal() {
            return Some(format!("{answer} gave its part `{}` as it came: {}", fatal.name, why(fatal)));
        }
        let failed: Vec<&RecordedPart> = parts.iter().filter(|part| part.state == "failed").collect();
        match &failed[..] {
            _ if parts.is_empty() => None,
            [] => {
                let calls: u64 = parts.iter().map(|part| part.made).sum();
                let skipped = parts.iter().filter(|part| part.state == "skipped").count();
                let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
                let (parts, took) =
                    (parts.len() as u64 + self.recorded.parts_left_out, shown(self.recorded.time.whole));
                let made = format!("{} by {}", counted(parts, "part"), counted(calls, "call"));
                Some(format!("{answer} made its answer of {made}{skipped}, in {took}"))
            }
            [one] => Some(format!("{answer} answered without its part `{}`: {}", one.name, why(one))),
            [first, rest @ ..] => {
                let names: Vec<String> = rest.iter().map(|part| format!("`{}`", part.name)).collect();
                let (first, why) = (&first.name, why(first));
                Some(format!(
                    "{answer} answered without its parts `{first}` and {}; of the first: {why}",
                    names.join(", ")
                ))
            }
        }
    }

    /// A request that failed by a part.
    pub(super) fn part_failed(&self, reason: Reason) -> String {
        let Some(fatal) = self.fatal() else { return format!("a part of {} failed: {}", self.route(), self.log()) };
        let (name, route, why) = (&fatal.name, self.route(), why(fatal));
        match reason {
            Reason::PartTimeout => format!("the part `{name}` of {route} was not there in time: {why}"),
            Reason::PartUnavailable if fatal.made == 0 || fatal.reason.as_deref() != Some("no_room") => {
                format!("the part `{name}` of {route} failed, as its service was not asked: {why}")
            }
            _ => format!("the part `{name}` of {route} failed: {why}"),
        }
    }

    /// The parts that were not there when the request ended, after a semicolon.
    pub(super) fn missing(&self) -> Option<String> {
        let waiting = self.recorded.parts.iter().filter(|part| part.state == "waiting" && part.began.is_some());
        let names: Vec<String> = waiting.map(|part| format!("`{}`", part.name)).collect();
        match &names[..] {
            [] => None,
            [one] => Some(format!("its part {one} was not there yet")),
            _ => Some(format!("its parts {} were not there yet", names.join(", "))),
        }
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Why a part failed.
fn why(part: &RecordedPart) -> String {
    let is_well = |tried: &Tried| tried.status.is_some_and(|status| status < 400);
    let mut tries = part.calls.iter().filter_map(|call| call.tries.last());
    let last = tries.clone().find(|tried| !is_well(tried)).or(tries.next_back());
    let (reason, upstream) = (part.reason.as_deref().unwrap_or("it was not told why"), &part.upstream);
    let log = part.internal.as_deref().unwrap_or_default().trim_end_matches('.');
    let tried = match part.calls.iter().map(|call| call.attempts).max() {
        Some(attempts) if attempts > 1 => format!("; the last of {attempts} tries"),
        _ => String::new(),
    };
    match (reason, last) {
        ("status", Some(Tried { endpoint, status: Some(status), .. })) => {
            format!("{endpoint} of `{upstream}` answered {status}{tried}")
        }
        ("timeout", Some(last @ Tried { over: None, .. })) => {
            let asked = part.over.unwrap_or(last.began).saturating_sub(last.began);
            format!("{log}; {} of `{upstream}` had been asked for {}", last.endpoint, shown(asked))
        }
        ("timeout", _) => format!("{log} (`{upstream}`){tried}"),
        _ if log.is_empty() => format!("{reason} (`{upstream}`){tried}"),
        _ => format!("{reason} (`{upstream}`): {log}{tried}"),
    }
}
