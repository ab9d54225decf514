//! What an operation is: how it is asked for, who may, what it answers. From this come the dispatch, the document for
//! programs (`openapi`), the page for people (`page`), and what the program's own commands ask by.

use crate::answer::Answer;
use crate::asked::Asked;
use crate::control::Control;
use crate::trouble::{self, Kind, Trouble};
use pintle_core::Method;
use std::time::Duration;

/// One thing that can be asked for at the admin address.
pub struct Operation {
    /// The method.
    pub verb: Verb,
    /// The path. `{name}` stands for one segment, and is one of the parameters.
    pub path: &'static str,
    /// Its name for programs.
    pub(crate) id: &'static str,
    /// What it does, in some words.
    pub(crate) summary: &'static str,
    /// What is to be known beyond that.
    pub(crate) about: &'static str,
    pub(crate) who: Who,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) takes: Option<Takes>,
    pub(crate) says: &'static [Says],
    /// Why it may be refused, beside what any call may be refused for.
    pub(crate) troubles: &'static [&'static Kind],
    /// How long it may take.
    pub(crate) limit: Option<Duration>,
    /// Blocks: never called on a thread that others wait for.
    pub(crate) work: fn(&dyn Control, &mut Asked<'_>) -> Result<Answer, Trouble>,
}

/// A method. GET is HEAD, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Whoever gets here: what says nothing but that the program is there.
    Anyone,
    /// Who reads: on loopback everyone, elsewhere who shows the token.
    Reader,
    /// Who changes something: who shows the token.
    Writer,
}

/// A parameter.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) form: Form,
    /// Whether it may stand several times.
    pub(crate) many: bool,
    pub(crate) about: &'static str,
    /// For documents.
    pub(crate) example: &'static str,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the path.
    Path,
    /// In the query, and may be left out.
    Query,
    /// In the query, always.
    Needed,
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text of at most so many bytes.
    Text(usize),
    /// A whole number up to this one.
    Number(u64),
    /// `true` or nothing, or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// Content that an operation takes.
#[derive(Clone, Copy)]
pub(crate) struct Takes {
    /// The media types; none at all is taken as the first.
    pub(crate) kinds: &'static [&'static str],
    pub(crate) about: &'static str,
}

/// An answer that is none of the refusals.
pub(crate) struct Says {
    pub(crate) status: u16,
    pub(crate) about: &'static str,
    /// The media types, each with the name of the schema if it is JSON.
    pub(crate) kinds: &'static [(&'static str, Option<&'static str>)],
    /// Whether it has the version in force as its `ETag`.
    pub(crate) tagged: bool,
}

impl Verb {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
        }
    }

    /// The method.
    pub const fn method(self) -> Method {
        match self {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
        }
    }

    /// Whether it is asked for by this method.
    pub(crate) fn is(self, method: &Method) -> bool {
        self.method() == *method || (self == Verb::Get && *method == Method::HEAD)
    }
}

impl Operation {
    /// Every way in which it may be refused.
    pub(crate) fn troubles(&self) -> impl Iterator<Item = &'static Kind> + use<> {
        let who: &[&Kind] = match self.who {
            Who::Anyone => &[],
            Who::Reader => trouble::OF_READERS,
            Who::Writer => trouble::OF_WRITERS,
        };
        [trouble::OF_ANY, who].into_iter().flatten().copied().chain(self.own_troubles())
    }

    /// Those that not every call may meet.
    pub(crate) fn own_troubles(&self) -> impl Iterator<Item = &'static Kind> + use<> {
        let content: &[&Kind] = match self.takes {
            None => &[],
            Some(_) => &[&trouble::BAD_CONTENT, &trouble::TOO_LARGE, &trouble::WRONG_KIND],
        };
        let slow: &[&Kind] = if self.limit.is_some() { &[&trouble::TOO_SLOW] } else { &[] };
        [content, slow, self.troubles].into_iter().flatten().copied()
    }

    /// Whether it can be made to hold only while a version is in force (`If-Match`).
    pub(crate) fn takes_version(&self) -> bool {
        self.troubles.contains(&&trouble::STALE)
    }

    /// Whether this status is one of its answers: each must be described.
    pub(crate) fn may_say(&self, status: u16) -> bool {
        self.says.iter().any(|says| says.status == status) || self.troubles().any(|kind| kind.status == status)
    }

    /// What stands in a path in place of its parameters: each segment that is one.
    pub(crate) fn captures<'p>(&self, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        let mut found = Vec::new();
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(found),
                (Some(wanted), Some(given)) => match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) if !given.is_empty() => found.push((name, given)),
                    None if wanted == given => {}
                    _ => return None,
                },
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Operation;
    use crate::operations::HEALTHZ;

    #[test]
    fn a_path_gives_what_stands_in_place_of_its_parameters() {
        let captures = |path: &'static str, asked| Operation { path, ..*HEALTHZ }.captures(asked);
        assert_eq!(captures("/why", "/why"), Some(vec![]));
        assert_eq!(captures("/why/{id}", "/why/a%2Fb"), Some(vec![("id", "a%2Fb")]));
        assert_eq!(captures("/a/{x}/b/{y}", "/a/1/b/2"), Some(vec![("x", "1"), ("y", "2")]));
        for not in ["/why", "/why/", "/why/a/b", "/whys/a", "why/a"] {
            assert_eq!(captures("/why/{id}", not), None, "{not}");
        }
    }
}
