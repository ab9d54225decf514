//! Texts that nobody would write: whatever the bytes, nothing panics, and what is refused is said.

use super::types::Document;
use crate::config::{Read, Reader, Sources};

/// Seeds that YAML's own characters are mixed into.
const TEXTS: [&str; 4] = [
    include_str!("good.yaml"),
    include_str!("cases/faults.txt"),
    include_str!("examples/01-routing.yaml"),
    include_str!("examples/06-aggregate.yaml"),
];
const PIECES: [&str; 28] = [
    "*", "&a ", "!", "!!str ", "<<: ", ": ", "- ", "\n", "\n  ", "{", "}", "[", "]", ",", "\"", "'", "#", "|\n", ">",
    "%", "@", "\t", "? ", "---\n", "...\n", "ü", "\u{feff}", "\u{0}",
];

#[test]
fn no_text_makes_it_panic() {
    let rounds = std::env::var("PINTLE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(400);
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..rounds {
        let mut text = TEXTS[random.usize(..TEXTS.len())].to_owned();
        for _ in 0..random.usize(1..6) {
            mutate(&mut text, &mut random);
        }
        let mut reader = Reader::new();
        let sources = Sources::from_text("gateway.yaml", &text, &mut reader);
        let document = Document::read(&sources.root, &mut reader);
        reader.diagnostics.sort();
        assert!(document.is_some() || reader.diagnostics.has_errors(), "refused without a word:\n{text}");
        let rendered = reader.diagnostics.render(false);
        assert_eq!(rendered.is_empty(), reader.diagnostics.is_empty());
    }
}

fn mutate(text: &mut String, random: &mut fastrand::Rng) {
    let mut at = random.usize(..=text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    match random.u8(..4) {
        0 => text.truncate(at),
        1 => {
            let end = text[at..].char_indices().nth(random.usize(..12)).map_or(text.len(), |(offset, _)| at + offset);
            text.replace_range(at..end, "");
        }
        _ => text.insert_str(at, PIECES[random.usize(..PIECES.len())]),
    }
}
