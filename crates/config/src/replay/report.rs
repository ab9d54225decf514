//! What becomes of a log's requests, gathered: those of which the same is said stand together, with how many they are
//! and one of them.

use super::line::Line;
use super::outcome::Outcome;
use super::verdict::Verdict;
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
    places: HashMap<(Kind, String), usize>,
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
    /// What is different.
    pub kind: Kind,
    /// What became of them, and what does now: "`a` (proxy orders) -> 404 no_route".
    pub says: String,
    /// How many.
    pub count: u64,
    /// The first one's line, from 1.
    pub line: u64,
    /// The first one.
    pub example: String,
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
        groups.sort_by_key(|group| (group.kind, std::cmp::Reverse(group.count), group.line));
        groups
    }

    pub(super) fn unread(&mut self, line: u64, why: &str) {
        count_in(&mut self.unread, line, why);
    }

    pub(super) fn count(&mut self, number: u64, line: &Line, verdict: Verdict) {
        self.requests += 1;
        let (kind, says, detail) = match verdict {
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
            Verdict::Open { old, new, depends } => {
                let depends = depends.into_iter().collect::<Vec<_>>().join(", ");
                (Kind::Open, format!("{}: depends on {depends}", choices(old.as_ref(), &new)), String::new())
            }
        };
        let place = match self.places.get(&(kind, says.clone())) {
            Some(place) => *place,
            None if self.groups.len() >= MOST_GROUPS => {
                self.beyond += 1;
                return;
            }
            None => {
                self.places.insert((kind, says.clone()), self.groups.len());
                let example = format!("{}{detail}", request(line));
                self.groups.push(Group { kind, says, count: 0, line: number, example });
                self.groups.len() - 1
            }
        };
        self.groups[place].count += 1;
    }

    /// `{"requests", "same", "groups": [{"kind": refused | let_in | elsewhere | open, "says", "count", "line",
    /// "example"}], "beyond", "unread", "foreign", "notes"}`.
    pub fn to_json(&self) -> Value {
        let some = |lines: &Option<Unread>| {
            lines.as_ref().map(|lines| json!({"count": lines.count, "first": lines.first, "why": lines.why}))
        };
        let group = |group: &&Group| {
            json!({
                "kind": group.kind.word(), "says": group.says, "count": group.count,
                "line": group.line, "example": group.example,
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

/// What is said of requests with a decided change, and what is this one's alone.
fn changed(old: &Outcome, new: &Outcome) -> (Kind, String, String) {
    let kind = match (old.is_let_in(), new.is_let_in()) {
        (true, false) => Kind::Refused,
        (false, true) => Kind::LetIn,
        _ => Kind::Elsewhere,
    };
    let (was, is) = (old.class(), new.class());
    let sent = old.sent().zip(new.sent()).filter(|(was, is)| was != is && !was.is_empty() && !is.is_empty());
    let detail = sent.map_or(String::new(), |(was, is)| format!(", asks for {was} -> {is}"));
    let says = match was == is {
        true => format!("{was}, with another path or host"),
        false => format!("{was} -> {is}"),
    };
    (kind, says, detail)
}

/// What may become of requests.
fn choices(old: Option<&Outcome>, new: &[Outcome]) -> String {
    let Some(old) = old else { return "not known".to_owned() };
    let mut all: Vec<String> = Vec::new();
    for outcome in new {
        let class = if outcome.class() == old.class() { "as before".to_owned() } else { outcome.class() };
        if !all.contains(&class) {
            all.push(class);
        }
    }
    match all.len() {
        0 => format!("{} -> perhaps let in", old.class()),
        1 => format!("{} -> {}, perhaps not", old.class(), all[0]),
        _ => format!("{} -> {}", old.class(), all.join(" or ")),
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
            self.groups.iter().filter(|group| kinds.contains(&group.kind)).map(|group| group.count).sum()
        };
        let changed = count(&[Kind::Refused, Kind::LetIn, Kind::Elsewhere]);
        let open = count(&[Kind::Open]);
        writeln!(f, "requests: {}, {} as before, {changed} changed, {open} may change", self.requests, self.same)?;
        let groups = self.groups();
        for kind in Kind::ALL {
            let of_kind: Vec<&&Group> = groups.iter().filter(|group| group.kind == kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            writeln!(f, "  {}", kind.title())?;
            for group in of_kind.iter().take(MOST_SHOWN) {
                writeln!(f, "    {} × {}", group.count, plain(&group.says))?;
                writeln!(f, "        line {}: {}", group.line, plain(&group.example))?;
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

/// Text from outside, cut to its bound, that draws nothing on a terminal.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for (at, character) in text.chars().enumerate() {
        if at == LONGEST {
            out.push('…');
            break;
        }
        match character.is_control() {
            true => out.extend(character.escape_default()),
            false => out.push(character),
        }
    }
    out
}
