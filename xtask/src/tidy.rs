//! The list of checks, and the report. Each check is a function from the tracked files to findings; one that needs more
//! than their texts (the dependency tree) asks cargo itself.

mod budget;
mod heads;
mod links;
mod machine;
mod mirrors;
mod names;
mod rooms;
mod rules;
mod rust;
mod sizes;
mod tree;
mod unfinished;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use tree::Tree;

/// One thing that is wrong, with the remedy in its message.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    /// From 1; 0 where the whole file is meant.
    line: usize,
    message: String,
}

impl Finding {
    fn new(file: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Finding { file: file.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

type Check = fn(&Tree) -> Vec<Finding>;

/// All checks; a new one is a file beside this one and a line here.
const CHECKS: &[(&str, Check)] = &[
    ("rooms know only the rooms before them", rooms::check),
    ("a policy and an action have a test and a place in their list", mirrors::policies_and_actions),
    ("every module of the test suite runs", mirrors::suite),
    ("each rule of the semantics has its test", rules::check),
    ("long files say why", sizes::files),
    ("long functions say why", sizes::functions),
    ("every crate forbids unsafe code or says why not", heads::unsafe_code),
    ("every source file begins with what it owns", heads::files),
    ("nothing is marked as unfinished", unfinished::check),
    ("names say what a thing is", names::check),
    ("links and named paths exist", links::check),
    ("no path of one machine, no private registry", machine::check),
    ("what the program is built of stays within its bounds", budget::check),
];

/// Runs every check and prints what each found; fails if there is anything.
pub(crate) fn run(root: &Path) -> ExitCode {
    let tree = match Tree::tracked(root) {
        Ok(tree) => tree,
        Err(error) => {
            eprintln!("tidy: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut found = 0;
    for (name, check) in CHECKS {
        let mut findings = check(&tree);
        findings.sort();
        if !findings.is_empty() {
            println!("{name}:");
        }
        for finding in &findings {
            println!("  {finding}");
        }
        found += findings.len();
    }
    if found > 0 {
        println!("tidy: {found} found by {} checks", CHECKS.len());
        return ExitCode::FAILURE;
    }
    println!("tidy: {} checks, all well", CHECKS.len());
    ExitCode::SUCCESS
}
