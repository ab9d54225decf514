//! As much of Rust as the checks need, read by lines: the head, what is compiled only for tests, where a function ends.
//! Relies on rustfmt's layout, which CI holds: what opens at a depth is closed by a line of the same depth.

/// Lines with their numbers.
pub(super) type Lines<'a> = Vec<(usize, &'a str)>;

/// The comment at the top of a file, without its marks.
pub(super) fn head(text: &str) -> Vec<&str> {
    text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect()
}

/// The lines that are not for tests alone: items under `#[cfg(test)]` are left out, `mod tests;` with its line.
pub(super) fn shipping(text: &str) -> Lines<'_> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut kept = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push((number, line));
            continue;
        }
        let depth = depth(line);
        // The item: one line that ends in `;` or `}`, or all up to the closing line at its depth.
        for (_, line) in lines.by_ref() {
            let code = line.trim_end();
            let at_depth = self::depth(line) == depth && !code.trim().is_empty();
            if at_depth && !code.trim().starts_with("#[") && code.ends_with([';', '}']) {
                break;
            }
        }
    }
    kept
}

/// A function: its name, its first line, and how many lines it has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) line: usize,
    pub(super) lines: usize,
    /// Whether the comment above it holds the words.
    pub(super) explained: bool,
}

/// The functions with a body among these lines. `explained` looks at each comment line right above one.
pub(super) fn functions<'a>(lines: &Lines<'a>, explained: impl Fn(&str) -> bool) -> Vec<Function<'a>> {
    let mut found = Vec::new();
    for (index, &(number, line)) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let depth = depth(line);
        let ends = |line: &str| self::depth(line) == depth && line.trim_end().ends_with(['}', ';']);
        let Some(end) = lines[index..].iter().find(|(_, line)| ends(line)) else { continue };
        let comment = |(_, line): &&(usize, &str)| line.trim().starts_with("//") || line.trim().starts_with("#[");
        found.push(Function {
            name,
            line: number,
            lines: end.0 - number + 1,
            explained: lines[..index].iter().rev().take_while(comment).any(|(_, line)| explained(line)),
        });
    }
    found
}

/// The name of the function that begins on this line.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let qualifies = |word: &str| {
        word.starts_with("pub") || word.ends_with(')') || word.starts_with('"') || QUALIFIERS.contains(&word)
    };
    if !before.split_whitespace().all(qualifies) || before.trim_start().starts_with("//") {
        return None;
    }
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (end > 0).then(|| &after[..end])
}

const QUALIFIERS: [&str; 7] = ["const", "async", "unsafe", "extern", "default", "in", "crate"];

/// How far a line is indented.
fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<usize> {
        shipping(text).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn what_is_for_tests_does_not_ship() {
        assert_eq!(numbers("a\n#[cfg(test)]\nmod tests;\nb\n"), [1, 4]);
        assert_eq!(numbers("a\n#[cfg(test)]\nmod tests {\n    fn x() {\n    }\n\n}\nb\n"), [1, 8]);
        assert_eq!(
            numbers("impl A {\n    #[cfg(test)]\n    #[inline]\n    fn x() {\n        y;\n    }\n    z\n}\n"),
            [1, 7, 8]
        );
    }

    #[test]
    fn functions_are_measured_from_their_first_line_to_their_last() {
        let text = "    pub(in crate::a) async fn one(\n        a: u8,\n    ) -> u8 {\n        2\n    }\nfn two();\nlet fn_like = \"fn x\";\n";
        let lines = shipping(text);
        let found = functions(&lines, |_| false);
        let found: Vec<_> = found.iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("one", 1, 5), ("two", 6, 1)]);
    }

    #[test]
    fn a_comment_above_explains_a_function() {
        let text = "/// Long because of the table.\n#[inline]\nfn a() {\n}\n\nfn b() {\n}\n";
        let lines = shipping(text);
        let found = functions(&lines, |line| line.contains("Long because"));
        assert_eq!(found.iter().map(|f| f.explained).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn the_head_ends_where_code_begins() {
        assert_eq!(head("//! One.\n//!\n//! Two.\n\n//! Not.\n"), ["One.", "", "Two."]);
    }
}
