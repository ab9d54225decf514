//! Diagnostics as text for people, in rustc's look.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::{Diagnostic, Diagnostics, Severity, Source, Span};

/// After so many, the rest is only counted: nobody reads further, and a broken file of 10,000 routes ends at once.
const MOST: usize = 100;

/// Places nearer than this many bytes are shown in one piece.
const NEAR: usize = 2000;

impl Diagnostics {
    /// All as text, one after the other, with an empty line between. `colour` is for terminals.
    pub fn render(&self, colour: bool) -> String {
        let mut shown: Vec<String> = self.iter().take(MOST).map(|one| self.render_one(one, colour)).collect();
        if self.len() > MOST {
            shown.push(format!("… and {} more", self.len() - MOST));
        }
        shown.join("\n\n")
    }

    fn render_one(&self, diagnostic: &Diagnostic, colour: bool) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
        let mut group = Group::with_title(title);
        for piece in self.pieces(diagnostic) {
            group = group.element(piece);
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// The places, those near each other in one piece. Only the lines around them are handed on, never a whole file.
    fn pieces<'a>(&self, diagnostic: &'a Diagnostic) -> Vec<Snippet<'a, Annotation<'a>>> {
        let also = diagnostic.also.iter().map(|(span, label)| (span, label, AnnotationKind::Context));
        let first = (&diagnostic.span, &diagnostic.label, AnnotationKind::Primary);
        let mut pieces: Vec<Piece<'a>> = Vec::new();
        for (span, label, kind) in std::iter::once(first).chain(also) {
            let range = span.first_line();
            let near = pieces.iter_mut().find(|piece| {
                piece.source == span.source()
                    && range.start < piece.range.end + NEAR
                    && piece.range.start < range.end + NEAR
            });
            let mark = (range.clone(), label.as_str(), kind);
            match near {
                Some(piece) => {
                    piece.range = piece.range.start.min(range.start)..piece.range.end.max(range.end);
                    piece.marks.push(mark);
                }
                None => pieces.push(Piece { source: span.source(), range, marks: vec![mark] }),
            }
        }
        pieces.into_iter().map(|piece| piece.snippet(&self.hidden_in(piece.source))).collect()
    }

    fn hidden_in(&self, source: &Source) -> Vec<Range<usize>> {
        self.hidden().iter().filter(|span| span.source() == source).map(Span::range).collect()
    }
}

struct Piece<'a> {
    source: &'a Source,
    range: Range<usize>,
    marks: Vec<(Range<usize>, &'a str, AnnotationKind)>,
}

impl<'a> Piece<'a> {
    fn snippet(&self, hidden: &[Range<usize>]) -> Snippet<'a, Annotation<'a>> {
        let (window, line) = self.source.lines_around(self.range.clone());
        let text = self.source.text().get(window.clone()).unwrap_or("");
        let hidden: Vec<_> =
            hidden.iter().filter(|range| range.start < window.end && window.start < range.end).collect();
        let text = masked(text, window.start, &hidden);
        let end = text.len();
        let marks = self.marks.iter().map(|(range, label, kind)| {
            let range =
                range.start.saturating_sub(window.start).min(end)..range.end.saturating_sub(window.start).min(end);
            kind.span(range).label(Some(*label).filter(|label| !label.is_empty()).map(normalize_untrusted_str))
        });
        Snippet::source(text).line_start(line).path(self.source.name()).annotations(marks)
    }
}

/// The text with secrets replaced, byte for byte so that places stay what they are.
fn masked<'a>(text: &'a str, start: usize, hidden: &[&Range<usize>]) -> Cow<'a, str> {
    let inside = |offset: usize| hidden.iter().any(|range| range.contains(&(start + offset)));
    if hidden.is_empty() {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for (offset, c) in text.char_indices() {
        if inside(offset) && c != '\n' {
            shown.extend(std::iter::repeat_n('*', c.len_utf8()));
        } else {
            shown.push(c);
        }
    }
    shown.into()
}
