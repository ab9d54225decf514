//! JSON as it would be written, from its text alone: white space between its parts goes, and escapes that need not be.

use super::parse::Parser;
use super::{Place, Text};
use crate::template::Value;
use std::sync::Arc;

/// Appends what stands at a place in JSON that was checked.
pub(super) fn compact(source: &Arc<str>, place: Place, out: &mut String) {
    let mut parser = Parser::at(source, place.start as usize);
    while parser.at < place.end as usize {
        match parser.bytes[parser.at] {
            b' ' | b'\t' | b'\n' | b'\r' => parser.at += 1,
            b'"' => match parser.text() {
                // With its quotes.
                Ok(Text::Plain(Place { start, end })) => out.push_str(&source[start as usize - 1..end as usize + 1]),
                // A text has a form in JSON always.
                Ok(Text::Escaped(text)) => _ = Value::text(&text).write_json_within(out, usize::MAX),
                Err(fault) => unreachable!("it was checked: {fault}"),
            },
            _ => {
                let from = parser.at;
                let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'"');
                let rest = &parser.bytes[from..place.end as usize];
                parser.at += rest.iter().position(ends).unwrap_or(rest.len());
                out.push_str(&source[from..parser.at]);
            }
        }
    }
}
