//! What becomes of a log's requests, gathered: those of which the same is said stand together, with how many they are
//! and one of them.

use super::line::Line;
use super::outcome::Outcome;
use super::verdict::Verdict;
use crate::shown::shown;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;

/// More groups are only counted.
const MOST_GROUPS: usize = 10_000;
/// More groups of one kind are not shown in the text.
const MOST_SHOWN: usize = 50;
/// A longer target is cut in the text.
const LONGEST: usize = 200;

/// What becomes of a log's requests.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// The lines that are requests.
    pub requests: u64,
    /// Of those, the ones with which the same happens.
    pub same: u64,
    /// The others, the larger groups first.
    groups: Vec<Group>,
    places: HashMap<Says, usize>,
    /// Requests in more groups than are kept.
    beyond: u64,
    /// Lines that are no requests.
    pub unread: Option<Unread>,
    /// Requests with which the old configuration would not have done what the log says.
    pub foreign: Option<Unread>,
    /// What changes and cannot be looked at, a sentence each.
    pub notes: Vec<String>,
}

/// Lines of which one reason is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// How many.
    pub count: u64,
    /// The first one's number, from 1.
    pub first: u64,
    /// What is wrong with the first.
    pub why: String,
}

/// What is different for some requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A route took them, none does.
    Refused,
    /// No route took them, one does.
    LetIn,
    /// Another route, service or path; another refusal.
    Elsewhere,
    /// It depends on what is not in the log.
    Open,
}

/// Requests with which the same happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What happens.
    pub says: Says,
    /// How many.
    pub count: u64,
    /// The first one's line, from 1.
    pub line: u64,
    /// The first one.
    pub example: String,
    /// Which path and host, or which place, the first one's action asked for and asks for now, where they differ.
    pub sent: Option<(String, String)>,
}

/// What happens with some requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Says {
    /// What is different.
    pub kind: Kind,
    /// What became of them: "`a` (proxy orders)", "404 no_route"; none where that is not known.
    pub old: Option<String>,
    /// What does now; several where it depends, and none where that is not known.
    pub new: Vec<String>,
    /// What it depends on, and the log does not have: "header x-canary".
    pub depends: Vec<String>,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Refused, Kind::LetIn, Kind::Elsewhere, Kind::Open];

    fn word(self) -> &'static str {
        match self {
            Kind::Refused => "refused",
            Kind::LetIn => "let_in",
            Kind::Elsewhere => "elsewhere",
            Kind::Open => "open",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Kind::Refused => "now refused",
            Kind::LetIn => "now let in",
            Kind::Elsewhere => "now elsewhere",
            Kind::Open => "may change",
        }
    }
}

impl Replay {
    /// The groups, the larger ones first.
    pub fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| (group.says.kind, std::cmp::Reverse(group.count), group.line));
        groups
    }

    pub(super) fn unread(&mut self, line: u64, why: &str) {
        count_in(&mut self.unread, line, why);
    }

    pub(super) fn count(&mut self, number: u64, line: &Line, verdict: Verdict) {
        self.requests += 1;
        let (says, sent) = match verdict {
            Verdict::Same => {
                self.same += 1;
                return;
            }
            Verdict::Foreign => {
                let route = line.end.as_ref().and_then(|end| end.route.as_deref());
                let why = match route {
                    Some(route) => format!("the log says that `{route}` took it"),
                    None => "the log says that no route took it".to_owned(),
                };
                return count_in(&mut self.foreign, number, &why);
            }
            Verdict::Changed { old, new } => changed(&old, &new),
            Verdict::Open { old, new, depends } => (open(old.as_ref(), &new, depends.into_iter().collect()), None),
        };
        let place = match self.places.get(&says) {
            Some(place) => *place,
            None if self.groups.len() >= MOST_GROUPS => {
                self.beyond += 1;
                return;
            }
            None => {
                self.places.insert(says.clone(), self.groups.len());
                self.groups.push(Group { says, count: 0, line: number, example: request(line), sent });
                self.groups.len() - 1
            }
        };
        self.groups[place].count += 1;
    }

    /// `{"requests", "same", "groups": [{"kind": refused | let_in | elsewhere | open, "old", "new", "depends",
    /// "count", "line", "example", "sent"}], "beyond", "unread", "foreign", "notes"}`.
    pub fn json(&self) -> Value {
        let some = |lines: &Option<Unread>| {
            lines.as_ref().map(|lines| json!({"count": lines.count, "first": lines.first, "why": lines.why}))
        };
        let group = |group: &&Group| {
            json!({
                "kind": group.says.kind.word(), "old": group.says.old, "new": group.says.new,
                "depends": group.says.depends, "count": group.count, "line": group.line, "example": group.example,
                "sent": group.sent.as_ref().map(|(old, new)| json!({"old": old, "new": new})),
            })
        };
        json!({
            "requests": self.requests,
            "same": self.same,
            "groups": self.groups().iter().map(group).collect::<Vec<_>>(),
            "beyond": self.beyond,
            "unread": some(&self.unread),
            "foreign": some(&self.foreign),
            "notes": self.notes,
        })
    }
}

