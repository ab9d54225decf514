//! Paths: as a document writes them, with parameters, and as a configuration calls them, with values that are known later.

use pintle_core::config::Node;
use pintle_core::exchange::query::percent_decoded;
use pintle_core::template::{Part, Template, Variable};

/// A piece of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Decoded.
    Text(String),
    /// A parameter, or a value: it is never empty, and has no slash in it.
    Value,
}

type Segment = Vec<Piece>;

/// The path of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallPath(Vec<Segment>);

/// A path of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Segment>);

impl CallPath {
    /// That of a template for a path and a query. None where its segments cannot be told beforehand: `path.rest` may be many.
    pub(crate) fn of(template: &Template) -> Option<CallPath> {
        let mut segments = Segments::default();
        for part in template.parts() {
            match part {
                Part::Value(value) if value.variable() == Some(&Variable::PathRest) => return None,
                Part::Value(_) => segments.value(),
                Part::Literal(text) => {
                    let end = text.find(['?', '#']);
                    segments.text(&text[..end.unwrap_or(text.len())]);
                    if end.is_some() {
                        break;
                    }
                }
            }
        }
        segments.rooted().map(CallPath)
    }

    /// What is left without a base, if it begins with that.
    pub(super) fn without(&self, base: &CallPath) -> Option<CallPath> {
        let rest = self.0.strip_prefix(&base.0[..]).filter(|rest| !base.0.is_empty() && !rest.is_empty())?;
        Some(CallPath(rest.to_vec()))
    }

    /// Its form, with every value the same.
    pub(super) fn shape(&self) -> String {
        shape(&self.0)
    }
}

impl Pattern {
    /// Reads `/users/{id}`; None where a brace has no other one.
    pub(super) fn parse(path: &str) -> Option<Pattern> {
        let mut segments = Segments::default();
        let mut rest = path;
        while let Some((text, after)) = rest.split_once('{') {
            segments.text(text);
            let (name, after) = after.split_once('}')?;
            if name.contains(['/', '{']) || text.contains('}') {
                return None;
            }
            segments.value();
            rest = after;
        }
        segments.text(rest);
        segments.rooted().filter(|_| !rest.contains('}')).map(Pattern)
    }

    pub(super) fn fits(&self, call: &CallPath) -> bool {
        self.0.len() == call.0.len() && self.0.iter().zip(&call.0).all(|(pattern, call)| fits(pattern, call))
    }

    /// The lower, the earlier it is taken: what is literal before what is not, from the left.
    pub(super) fn rank(&self) -> Vec<u8> {
        let rank = |segment: &Segment| match &segment[..] {
            [Piece::Value] => 2,
            some if some.contains(&Piece::Value) => 1,
            _ => 0,
        };
        self.0.iter().map(rank).collect()
    }

    pub(super) fn shape(&self) -> String {
        shape(&self.0)
    }
}

/// The path of a server, its variables at their defaults; none where that is the root.
pub(super) fn base(server: &Node) -> Option<CallPath> {
    let url = server.get("url")?.as_text()?;
    let url = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    let mut path = url.split(['?', '#']).next()?.trim_end_matches('/').to_owned();
    for entry in server.get("variables").and_then(Node::as_map).unwrap_or_default() {
        if let Some(default) = entry.value.get("default").and_then(Node::as_text) {
            path = path.replace(&format!("{{{}}}", entry.key.value), default);
        }
    }
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let mut segments = Segments::default();
    segments.text(path.trim_end_matches('/'));
    segments.rooted().map(CallPath)
}

/// Segments under way.
#[derive(Default)]
struct Segments {
    /// What stands before the first slash, then the segments.
    all: Vec<Segment>,
}

impl Segments {
    fn text(&mut self, text: &str) {
        for (at, piece) in text.split('/').enumerate() {
            if at > 0 || self.all.is_empty() {
                self.all.push(Segment::new());
            }
            if !piece.is_empty() {
                let decoded = String::from_utf8_lossy(&percent_decoded(piece, false)).into_owned();
                self.all.last_mut().expect("one was made").push(Piece::Text(decoded));
            }
        }
    }

    fn value(&mut self) {
        if self.all.is_empty() {
            self.all.push(Segment::new());
        }
        self.all.last_mut().expect("one was made").push(Piece::Value);
    }

    /// The segments of a path that begins with a slash.
    fn rooted(self) -> Option<Vec<Segment>> {
        let mut all = self.all.into_iter();
        let before = all.next()?;
        let segments: Vec<_> = all.collect();
        (before.is_empty() && !segments.is_empty()).then_some(segments)
    }
}

fn shape(segments: &[Segment]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Value => "{}".to_owned(),
    };
    segments.iter().map(|segment| format!("/{}", segment.iter().map(piece).collect::<String>())).collect()
}

fn fits(pattern: &[Piece], call: &[Piece]) -> bool {
    let has_value = |segment: &[Piece]| segment.contains(&Piece::Value);
    match (has_value(pattern), has_value(call)) {
        // What is known later is never taken for a word that is known now.
        (false, _) => pattern == call,
        (true, true) => {
            ends_fit(pattern.first(), call.first(), |a, b| a.starts_with(b))
                && ends_fit(pattern.last(), call.last(), |a, b| a.ends_with(b))
        }
        (true, false) => match call {
            [Piece::Text(text)] => matches(pattern, text),
            _ => false,
        },
    }
}

/// Whether two segments with values may have the same text at one end.
fn ends_fit(pattern: Option<&Piece>, call: Option<&Piece>, holds: fn(&str, &str) -> bool) -> bool {
    match (pattern, call) {
        (Some(Piece::Text(a)), Some(Piece::Text(b))) => holds(a, b) || holds(b, a),
        _ => true,
    }
}

/// Whether a text is of that form.
fn matches(pattern: &[Piece], text: &str) -> bool {
    let mut rest = text;
    let mut after_value = false;
    for (at, piece) in pattern.iter().enumerate() {
        let Piece::Text(wanted) = piece else {
            after_value = true;
            continue;
        };
        let is_last = at + 1 == pattern.len();
        let place = match after_value {
            false => rest.starts_with(&**wanted).then_some(0),
            true if is_last => rest.ends_with(&**wanted).then(|| rest.len() - wanted.len()),
            // A value is one character at least.
            true => {
                let first = rest.chars().next().map_or(0, char::len_utf8);
                rest[first..].find(&**wanted).map(|place| first + place)
            }
        };
        let Some(place) = place.filter(|place| !after_value || *place > 0) else { return false };
        rest = &rest[place + wanted.len()..];
        after_value = false;
    }
    after_value != rest.is_empty()
}
