//! The text that people read: a part for each kind of thing, a line for each that comes (`+`), goes (`-`) or changes
//! (`~`), and what changes in it below. Bounded: a part shows its first lines, JSON has all.

use super::{Change, Diff, Edit, Item, Shared, Written};
use crate::shown::shown;
use pintle_core::config::Span;
use std::fmt;

/// More lines of one part are only counted.
const MOST_ITEMS: usize = 50;
/// More changes of one thing are only counted.
const MOST_EDITS: usize = 20;
/// A longer value is cut.
const LONGEST: usize = 160;
/// So many routes are named where many have a change.
const NAMES: usize = 3;

impl fmt::Display for Diff {
    /// The text, each line with its end; "no change" where nothing is different.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no change\n");
        }
        if !self.routes.is_empty() || !self.shared.is_empty() {
            f.write_str("routes\n")?;
            self.shared.iter().take(MOST_ITEMS).try_for_each(|shared| write_shared(f, shared))?;
            more(f, "  ", self.shared.len(), MOST_ITEMS)?;
            items(f, &self.routes)?;
        }
        for (title, all) in
            [("upstreams", &self.upstreams), ("listeners", &self.listeners), ("certificates", &self.certificates)]
        {
            if !all.is_empty() {
                writeln!(f, "{title}")?;
                items(f, all)?;
            }
        }
        if !self.settings.is_empty() {
            f.write_str("settings\n")?;
            edits(f, "  ", &self.settings)?;
        }
        writeln!(f, "{}", self.summary())
    }
}

impl Diff {
    /// How much changes, on one line without its end: "routes: 1 added, 2 changed; settings: 1 changed".
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        let mut touched: Vec<&str> = self.shared.iter().flat_map(|shared| &shared.routes).map(|name| &**name).collect();
        let changed = self.routes.iter().filter(|item| matches!(item.change, Change::Changed));
        touched.extend(changed.map(|item| &*item.name));
        touched.sort_unstable();
        touched.dedup();
        let sections = [
            ("routes", &self.routes, touched.len()),
            ("upstreams", &self.upstreams, changed_ones(&self.upstreams)),
            ("listeners", &self.listeners, changed_ones(&self.listeners)),
            ("certificates", &self.certificates, changed_ones(&self.certificates)),
        ];
        for (title, all, changed) in sections {
            let count = |is: fn(&Change) -> bool| all.iter().filter(|item| is(&item.change)).count();
            let counts = [
                (count(|change| *change == Change::Added), "added"),
                (count(|change| *change == Change::Removed), "removed"),
                (count(|change| matches!(change, Change::Renamed { .. })), "renamed"),
                (changed, "changed"),
            ];
            let told: Vec<String> =
                counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
            if !told.is_empty() {
                parts.push(format!("{title}: {}", told.join(", ")));
            }
        }
        if !self.settings.is_empty() {
            parts.push(format!("settings: {} changed", self.settings.len()));
        }
        if parts.is_empty() { "no change".to_owned() } else { parts.join("; ") }
    }
}

fn changed_ones(items: &[Item]) -> usize {
    items.iter().filter(|item| item.change == Change::Changed).count()
}

fn items(f: &mut fmt::Formatter<'_>, items: &[Item]) -> fmt::Result {
    items.iter().take(MOST_ITEMS).try_for_each(|item| write_item(f, item))?;
    more(f, "  ", items.len(), MOST_ITEMS)
}

fn more(f: &mut fmt::Formatter<'_>, indent: &str, count: usize, most: usize) -> fmt::Result {
    if count <= most {
        return Ok(());
    }
    writeln!(f, "{indent}… and {} more: `--format json` has all", count - most)
}

fn write_item(f: &mut fmt::Formatter<'_>, item: &Item) -> fmt::Result {
    match &item.change {
        Change::Added => write!(f, "  + {}", cut(&item.name))?,
        Change::Removed => write!(f, "  - {}", cut(&item.name))?,
        Change::Renamed { from } => write!(f, "  ~ {}, was {}", cut(&item.name), cut(from))?,
        Change::Changed => write!(f, "  ~ {}", cut(&item.name))?,
    }
    if !item.is.is_empty() {
        write!(f, ": {}", cut(&item.is))?;
    }
    place(f, item.at.as_ref())?;
    edits(f, "      ", &item.edits)
}

fn write_shared(f: &mut fmt::Formatter<'_>, shared: &Shared) -> fmt::Result {
    let count = shared.routes.len();
    let names: Vec<_> = shared.routes.iter().take(NAMES).map(|name| cut(name)).collect();
    let such_as = if count > NAMES { "such as " } else { "" };
    writeln!(f, "  ~ {count} routes, {such_as}{}", names.join(", "))?;
    write_edit(f, "      ", &shared.edit)
}

fn edits(f: &mut fmt::Formatter<'_>, indent: &str, edits: &[Edit]) -> fmt::Result {
    edits.iter().take(MOST_EDITS).try_for_each(|edit| write_edit(f, indent, edit))?;
    more(f, indent, edits.len(), MOST_EDITS)
}

fn write_edit(f: &mut fmt::Formatter<'_>, indent: &str, edit: &Edit) -> fmt::Result {
    match (&edit.old, &edit.new) {
        (Some(old), Some(new)) => {
            write!(f, "{indent}{}: {}{} -> {}{}", edit.what, cut(&old.text), from(old), cut(&new.text), from(new))?;
        }
        (None, Some(new)) => write!(f, "{indent}+ {}: {}{}", edit.what, cut(&new.text), from(new))?,
        (Some(old), None) => write!(f, "{indent}- {}: {}{}", edit.what, cut(&old.text), from(old))?,
        (None, None) => write!(f, "{indent}{}", edit.what)?,
    }
    place(f, edit.new.as_ref().or(edit.old.as_ref()).and_then(|side| side.at.as_ref()))?;
    edit.notes.iter().try_for_each(|note| writeln!(f, "{indent}    {note}"))
}

fn from(side: &Written) -> String {
    if side.from.is_empty() { String::new() } else { format!(" ({})", side.from) }
}

/// The line's end, with the place before it.
fn place(f: &mut fmt::Formatter<'_>, at: Option<&Span>) -> fmt::Result {
    match at.map(Span::to_string).filter(|at| !at.starts_with(':')) {
        Some(at) => writeln!(f, "  [{at}]"),
        None => writeln!(f),
    }
}

fn cut(text: &str) -> String {
    shown(text, LONGEST)
}
