//! The words of an expression, as far as messages and the end of a `${…}` need them. The parser has its own; this one
//! never fails, so that it can say what is wrong with a text that the parser does not take.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexeme {
    Word,
    Number,
    Text,
    /// A text whose closing quote is missing.
    Unclosed,
    Symbol,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) lexeme: Lexeme,
    pub(super) range: Range<usize>,
}

/// Longest first.
const SYMBOLS: [&str; 12] = ["===", "!==", "==", "!=", "<=", ">=", "<>", "=~", "&&", "||", "??", "${"];

/// The token at or after `at`; white space and comments are passed over.
pub(super) fn next(text: &str, at: usize) -> Option<Token> {
    let start = skip(text, at);
    let rest = text.get(start..)?;
    let first = rest.chars().next()?;
    let (lexeme, len) = if first.is_ascii_alphabetic() || first == '_' {
        let word = run(rest, |c| c.is_ascii_alphanumeric() || c == '_');
        let prefix = word <= 2 && rest[..word].bytes().all(|b| matches!(b, b'r' | b'R' | b'b' | b'B'));
        match rest[word..].chars().next() {
            Some('"' | '\'') if prefix => quoted(rest, word, rest[..word].contains(['r', 'R'])),
            _ => (Lexeme::Word, word),
        }
    } else if first.is_ascii_digit() {
        (Lexeme::Number, run(rest, |c| c.is_ascii_alphanumeric() || c == '.'))
    } else if first == '"' || first == '\'' {
        quoted(rest, 0, false)
    } else {
        let known = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
        (Lexeme::Symbol, known.map_or(first.len_utf8(), |symbol| symbol.len()))
    };
    Some(Token { lexeme, range: start..start + len })
}

/// All tokens.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = next(text, at) {
        at = token.range.end;
        found.push(token);
    }
    found
}

fn skip(text: &str, mut at: usize) -> usize {
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with(|c: char| c.is_ascii_whitespace()) {
            at += 1;
        } else {
            break;
        }
    }
    at
}

fn run(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !holds(c)).unwrap_or(text.len())
}

/// A text with its prefix of `prefix` bytes: one or three quotes, ending with the same.
fn quoted(rest: &str, prefix: usize, raw: bool) -> (Lexeme, usize) {
    let body = &rest[prefix..];
    let quote = &body[..1];
    let mark = if body.starts_with(&quote.repeat(3)) { &body[..3] } else { quote };
    let mut at = prefix + mark.len();
    while let Some(c) = rest[at..].chars().next() {
        if rest[at..].starts_with(mark) {
            return (Lexeme::Text, at + mark.len());
        }
        if c == '\n' && mark.len() == 1 {
            break;
        }
        at += c.len_utf8();
        if c == '\\' && !raw {
            at += rest[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    (Lexeme::Unclosed, at)
}

/// Whether `name` is a word of the language, and no operator.
pub(super) fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        && !name.starts_with("_")
}
