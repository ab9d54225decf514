//! The canonical form of a text: what it says in the same order with the same comments, laid out in one way. The layout
//! is `pretty_yaml`'s. It is never believed: the program's own reader must take the text before, and must find the
//! same values and the same comments in what came out.

use crate::check::report;
use pintle_core::config::{Comment, Diagnostic, Form, Node, Reader, Source, Span};
use pintle_core::template::with_large_stack;
use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
use std::io::{self, IsTerminal};
use std::panic::catch_unwind;

/// How wide a list or map in `[]` or `{}` may be before it gets a line for each item.
const WIDTH: usize = 170;
/// A comment that keeps what follows it as it was written.
const KEEP: &str = "fmt: keep";
/// Where a block may begin at most: `yaml_parser` keeps the columns of blocks and of what is in them in 64 bits.
const FARTHEST: usize = 60;
/// How often the layout is made until it is its own layout. Mostly the first time is enough.
const ROUNDS: usize = 4;

/// The canonical form of `text`, or the messages that say why there is none.
pub(super) fn canonical(name: &str, text: &str) -> Result<String, String> {
    let told = |mut reader: Reader| report(&mut reader, io::stderr().is_terminal());
    with_large_stack(|| formatted(name, text)).map_err(told)
}

fn formatted(name: &str, text: &str) -> Result<String, Reader> {
    let mut reader = Reader::new();
    let source = Source::new(name, plain(text));
    let written = Node::parse(&source, &mut reader.diagnostics);
    if reader.diagnostics.has_errors() {
        return Err(reader);
    }
    if let Some(span) = too_far(&written) {
        let message = format!("this begins {FARTHEST} columns or more to the right, beyond what can be formatted");
        let help = "nothing was written; indent by two columns, or write the inner values in `{}` and `[]`";
        reader.report(Diagnostic::error("no-form", message, span).help(help));
        return Err(reader);
    }
    // The layout is a library's work on what people write: should it fail, a file stays as it is.
    let panicked = |_| Err(("this cannot be laid out".into(), 0));
    let layout = catch_unwind(|| settled(source.text())).unwrap_or_else(panicked);
    let form = match layout {
        Ok(layout) => aligned(&source, layout),
        Err((why, at)) => {
            let help = "nothing was written; write it in another way, such as with the usual indentation";
            reader.report(Diagnostic::error("no-form", why, &source.span(at..at)).help(help));
            return Err(reader);
        }
    };
    let result = Source::new(name, form.as_str());
    let mut found = Reader::new();
    let read = Node::parse(&result, &mut found.diagnostics);
    let differing = match found.diagnostics.has_errors() {
        true => Some(written.span()),
        false => differing(&written, &read),
    };
    if let Some(span) = differing {
        let message = "the canonical form would say something else here";
        let help = "nothing was written; write it in another way, such as in quotes on one line";
        reader.report(Diagnostic::error("form-differs", message, span).help(help));
    }
    if let Some(span) = lost(&Comment::all(&source), &Comment::all(&result)) {
        let message = "the canonical form would lose this comment or move it elsewhere";
        let help = "nothing was written; give the comment a line of its own above what it is about";
        reader.report(Diagnostic::error("form-differs", message, &span).help(help));
    }
    if reader.diagnostics.has_errors() { Err(reader) } else { Ok(form) }
}

/// The first list or map in block form that begins too far to the right.
fn too_far(node: &Node) -> Option<&Span> {
    let span = node.span();
    let is_far = || !span.text().starts_with(['[', '{']) && span.position().column > FARTHEST;
    match node.form() {
        Form::List(_) | Form::Map(_) if is_far() => Some(span),
        Form::List(items) => items.iter().find_map(too_far),
        Form::Map(entries) => entries.iter().find_map(|entry| too_far(&entry.value)),
        Form::Nothing | Form::Scalar { .. } | Form::Broken => None,
    }
}

