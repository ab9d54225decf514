//! What is wrong (or doubtful) in a configuration, and the collection of it.

use super::Span;
use super::confided::without_credentials;
use std::borrow::Cow;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// It is taken, but probably not meant like this.
    Warning,
}

/// One thing to say about a configuration.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name in kebab case, for machines: `unknown-key`.
    pub code: &'static str,
    /// What is wrong, in one sentence without an end mark.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to write beside the place; may be empty.
    pub label: String,
    /// Other places that belong to it, each with its own words.
    pub also: Vec<(Span, String)>,
    /// The remedy.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, message: impl Into<String>, span: &Span) -> Self {
        let message = message.into();
        let severity = Severity::Error;
        Self { severity, code, message, span: span.clone(), label: String::new(), also: Vec::new(), help: None }
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>, span: &Span) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message, span) }
    }

    /// With words beside the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With another place.
    #[must_use]
    pub fn also(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.also.push((span.clone(), label.into()));
        self
    }

    /// With a remedy. An empty one counts as none.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into()).filter(|help| !help.is_empty());
        self
    }
}

/// All that was found, in the order in which it was found until [`Diagnostics::sort`].
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
    /// How many more there were than are kept.
    more: usize,
    hidden: Vec<Span>,
}

const MOST: usize = 10_000;

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. Past 10,000 they are only counted, so that a large and wholly wrong text takes no more memory.
    /// Who asks by a URL is not kept, whoever repeats the URL in a message.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        let also = diagnostic.also.iter_mut().map(|(_, label)| label);
        let texts = [&mut diagnostic.message, &mut diagnostic.label].into_iter();
        for text in texts.chain(also).chain(&mut diagnostic.help) {
            if let Cow::Owned(shown) = without_credentials(text) {
                *text = shown;
            }
        }
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.list.len() < MOST {
            self.list.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    /// Never show what stands there: a secret that was written as plain text.
    pub fn hide(&mut self, span: &Span) {
        self.hidden.push(span.clone());
    }

    /// Whether the configuration is to be refused.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are, those that are only counted with them.
    pub fn len(&self) -> usize {
        self.list.len() + self.more
    }

    /// Those that are kept, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Takes all of another collection.
    pub fn extend(&mut self, other: Diagnostics) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
        self.more += other.more;
        self.hidden.extend(other.hidden);
    }

    /// By file in the order of reading, then by place; what was said twice of one place is kept once.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|diagnostic| {
            let range = diagnostic.span.range();
            (diagnostic.span.source().order(), range.start, diagnostic.severity, range.end)
        });
        self.list.dedup_by(|a, b| a.span == b.span && a.code == b.code && a.message == b.message);
    }

    /// Places that must not be shown.
    pub(super) fn hidden(&self) -> &[Span] {
        &self.hidden
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}
