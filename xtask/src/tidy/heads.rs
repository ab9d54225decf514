//! What a source file says before its code: what it owns; and, at a crate's root, that unsafe code is forbidden.

use super::Finding;
use super::rust;
use super::tree::Tree;

pub(super) fn files(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // `foo/tests.rs` owns the tests of `foo.rs`: its place says so.
    for file in tree.below("", ".rs").filter(|file| !file.path.ends_with("/tests.rs")) {
        let head = rust::head(&file.text).join(" ");
        if head.is_empty() {
            findings.push(Finding::new(
                &file.path,
                1,
                "begin the file with `//!`: what it owns, what it refuses to know",
            ));
        } else if !head.contains([' ', '`']) {
            findings.push(Finding::new(
                &file.path,
                1,
                format!("`{head}` says no more than the name: say what the file owns"),
            ));
        }
    }
    findings
}

pub(super) fn unsafe_code(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.below("", ".rs").filter(|file| is_root(&file.path)) {
        let forbids = file.text.lines().any(|line| line.trim() == "#![forbid(unsafe_code)]");
        let reason = rust::head(&file.text).iter().any(|line| line.starts_with("Unsafe:"));
        if !forbids && !reason {
            let message =
                "add `#![forbid(unsafe_code)]`, or a line `//! Unsafe: …` that says what for and why it is sound";
            findings.push(Finding::new(&file.path, 1, message));
        }
    }
    findings
}

/// Whether a crate of the workspace begins with this file.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(
        parts[..],
        ["crates", _, "src", "lib.rs" | "main.rs"] | ["xtask", "src", "main.rs"] | ["tests", "suite", "main.rs"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_head_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/a.rs", "//! Owns the letters and nothing else.\n"),
            ("crates/a/src/b.rs", "use c;\n"),
            ("tests/suite/c.rs", "//! pintle-c\n"),
            ("crates/a/src/a/tests.rs", "use d;\n"),
        ]);
        let found: Vec<_> = files(&tree).into_iter().map(|finding| finding.file).collect();
        assert_eq!(found, ["crates/a/src/b.rs", "tests/suite/c.rs"]);
    }

    #[test]
    fn a_crate_forbids_unsafe_code_or_gives_a_reason() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! A.\n#![forbid(unsafe_code)]\n"),
            ("crates/b/src/lib.rs", "//! B.\n//! Unsafe: one system call without a safe form.\n"),
            ("crates/c/src/main.rs", "//! C.\n"),
            ("crates/c/src/part.rs", "//! No root.\n"),
        ]);
        let found: Vec<_> = unsafe_code(&tree).into_iter().map(|finding| finding.file).collect();
        assert_eq!(found, ["crates/c/src/main.rs"]);
    }
}