/// What the layout's parser would stumble over and YAML reads no meaning from: a carriage return before a line's end,
/// and an indentation of the comments at the head of a file.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let is_head = |line: &&str| line.trim_start().starts_with('#') || line.trim().is_empty();
    let head: String =
        text.split_inclusive('\n').take_while(is_head).map(|line| line.trim_start_matches(' ')).collect();
    let rest = text.split_inclusive('\n').skip_while(is_head);
    head + &rest.collect::<String>()
}

/// The layout whose layout is itself; or why there is none, and at which byte of the text.
fn settled(text: &str) -> Result<String, (String, usize)> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    let options = options();
    let mut form = text.to_owned();
    for round in 0..ROUNDS {
        let next = pretty_yaml::format_text(&form, &options).map_err(|error| {
            // Its words are of its own grammar.
            ("this cannot be laid out".to_owned(), if round == 0 { error.offset() } else { 0 })
        })?;
        // Some blank lines come with an indentation. Where that is a part of a text, the comparison finds out.
        let next: String =
            next.split_inclusive('\n').map(|line| if line.trim().is_empty() { "\n" } else { line }).collect();
        if next == form {
            return Ok(form);
        }
        form = next;
    }
    Err(("this has no layout that settles".into(), 0))
}

/// The layout with the comments at the ends of lines in the columns where they stood, as people align them. A comment
/// that stood one space behind its line stays there.
fn aligned(written: &Source, layout: String) -> String {
    let form = Source::new("layout", layout);
    let (before, after) = (Comment::all(written), Comment::all(&form));
    if before.len() != after.len() {
        return form.text().to_owned();
    }
    let mut text = String::with_capacity(form.text().len());
    let mut done = 0;
    for (before, after) in before.iter().zip(&after) {
        let (Some(was), Some(is)) = (Trailing::of(before), Trailing::of(after)) else { continue };
        let gap = if was.gap == 1 { 1 } else { was.column.saturating_sub(is.column - is.gap).max(1) };
        let start = after.span.range().start;
        text.push_str(form.text().get(done..start - is.gap).unwrap_or(""));
        text.extend(std::iter::repeat_n(' ', gap));
        done = start;
    }
    text.push_str(form.text().get(done..).unwrap_or(""));
    text
}

/// Where a comment stands behind something else on its line.
struct Trailing {
    column: usize,
    /// How many spaces are before it.
    gap: usize,
}

impl Trailing {
    fn of(comment: &Comment) -> Option<Self> {
        let column = comment.span.position().column;
        let text = comment.span.source().text().get(..comment.span.range().start)?;
        let line = text.rsplit('\n').next()?;
        let gap = line.len() - line.trim_end_matches([' ', '\t']).len();
        (gap < line.len()).then_some(Trailing { column, gap })
    }
}

fn options() -> FormatOptions {
    FormatOptions {
        layout: LayoutOptions { print_width: WIDTH, ..LayoutOptions::default() },
        language: LanguageOptions {
            brace_spacing: false,
            prefer_single_line: true,
            // They belong to what a block scalar says.
            trim_trailing_whitespaces: false,
            ignore_comment_directive: KEEP.into(),
            ..LanguageOptions::default()
        },
    }
}

/// The first value of `written` that `read` says otherwise.
fn differing<'a>(written: &'a Node, read: &Node) -> Option<&'a Span> {
    match (written.form(), read.form()) {
        (Form::List(a), Form::List(b)) if a.len() == b.len() => a.iter().zip(b).find_map(|(a, b)| differing(a, b)),
        (Form::Map(a), Form::Map(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .find_map(|(a, b)| if a.key != b.key { Some(&a.key.span) } else { differing(&a.value, &b.value) }),
        (a, b) => (a != b).then(|| written.span()),
    }
}

/// The first comment that is not in the same place with the same words.
fn lost(written: &[Comment], read: &[Comment]) -> Option<Span> {
    let same = |a: &Comment, b: &Comment| a.after == b.after && a.span.text().trim_end() == b.span.text().trim_end();
    let kept = written.iter().zip(read).take_while(|(a, b)| same(a, b)).count();
    let longest = written.len().max(read.len());
    (kept < longest).then(|| written.get(kept).or(written.last()).map(|comment| comment.span.clone())).flatten()
}

#[cfg(test)]
mod tests;
