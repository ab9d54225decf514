//! Messages as files: a configuration, a line of `=`, and exactly what `pintle check` prints about it. After a wanted
//! change, `PINTLE_BLESS=1 cargo test -p pintle-config --test messages` writes them anew; read the difference: it is the
//! product.
//!
//! A line `>>> NAME` begins a file; the first one is checked. `>>> NAME: certificate HOST…` makes `NAME.pem` and
//! `NAME.key`, and so do `expired`, `ending DAYS` and `mismatched`; `>>> NAME: latin-1` makes a file that is not UTF-8.
//! `<REPEAT …>` stands for a text that is too long for a file. Every secret in a case holds the word `hunter`.

use pintle_config::{CODES, check};
use pintle_core::config::Sarif;
use pintle_testkit::{Certificate, Certificates, Folder};
use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const DIVIDER: &str = "==========\n";

/// What only a running gateway says.
const OF_A_RUN: [&str; 2] = ["access-log", "listen"];

struct Case {
    name: String,
    path: PathBuf,
    input: String,
    wanted: String,
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    let mut cases: Vec<Case> = directory
        .read_dir()
        .expect("the cases")
        .map(|entry| {
            let path = entry.expect("a case").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a text");
            let (input, wanted) = text.split_once(DIVIDER).unwrap_or((&text, ""));
            Case { name, input: input.to_owned(), wanted: wanted.to_owned(), path }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// Writes the files of a case; gives the first one's name.
fn lay_out(input: &str, folder: &Folder, certificates: &Certificates) -> String {
    let mut first = None;
    for part in input.split(">>> ").skip(1) {
        let (head, text) = part.split_once('\n').unwrap_or((part, ""));
        let Some((name, made)) = head.split_once(": ") else {
            folder.write(head, repeated(text));
            first.get_or_insert_with(|| head.to_owned());
            continue;
        };
        let words: Vec<&str> = made.split(' ').collect();
        let made: Certificate = match words[..] {
            ["latin-1"] => {
                folder.write(name, b"routes: []\n# caf\xe9\n");
                continue;
            }
            ["certificate", ref hosts @ ..] => certificates.server(hosts),
            ["expired", ref hosts @ ..] => certificates.expired(hosts),
            ["mismatched", ref hosts @ ..] => certificates.mismatched(hosts),
            ["ending", days, ref hosts @ ..] => certificates.ending_in(days.parse().expect("days"), hosts),
            _ => panic!("{head}"),
        };
        folder.write(&format!("{name}.pem"), &made.pem);
        folder.write(&format!("{name}.key"), &made.key);
    }
    first.expect("a file")
}

/// `<REPEAT 3 ab>` is `ababab`.
fn repeated(text: &str) -> String {
    let place = Regex::new("<REPEAT ([0-9]+) ([^>]*)>").expect("a pattern");
    let long = |found: &regex::Captures<'_>| found[2].repeat(found[1].parse().expect("a number"));
    place.replace_all(text, long).into_owned()
}

#[test]
fn every_case_says_what_it_said() {
    let certificates = Certificates::new();
    let (mut wrong, mut leaks, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    let cases = cases();
    let days = Regex::new("expired [0-9]+ days").expect("a pattern");
    for case in &cases {
        let folder = Folder::new();
        let first = lay_out(&case.input, &folder, &certificates);
        let found = check(&folder.at(&first)).reader.diagnostics;
        let place = format!("{}/", folder.path().display());
        let printed = format!("{}\n", found.render(false)).replace(&place, "");
        let printed = days.replace_all(&printed, "expired N days").into_owned();
        let sarif = Sarif { version: "1", rules: CODES }.log(&found);
        for text in [printed.clone(), found.to_json().iter().map(ToString::to_string).collect(), sarif.to_string()] {
            if text.contains("hunter") {
                leaks.push(case.name.clone());
            }
        }
        seen.extend(found.iter().map(|one| one.code));
        if printed == case.wanted {
            continue;
        }
        if std::env::var_os("PINTLE_BLESS").is_some() {
            fs::write(&case.path, format!("{}{DIVIDER}{printed}", case.input)).expect("the case is written");
        } else {
            wrong.push(format!("{}:\n{printed}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(leaks, [""; 0], "secrets are shown");
    assert!(cases.len() >= 80, "{} cases", cases.len());
    let missing: Vec<_> = CODES.iter().map(|(code, _)| *code).filter(|code| !seen.contains(code)).collect();
    assert_eq!(missing, OF_A_RUN, "each other code has a case");
}

#[test]
fn many_mistakes_in_one_file_are_all_told() {
    let many = |case: &Case| case.wanted.matches("\n\nerror[").count() + 1 >= 8;
    assert!(cases().iter().filter(|case| many(case)).count() >= 5);
}

#[test]
fn every_code_that_a_room_uses_has_its_sentence() {
    let codes: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert!(codes.is_sorted(), "the list is in the order of the alphabet");
    let used =
        Regex::new(r#"(?:Diagnostic::(?:error|warning)|reader\.error|report)\(\s*"([a-z-]+)""#).expect("a pattern");
    let mut found = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && !matches!(name.as_str(), "tests" | "target" | "testkit") {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                for code in used.captures_iter(&fs::read_to_string(&path).expect("a text")) {
                    found += 1;
                    let known = codes.contains(&&code[1]);
                    assert!(known, "`{}` of {} has no sentence in codes.rs", &code[1], path.display());
                }
            }
        }
    }
    assert!(found > 50, "{found}");
}

#[test]
fn the_page_about_checking_has_every_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/check.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (prose, _) = page.split_once("## Codes\n").expect("a place for the codes");
    let rows: String = CODES.iter().map(|(code, sentence)| format!("| `{code}` | {sentence} |\n")).collect();
    let wanted = format!("{prose}## Codes\n\n| code | stands for |\n| --- | --- |\n{rows}");
    if page != wanted && std::env::var_os("PINTLE_BLESS").is_some() {
        return fs::write(&path, wanted).expect("the page is written");
    }
    assert_eq!(page, wanted);
}
