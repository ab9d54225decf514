//! What an aggregate would call as a flowchart for Mermaid (<https://mermaid.js.org>), which many pages and editors draw.
//! Says what [`super::Explanation`] says of parts, in less words.

use super::{Aggregated, Explanation, Outcome, Part};
use std::fmt::Write;

/// How much of a text is shown, in characters.
const LONGEST: usize = 200;

impl Explanation {
    /// As a flowchart; none where the request is for no aggregate.
    pub fn mermaid(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Aggregated(aggregated) => Some(chart(aggregated)),
            _ => None,
        }
    }
}

fn chart(aggregated: &Aggregated) -> String {
    let Aggregated { asked, parts, answer, stream, .. } = aggregated;
    let mut out = String::from("flowchart LR\n");
    // Writing to memory does not fail.
    let _ = writeln!(out, "  client([\"{}\"])", escaped(asked));
    for part in parts {
        // One that goes through a list stands for several.
        let (open, close) = if part.for_each.is_some() { ("[[", "]]") } else { ("[", "]") };
        let _ = writeln!(out, "  {}{open}\"{}\"{close}", id(&part.name), label(part));
    }
    let streamed = if *stream { "<br>as parts become known" } else { "" };
    let _ = writeln!(out, "  answer([\"{}{streamed}\"])", escaped(&answer.status));
    for part in parts {
        // One that may be skipped hangs on by dots.
        let arrow = if part.when.is_some() { "-.->" } else { "-->" };
        if part.needs.is_empty() {
            let _ = writeln!(out, "  client {arrow} {}", id(&part.name));
        }
        for need in &part.needs {
            let _ = writeln!(out, "  {} {arrow} {}", id(need), id(&part.name));
        }
    }
    let is_last = |part: &&Part| part.is_answered || !parts.iter().any(|other| other.needs.contains(&part.name));
    for part in parts.iter().filter(is_last) {
        let _ = writeln!(out, "  {} --> answer", id(&part.name));
    }
    out
}

fn label(part: &Part) -> String {
    let mut lines = vec![format!("<b>{}</b>", escaped(&part.name)), escaped(&part.call)];
    lines.extend(part.when.as_ref().map(|when| format!("when {}", escaped(when))));
    lines.extend(part.for_each.as_ref().map(|each| {
        let (list, most, parallel) = (escaped(&each.list), each.at_most, each.parallel);
        format!("for each {list}<br>at most {most}, {parallel} at a time")
    }));
    lines.extend(part.timeout.map(|timeout| format!("has {}", super::sentence::shown(timeout))));
    lines.push(
        match part.on_failure {
            "pass" => "if it fails: its own answer",
            "value" => "if it fails: a value",
            _ => "if it fails: the whole fails",
        }
        .to_owned(),
    );
    lines.join("<br>")
}

/// A part's node: words of Mermaid's own, such as `end`, are names of parts too.
fn id(name: &str) -> String {
    format!("part_{name}")
}

/// A text within quotes; what has a meaning there stands as the entity of its number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == LONGEST => {
                out.push('…');
                break;
            }
            '"' | '#' | '<' | '>' | '&' | ';' | '`' | '\\' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_it() {
        assert_eq!(escaped("a \"b\" <i> #x; `c`\n"), "a #34;b#34; #60;i#62; #35;x#59; #96;c#96; ");
        assert_eq!(escaped(&"x".repeat(300)).chars().count(), LONGEST + 1);
    }
}
