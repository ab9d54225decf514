//! Diagnostics as text for people, in rustc's look.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::confided::credentials;
use super::{Diagnostic, Diagnostics, Position, Severity, Source, Span};

/// After so many, the rest is only counted: nobody reads further, and a broken file of 10,000 routes ends at once.
const MOST: usize = 100;

/// Lines longer than this many bytes are shown in part.
const LONG: usize = 1000;

/// So much of a long line is kept on each side of a place, in pieces of so many bytes.
const AROUND: usize = 200;
const PIECE: usize = 50;

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
        with_column(renderer.render(&[group]), &diagnostic.span)
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

/// The text with the true column of the first place: who drew it saw only a part of a long line.
fn with_column(text: String, span: &Span) -> String {
    let Position { line, column } = span.position();
    let place = format!("{}:{line}:", span.source().name());
    let Some(start) = text.find("--> ").and_then(|arrow| Some(arrow + text[arrow..].find(&place)? + place.len()))
    else {
        return text;
    };
    let end = start + text[start..].bytes().take_while(u8::is_ascii_digit).count();
    if text[start..end].parse() == Ok(column) {
        return text;
    }
    format!("{}{column}{}", &text[..start], &text[end..])
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
        let within = |range: &&Range<usize>| range.start < window.end && window.start < range.end;
        let hidden = hidden
            .iter()
            .filter(within)
            .map(|range| range.start.saturating_sub(window.start)..range.end.saturating_sub(window.start));
        let hidden: Vec<Range<usize>> = hidden.chain(credentials(text)).collect();
        let text = masked(text, &hidden);
        let places: Vec<Range<usize>> = self
            .marks
            .iter()
            .map(|(range, ..)| range.start.saturating_sub(window.start)..range.end.saturating_sub(window.start))
            .collect();
        let (text, places) = shortened(text, &places);
        let end = text.len();
        let marks = self.marks.iter().zip(places).map(|((_, label, kind), range)| {
            let range = range.start.min(end)..range.end.min(end);
            kind.span(range).label(Some(*label).filter(|label| !label.is_empty()).map(normalize_untrusted_str))
        });
        Snippet::source(text).line_start(line).path(self.source.name()).annotations(marks)
    }
}

/// The text with what is far from every place cut out of its long lines, and the places in it: whoever draws goes over
/// each line several times, and nobody reads a megabyte.
fn shortened<'a>(text: Cow<'a, str>, places: &[Range<usize>]) -> (Cow<'a, str>, Vec<Range<usize>>) {
    if text.lines().all(|line| line.len() <= LONG) {
        return (text, places.to_vec());
    }
    let near = |at: usize| {
        places.iter().any(|place| place.start < at + AROUND && at < place.end.min(place.start + LONG) + AROUND)
    };
    let mut short = String::new();
    // What was kept: where it began, and where it stands now.
    let mut kept: Vec<(Range<usize>, usize)> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut at = start;
        while at < start + line.len() {
            let end = text.floor_char_boundary((at + PIECE).min(start + line.len())).max(at + 1);
            let end = text.ceil_char_boundary(end);
            if line.len() <= LONG || near(at) || near(end) {
                kept.push((at..end, short.len()));
                short.push_str(&text[at..end]);
            } else if !short.ends_with('…') {
                short.push('…');
            }
            at = end;
        }
        start += line.len();
        if line.ends_with('\n') && !short.ends_with('\n') {
            short.push('\n');
        }
    }
    let moved = |offset: usize| {
        let piece = kept.iter().rev().find(|(range, _)| range.start <= offset);
        piece.map_or(0, |(range, now)| now + (offset - range.start).min(range.len()))
    };
    let places = places.iter().map(|place| moved(place.start)..moved(place.end).max(moved(place.start))).collect();
    (short.into(), places)
}

/// The text with secrets replaced, byte for byte so that places stay what they are.
fn masked<'a>(text: &'a str, hidden: &[Range<usize>]) -> Cow<'a, str> {
    let inside = |offset: usize| hidden.iter().any(|range| range.contains(&offset));
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
