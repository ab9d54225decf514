//! What became of the parts of an aggregate as people read it.

use super::{Happened, line, shown, standing, tried};
use pintle_telemetry::why::{RecordedCall, RecordedPart};
use std::fmt;

pub(super) fn parts(f: &mut fmt::Formatter<'_>, happened: &Happened) -> fmt::Result {
    let recorded = &happened.recorded;
    if recorded.parts.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    for (at, one) in recorded.parts.iter().enumerate() {
        part(f, if at == 0 { "parts" } else { "" }, one)?;
    }
    if recorded.parts_left_out > 0 {
        line(f, "", format_args!("and {} more, which went well or found no room", recorded.parts_left_out))?;
    }
    match recorded.parts.iter().find(|part| part.is_fatal && part.made > 0) {
        Some(fatal) => {
            line(
                f,
                "",
                format_args!("`{}` failed the whole; `{}`, which it called, stands so:", fatal.name, fatal.upstream),
            )?;
            standing(f, happened.now.as_ref())
        }
        None => Ok(()),
    }
}

fn part(f: &mut fmt::Formatter<'_>, heading: &str, part: &RecordedPart) -> fmt::Result {
    let reason = part.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let status = part.status.map(|status| format!(", {status}")).unwrap_or_default();
    let took = match (part.began, part.over) {
        (Some(began), Some(over)) => format!(", in {}", shown(over.saturating_sub(began))),
        (Some(_), None) => ", not over when the request ended".to_owned(),
        (None, _) => String::new(),
    };
    line(f, heading, format_args!("{}: {}{reason}{status}{took}", part.name, part.state))?;
    line(f, "", format_args!("  {}", part.call))?;
    if !part.needs.is_empty() {
        line(f, "", format_args!("  after {}", part.needs.join(", ")))?;
    }
    if let Some(internal) = &part.internal {
        line(f, "", format_args!("  {internal}"))?;
    }
    if part.made == 0 && part.state == "ok" {
        line(f, "", "  by calls that another part made")?;
    }
    if part.made as usize > part.calls.len() {
        let (made, attempts) = (part.made, part.attempts);
        line(f, "", format_args!("  {made} calls with {attempts} tries, of which these are kept:"))?;
    }
    part.calls.iter().try_for_each(|one| call(f, one, part.made > 1))
}

fn call(f: &mut fmt::Formatter<'_>, call: &RecordedCall, is_numbered: bool) -> fmt::Result {
    if is_numbered {
        let over = call.over.map_or_else(
            || "given up".to_owned(),
            |over| format!("over in {}", shown(over.saturating_sub(call.began))),
        );
        line(f, "", format_args!("  call {} began at {}, {over}", call.number + 1, shown(call.began)))?;
    }
    let left_out = call.attempts.saturating_sub(call.tries.len() as u64);
    for (number, one) in (left_out + 1..).zip(&call.tries) {
        tried(f, "  ", number, one)?;
    }
    if call.tries.is_empty() {
        line(f, "", "  no endpoint was asked")?;
    }
    Ok(())
}
