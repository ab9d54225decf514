//! What is said about a text that the parser does not take. Its own messages speak of its grammar, so the words of the
//! text are looked at first, for the mistakes that people make.

use std::ops::Range;

use cel::ParseError;

use super::fault::Fault;
use super::lex::{self, Lexeme, Token};

/// One fault out of the parser's errors: the first that can be told in words, else the first.
pub(super) fn of_parser(text: &str, errors: &[ParseError]) -> Fault {
    let tokens = lex::tokens(text);
    if let Some(fault) = of_words(text, &tokens) {
        return fault;
    }
    let consequence = |error: &&ParseError| error.msg.starts_with("Incomplete `") || error.msg.starts_with("No `");
    let Some(error) = errors.iter().find(|error| !consequence(error)).or(errors.first()) else {
        return Fault::new(0..text.len(), "this cannot be read");
    };
    let message = error.msg.trim_start_matches("Syntax error: ");
    if message.starts_with("invalid argument to has()") {
        return Fault::new(0..text.len(), "has() asks for one field: has(request.headers.cookie)")
            .help("for any other name write 'x-tenant' in request.headers");
    }
    if message.contains("ecursion limit") {
        return Fault::new(0..text.len(), "this expression is nested too deeply");
    }
    let at = place(text, error.pos);
    let found = tokens.iter().find(|token| token.range.end > at);
    let range = found.map_or(at..text.len(), |token| token.range.clone());
    for (start, said) in [
        ("reserved identifier", "is a reserved word, and cannot be a name"),
        ("invalid int literal", "is no whole number that fits: -9223372036854775808 to 9223372036854775807"),
        ("invalid uint literal", "is no unsigned number that fits: 0u to 18446744073709551615u"),
        ("invalid double literal", "is no number that fits"),
        ("argument must be a simple name", "stands where a macro wants a plain name for its items"),
        ("unsupported syntax", "is not supported here"),
    ] {
        if message.starts_with(start) {
            return Fault::new(range.clone(), format!("`{}` {said}", &text[range]));
        }
    }
    let unread = message.starts_with("token recognition error") && found.is_some_and(|t| t.lexeme == Lexeme::Text);
    if unread || message.starts_with("invalid string literal") || message.starts_with("invalid bytes literal") {
        let fault = Fault::new(range, "this text has an escape that is none");
        return fault.help("a backslash is written twice, or the text begins with r: r'\\d+'");
    }
    let ends = found.is_none() || message.contains("'<EOF>' expecting") || message.contains("at input '<EOF>'");
    match (ends && found.is_none(), found) {
        (false, Some(token)) => unexpected(text, &tokens, token),
        _ => ended(text, &tokens),
    }
}

