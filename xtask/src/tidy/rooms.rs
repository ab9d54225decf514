//! The arrows between rooms: a crate may depend on crates that stand before it in one list, so there is no circle, and
//! a room can be read with nothing in mind but what stands before it. Dependencies of tests are free.

use super::Finding;
use super::tree::Tree;

/// The rooms, each before those that may know it. `ARCHITECTURE.md` says what each one owns.
const ROOMS: [&str; 18] = [
    "derive",
    "core",
    "jose",
    "http1",
    "http2",
    "router",
    "upstream",
    "store",
    "cache",
    "waf",
    "policies",
    "actions",
    "telemetry",
    "engine",
    "config",
    "admin",
    "pintle",
    "testkit",
];

/// Rooms that stay apart although the order would let one know the other.
const APART: [(&str, &str, &str); 3] = [
    ("engine", "policies", "it runs chains of `core::step`; `config` builds them"),
    ("engine", "actions", "it runs `core::step::Action`s; `config` builds them"),
    ("http2", "http1", "each version of HTTP is useful without the other"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.below("crates/", "/Cargo.toml") {
        let Some(room) = file.path.strip_prefix("crates/").and_then(|path| path.strip_suffix("/Cargo.toml")) else {
            continue;
        };
        let Some(place) = place(room) else {
            let message = format!(
                "`{room}` has no place in the order: give it one in `ROOMS` of xtask/src/tidy/rooms.rs and a paragraph in ARCHITECTURE.md"
            );
            findings.push(Finding::new(&file.path, 0, message));
            continue;
        };
        for (line, package) in dependencies(&file.text) {
            let Some(other) = room_of(package) else { continue };
            let apart = APART.iter().find(|(from, to, _)| *from == room && *to == other);
            let message = match (self::place(other), apart) {
                (_, Some((_, _, why))) => format!("`{room}` must not know `{other}`: {why}"),
                (Some(known), None) if known >= place => {
                    format!(
                        "`{room}` stands before `{other}` and must not know it: move what both need into an earlier room"
                    )
                }
                _ => continue,
            };
            findings.push(Finding::new(&file.path, line, message));
        }
    }
    findings
}

fn place(room: &str) -> Option<usize> {
    ROOMS.iter().position(|known| *known == room)
}

/// The room that a package of the workspace is.
fn room_of(package: &str) -> Option<&str> {
    if package == "pintle" { Some(package) } else { package.strip_prefix("pintle-") }
}

/// What a manifest depends on other than for tests, with the lines: `a.workspace = true`, `a = …`, `[dependencies.a]`.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (number, line) in manifest.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            let (before, after) = section.split_once("dependencies").unwrap_or(("dev-", ""));
            let ships = !before.ends_with("dev-");
            inside = ships && after.is_empty();
            if let Some(name) = after.strip_prefix('.').filter(|_| ships) {
                found.push((number, name));
            }
        } else if inside && !line.starts_with('#') {
            let end = line.find(['.', '=', ' ']).unwrap_or(0);
            if end > 0 {
                found.push((number, &line[..end]));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_gives_its_dependencies_but_those_of_tests() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\n# pintle-no\npintle-core.workspace = true\nbytes = \"1\"\n\
                        [target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n[dev-dependencies]\nrcgen = \"1\"\n\
                        [dependencies.pintle-waf]\npath = \"y\"\n[build-dependencies]\ncc = \"1\"\n";
        let names: Vec<_> = dependencies(manifest).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["pintle-core", "bytes", "libc", "pintle-waf", "cc"]);
    }

    #[test]
    fn an_arrow_against_the_order_is_found() {
        let tree = Tree::of(&[
            (
                "crates/router/Cargo.toml",
                "[dependencies]\npintle-core.workspace = true\npintle-engine.workspace = true\n",
            ),
            ("crates/engine/Cargo.toml", "[dependencies]\npintle-policies.workspace = true\n"),
            ("crates/attic/Cargo.toml", "[dependencies]\n"),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| (finding.file, finding.line)).collect();
        let expected =
            [("crates/router/Cargo.toml", 3), ("crates/engine/Cargo.toml", 2), ("crates/attic/Cargo.toml", 0)];
        assert_eq!(found, expected.map(|(file, line)| (file.to_owned(), line)));
    }
}
