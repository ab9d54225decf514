//! Cases as files: a configuration, a line of `=`, and exactly what is printed about it. After a wanted change of
//! messages, `PINTLE_BLESS=1 cargo test -p pintle-core golden` writes them anew; read the difference.

use std::path::PathBuf;

use super::read;
use super::types::Document;

const DIVIDER: &str = "==========\n";

#[test]
fn every_case_says_what_it_said() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/config/tests/cases");
    let mut wrong = Vec::new();
    let mut cases: Vec<_> =
        directory.read_dir().expect("the cases").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    for path in cases {
        let case = std::fs::read_to_string(&path).expect("a text");
        let (input, wanted) = case.split_once(DIVIDER).unwrap_or((&case, ""));
        let (value, diagnostics) = read::<Document>(input);
        let printed = format!("{}\n", diagnostics.render(false));
        assert!(value.is_some() || diagnostics.has_errors(), "{}", path.display());
        if printed == wanted {
            continue;
        }
        if std::env::var_os("PINTLE_BLESS").is_some() {
            std::fs::write(&path, format!("{input}{DIVIDER}{printed}")).expect("the case is written");
        } else {
            wrong.push(format!("{}:\n{printed}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
