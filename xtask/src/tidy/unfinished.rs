//! No marks of unfinished work in what is built: what is not done is not there, and what is to be done is an issue.

use super::Finding;
use super::tree::Tree;

/// The marks, put together so that this file has none.
const MARKS: [&str; 6] = [
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("db", "g!"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = ["crates/", "xtask/"]
        .into_iter()
        .flat_map(|folder| [".rs", ".toml", ".md"].into_iter().flat_map(move |end| tree.below(folder, end)));
    let mut findings = Vec::new();
    for file in sources {
        for (number, line) in file.lines() {
            if let Some(mark) = MARKS.iter().find(|mark| has(line, mark)) {
                let message = format!("`{mark}`: finish it, or take it out and open an issue");
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

/// Whether the line has the mark, not as a part of a longer word.
fn has(line: &str, mark: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(mark).any(|(at, _)| {
        !line[..at].ends_with(is_part) && (mark.ends_with('!') || !line[at + mark.len()..].starts_with(is_part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_as_words() {
        for mark in MARKS {
            assert!(has(&format!("    {mark}(later)"), mark));
            assert!(!has(&format!("    un{mark}"), mark));
        }
        assert!(!has("a mastodon", MARKS[0]));
    }
}
