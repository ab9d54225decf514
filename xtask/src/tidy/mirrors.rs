//! Names mirror: a policy `crates/policies/src/NAME.rs` has the tests `tests/suite/NAME.rs` and its place in the run order
//! (`chain.rs`); an action likewise with its crate's `lib.rs`. And a file of the suite that nobody declares never runs.

use super::Finding;
use super::rust;
use super::tree::{File, Tree};

const MAIN: &str = "tests/suite/main.rs";

/// A crate where each file is one thing with a name, and where all names are listed.
struct Kind {
    word: &'static str,
    folder: &'static str,
    list: &'static str,
    /// Files beside the things themselves.
    besides: &'static [&'static str],
}

const KINDS: [Kind; 2] = [
    Kind {
        word: "policy",
        folder: "crates/policies/src/",
        list: "crates/policies/src/chain.rs",
        besides: &["lib", "chain", "config", "tests"],
    },
    Kind {
        word: "action",
        folder: "crates/actions/src/",
        list: "crates/actions/src/lib.rs",
        besides: &["lib", "config", "tests"],
    },
];

pub(super) fn policies_and_actions(tree: &Tree) -> Vec<Finding> {
    KINDS.iter().flat_map(|kind| things(tree, kind).flat_map(|file| missing(tree, kind, file))).collect()
}

/// The files that are a policy or an action. One that only serves those says `Serves …` at its head.
fn things<'a>(tree: &'a Tree, kind: &'a Kind) -> impl Iterator<Item = &'a File> {
    tree.below(kind.folder, ".rs").filter(|file| {
        let name = file.path.strip_prefix(kind.folder).and_then(|name| name.strip_suffix(".rs")).unwrap_or("/");
        let serves = || rust::head(&file.text).iter().any(|line| line.starts_with("Serves "));
        !name.contains('/') && !kind.besides.contains(&name) && !serves()
    })
}

fn missing(tree: &Tree, kind: &Kind, file: &File) -> Vec<Finding> {
    let (name, word) = (file.stem(), kind.word);
    let mut findings = Vec::new();
    if !tree.has(&format!("tests/suite/{name}.rs")) && !tree.has(&format!("tests/suite/{name}")) {
        let message = format!("the {word} has no tests: add tests/suite/{name}.rs and `mod {name};` in {MAIN}");
        findings.push(Finding::new(&file.path, 0, message));
    }
    let listed =
        tree.get(kind.list).is_some_and(|list| mentions(&list.text, name) || mentions(&list.text, &camel(name)));
    if !listed {
        let message =
            format!("the {word} is not in {}: add its line (or say `Serves …` at the head if it is none)", kind.list);
        findings.push(Finding::new(&file.path, 0, message));
    }
    findings
}

pub(super) fn suite(tree: &Tree) -> Vec<Finding> {
    let Some(main) = tree.get(MAIN) else { return Vec::new() };
    let declared = |name: &str| main.text.lines().any(|line| line.trim() == format!("mod {name};"));
    let unused = |file: &&File| file.path.matches('/').count() == 2 && file.path != MAIN && !declared(file.stem());
    let finding =
        |file: &File| Finding::new(&file.path, 0, format!("never runs: add `mod {};` to {MAIN}", file.stem()));
    tree.below("tests/suite/", ".rs").filter(unused).map(finding).collect()
}

/// Whether the text has the word, not as a part of a longer one, outside of comments.
fn mentions(text: &str, word: &str) -> bool {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or(line));
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.flat_map(|line| line.split(|c: char| !is_part(c))).any(|part| part == word)
}

/// `rate_limit` as `RateLimit`.
fn camel(name: &str) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    name.split('_').filter(|part| !part.is_empty()).map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_without_tests_or_place_is_found() {
        let tree = Tree::of(&[
            ("crates/policies/src/lib.rs", ""),
            ("crates/policies/src/chain.rs", "use crate::Timeout; // rate_limit comes later\n"),
            ("crates/policies/src/timeout.rs", ""),
            ("crates/policies/src/timeout/clock.rs", ""),
            ("crates/policies/src/rate_limit.rs", ""),
            ("crates/policies/src/key.rs", "//! Serves the limits: what they count by.\n"),
            ("tests/suite/timeout.rs", ""),
        ]);
        let found = policies_and_actions(&tree);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|finding| finding.file == "crates/policies/src/rate_limit.rs"), "{found:?}");
    }

    #[test]
    fn a_module_that_nobody_declares_is_found() {
        let tree = Tree::of(&[
            (MAIN, "mod timeout;\n"),
            ("tests/suite/timeout.rs", ""),
            ("tests/suite/timeout/late.rs", ""),
            ("tests/suite/forgotten.rs", ""),
        ]);
        let found = suite(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].file, "tests/suite/forgotten.rs");
    }

    #[test]
    fn names_have_two_forms() {
        assert_eq!(camel("rate_limit"), "RateLimit");
        assert!(mentions("    Kind::RateLimit,", "RateLimit"));
        assert!(!mentions("RateLimits", "RateLimit"));
    }
}
