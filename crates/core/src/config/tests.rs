//! Types as rooms write them, and what becomes of good and bad texts.

mod types;

use super::{Read, Reader, Sources};
use types::Document;

/// Reads a text and gives what was said of it, in file order.
pub(super) fn said<T: Read>(text: &str) -> (Option<T>, String) {
    let mut reader = Reader::new();
    let sources = Sources::from_text("gateway.yaml", text, &mut reader);
    let value = T::read(&sources.root, &mut reader);
    reader.diagnostics.sort();
    let lines: Vec<String> = reader
        .diagnostics
        .iter()
        .map(|one| {
            let at = one.span.position();
            let help = one.help.as_ref().map_or(String::new(), |help| format!(" [{help}]"));
            format!("{}:{} {}{help}\n", at.line, at.column, one.message)
        })
        .collect();
    (value, lines.concat())
}

#[test]
fn smoke() {
    let (document, said) = said::<Document>(include_str!("tests/bad.yaml"));
    assert!(document.is_none());
    assert!(said.contains("unknown key `polices` [did you mean `policies`?]"), "{said}");
}
