//! What an aggregate would call as people read it: wave after wave, and what each call waits for.

use super::{fields, line, named, service, shown_time};
use crate::explain::{Aggregated, Part, Shape};
use std::fmt::{Formatter, Result};

pub(super) fn aggregated(f: &mut Formatter<'_>, aggregated: &Aggregated) -> Result {
    let Aggregated { action, parts, fields: carried, answer, settings, stream, .. } = aggregated;
    let waves = parts.iter().map(|part| part.wave + 1).max().unwrap_or_default();
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    line(f, "calls", format_args!("{} in {}", count(parts.len(), "part"), count(waves, "wave")))?;
    line(f, "", format_args!("by {} {}", named(action), action.why))?;
    settings.iter().try_for_each(|said| line(f, "", format_args!("{}: {}", said.key, said.value)))?;
    for wave in 0..waves {
        writeln!(f)?;
        let mut heading = if wave == 0 { "at once" } else { "then" };
        for part in parts.iter().filter(|part| part.wave == wave) {
            self::part(f, heading, part)?;
            heading = "";
        }
    }
    writeln!(f)?;
    line(f, "with", "each call carries, beside what its part says")?;
    fields(f, carried)?;
    writeln!(f)?;
    shape(f, answer, *stream)
}

fn part(f: &mut Formatter<'_>, heading: &str, part: &Part) -> Result {
    line(f, heading, format_args!("{}: {}", part.name, part.call))?;
    let inner = |f: &mut Formatter<'_>, text: String| line(f, "", format_args!("  {text}"));
    if !part.needs.is_empty() {
        inner(f, format!("waits for {}", part.needs.join(", ")))?;
    }
    if let Some(when) = &part.when {
        inner(f, format!("when {when}"))?;
    }
    if let Some(each) = &part.for_each {
        let (list, most, parallel) = (&each.list, each.at_most, each.parallel);
        inner(f, format!("for each {list}, at most {most}, {parallel} at a time"))?;
    }
    service(f, "", "  to ", &part.to)?;
    part.headers.iter().try_for_each(|(name, value)| inner(f, format!("{name}: {value}")))?;
    part.settings.iter().try_for_each(|said| inner(f, format!("{}: {}", said.key, said.value)))?;
    if let Some(timeout) = part.timeout {
        inner(f, format!("has {}", shown_time(timeout)))?;
    }
    inner(
        f,
        match (part.on_failure, &part.value) {
            ("pass", _) => "if it fails, the client gets its service's own answer".to_owned(),
            ("value", Some(value)) => format!("if it fails, this stands for it: {value}"),
            ("value", None) => "if it fails, a value stands for it".to_owned(),
            _ => "if it fails, so does the whole".to_owned(),
        },
    )
}

fn shape(f: &mut Formatter<'_>, answer: &Shape, stream: bool) -> Result {
    line(f, "answer", &answer.status)?;
    if stream {
        line(f, "", "sent as its parts become known")?;
    }
    answer.headers.iter().try_for_each(|(name, value)| line(f, "", format_args!("{name}: {value}")))?;
    if !answer.content.is_empty() || !answer.merge.is_empty() {
        writeln!(f)?;
    }
    for (name, value) in &answer.content {
        match name {
            Some(name) => line(f, "", format_args!("{name}: {value}"))?,
            None => line(f, "", value)?,
        }
    }
    match &answer.on_conflict {
        Some(word) => {
            let merged = answer.merge.join(", ");
            line(f, "", format_args!("merged of {merged}; where two have the same name: {word}"))
        }
        None => Ok(()),
    }
}
