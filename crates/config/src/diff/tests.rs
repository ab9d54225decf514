//! Cases as files: the old configuration, a line of `=`, the new one, a line of `=`, and exactly what is said. After a
//! wanted change of words, `PINTLE_BLESS=1 cargo test -p pintle-config golden` writes them anew; read the difference.

mod certificates;
mod properties;

use super::{Diff, diff};
use crate::{Description, Document, describe};
use pintle_core::config::{Read, Reader, Sources};
use std::path::PathBuf;

const DIVIDER: &str = "==========\n";

pub(super) fn described(name: &str, text: &str) -> Result<Description, String> {
    let mut reader = Reader::new();
    let sources = Sources::from_text(name, text, &mut reader);
    let document = Document::read(&sources.root, &mut reader);
    match document {
        Some(document) if !reader.diagnostics.has_errors() => Ok(describe(&sources.root, &document)),
        _ => Err(reader.diagnostics.render(false)),
    }
}

fn compared(old: &str, new: &str) -> Diff {
    let read = |name, text| described(name, text).unwrap_or_else(|said| panic!("{said}"));
    diff(&read("old.yaml", old), &read("new.yaml", new))
}

#[test]
fn every_golden_case_says_what_it_said() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/diff/tests/cases");
    let mut cases: Vec<_> =
        directory.read_dir().expect("the cases").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    assert!(cases.len() >= 25, "{}", cases.len());
    let mut wrong = Vec::new();
    for path in cases {
        let case = std::fs::read_to_string(&path).expect("a text");
        let mut parts = case.splitn(3, DIVIDER);
        let (old, new, wanted) =
            (parts.next().unwrap_or(""), parts.next().expect("a new one"), parts.next().unwrap_or(""));
        let difference = compared(old, new);
        assert_eq!(difference.is_empty(), difference.to_string() == "no change\n", "{}", path.display());
        let said = difference.to_string();
        if said == wanted {
            continue;
        }
        if std::env::var_os("PINTLE_BLESS").is_some() {
            std::fs::write(&path, format!("{old}{DIVIDER}{new}{DIVIDER}{said}")).expect("the case is written");
        } else {
            wrong.push(format!("{}:\n{said}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_ten_thousand_routes_have_alike_is_said_once() {
    let text = |timeout: &str| {
        let mut text =
            format!("listeners: [{{address: 127.0.0.1:8080, policies: [{{timeout: {timeout}}}]}}]\nroutes:\n");
        for at in 0..10_000 {
            text.push_str(&format!("  - {{match: /r{at}/**, respond: {{body: ok}}}}\n"));
        }
        text
    };
    let read = |name, timeout| described(name, &text(timeout)).unwrap_or_else(|said| panic!("{said}"));
    let said = diff(&read("old.yaml", "5s"), &read("new.yaml", "6s")).to_string();
    assert!(said.lines().count() < 12, "{said}");
    assert!(said.contains("10000 routes, such as /r0/**, /r1/**, /r2/**"), "{said}");
}

#[test]
fn json_has_all_that_the_text_counts() {
    let old = "listeners: [{address: 127.0.0.1:8080}]\nroutes: []\n";
    let mut new = old.replace("[]", "");
    for at in 0..60 {
        new.push_str(&format!("  - {{match: /r{at}, respond: {{body: ok}}}}\n"));
    }
    let difference = compared(old, &new);
    let value = difference.json();
    assert_eq!(value["routes"].as_array().map(Vec::len), Some(60));
    assert_eq!(value["routes"][0]["change"], "added");
    assert_eq!(value["routes"][0]["at"], "new.yaml:3:13");
    assert_eq!(value["summary"], "routes: 60 added");
    assert!(difference.to_string().contains("… and 10 more"), "{difference}");
}
