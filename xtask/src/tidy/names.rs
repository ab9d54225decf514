//! Names that say nothing about what is inside collect whatever nobody found a place for.

use super::Finding;
use super::tree::Tree;

const EMPTY: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "manager", "misc"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let path = &file.path;
        if path.ends_with("/mod.rs") {
            let folder = path.trim_end_matches("/mod.rs");
            findings.push(Finding::new(
                path,
                0,
                format!("move it to {folder}.rs: one form for all modules, found by its name"),
            ));
        }
        let of_path = path.split('/').flat_map(|part| words(part.split('.').next().unwrap_or(part)));
        if let Some(word) = of_path.into_iter().find(|word| EMPTY.contains(&word.as_str())) {
            findings.push(Finding::new(path, 0, format!("`{word}` in a path: name the file after what it owns")));
        }
        if !path.ends_with(".rs") {
            continue;
        }
        for (number, line) in file.lines() {
            let word =
                defined(line).and_then(|name| words(name).into_iter().find(|word| EMPTY.contains(&word.as_str())));
            if let Some(word) = word {
                findings.push(Finding::new(
                    path,
                    number,
                    format!("`{word}` in a name: name it after what it is or does"),
                ));
            }
        }
    }
    findings
}

/// The name of the type, trait or module that begins on this line.
fn defined(line: &str) -> Option<&str> {
    let mut parts = line.split_whitespace().skip_while(|part| part.starts_with("pub"));
    let keyword = parts.next()?;
    let name = parts.next()?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    matches!(keyword, "struct" | "enum" | "trait" | "type" | "mod").then(|| &name[..end])
}

/// `RateLimit`, `rate_limit` and `rate-limit` as words in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if matches!(c, '_' | '-') || c.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_in_paths_and_definitions() {
        let tree = Tree::of(&[
            ("crates/a/src/utils.rs", ""),
            ("crates/a/src/b/mod.rs", ""),
            ("crates/a/src/c.rs", "pub(crate) struct PoolManager<T> {\nlet manager = 1;\nstruct Commonwealth;\n"),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| (finding.file, finding.line)).collect();
        let expected = [("crates/a/src/utils.rs", 0), ("crates/a/src/b/mod.rs", 0), ("crates/a/src/c.rs", 1)];
        assert_eq!(found, expected.map(|(file, line)| (file.to_owned(), line)));
    }

    #[test]
    fn names_split_into_words() {
        assert_eq!(words("RateLimit"), ["rate", "limit"]);
        assert_eq!(words("rate-limit_x"), ["rate", "limit", "x"]);
    }
}
