//! Takes a template apart into its literal text and its expressions.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::Fault;
use super::lex::{self, Lexeme};

pub(super) enum Split<'t> {
    /// Text as it is meant: `$${` is `${`.
    Literal(Cow<'t, str>),
    /// Where an expression stands, without its `${` and `}`.
    Expression(Range<usize>),
}

/// The pieces of `text` in order; two literals never follow one another.
pub(super) fn split(text: &str) -> Result<Vec<Split<'_>>, Fault> {
    let mut pieces = Vec::new();
    let mut literal: Cow<'_, str> = Cow::Borrowed("");
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let open = at + found;
        if text[at..open].ends_with('$') {
            literal += &text[at..open - 1];
            literal += "${";
            at = open + 2;
            continue;
        }
        literal += &text[at..open];
        if !literal.is_empty() {
            pieces.push(Split::Literal(std::mem::take(&mut literal)));
        }
        let end = end(text, open)?;
        pieces.push(Split::Expression(open + 2..end));
        at = end + 1;
    }
    literal += &text[at..];
    if !literal.is_empty() {
        pieces.push(Split::Literal(literal));
    }
    Ok(pieces)
}

/// The `}` that closes the `${` at `open`: braces within the expression come in pairs, and in its texts count for
/// nothing.
fn end(text: &str, open: usize) -> Result<usize, Fault> {
    let mut at = open + 2;
    let mut depth = 0;
    while let Some(token) = lex::next(text, at) {
        at = token.range.end;
        match (token.lexeme, &text[token.range.clone()]) {
            (Lexeme::Unclosed, _) => {
                return Err(Fault::new(token.range, "the text that begins here is never closed"));
            }
            (Lexeme::Symbol, "{" | "${") => depth += 1,
            (Lexeme::Symbol, "}") if depth == 0 => return Ok(token.range.start),
            (Lexeme::Symbol, "}") => depth -= 1,
            _ => {}
        }
    }
    Err(Fault::new(open..open + 2, "`${` is never closed").help("add `}`, or write `$${` for a literal `${`"))
}
