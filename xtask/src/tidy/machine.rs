//! Nothing of the machine that a file was written on: no path that only exists there, no registry that only it reaches.

use super::Finding;
use super::tree::Tree;

/// Beginnings of paths, put together so that this file has none.
const PATHS: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/", "bash"),
];
/// Words of registries' settings and of their usual products.
const REGISTRIES: [&str; 5] = [
    concat!("artif", "actory"),
    concat!("index-", "url"),
    concat!("replace-", "with"),
    concat!("sparse", "+http"),
    concat!("[regis", "tries"),
];
/// Where every package comes from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            if let Some(path) = PATHS.iter().find(|path| names_path(line, path)) {
                let message = format!("`{path}` is a path of one machine: make it relative to the repository");
                findings.push(Finding::new(&file.path, number, message));
            }
            if let Some(word) = REGISTRIES.iter().find(|word| line.contains(*word)) {
                let message = format!("`{word}` points to a registry of one machine: that belongs to its own settings");
                findings.push(Finding::new(&file.path, number, message));
            }
            if let Some(source) = line.strip_prefix("source = ").filter(|_| file.path.ends_with("Cargo.lock"))
                && source.trim_matches('"') != CRATES_IO
            {
                findings.push(Finding::new(&file.path, number, "not from crates.io: every package comes from there"));
            }
        }
    }
    findings
}

/// Whether the line has the path from its root on, not within a longer one or a URL.
fn names_path(line: &str, path: &str) -> bool {
    let within = |c: char| c.is_alphanumeric() || "._-*}/".contains(c);
    line.match_indices(path).any(|(at, _)| !line[..at].ends_with(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_count_from_their_root_on() {
        let [path, ..] = PATHS;
        assert!(names_path(&format!("see {path}x"), path));
        assert!(names_path(&format!("\"{path}x"), path));
        assert!(!names_path(&format!("https://example.com{path}x"), path));
        assert!(!names_path(&format!("target{path}x"), path));
    }

    #[test]
    fn a_lock_file_knows_one_registry() {
        let text = format!("source = \"{CRATES_IO}\"\nsource = \"git+https://example.com/x\"\n");
        let found = check(&Tree::of(&[("Cargo.lock", &text)]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
    }
}
