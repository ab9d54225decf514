//! Types as rooms write them, and what becomes of good and bad texts.

mod broken_on_purpose;
mod diagnostics;
mod fill;
mod golden;
mod includes;
mod reading;
mod speed;
mod survey;
mod trees;
mod types;
mod values;

use super::{Diagnostics, Read, Reader, Sources};

/// Reads a text; the value, and what was said of it in file order.
fn read<T: Read>(text: &str) -> (Option<T>, Diagnostics) {
    let mut reader = Reader::new();
    let sources = Sources::from_text("gateway.yaml", text, &mut reader);
    let value = T::read(&sources.root, &mut reader);
    reader.diagnostics.sort();
    (value, reader.diagnostics)
}

/// Each message in a line: `LINE:COLUMN MESSAGE [HELP]`.
fn lines(diagnostics: &Diagnostics) -> Vec<String> {
    let line = |one: &super::Diagnostic| {
        let at = one.span.position();
        let help = one.help.as_ref().map_or(String::new(), |help| format!(" [{help}]"));
        format!("{}:{} {}{help}", at.line, at.column, one.message)
    };
    diagnostics.iter().map(line).collect()
}

/// What is said of a text that is read as a type.
fn said<T: Read>(text: &str) -> Vec<String> {
    lines(&read::<T>(text).1)
}
