//! The examples of `examples/` as they stand, but for addresses and paths.

use pintle_testkit::{Origin, Unreachable};
use std::fs;

/// The text of an example.
pub(crate) fn example(name: &str) -> String {
    let path = format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The example with its listener on a free port, and each address of a service replaced.
pub(crate) fn placed(name: &str, services: &[(&str, &Origin)]) -> String {
    let text = example(name).replace("127.0.0.1:8080", "127.0.0.1:0");
    services.iter().fold(text, |text, (from, origin)| text.replace(from, &origin.address().to_string()))
}

/// A refusing address as the configuration names one, with what keeps it taken.
pub(crate) fn nobody() -> (Unreachable, String) {
    let nobody = Unreachable::new();
    let url = format!("http://{}", nobody.address());
    (nobody, url)
}