/// The mistakes that are known by a word, wherever the parser stumbled.
fn of_words(text: &str, tokens: &[Token]) -> Option<Fault> {
    let word = |at: usize| tokens.get(at).map(|token: &Token| &text[token.range.clone()]);
    let mut open: Vec<&Token> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let said = &text[token.range.clone()];
        let fault = |message: &str| Some(Fault::new(token.range.clone(), message));
        if token.lexeme == Lexeme::Unclosed {
            return fault("the text that begins here is never closed");
        }
        if token.lexeme == Lexeme::Word {
            let value_before = at > 0 && ends_value(text, &tokens[at - 1]);
            match (said, value_before) {
                ("and" | "AND", true) => return Some(fault("`and` is written `&&`")?.help("write `&&`")),
                ("or" | "OR", true) => return Some(fault("`or` is written `||`")?.help("write `||`")),
                ("not", true) if word(at + 1) == Some("in") => {
                    return Some(fault("`not in` is written with `!` before the whole")?.help("write !(x in list)"));
                }
                ("not" | "NOT", false)
                    if !matches!(word(at + 1), Some("." | "[" | "==" | "!=" | "&&" | "||") | None) =>
                {
                    return Some(fault("`not` is written `!`")?.help("write `!`"));
                }
                _ => {}
            }
        }
        if token.lexeme != Lexeme::Symbol {
            continue;
        }
        match said {
            "=" => return Some(fault("`=` does not compare")?.help("write `==`")),
            "===" => return Some(fault("`===` is written `==`")?.help("write `==`")),
            "!==" | "<>" => return Some(fault(&format!("`{said}` is written `!=`"))?.help("write `!=`")),
            "=~" => return Some(fault("`=~` is a function here")?.help("write text.matches('pattern')")),
            "??" => return Some(fault("`??` is not known")?.help("write has(a.b) ? a.b : 'other'")),
            "&" => return Some(fault("`&` is written `&&`")?.help("write `&&`")),
            "|" => return Some(fault("`|` is written `||`")?.help("write `||`")),
            "${" => return Some(template_in_expression(token.range.clone())),
            "`" => return Some(fault("a name in backquotes is not supported")?.help("write map['name']")),
            ";" => return Some(fault("`;` is no part of an expression")?.help("an expression is one value")),
            "(" | "[" | "{" => open.push(token),
            ")" | "]" | "}" => match open.pop().map(|token| &text[token.range.clone()]) {
                None => return fault(&format!("`{said}` closes nothing")),
                Some(before) if closing(before) != said => {
                    return Some(
                        fault(&format!("`{said}` does not close `{before}`"))?
                            .help(format!("write `{}`", closing(before))),
                    );
                }
                Some(_) => {}
            },
            _ => {}
        }
    }
    let last = open.pop()?;
    let said = &text[last.range.clone()];
    Some(Fault::new(last.range.clone(), format!("`{said}` is never closed")).help(format!("add `{}`", closing(said))))
}

/// What is said of `${` where an expression stands by itself.
pub(super) fn template_in_expression(range: Range<usize>) -> Fault {
    Fault::new(range, "`${` stands in an expression, which is not a template")
        .help("write the expression alone, without `${` and `}`")
}

fn closing(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// Whether a value may end with this token, so that an operator may follow.
fn ends_value(text: &str, token: &Token) -> bool {
    match token.lexeme {
        Lexeme::Word => !matches!(&text[token.range.clone()], "in" | "and" | "or" | "not"),
        Lexeme::Symbol => matches!(&text[token.range.clone()], ")" | "]" | "}"),
        _ => true,
    }
}

fn ended(text: &str, tokens: &[Token]) -> Fault {
    let Some(last) = tokens.last() else { return Fault::new(0..text.len(), "an expression is missing here") };
    let said = &text[last.range.clone()];
    let message = match last.lexeme {
        Lexeme::Symbol => format!("the expression ends after `{said}`, where a value or a name should follow"),
        _ => format!("the expression ends too early, after `{said}`"),
    };
    let fault = Fault::new(last.range.clone(), message);
    let question = tokens.iter().any(|token| text[token.range.clone()] == *"?");
    let colon = tokens.iter().any(|token| text[token.range.clone()] == *":");
    if question && !colon { fault.help("write condition ? value : other") } else { fault }
}

fn unexpected(text: &str, tokens: &[Token], token: &Token) -> Fault {
    let said = &text[token.range.clone()];
    let fault = Fault::new(token.range.clone(), format!("`{said}` is not expected here"));
    let before = tokens.iter().rfind(|before| before.range.end <= token.range.start);
    let question = tokens.iter().any(|token| text[token.range.clone()] == *"?");
    match before {
        Some(before) if ends_value(text, before) && token.lexeme != Lexeme::Symbol => {
            fault.help(format!("an operator is missing after `{}`", &text[before.range.clone()]))
        }
        _ if question && !text.contains(':') => fault.help("write condition ? value : other"),
        _ => fault,
    }
}

/// A line and a column in characters, both from 1, as a byte.
fn place(text: &str, (line, column): (isize, isize)) -> usize {
    let mut start = 0;
    for (at, content) in text.split_inclusive('\n').enumerate() {
        if at as isize + 1 == line {
            let characters = usize::try_from(column - 1).unwrap_or(0);
            let inside = content.char_indices().nth(characters).map_or(content.len(), |(at, _)| at);
            return start + inside;
        }
        start += content.len();
    }
    text.len()
}
