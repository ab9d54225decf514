//! The collection itself, and what is shown of it.

use crate::config::{Diagnostic, Diagnostics, Source};

#[test]
fn they_are_sorted_by_file_then_place_and_said_once() {
    let (one, two) = (Source::new("one", "a\nb\n"), Source::new("two", "c\n"));
    let mut all = Diagnostics::new();
    for (source, offset) in [(&two, 0), (&one, 2), (&one, 0), (&one, 2)] {
        let span = source.span(offset..offset + 1);
        all.push(Diagnostic::error("x", format!("wrong: {}", span.text()), &span));
    }
    all.sort();
    let messages: Vec<_> = all.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["wrong: a", "wrong: b", "wrong: c"]);
}

#[test]
fn warnings_alone_refuse_nothing() {
    let source = Source::new("one", "a");
    let mut all = Diagnostics::new();
    all.push(Diagnostic::warning("x", "doubtful", &source.span(0..1)));
    assert!(!all.has_errors() && !all.is_empty());
    assert!(all.render(false).starts_with("warning[x]: doubtful\n --> one:1:1\n"), "{}", all.render(false));
}

#[test]
fn a_wholly_wrong_text_is_bounded() {
    let source = Source::new("one", "a");
    let mut all = Diagnostics::new();
    for _ in 0..20_000 {
        all.push(Diagnostic::error("x", "wrong", &source.span(0..1)));
    }
    assert_eq!((all.iter().count(), all.len()), (10_000, 20_000));
    assert!(all.render(false).ends_with("… and 19900 more"));
}

#[test]
fn colours_are_for_terminals_and_no_text_brings_its_own() {
    let source = Source::new("one", "a: \u{1b}[31mred\n");
    let mut all = Diagnostics::new();
    let diagnostic = Diagnostic::error("x", "wrong: \u{1b}[31m", &source.span(3..8)).label("\u{1b}[31m");
    all.push(diagnostic.help("write \u{1b}[31m"));
    assert!(!all.render(false).contains('\u{1b}'), "{}", all.render(false));
    assert!(all.render(true).contains('\u{1b}'));
}

#[test]
fn columns_count_characters() {
    let source = Source::new("one", "ü: größe x\r\nb");
    let span = source.span(12..13);
    assert_eq!((span.text(), span.position().column, span.end_position().column), ("x", 10, 11));
    assert_eq!(format!("{}", source.span(15..16)), "one:2:1");
    assert_eq!(source.position(999), source.position(16), "past the end is the end");
}
