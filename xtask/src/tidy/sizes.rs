//! Files and functions that are long say why. Length is no fault; the sentence makes sure that somebody asked whether it
//! is still one room.

use super::Finding;
use super::rust;
use super::tree::{File, Tree};

/// Lines without tests that a file may have before it must say why.
const FILE: usize = 300;
/// Lines that a function may have before it must say why.
const FUNCTION: usize = 100;
/// How a reason begins.
const REASON: &str = "Long because";

pub(super) fn files(tree: &Tree) -> Vec<Finding> {
    let long = |file: &File| {
        let lines = rust::shipping(&file.text).len();
        let explained = rust::head(&file.text).iter().any(|line| line.contains(REASON));
        let message =
            format!("{lines} lines without tests, more than {FILE}: split it, or say `{REASON} …` at its head");
        (lines > FILE && !explained).then(|| Finding::new(&file.path, 0, message))
    };
    shipping(tree).filter_map(long).collect()
}

pub(super) fn functions(tree: &Tree) -> Vec<Finding> {
    let long = |file: &File| {
        let lines = rust::shipping(&file.text);
        let found = rust::functions(&lines, |comment| comment.contains(REASON));
        let long = found.into_iter().filter(|function| function.lines > FUNCTION && !function.explained);
        let finding = |function: rust::Function<'_>| {
            let rust::Function { name, line, lines, .. } = function;
            let message =
                format!("`{name}` has {lines} lines, more than {FUNCTION}: split it, or say `{REASON} …` above it");
            Finding::new(&file.path, line, message)
        };
        long.map(finding).collect::<Vec<_>>()
    };
    shipping(tree).flat_map(long).collect()
}

fn shipping(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.below("crates/", ".rs").chain(tree.below("xtask/", ".rs")).filter(|file| !file.is_test())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_needs_a_reason_unless_it_is_a_test() {
        let long = "x\n".repeat(FILE + 1);
        let explained = format!("//! The table. Long because it is one table.\n{long}");
        let tested = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    x\n".repeat(FILE + 1));
        let tree = Tree::of(&[
            ("crates/a/src/long.rs", &long),
            ("crates/a/src/explained.rs", &explained),
            ("crates/a/src/tested.rs", &tested),
            ("crates/a/src/tests.rs", &long),
        ]);
        let found: Vec<_> = files(&tree).into_iter().map(|finding| finding.file).collect();
        assert_eq!(found, ["crates/a/src/long.rs"]);
    }

    #[test]
    fn a_long_function_needs_a_reason() {
        let body = "    x;\n".repeat(FUNCTION);
        let text = format!("fn a() {{\n{body}}}\n\n/// Long because it lists.\nfn b() {{\n{body}}}\n");
        let found = functions(&Tree::of(&[("crates/a/src/a.rs", &text)]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].line, 1);
    }
}
