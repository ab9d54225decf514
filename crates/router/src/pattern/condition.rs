//! Conditions on header, query and cookie: the only places where a match has regular expressions.

use super::fault::{Fault, fault};
use pintle_core::fields::is_token;
use regex::bytes::{Regex, RegexBuilder};
use std::fmt;

/// A condition of a match. It holds if any value of that name meets it; `Present(false)` if there is no value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition {
    place: Place,
    name: Box<str>,
    test: Test,
}

/// Where a condition looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A header field; each line of it is a value.
    Header,
    /// A query parameter; name and values are decoded (`+` is a space).
    Query,
    /// A cookie (RFC 6265 4.2.1); the value as it is sent.
    Cookie,
}

/// What a condition wants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// One of these texts, exactly.
    Exact(Vec<Box<str>>),
    /// A text in which this regular expression finds something: it is not anchored.
    Regex(Box<str>),
    /// A value, or none.
    Present(bool),
}

/// Fields that the engine takes off before a route is sought: no condition on them can mean what it says.
const TAKEN: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

impl Condition {
    /// A condition that can be met. A header's name is taken in small letters.
    pub fn new(place: Place, name: &str, test: Test) -> Result<Self, Fault> {
        Ok(Condition::of_sound(place, sound_name(place, name)?, sound_test(test)?))
    }

    /// A condition of a name and a test that were looked at.
    pub(crate) fn of_sound(place: Place, name: Box<str>, test: Test) -> Self {
        Condition { place, name, test }
    }

    /// Where it looks.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The name of the header (in small letters), parameter or cookie.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it wants.
    pub fn test(&self) -> &Test {
        &self.test
    }

    /// Whether one wants a value where the other wants none.
    pub(crate) fn excludes(&self, other: &Condition) -> bool {
        let absent = |condition: &Condition| condition.test == Test::Present(false);
        self.place == other.place && self.name == other.name && absent(self) != absent(other)
    }
}

/// The name as it is compared, if there can be one like it.
pub(crate) fn sound_name(place: Place, name: &str) -> Result<Box<str>, Fault> {
    let is_word = !name.is_empty() && name.bytes().all(is_token);
    match place {
        Place::Header => {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "host" => Err(fault("`host` is not matched as a header", "use `host:` of the match")),
                taken if TAKEN.contains(&taken) => {
                    Err(fault(format!("`{taken}` belongs to the connection"), "match on another header"))
                }
                _ if !is_word => Err(fault(format!("`{name}` is no header's name"), "letters, digits and hyphens")),
                _ => Ok(name.into()),
            }
        }
        Place::Cookie if !is_word => {
            Err(fault(format!("`{name}` is no cookie's name"), "letters, digits, hyphens and `_`"))
        }
        Place::Query | Place::Cookie => Ok(name.into()),
    }
}

/// The test in its one form, if a value can meet it.
pub(crate) fn sound_test(mut test: Test) -> Result<Test, Fault> {
    match &mut test {
        Test::Exact(texts) if texts.is_empty() => {
            return Err(fault("there is no value to match", "use {present: true} for any value"));
        }
        Test::Exact(texts) => {
            texts.sort();
            texts.dedup();
        }
        Test::Regex(text) => drop(compile(text)?),
        Test::Present(_) => {}
    }
    Ok(test)
}

/// Compiles a condition's expression; on bytes, because header values need not be UTF-8.
pub(crate) fn compile(text: &str) -> Result<Regex, Fault> {
    RegexBuilder::new(text).size_limit(1 << 20).build().map_err(|error| {
        // The last line is the reason, those before draw the place.
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        fault(format!("`{text}` is no regular expression"), reason)
    })
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Header => "header",
            Place::Query => "query",
            Place::Cookie => "cookie",
        };
        write!(f, "{place} {}", self.name)?;
        match &self.test {
            Test::Exact(texts) => texts
                .iter()
                .enumerate()
                .try_for_each(|(at, text)| write!(f, "{}{text:?}", if at > 0 { "|" } else { "=" })),
            Test::Regex(text) => write!(f, "~{text:?}"),
            Test::Present(true) => f.write_str(" present"),
            Test::Present(false) => f.write_str(" absent"),
        }
    }
}
