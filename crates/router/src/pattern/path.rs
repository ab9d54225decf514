//! Path patterns: literals, `{name}` for one segment, `**` at the end for the rest. Literals are brought into the form
//! that requests' paths have, so that they are compared byte for byte.

use super::fault::{Fault, fault};
use crate::path::{is_segment_byte, normalise};
use std::fmt;
use std::fmt::Write;

/// A path in a match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    /// Never empty: `/` is one empty literal.
    segments: Box<[Segment]>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// This text, normalised. Empty only as the last one: the trailing slash.
    Literal(Box<str>),
    /// `{name}`: one non-empty segment.
    Name(Box<str>),
    /// `**`: everything from here, also nothing; only as the last one.
    Rest,
}

/// More would only be a way to use up the stack.
const MAX_SEGMENTS: usize = 100;

impl PathPattern {
    /// `/**`, which is any path.
    pub fn any() -> Self {
        PathPattern { segments: [Segment::Rest].into() }
    }

    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let Some(path) = text.strip_prefix('/') else {
            return Err(fault(format!("path `{text}` does not begin with `/`"), format!("write `/{text}`")));
        };
        if path.ends_with('$') {
            return Err(regular_expression(text));
        }
        let mut segments = Vec::new();
        let mut rest = path.split('/').peekable();
        while let Some(segment) = rest.next() {
            segments.push(Segment::parse(segment, rest.peek().is_none(), text)?);
        }
        PathPattern::new(segments, text)
    }

    /// Segments that are good each, together.
    fn new(segments: Vec<Segment>, text: &str) -> Result<Self, Fault> {
        if segments.len() > MAX_SEGMENTS {
            return Err(fault(format!("path `{text}` is too deep"), format!("at most {MAX_SEGMENTS} segments")));
        }
        let path = PathPattern { segments: segments.into() };
        let twice = path.names().enumerate().find(|&(at, name)| path.names().take(at).any(|other| other == name));
        if let Some((_, name)) = twice {
            return Err(fault(format!("path `{text}` has two {{{name}}}"), "give each its own name"));
        }
        Ok(path)
    }

    /// Its segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names that it captures, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Name(name) => Some(&**name),
            _ => None,
        })
    }

    /// Whether it ends in `**`.
    pub fn has_rest(&self) -> bool {
        self.segments.last() == Some(&Segment::Rest)
    }

    /// Compares with a normalised path: where it matches, `Ok`; else how many segments from the left agree.
    pub fn compare(&self, path: &str) -> Result<(), usize> {
        let mut asked = path.strip_prefix('/').into_iter().flat_map(|path| path.split('/'));
        for (at, segment) in self.segments.iter().enumerate() {
            let agrees = match (segment, asked.next()) {
                (Segment::Rest, _) => return Ok(()),
                (Segment::Literal(text), Some(found)) => **text == *found,
                (Segment::Name(_), Some(found)) => !found.is_empty(),
                (_, None) => false,
            };
            if !agrees {
                return Err(at);
            }
        }
        if asked.next().is_none() { Ok(()) } else { Err(self.segments.len()) }
    }

    /// A group's path and its child's as one: the child's in the place of the group's `**`.
    pub(super) fn join(&self, child: &PathPattern) -> Result<PathPattern, Fault> {
        let Some((Segment::Rest, head)) = self.segments.split_last() else {
            return Err(fault(
                format!("the group's path `{self}` does not end in `**`"),
                format!("write `{}/**`", self.to_string().trim_end_matches('/')),
            ));
        };
        let joined = PathPattern { segments: head.iter().chain(&child.segments).cloned().collect() };
        let text = joined.to_string();
        PathPattern::new(joined.segments.into_vec(), &text)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{text}"),
            Segment::Name(name) => write!(f, "/{{{name}}}"),
            Segment::Rest => f.write_str("/**"),
        })
    }
}

impl Segment {
    fn parse(segment: &str, last: bool, whole: &str) -> Result<Self, Fault> {
        let refuse = |why: String, remedy: &str| Err(fault(format!("path `{whole}` {why}"), remedy));
        match segment {
            "**" if last => return Ok(Segment::Rest),
            "" if last => return Ok(Segment::Literal("".into())),
            "**" => {
                return refuse("has `**` before its end".into(), "`**` stands only at the end; {name} is one segment");
            }
            "" => return refuse("has an empty segment".into(), "write one slash: `//` in a request is folded"),
            _ => {}
        }
        if let Some(name) = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            return capture(name, whole);
        }
        if segment.contains('*') {
            let remedy = "`*` is no pattern within a path; {name} is one whole segment, `**` at the end is the rest";
            return refuse(format!("has `{segment}`"), remedy);
        }
        if segment.contains(['{', '}']) {
            return refuse(format!("has `{segment}`"), "a {name} is a whole segment, as in /a/{id}");
        }
        if let Some(name) = segment.strip_prefix(':') {
            return refuse(format!("has `{segment}`"), &format!("a capture is written {{{name}}}"));
        }
        if segment.contains(['[', ']', '^', '|', '\\']) || segment.contains(".+") || segment.contains(")+") {
            return Err(regular_expression(whole));
        }
        if segment.contains('?') {
            return refuse("has a `?`".into(), "a query is matched by `query:` in the long form");
        }
        literal(segment, whole)
    }
}

pub(super) fn regular_expression(whole: &str) -> Fault {
    let remedy = "use {name} for one segment or `**` at the end; headers, query and cookies have `regex`";
    fault(format!("path `{whole}` looks like a regular expression"), remedy)
}

/// A name that expressions can say: `path.NAME`.
fn capture(name: &str, whole: &str) -> Result<Segment, Fault> {
    let refuse = |remedy: &str| Err(fault(format!("path `{whole}` has `{{{name}}}`"), remedy));
    let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match name {
        "rest" => refuse("`path.rest` is what `**` stands for; choose another name"),
        "true" | "false" | "null" | "in" => refuse("that is a word of CEL; choose another name"),
        "" => refuse("give it a name, as in {id}"),
        _ if word && !name.as_bytes()[0].is_ascii_digit() => Ok(Segment::Name(name.into())),
        _ => refuse("a name is letters, digits and `_`, as in {id}; there are no patterns in it"),
    }
}

/// A literal as a request's path has it: normalised, and what is not ASCII encoded.
fn literal(segment: &str, whole: &str) -> Result<Segment, Fault> {
    let mut text = String::from("/");
    for &byte in segment.as_bytes() {
        if is_segment_byte(byte) || byte == b'%' {
            text.push(char::from(byte));
        } else if byte.is_ascii() {
            let remedy = format!("write it as %{byte:02X}");
            return Err(fault(format!("path `{whole}` has {:?}", char::from(byte)), remedy));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    match normalise(&text) {
        Ok(path) if path.len() > 1 => Ok(Segment::Literal(path[1..].into())),
        Ok(_) => Err(fault(
            format!("path `{whole}` has a dot segment"),
            "write the path without it: requests' are resolved before they are matched",
        )),
        Err(error) => Err(fault(
            format!("path `{whole}` matches no request"),
            format!("`{segment}` has {}, which is refused with 400", error.kind),
        )),
    }
}
