//! What the program is built of, as `cargo tree` tells it: one cryptography, and a bound on the packages that Linux
//! compiles. Not left to cargo-deny, because metadata lists `ring` as an optional dependency that nothing builds.

use super::Finding;
use super::tree::Tree;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Packages that the program may need on Linux, tests apart.
const PACKAGES: usize = 300;
/// Packages that must not be built, with the reason.
const ABSENT: [(&str, &str); 1] =
    [("ring", "aws-lc-rs is the one cryptography: switch off the feature that asks for it")];
const LOCK: &str = "Cargo.lock";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let packages = match compiled(&tree.root) {
        Ok(packages) => packages,
        Err(error) => return vec![Finding::new(LOCK, 0, error)],
    };
    let absent = ABSENT.iter().filter(|(name, _)| packages.iter().any(|(package, _)| package == name));
    let mut findings: Vec<_> = absent
        .map(|(name, why)| {
            Finding::new(LOCK, 0, format!("`{name}` is built (`cargo tree -p pintle -i {name}` says for whom): {why}"))
        })
        .collect();
    if packages.len() > PACKAGES {
        let message = format!(
            "{} packages, more than {PACKAGES}: `cargo tree -p pintle` shows where they come from",
            packages.len()
        );
        findings.push(Finding::new(LOCK, 0, message));
    }
    findings
}

/// Names and versions of what is compiled for the program on Linux, wherever this runs.
fn compiled(root: &Path) -> Result<BTreeSet<(String, String)>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args(["tree", "--locked", "-p", "pintle", "-e", "normal,build", "--prefix", "none"])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .output()
        .map_err(|error| format!("cannot run `cargo tree`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(packages(&String::from_utf8_lossy(&output.stdout)))
}

/// `name v1.2.3 (proc-macro) (*)` gives a name and a version.
fn packages(tree: &str) -> BTreeSet<(String, String)> {
    tree.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_for_each_version() {
        let tree = "pintle v0.1.0 (path)\nsyn v2.0.1 (proc-macro)\nsyn v2.0.1 (proc-macro) (*)\nsyn v3.0.0\n\n";
        assert_eq!(packages(tree).len(), 3);
    }
}
