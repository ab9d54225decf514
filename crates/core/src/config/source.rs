//! Where something was written: a named text, a place in it, and a value that remembers its place.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::{Node, Read, Reader, Shape};

/// A named text that a configuration came from: a file today. Cheap to clone.
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    order: u64,
    name: String,
    directory: PathBuf,
    text: Box<str>,
    /// Offset of the first byte of each line; made when first asked for, as a good file never needs it.
    lines: OnceLock<Vec<u32>>,
}

static ORDER: AtomicU64 = AtomicU64::new(0);

impl Source {
    /// A text under a name. Where the name is a path, its directory is what relative paths in the text start from.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let name = name.into();
        let text: String = text.into();
        // A byte-order mark would count as a column.
        let text = text.strip_prefix('\u{feff}').map_or(text.as_str(), |rest| rest).into();
        let directory = Path::new(&name).parent().unwrap_or(Path::new("")).to_path_buf();
        let order = ORDER.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Inner { order, name, directory, text, lines: OnceLock::new() }))
    }

    /// The name as it is shown: a file's path as it was given.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The directory that relative paths in this text start from; empty for the current one.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// The place of a range of bytes.
    pub fn span(&self, range: Range<usize>) -> Span {
        let cut = |offset: usize| u32::try_from(offset.min(self.text().len())).unwrap_or(u32::MAX);
        Span { source: self.clone(), start: cut(range.start), end: cut(range.end.max(range.start)) }
    }

    /// Line and column of a byte offset. An offset past the end counts as the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text().len());
        let line = self.line_index(offset);
        let start = self.line_start(line);
        let column = self.text().get(start..offset).map_or(0, |text| text.chars().count());
        Position { line: line + 1, column: column + 1 }
    }

    /// The byte range of the lines that a range touches, without the last line's end, and the first line's number.
    pub(super) fn lines_around(&self, range: Range<usize>) -> (Range<usize>, usize) {
        let first = self.line_index(range.start);
        let last = self.line_index(range.end.max(range.start));
        let end = self.lines().get(last + 1).map_or(self.text().len(), |next| *next as usize - 1);
        (self.line_start(first)..end, first + 1)
    }

    /// Sources are ordered as they were made, which is the order in which files were read.
    pub(super) fn order(&self) -> u64 {
        self.0.order
    }

    fn line_index(&self, offset: usize) -> usize {
        self.lines().partition_point(|start| *start as usize <= offset).saturating_sub(1)
    }

    fn line_start(&self, index: usize) -> usize {
        self.lines().get(index).map_or(0, |start| *start as usize)
    }

    fn lines(&self) -> &[u32] {
        self.0.lines.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', self.text().as_bytes());
            std::iter::once(0).chain(ends.map(|end| u32::try_from(end + 1).unwrap_or(u32::MAX))).collect()
        })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name())
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Source {}

/// A line and a column, both from 1. A column counts characters, as editors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// A range of bytes in a [`Source`]. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    source: Source,
    start: u32,
    end: u32,
}

impl Span {
    /// The text that the range is of.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The range in bytes.
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// What stands there.
    pub fn text(&self) -> &str {
        self.source.text().get(self.range()).unwrap_or("")
    }

    /// Line and column of the first byte.
    pub fn position(&self) -> Position {
        self.source.position(self.start as usize)
    }

    /// Line and column just past the last byte.
    pub fn end_position(&self) -> Position {
        self.source.position(self.end as usize)
    }

    /// From this place's start to another's end, which must be in the same source; else this place alone.
    pub fn to(&self, other: &Span) -> Span {
        let end = if self.source == other.source { self.end.max(other.end) } else { self.end };
        Span { source: self.source.clone(), start: self.start, end }
    }

    /// A place in no text: for values that outlive the configuration they came from and must not hold its text.
    pub fn nowhere() -> Self {
        static NOWHERE: OnceLock<Source> = OnceLock::new();
        NOWHERE.get_or_init(|| Source::new("", "")).span(0..0)
    }

    /// The part up to the first line's end, which is what carets are drawn under.
    pub(super) fn first_line(&self) -> Range<usize> {
        let text = self.text();
        let line = text.lines().next().unwrap_or("");
        self.start as usize..self.start as usize + line.trim_end().len()
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position();
        write!(f, "{}:{line}:{column}", self.source.name())
    }
}

/// A value and where it was written. Two are equal when their values are: moving a line changes no meaning, and a
/// reload compares configurations.
#[derive(Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written; for a default, the map that left it out.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The value alone: it no longer holds the text that it was written in.
    #[must_use]
    pub fn detached(&self) -> Self
    where
        T: Clone,
    {
        Self { value: self.value.clone(), span: Span::nowhere() }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: Hash> Hash for Spanned<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<T: Read> Read for Spanned<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Some(Self { value: T::read(node, reader)?, span: node.span().clone() })
    }

    fn shape() -> Shape {
        T::shape()
    }
}
