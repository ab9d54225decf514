//! Relative links in the pages point to files that exist, and so do the paths that the pages name in code spans: a page
//! that leads to a file that was moved is worse than none. Anchors are not looked at.

use super::Finding;
use super::tree::{File, Tree};

/// Folders whose paths are checked where a page names one.
const FOLDERS: [&str; 8] = ["crates/", "xtask/", "tests/", "bench/", "fuzz/", "deploy/", "docs/", "examples/"];
/// Tells what was, so it may name what is gone.
const HISTORY: &str = "CHANGELOG.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.below("", ".md").flat_map(|file| page(tree, file)).collect()
}

fn page(tree: &Tree, file: &File) -> Vec<Finding> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    let mut fenced = false;
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let (text, spans) = code_spans(line);
        let broken = links(&text).into_iter().filter(|link| !resolve(folder, link).is_some_and(|path| tree.has(&path)));
        findings.extend(
            broken.map(|link| Finding::new(&file.path, number, format!("the link `{link}` leads to no file: mend it"))),
        );
        // A page in a folder may name paths from there.
        let known = |path: &str| {
            tree.has(path) || tree.ignores(path) || resolve(folder, path).is_some_and(|path| tree.has(&path))
        };
        let named = spans.into_iter().filter(|span| file.path != HISTORY && is_path(span) && !known(span));
        findings.extend(
            named.map(|path| {
                Finding::new(&file.path, number, format!("there is no `{path}`: name what took its place"))
            }),
        );
    }
    findings
}

/// A line without its code spans, and what those hold.
fn code_spans(line: &str) -> (String, Vec<&str>) {
    let (mut text, mut spans) = (String::new(), Vec::new());
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 0 { text.push_str(part) } else { spans.push(part) }
    }
    (text, spans)
}

/// The targets of `[text](target)` and `[name]: target` that are relative, without anchors.
fn links(text: &str) -> Vec<&str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let definition = text.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    let relative = |target: &&str| !target.is_empty() && !target.contains(':') && !target.starts_with('#');
    inline.chain(definition).filter(relative).filter_map(|target| target.split('#').next()).collect()
}

/// The path from the root that a link means on a page in this folder; none when it leads out of the repository.
fn resolve(folder: &str, link: &str) -> Option<String> {
    let base = if link.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(link.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether a code span names one path of the repository, and not a pattern.
fn is_path(span: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    FOLDERS.iter().any(|folder| span.starts_with(folder)) && span.chars().all(plain) && !span.contains("NAME")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_paths_that_lead_nowhere_are_found() {
        let page = "[a](a.md) [b](../top.md#x) [c](gone.md)\n`crates/a/src/lib.rs` `tests/x.rs` `crates/gone` `crates/*/x` `[d](no.md)`\n\
                    ```\n[e](none.md)\n```\n[f](https://example.com/x.md)\n[g]: missing.md\n";
        let page = format!("{page}`bench/out/x`\n");
        let tree = Tree::of(&[
            ("docs/a.md", &page),
            ("docs/tests/x.rs", ""),
            ("top.md", ""),
            ("crates/a/src/lib.rs", ""),
            (".gitignore", "/bench/out\n"),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| (finding.line, finding.message)).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].1.contains("gone.md") && found[1].1.contains("crates/gone") && found[2].1.contains("missing.md")
        );
    }

    #[test]
    fn links_stay_in_the_repository() {
        assert_eq!(resolve("docs/x", "../a.md"), Some("docs/a.md".into()));
        assert_eq!(resolve("docs", "/a.md"), Some("a.md".into()));
        assert_eq!(resolve("", "../a.md"), None);
    }
}
