//! Several files' top levels as one.

use std::collections::HashMap;

use super::super::{Diagnostic, Entry, Form, Node, Reader, Span};

/// The maps from names that files may share out among them. Other maps are one section, given in one file.
const JOINED: &[&str] = &["upstreams", "policies", "stores"];

/// Joins the top levels in the order of the files: lists are put together, maps of names are joined, and anything else
/// may be there once.
pub(super) fn merge(roots: Vec<Node>, span: Span, reader: &mut Reader) -> Node {
    let mut entries: Vec<Entry> = Vec::new();
    let mut places: HashMap<Box<str>, usize> = HashMap::new();
    let mut names: HashMap<(usize, Box<str>), Span> = HashMap::new();
    let mut cut = false;
    for root in roots {
        cut |= root.cut || root.is_broken();
        let Form::Map(sections) = root.form else { continue };
        for entry in sections {
            let place = places.get(&entry.key.value).copied();
            let index = place.unwrap_or(entries.len());
            if JOINED.contains(&&*entry.key.value) {
                let twice = repeated(&entry, index, &mut names);
                for diagnostic in twice {
                    reader.report(diagnostic);
                }
            }
            match place {
                Some(index) => join(&mut entries[index], entry, reader),
                None => {
                    places.insert(entry.key.value.clone(), index);
                    entries.push(entry);
                }
            }
        }
    }
    Node { form: Form::Map(entries), span, cut }
}

/// The names of a section that another file has already.
fn repeated(entry: &Entry, section: usize, names: &mut HashMap<(usize, Box<str>), Span>) -> Vec<Diagnostic> {
    let mut twice = Vec::new();
    for named in entry.value.as_map().unwrap_or_default() {
        let key = (section, named.key.value.clone());
        match names.get(&key) {
            Some(first) => {
                let message = format!("`{}` is there twice in `{}`", named.key.value, entry.key.value);
                let diagnostic = Diagnostic::error("duplicate-name", message, &named.key.span);
                twice.push(diagnostic.label("again here").also(first, "first here"));
            }
            None => {
                names.insert(key, named.key.span.clone());
            }
        }
    }
    twice
}

fn join(first: &mut Entry, again: Entry, reader: &mut Reader) {
    let name = &*first.key.value;
    let joined = JOINED.contains(&name);
    first.value.cut |= again.value.cut;
    match (&mut first.value.form, again.value.form) {
        (Form::List(all), Form::List(more)) => all.extend(more),
        (Form::Map(all), Form::Map(more)) if joined => all.extend(more),
        (Form::Broken, _) | (_, Form::Broken) => {}
        (form @ Form::Nothing, other) => *form = other,
        (_, Form::Nothing) => {}
        _ => {
            let message = format!("`{name}` is there in two files");
            let diagnostic = Diagnostic::error("duplicate-section", message, &again.key.span);
            reader.report(diagnostic.label("again here").also(&first.key.span, "first here"));
        }
    }
}
