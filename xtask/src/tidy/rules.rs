//! Each rule of docs/semantics.md is named by a test, and no test names one that is not there: `// Rule: NAME` stands
//! above the test, several names with commas between them.

use super::Finding;
use super::tree::{File, Tree};
use std::collections::BTreeMap;

const PAGE: &str = "docs/semantics.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.get(PAGE) else { return Vec::new() };
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    for (line, text) in page.lines() {
        let Some(name) = text.split_once("<a id=\"").and_then(|(_, rest)| rest.split('"').next()) else { continue };
        if rules.insert(name, line).is_some() {
            findings.push(Finding::new(PAGE, line, format!("a second rule `{name}`: names are unique")));
        }
    }
    let mut unnamed = rules.clone();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".rs")) {
        for (line, name) in named(file) {
            unnamed.remove(name);
            if !rules.contains_key(name) {
                findings.push(Finding::new(&file.path, line, format!("{PAGE} has no rule `{name}`")));
            }
            if !is_above_a_test(file, line) {
                findings.push(Finding::new(&file.path, line, "a rule is named above a test, and here is none"));
            }
        }
    }
    let message =
        |name| format!("no test names the rule `{name}`: write `// Rule: {name}` above the one that holds it");
    findings.extend(unnamed.into_iter().map(|(name, line)| Finding::new(PAGE, line, message(name))));
    findings
}

/// The rules that a file names, with their lines.
fn named(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let marks = file.lines().filter_map(|(line, text)| Some((line, text.trim().strip_prefix("// Rule: ")?)));
    marks.flat_map(|(line, names)| names.split(',').map(move |name| (line, name.trim())))
}

fn is_above_a_test(file: &File, line: usize) -> bool {
    let next = file.lines().nth(line).map_or("", |(_, text)| text.trim());
    next.starts_with("#[test]") || next.starts_with("#[tokio::test")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str =
        "- <a id=\"match-host\"></a>**match-host**: …\n- <a id=\"match-slash\"></a>**match-slash**: …\n";

    #[test]
    fn rules_and_tests_name_each_other() {
        let good = "// Rule: match-host, match-slash\n#[test]\nfn a() {}\n";
        assert_eq!(check(&Tree::of(&[(PAGE, RULES), ("tests/suite/a.rs", good)])), []);
        let wrong = "// Rule: match-hots\n#[tokio::test]\nasync fn a() {}\n// Rule: match-slash\nfn b() {}\n";
        let found = check(&Tree::of(&[(PAGE, RULES), ("tests/suite/a.rs", wrong)]));
        let lines: Vec<_> = found.iter().map(|one| (one.file.as_str(), one.line)).collect();
        assert_eq!(lines, [("tests/suite/a.rs", 1), ("tests/suite/a.rs", 4), (PAGE, 1)], "{found:?}");
    }

    #[test]
    fn names_are_unique() {
        let twice = format!("{RULES}{RULES}");
        let tests = "// Rule: match-host, match-slash\n#[test]\nfn a() {}\n";
        assert_eq!(check(&Tree::of(&[(PAGE, &twice), ("a.rs", tests)])).len(), 2);
    }
}
