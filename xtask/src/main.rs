//! Work on the repository itself: `cargo run -p xtask -- tidy` holds what compilers and linters do not look at.
//!
//! Owns no part of the gateway and depends on none, so that it runs while the rest does not compile.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks through both")]

mod tidy;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo run -p xtask -- tidy";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // xtask/ lies directly under the workspace's root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    match words[..] {
        ["tidy"] => tidy::run(root),
        ["help" | "-h" | "--help"] => {
            println!("{USAGE}\n\ntidy  checks the repository on itself; says file, line and remedy of what is wrong");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
