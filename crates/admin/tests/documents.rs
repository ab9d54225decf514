//! Holds what is written of the admin API against the table of its operations: `docs/admin-openapi.json`, and the part of
//! `docs/admin.md` between its marks. `PINTLE_BLESS=1` writes them anew.

use std::fs;
use std::path::PathBuf;

const BEGIN: &str = "<!-- operations: made by `PINTLE_BLESS=1 cargo test -p pintle-admin --test documents` -->\n";
const END: &str = "<!-- end of operations -->\n";

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

#[track_caller]
fn held(name: &str, is: &str, wanted: &str) {
    if std::env::var_os("PINTLE_BLESS").is_some() {
        fs::write(docs(name), wanted).expect("it can be written");
    } else {
        assert!(is == wanted, "docs/{name} is not what the table says: run with PINTLE_BLESS=1");
    }
}

#[test]
fn the_openapi_document_is_the_one_that_is_served() {
    let is = fs::read_to_string(docs("admin-openapi.json")).unwrap_or_default();
    held("admin-openapi.json", &is, &format!("{:#}\n", pintle_admin::openapi()));
}

#[test]
fn the_page_has_every_operation() {
    let is = fs::read_to_string(docs("admin.md")).expect("docs/admin.md");
    let (before, rest) = is.split_once(BEGIN).expect("the first mark");
    let (_, after) = rest.split_once(END).expect("the second mark");
    let page = pintle_admin::page();
    held("admin.md", &is, &format!("{before}{BEGIN}\n{page}\n{END}{after}"));
}