fn count_in(lines: &mut Option<Unread>, first: u64, why: &str) {
    match lines {
        Some(lines) => lines.count += 1,
        None => *lines = Some(Unread { count: 1, first, why: why.to_owned() }),
    }
}

/// What is said of requests with a decided change, and what this one's action asks for.
fn changed(old: &Outcome, new: &Outcome) -> (Says, Option<(String, String)>) {
    let kind = match (old.is_let_in(), new.is_let_in()) {
        (true, false) => Kind::Refused,
        (false, true) => Kind::LetIn,
        _ => Kind::Elsewhere,
    };
    let sent = old.sent().zip(new.sent()).filter(|(was, is)| was != is && !was.is_empty() && !is.is_empty());
    let says = Says { kind, old: Some(old.class()), new: vec![new.class()], depends: Vec::new() };
    (says, sent.map(|(was, is)| (was.to_owned(), is.to_owned())))
}

/// What is said of requests of which it depends what becomes of them.
fn open(old: Option<&Outcome>, new: &[Outcome], depends: Vec<String>) -> Says {
    let mut classes: Vec<String> = Vec::new();
    for class in new.iter().map(Outcome::class) {
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    Says { kind: Kind::Open, old: old.map(Outcome::class), new: classes, depends }
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let as_before = |class: &String| Some(class) == self.old.as_ref();
        match (&self.old, &*self.new) {
            (Some(old), []) => write!(f, "{old} -> not known"),
            (None, _) => f.write_str("not known"),
            (Some(old), [one]) if self.kind != Kind::Open && as_before(one) => {
                write!(f, "{old}, with another path or host")
            }
            (Some(old), [one]) if as_before(one) => write!(f, "{old} -> perhaps as before"),
            (Some(old), all) => {
                let all: Vec<&str> = all.iter().map(|one| if as_before(one) { "as before" } else { one }).collect();
                write!(f, "{old} -> {}", all.join(" or "))
            }
        }?;
        match &*self.depends {
            [] => Ok(()),
            depends => write!(f, ": depends on {}", depends.join(", ")),
        }
    }
}

/// A request on one line: `GET shop.example.com/orders?page=2`.
fn request(line: &Line) -> String {
    let query = line.query.as_ref().map_or(String::new(), |query| format!("?{query}"));
    format!("{} {}{}{query}", line.method, line.host.as_deref().unwrap_or_default(), line.path)
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |kinds: &[Kind]| -> u64 {
            self.groups.iter().filter(|group| kinds.contains(&group.says.kind)).map(|group| group.count).sum()
        };
        let changed = count(&[Kind::Refused, Kind::LetIn, Kind::Elsewhere]);
        let open = count(&[Kind::Open]);
        writeln!(f, "requests: {}, {} as before, {changed} changed, {open} may change", self.requests, self.same)?;
        let groups = self.groups();
        for kind in Kind::ALL {
            let of_kind: Vec<&&Group> = groups.iter().filter(|group| group.says.kind == kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            writeln!(f, "  {}", kind.title())?;
            for group in of_kind.iter().take(MOST_SHOWN) {
                writeln!(f, "    {} × {}", group.count, plain(&group.says.to_string()))?;
                write!(f, "        line {}: {}", group.line, plain(&group.example))?;
                match &group.sent {
                    Some((old, new)) => writeln!(f, ", asks for {} -> {}", plain(old), plain(new))?,
                    None => writeln!(f)?,
                }
            }
            if of_kind.len() > MOST_SHOWN {
                writeln!(f, "    … and {} more: `--format json` has all", of_kind.len() - MOST_SHOWN)?;
            }
        }
        if self.beyond > 0 {
            writeln!(f, "  {} more that differ in too many ways", self.beyond)?;
        }
        if let Some(foreign) = &self.foreign {
            let Unread { count, first, why } = foreign;
            writeln!(f, "  {count} not of the old configuration, the first in line {first}: {}", plain(why))?;
        }
        if let Some(Unread { count, first, why }) = &self.unread {
            writeln!(f, "  {count} lines not read, the first is line {first}: {why}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  not looked at: {note}"))
    }
}

fn plain(text: &str) -> String {
    shown(text, LONGEST)
}
