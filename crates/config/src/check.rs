//! All that can be said of a configuration from its files alone: no network is asked, and nothing is opened but what the
//! configuration names as its own parts.

use crate::advise::advise;
use crate::assemble::{World, assemble};
use crate::document::Document;
use crate::load::{Checked, load, load_text};
use pintle_core::config::{Entry, Form, Node, Read, Reader, Shape, Source, Sources};
use pintle_core::template::with_large_stack;
use pintle_engine::Runtime;
use std::collections::HashSet;
use std::path::Path;

/// What was found.
#[derive(Debug)]
pub struct Verdict {
    /// Errors and warnings, in the order of the files.
    pub reader: Reader,
    /// How many routes there are; 0 with an error.
    pub routes: usize,
}

/// Checks a configuration with all that it includes.
pub fn check(path: &Path) -> Verdict {
    with_large_stack(|| look(load(path)))
}

/// Checks a text as if it stood in the file.
pub fn check_text(path: &Path, text: String) -> Verdict {
    with_large_stack(|| look(load_text(path, text)))
}

fn look(checked: Checked) -> Verdict {
    let Checked { document, root, mut reader, .. } = checked;
    let mut routes = 0;
    if let Some(document) = document.or_else(|| rest(&root)) {
        let world = World::idle();
        let mut found = Reader::new();
        let runtime = assemble(&document, &world, &mut found);
        let cut = cut_files(&reader);
        for diagnostic in found.diagnostics.iter() {
            // What is not known may stand in what could not be read, and what is missing too.
            let unread = root.is_cut() && diagnostic.code.starts_with("unknown-")
                || diagnostic.code == "upstream" && cut.contains(diagnostic.span.source());
            if !unread {
                reader.report(diagnostic.clone());
            }
        }
        let sound = runtime.filter(|_| !reader.diagnostics.has_errors());
        advise(&document, sound.as_ref(), &mut reader);
        routes = sound.map_or(0, |runtime| written(&runtime));
    }
    reader.diagnostics.sort();
    Verdict { reader, routes }
}

/// The files that end in a syntax error.
fn cut_files(reader: &Reader) -> Vec<Source> {
    let syntax = reader.diagnostics.iter().filter(|one| one.code.starts_with("yaml-"));
    syntax.map(|one| one.span.source().clone()).collect()
}

/// What is left of a broken document, to look for more mistakes in: without those sections that are broken and have no
/// names that others may use.
fn rest(root: &Node) -> Option<Document> {
    const NAMES: [&str; 3] = ["listeners", "upstreams", "policies"];
    let Shape::Map { fields, .. } = Document::shape() else { return None };
    let known: Vec<&str> = fields.iter().map(|field| field.key).filter(|key| !NAMES.contains(key)).collect();
    let mut silent = Reader::new();
    let least = Sources::from_text("", "listeners: [{address: 127.0.0.1:8080}]", &mut silent).root;
    let with = |entries: &[Entry]| Node::new(Form::Map(entries.to_vec()), root.span().clone());
    let is_sound = |entry: &Entry, silent: &mut Reader| {
        let alone = least.as_map().unwrap_or_default().iter().chain([entry]).cloned().collect::<Vec<_>>();
        !known.contains(&&**entry.key) || Document::read(&with(&alone), silent).is_some()
    };
    let entries: Vec<Entry> = root.as_map()?.iter().filter(|entry| is_sound(entry, &mut silent)).cloned().collect();
    Document::read(&with(&entries), &mut silent)
}

/// How many routes there are for whoever wrote them: one that differs by its listeners' policies is one.
fn written(runtime: &Runtime) -> usize {
    runtime.table.values().iter().map(|route| &*route.facts.name).collect::<HashSet<&str>>().len()
}
