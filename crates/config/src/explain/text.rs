//! The explanation as people read it: what was asked, then in the order in which the gateway goes about it.

mod aggregated;
mod happened;

use super::sentence::shown as shown_time;
use super::{Answer, Change, Explanation, Field, Happened, Judged, Outcome, Policy, Sent, Service, Told, Verdict};
use crate::shown::shown;
use std::fmt::{self, Display, Formatter};

/// How many routes that did not win are shown; all of them are in the JSON.
const CANDIDATES: usize = 10;
/// Where what stands beside a heading begins.
const INDENT: usize = 10;

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(sentence) = &self.sentence {
            writeln!(f, "{}\n", shown(sentence, usize::MAX))?;
        }
        line(f, "request", &self.request)?;
        line(f, "", format_args!("from {}", self.from))?;
        self.notes.iter().try_for_each(|note| line(f, "", note))?;
        line(f, "listener", named(&self.listener))?;
        if !self.listener.why.is_empty() {
            line(f, "", &self.listener.why)?;
        }
        if let Outcome::NoHandshake(why) = &self.outcome {
            writeln!(f)?;
            return line(f, "refused", format_args!("in the handshake: {why}"));
        }
        self.routes(f)?;
        self.policies(f)?;
        writeln!(f)?;
        match &self.outcome {
            Outcome::NoHandshake(_) => Ok(()),
            Outcome::Sent(sent) => self::sent(f, sent),
            Outcome::Aggregated(aggregated) => aggregated::aggregated(f, aggregated),
            Outcome::Happened(happened) => happened::happened(f, happened),
            Outcome::Answered { action, answer } => {
                line(f, "answer", answer.status)?;
                match action {
                    Some(action) => line(f, "", format_args!("by {} {}", named(action), action.why))?,
                    None => line(f, "", "by the gateway itself")?,
                }
                self::answer(f, answer)
            }
            Outcome::Refused { reason, title, detail, internal, answer } => {
                line(f, "refused", format_args!("{} {reason}: {title}", answer.status))?;
                if !detail.is_empty() {
                    line(f, "", detail)?;
                }
                if let Some(internal) = internal {
                    line(f, "", format_args!("the log says: {internal}"))?;
                }
                self::answer(f, answer)
            }
        }
    }
}

impl Explanation {
    fn routes(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.candidates.is_empty() && self.near.is_empty() {
            return Ok(());
        }
        writeln!(f)?;
        line(f, "routes", "the most specific one that fits takes the request")?;
        let mut others = 0;
        for candidate in &self.candidates {
            let mark = match candidate.verdict {
                Verdict::Takes => "takes it",
                Verdict::Fits => "fits too",
                Verdict::No => "no",
            };
            if candidate.verdict != Verdict::Takes {
                others += 1;
                if others > CANDIDATES {
                    continue;
                }
            }
            told(f, mark, &candidate.told, candidate.pattern.as_deref())?;
        }
        let more = others.saturating_sub(CANDIDATES) + self.left_out;
        if more > 0 {
            line(f, "", format_args!("and {more} more whose host and path match"))?;
        }
        self.near.iter().try_for_each(|near| told(f, "near", near, None))
    }

    fn policies(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.policies.is_empty() {
            return Ok(());
        }
        writeln!(f)?;
        line(f, "policies", "in the order in which they run")?;
        for policy in &self.policies {
            line(f, "", format_args!("{}: {}{}", policy.name, policy.settings, judged(policy)))?;
            let name = policy.named.as_ref().map(|name| format!("`{name}`, ")).unwrap_or_default();
            line(f, "", format_args!("  {name}of {} ({})", policy.level, policy.place))?;
        }
        Ok(())
    }
}

/// What became of a policy, where that is known.
fn judged(policy: &Policy) -> String {
    match &policy.judged {
        None => String::new(),
        Some(Judged::Passed { own: None }) => " (passed)".to_owned(),
        Some(Judged::Passed { own: Some(own) }) => format!(" (passed, {} of its own)", shown_time(*own)),
        Some(Judged::Refused(why)) => format!(" (refused: {why})"),
        Some(Judged::NotReached) => " (not reached)".to_owned(),
    }
}

fn sent(f: &mut Formatter<'_>, sent: &Sent) -> fmt::Result {
    let Sent { action, to, copy, method, target, fields } = sent;
    let by = |f: &mut Formatter<'_>| line(f, "", format_args!("by {} {}", named(action), action.why));
    match &to[..] {
        [one] => {
            service(f, "sent to", "", one)?;
            by(f)?;
        }
        several => {
            line(f, "sent to", "one of these, at random")?;
            by(f)?;
            several.iter().try_for_each(|one| service(f, "", "", one))?;
        }
    }
    if let Some(copy) = copy {
        service(f, "a copy to", "", copy)?;
    }
    writeln!(f)?;
    line(f, "as", format_args!("{method} {target}"))?;
    let mut hosts: Vec<&str> = to.iter().map(|one| one.host.as_deref().unwrap_or("the endpoint's own")).collect();
    hosts.dedup();
    line(f, "", format_args!("host: {}", hosts.join(", or ")))?;
    self::fields(f, fields)
}

/// Fields, with what became of each.
fn fields(f: &mut Formatter<'_>, fields: &[Field]) -> fmt::Result {
    for field in fields {
        let mark = match field.change {
            Change::Kept => "",
            Change::Added => "       +",
            Change::Dropped => "       -",
        };
        line(f, mark, format_args!("{}: {}", field.name, field.value))?;
    }
    Ok(())
}

fn service(f: &mut Formatter<'_>, heading: &str, to: &str, one: &Service) -> fmt::Result {
    let share = one.share.as_ref().map(|share| format!("{share}: ")).unwrap_or_default();
    match &one.place {
        Some(place) => {
            line(f, heading, format_args!("{to}{share}{} ({place}), at {}", one.name, one.endpoints.join(", ")))
        }
        None => line(f, heading, format_args!("{to}{share}{}", one.name)),
    }
}

fn answer(f: &mut Formatter<'_>, answer: &Answer) -> fmt::Result {
    for (name, value) in &answer.fields {
        line(f, "", format_args!("{name}: {value}"))?;
    }
    let content = answer.content.iter().flat_map(|content| content.lines());
    content.enumerate().try_for_each(|(at, text)| {
        if at == 0 {
            writeln!(f)?;
        }
        line(f, "", text)
    })
}

/// A name, its place and its reason on two lines.
fn told(f: &mut Formatter<'_>, heading: &str, told: &Told, pattern: Option<&str>) -> fmt::Result {
    line(f, heading, named(told))?;
    if let Some(pattern) = pattern {
        line(f, "", format_args!("  {pattern}"))?;
    }
    line(f, "", format_args!("  {}", told.why))
}

fn named(told: &Told) -> String {
    if told.place.is_empty() { told.name.clone() } else { format!("{} ({})", told.name, told.place) }
}

/// A line with a heading before it. No line has anything in it that a terminal would obey.
fn line(f: &mut Formatter<'_>, heading: &str, text: impl Display) -> fmt::Result {
    let text = shown(&text.to_string(), usize::MAX);
    writeln!(f, "{}", format!("{heading:<INDENT$}{text}").trim_end())
}
