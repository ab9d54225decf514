//! Names mirror: a policy `crates/policies/src/NAME.rs` has the tests `tests/suite/NAME.rs` and its place in the run order
//! (`chain.rs`); an action likewise, with its key in the configuration's document. And a file of the suite that nobody
//! declares never runs.

use super::Finding;
use super::tree::{File, Tree};

const MAIN: &str = "tests/suite/main.rs";

/// A crate where files are things with a name, and where all names are listed.
struct Kind {
    word: &'static str,
    folder: &'static str,
    /// What tells such a thing from a file that serves several.
    is_one: fn(&Tree, &File) -> bool,
    list: &'static str,
    /// The name as it stands in the list.
    listed: fn(&str) -> String,
}

const KINDS: [Kind; 2] = [
    Kind {
        word: "policy",
        folder: "crates/policies/src/",
        // How its levels go together: every policy says it, and nothing else does.
        is_one: |_, file| {
            file.text.lines().any(|line| line.contains("const LEVELS: Levels =") && !line.starts_with(' '))
        },
        list: "crates/policies/src/chain.rs",
        listed: str::to_owned,
    },
    Kind {
        word: "action",
        folder: "crates/actions/src/",
        // What stands in a configuration has a type for it, which the crate gives out.
        is_one: |tree, file| {
            let root = tree.get("crates/actions/src/lib.rs");
            root.is_some_and(|root| mentions(&root.text, &config_of(file.stem())))
        },
        list: "crates/config/src/document.rs",
        listed: config_of,
    },
];

pub(super) fn policies_and_actions(tree: &Tree) -> Vec<Finding> {
    KINDS.iter().flat_map(|kind| things(tree, kind).flat_map(|file| missing(tree, kind, file))).collect()
}

/// The files that are a policy or an action.
fn things<'a>(tree: &'a Tree, kind: &'a Kind) -> impl Iterator<Item = &'a File> {
    tree.below(kind.folder, ".rs").filter(|file| {
        let name = file.path.strip_prefix(kind.folder);
        name.is_some_and(|name| !name.contains('/')) && (kind.is_one)(tree, file)
    })
}

fn missing(tree: &Tree, kind: &Kind, file: &File) -> Vec<Finding> {
    let (name, word) = (file.stem(), kind.word);
    let mut findings = Vec::new();
    if !tree.has(&format!("tests/suite/{name}.rs")) && !tree.has(&format!("tests/suite/{name}")) {
        let message = format!("the {word} has no tests: add tests/suite/{name}.rs and `mod {name};` in {MAIN}");
        findings.push(Finding::new(&file.path, 0, message));
    }
    let listed = (kind.listed)(name);
    if !tree.get(kind.list).is_some_and(|list| mentions(&list.text, &listed)) {
        let message = format!("the {word} is nowhere in {}: add the line with `{listed}`", kind.list);
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

/// The type that a configuration holds of an action: `RespondConfig` for `respond`.
fn config_of(name: &str) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    name.split('_').filter(|part| !part.is_empty()).map(capital).collect::<String>() + "Config"
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: &str = "pub(crate) const LEVELS: Levels = Levels::All;\n";

    #[test]
    fn a_policy_without_tests_or_place_is_found() {
        let chain = "    const LEVELS: Levels = x;\n\"timeout\" policy timeout: Timeout // rate_limit comes later\n";
        let tree = Tree::of(&[
            ("crates/policies/src/lib.rs", ""),
            ("crates/policies/src/chain.rs", chain),
            ("crates/policies/src/timeout.rs", LEVELS),
            ("crates/policies/src/timeout/clock.rs", ""),
            ("crates/policies/src/rate_limit.rs", LEVELS),
            ("crates/policies/src/key.rs", "//! What the limits count by.\n"),
            ("tests/suite/timeout.rs", ""),
        ]);
        let found = policies_and_actions(&tree);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|finding| finding.file == "crates/policies/src/rate_limit.rs"), "{found:?}");
    }

    #[test]
    fn an_action_without_tests_or_key_is_found() {
        let tree = Tree::of(&[
            ("crates/actions/src/lib.rs", "pub use x::{BatchConfig, ProxyConfig};\n"),
            ("crates/actions/src/batch.rs", ""),
            ("crates/actions/src/proxy.rs", ""),
            ("crates/actions/src/url.rs", ""),
            ("crates/config/src/document.rs", "use pintle_actions::ProxyConfig;\n"),
            ("tests/suite/proxy/main.rs", ""),
        ]);
        let found = policies_and_actions(&tree);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|finding| finding.file == "crates/actions/src/batch.rs"), "{found:?}");
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
    fn a_word_is_no_part_of_another() {
        assert_eq!(config_of("rate_limit"), "RateLimitConfig");
        assert!(mentions("    Kind::RateLimit,", "RateLimit"));
        assert!(!mentions("RateLimits // RateLimit", "RateLimit"));
    }
}
