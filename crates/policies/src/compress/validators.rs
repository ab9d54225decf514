//! Entity tags of what was compressed or undone here (RFC 9110 8.8.3): each representation has a strong one of its own,
//! the service's with a mark at its end, `"v1~gzip"`. On the way back in the mark comes off, so that the service or the
//! `files` action compares its own words.
//!
//! Marks, not weak tags: `W/"v1"` never meets an `if-match` (RFC 9110 13.1.1), and who changes what he read compressed
//! could not say which version he means. An `if-range` keeps its mark: a part of one representation must not be put
//! together with another's, so it is to match nothing and get the whole (13.1.5). Weak tags of services stay as they are:
//! they hold for all codings.

use super::coding::Coding;
use pintle_core::{Fields, Name, names};
use std::ops::Range;

/// The mark of what was undone.
const UNDONE: &str = "~identity";

/// What a request asks about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Validators {
    /// Tags as the service knows them, in their quotes, that came with this mark.
    marked: Vec<(Box<[u8]>, &'static str)>,
    /// Whether it had any `if-none-match`.
    pub(super) asks_by_tag: bool,
}

impl Validators {
    /// Takes the marks off. In `if-none-match` only those of the answer that the client would get now, compressed so or
    /// undone: what it keeps in another coding is not what it asks for. In `if-match` all: it speaks of the resource.
    pub(super) fn take(fields: &mut Fields, best: Option<Coding>) -> Self {
        let mut validators = Validators { marked: Vec::new(), asks_by_tag: fields.contains(names::IF_NONE_MATCH) };
        let now = best.map(Coding::mark).into_iter().chain([UNDONE]);
        for mark in now {
            validators.unmark(fields, names::IF_NONE_MATCH, mark);
        }
        // Parts are of what lies there, never of what we made of it: a request for one keeps our tags, which then match
        // nothing, and a date, which is the same for both, asks for no part.
        if !fields.contains(names::RANGE) {
            for mark in Coding::ALL.map(Coding::mark).into_iter().chain([UNDONE]) {
                Validators::default().unmark(fields, names::IF_MATCH, mark);
            }
        } else if best.is_some() && fields.get(names::IF_RANGE).is_some_and(|value| !value.contains(&b'"')) {
            fields.remove(names::RANGE);
            fields.remove(names::IF_RANGE);
        }
        validators
    }

    fn unmark(&mut self, fields: &mut Fields, name: Name<'static>, mark: &'static str) {
        let is_marked = |value: &[u8]| value.windows(mark.len()).any(|part| part == mark.as_bytes());
        if !fields.get_all(name).any(is_marked) {
            return;
        }
        let Some(all) = fields.joined(name) else { return };
        let mut left = Vec::with_capacity(all.len());
        let mut from = 0;
        for tag in tags(&all) {
            if all[tag.clone()].strip_suffix(b"\"").is_some_and(|tag| tag.ends_with(mark.as_bytes())) {
                let end = tag.end - 1 - mark.len();
                left.extend_from_slice(&all[from..end]);
                from = tag.end - 1;
                self.marked.push(([&all[tag.start..end], b"\""].concat().into(), mark));
            }
        }
        left.extend_from_slice(&all[from..]);
        fields.set(name, left);
    }

    /// Gives a 304 the tag that the 200 would have had: the one that the client asked with.
    pub(super) fn mark_again(&self, fields: &mut Fields) {
        let Some(tag) = fields.get(names::ETAG) else { return };
        if let Some((_, mark)) = self.marked.iter().find(|(known, _)| **known == *tag) {
            self::mark(fields, mark);
        }
    }
}

/// Marks an answer as compressed by this coding.
pub(super) fn mark_compressed(fields: &mut Fields, coding: Coding) {
    mark(fields, coding.mark());
}

/// Marks an answer as undone.
pub(super) fn mark_undone(fields: &mut Fields) {
    mark(fields, UNDONE);
}

/// Marks a strong tag. What is no entity tag is taken away: it cannot be told from another representation's.
fn mark(fields: &mut Fields, mark: &str) {
    let marked = match fields.get(names::ETAG) {
        None => return,
        Some(weak) if weak.starts_with(b"W/") => return,
        Some([b'"', tag @ .., b'"']) if !tag.contains(&b'"') => [b"\"", tag, mark.as_bytes(), b"\""].concat(),
        Some(_) => {
            fields.remove(names::ETAG);
            return;
        }
    };
    fields.set(names::ETAG, marked);
}

/// Where the entity tags of a list are, in their quotes and without `W/`. One that does not end is none.
fn tags(list: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + list[at..].iter().position(|&b| b == b'"')?;
        let end = start + 1 + list[start + 1..].iter().position(|&b| b == b'"')? + 1;
        at = end;
        Some(start..end)
    })
}
