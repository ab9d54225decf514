//! A short account of which lines differ, for people. Bounded in length and in work; it may show more lines than the
//! shortest account would.

use std::fmt::Write;

/// How many lines are shown.
const MOST_LINES: usize = 40;
/// How far apart lines that are the same again are looked for.
const REACH: usize = 100;

/// The differing lines, the old ones after `-` with their number, the new ones after `+`.
pub(super) fn difference(old: &str, new: &str) -> String {
    let (a, b): (Vec<_>, Vec<_>) = (split(old), split(new));
    let (mut i, mut j) = (0, 0);
    let (mut shown, mut more, mut text) = (0, 0, String::new());
    let mut tell = |sign: char, number: usize, line: &str| {
        if shown == MOST_LINES {
            more += 1;
            return;
        }
        shown += 1;
        let number = if sign == '-' { number.to_string() } else { String::new() };
        let line = line.trim_end_matches('\n').replace('\r', "\\r").replace('\u{feff}', "\\u{feff}");
        let _ = writeln!(text, "{number:>6} {sign} {line}");
    };
    while i < a.len() || j < b.len() {
        if let (Some(x), Some(y)) = (a.get(i), b.get(j))
            && x == y
        {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (gone, come) = same_again(&a[i..], &b[j..]);
        for (at, line) in a.iter().enumerate().skip(i).take(gone) {
            tell('-', at + 1, line);
        }
        for line in b.iter().skip(j).take(come) {
            tell('+', 0, line);
        }
        (i, j) = (i + gone, j + come);
    }
    if more > 0 {
        let _ = writeln!(text, "       … and {more} lines more");
    }
    text
}

/// Lines with their ends, so that a missing one at the end of the file differs as well.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// How many lines to leave out on either side until both go on with the same line.
fn same_again(a: &[&str], b: &[&str]) -> (usize, usize) {
    for sum in 1..=REACH {
        for come in 0..=sum {
            let gone = sum - come;
            if let (Some(x), Some(y)) = (a.get(gone), b.get(come))
                && x == y
                && !x.trim().is_empty()
            {
                return (gone, come);
            }
        }
    }
    if a.len() <= REACH && b.len() <= REACH { (a.len(), b.len()) } else { (a.len().min(1), b.len().min(1)) }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn only_lines_that_differ_are_shown_with_the_old_ones_numbers() {
        let text = difference("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n");
        assert_eq!(text, "     2 - b\n       + B\n       + e\n");
        assert_eq!(difference("a\n", "a\n"), "");
    }

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        assert_eq!(difference("a\r\n", "a\n"), "     1 - a\\r\n       + a\n");
        assert_eq!(difference("a", "a\n"), "     1 - a\n       + a\n");
    }

    #[test]
    fn a_long_account_is_cut() {
        let (old, new) = ("x\n".repeat(1000), "y\n".repeat(1000));
        let text = difference(&old, &new);
        assert_eq!(text.lines().count(), 41);
        assert!(text.ends_with("… and 1960 lines more\n"), "{text}");
    }
}
