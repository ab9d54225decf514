//! Several files: what is found, in which order, how it is joined, and what is said.

use std::path::PathBuf;

use crate::config::{Bounds, Diagnostics, Form, Node, Reader, Sources};

/// A directory of its own, removed at the end.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pintle-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, text).expect("a file");
        path
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn load(&self, bounds: Bounds) -> (Sources, Vec<String>, Diagnostics) {
        let mut reader = Reader::new();
        let sources = Sources::load_within(&self.0.join("gateway.yaml"), bounds, &mut reader);
        reader.diagnostics.sort();
        let lines = reader.diagnostics.iter().map(|one| {
            let name = one.span.source().name().replace(&format!("{}/", self.0.display()), "");
            let at = one.span.position();
            format!("{name}:{}:{} {}", at.line, at.column, one.message.replace(&format!("{}/", self.0.display()), ""))
        });
        (sources, lines.collect(), reader.diagnostics)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn texts(node: Option<&Node>) -> Vec<&str> {
    node.and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::as_text).collect()
}

// Rule: include-joined
#[test]
fn files_are_joined_in_the_order_of_their_names() {
    let files = Directory::new("joined");
    files.write(
        "gateway.yaml",
        "include: [routes.d/*.yaml, routes.d/b.yaml]\nroutes: [m]\nupstreams: {x: 1}\nworkers: 2\n",
    );
    files.write("routes.d/b.yaml", "routes: [b1, b2]\nupstreams: {y: 2}\n");
    files.write("routes.d/a.yaml", "routes: [a]\nlisteners: [l]\n");
    files.write("routes.d/.hidden.yaml", "routes: [hidden]\n");
    files.write("routes.d/c.yml", "routes: [c]\n");
    files.write("routes.d/empty.yaml", "# nothing yet\n");
    let (sources, said, _) = files.load(Bounds::default());
    assert_eq!(said, [""; 0]);
    assert_eq!(texts(sources.root.get("routes")), ["m", "a", "b1", "b2"]);
    assert_eq!(texts(sources.root.get("listeners")), ["l"]);
    assert_eq!(sources.root.get("upstreams").and_then(Node::as_map).map(<[_]>::len), Some(2));
    assert!(sources.root.get("include").is_none());
    assert_eq!(sources.files.len(), 4);
    assert_eq!(sources.directories, [files.0.join("routes.d")]);
    let last = &sources.root.get("routes").and_then(Node::as_list).expect("a list")[3];
    assert!(last.span().source().name().ends_with("routes.d/b.yaml"));
    assert_eq!(last.span().position().column, 14);
}

// Rule: include-joined
#[test]
fn the_same_name_or_section_twice_names_both_files() {
    let files = Directory::new("twice");
    files.write("gateway.yaml", "include: [a.yaml]\nupstreams: {x: 1}\nworkers: 2\nlimits: {}\nadmin:\n");
    files.write("a.yaml", "upstreams: {x: 2, y: 3}\nworkers: 3\nlimits: {}\nadmin: {a: 1}\nroutes: x\n");
    let (_, said, diagnostics) = files.load(Bounds::default());
    assert_eq!(
        said,
        [
            "a.yaml:1:13 `x` is there twice in `upstreams`",
            "a.yaml:2:1 `workers` is there in two files",
            "a.yaml:3:1 `limits` is there in two files",
        ]
    );
    let printed = diagnostics.render(false);
    assert!(printed.contains("gateway.yaml:2:13") && printed.contains("a.yaml:1:13"), "{printed}");
}

#[test]
fn includes_of_includes_and_loops() {
    let files = Directory::new("loops");
    files.write("gateway.yaml", "include: [a.yaml]\nroutes: [m]\n");
    files.write("a.yaml", "include: [sub/b.yaml]\nroutes: [a]\n");
    files.write("sub/b.yaml", "include: [../a.yaml, ../none.yaml]\nroutes: [b]\n");
    let (sources, said, diagnostics) = files.load(Bounds::default());
    assert_eq!(
        said,
        [
            "sub/b.yaml:1:11 `sub/../a.yaml` includes itself, by way of `b.yaml`",
            "sub/b.yaml:1:22 no file is named `../none.yaml`"
        ]
    );
    assert!(diagnostics.has_errors());
    assert_eq!(texts(sources.root.get("routes")), ["m", "a", "b"]);
}

#[test]
fn a_chain_of_includes_is_bounded() {
    let files = Directory::new("chain");
    files.write("gateway.yaml", "include: [0.yaml]\n");
    for number in 0..30 {
        files.write(&format!("{number}.yaml"), &format!("include: [{}.yaml]\n", number + 1));
    }
    assert_eq!(files.load(Bounds::default()).1, ["14.yaml:1:11 files include each other more than 16 deep"]);
}

#[test]
fn one_broken_file_hides_no_other() {
    let files = Directory::new("broken");
    files.write("gateway.yaml", "include: [\"?.yaml\"]\n");
    files.write("a.yaml", "routes: [\n");
    files.write("b.yaml", "routes: [x]\nroutes: [y]\n");
    files.write("c.yaml", "- x\n");
    std::fs::write(files.0.join("d.yaml"), b"a: 1\nb: \xff\n").expect("a file");
    let (sources, said, _) = files.load(Bounds::default());
    assert_eq!(
        said,
        [
            "gateway.yaml:1:11 cannot read `d.yaml`: line 2 is not UTF-8",
            "a.yaml:1:9 a `[` is never closed",
            "b.yaml:2:1 `routes` is there twice",
            "c.yaml:1:1 expected a map with keys such as `listeners` and `routes`, found a list",
        ]
    );
    assert!(sources.root.is_cut(), "what is absent may only be unread");
    assert_eq!(texts(sources.root.get("routes")), ["x"]);
}

#[test]
fn a_file_that_is_not_there() {
    let files = Directory::new("absent");
    let (sources, said, diagnostics) = files.load(Bounds::default());
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("cannot read `gateway.yaml`"), "{said:?}");
    assert!(diagnostics.render(false).contains("cannot read"));
    assert_eq!(sources.root.form(), &Form::Map(Vec::new()));
}

#[test]
fn files_and_bytes_are_bounded() {
    let files = Directory::new("bounds");
    files.write("gateway.yaml", "include: [\"*.yaml\"]\n");
    files.write("a.yaml", "routes: [a]\n");
    files.write("b.yaml", "routes: [b]\n");
    let (_, said, _) = files.load(Bounds { files: 2, bytes: 1000 });
    assert_eq!(said, ["gateway.yaml:1:11 cannot read `b.yaml`: a configuration has at most 2 files"]);
    let (_, said, _) = files.load(Bounds { files: 9, bytes: 40 });
    assert_eq!(said, ["gateway.yaml:1:11 cannot read `b.yaml`: a configuration has at most 40 bytes"]);
}
