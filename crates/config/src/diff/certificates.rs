//! Certificates of listeners: which files, and what is in them where both can be read.

mod x509;

use super::routes::Renamed;
use super::{Change, Edit, Item, Written};
use crate::describe::{Description, ListenerDescription};
use pintle_core::config::{ConfigPath, Node, Read, Reader, Span};
use std::path::{Path, PathBuf};
use x509::Facts;

/// A certificate as a listener names it.
struct Named<'d> {
    text: &'d str,
    cert: PathBuf,
    key: PathBuf,
    at: &'d Span,
}

/// The certificates that change, an item for each listener.
pub(super) fn compare(old: &Description, new: &Description, renamed: &Renamed<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for listener in &new.listeners {
        let was = old
            .listeners
            .iter()
            .find(|other| renamed.get(&*other.name).copied().unwrap_or(&other.name) == listener.name);
        let Some(was) = was else { continue };
        let edits = edits(&named(was), &named(listener));
        if !edits.is_empty() {
            items.push(Item {
                name: listener.name.clone(),
                change: Change::Changed,
                is: String::new(),
                at: None,
                edits,
            });
        }
    }
    items
}

fn named(listener: &ListenerDescription) -> Vec<Named<'_>> {
    let all = listener.settings.get("tls").and_then(|tls| tls.get("certificates")).and_then(Node::as_list);
    let one =
        |node: &'_ Node| -> Option<(PathBuf, PathBuf)> { Some((path(node.get("cert")?)?, path(node.get("key")?)?)) };
    let named = all.unwrap_or_default().iter().filter_map(|node| {
        let (cert, key) = one(node)?;
        let written = node.get("cert")?;
        Some(Named { text: written.as_text()?, cert, key, at: written.span() })
    });
    named.collect()
}

/// A file as its configuration means it: beside the file that names it.
fn path(node: &Node) -> Option<PathBuf> {
    ConfigPath::read(node, &mut Reader::new()).map(|path| path.to_path_buf())
}

fn edits(old: &[Named<'_>], new: &[Named<'_>]) -> Vec<Edit> {
    let same = |a: &Named<'_>, b: &Named<'_>| a.text == b.text || a.cert == b.cert;
    let mut edits = Vec::new();
    let mut gone: Vec<&Named<'_>> = old.iter().filter(|one| !new.iter().any(|other| same(one, other))).collect();
    for certificate in new {
        match old.iter().find(|other| same(other, certificate)) {
            Some(before) => edits.extend(changed_key(before, certificate)),
            None if gone.is_empty() => {
                let mut edit = Edit::new("certificate", None, Some(certificate.written()));
                edit.notes.extend(Facts::of(&certificate.cert).map(|facts| facts.to_string()));
                edits.push(edit);
            }
            None => edits.push(replaced(gone.remove(0), certificate)),
        }
    }
    edits.extend(gone.into_iter().map(|gone| Edit::new("certificate", Some(gone.written()), None)));
    // The first one is for clients that name no host, or one that no certificate has.
    if let (true, Some(before), Some(after)) = (edits.is_empty(), old.first(), new.first())
        && !same(before, after)
    {
        edits.push(Edit::new("first certificate", Some(before.written()), Some(after.written())));
    }
    edits
}

fn changed_key(old: &Named<'_>, new: &Named<'_>) -> Option<Edit> {
    let (before, after) = (old.key.file_name(), new.key.file_name());
    let differs = old.key != new.key && (before != after || old.cert == new.cert);
    let written = |of: &Named<'_>| Some(Written::new(of.key.display().to_string(), of.at));
    differs.then(|| Edit::new(format!("key of {}", new.text), written(old), written(new)))
}

/// One in the place of another, with what is different in them.
fn replaced(old: &Named<'_>, new: &Named<'_>) -> Edit {
    let mut edit = Edit::new("certificate", Some(old.written()), Some(new.written()));
    edit.notes = match (Facts::of(&old.cert), Facts::of(&new.cert)) {
        (Some(before), Some(after)) => before.differences(&after),
        (None, _) => vec![unreadable(&old.cert)],
        (_, None) => vec![unreadable(&new.cert)],
    };
    edit
}

fn unreadable(file: &Path) -> String {
    format!("{} cannot be read, so what is in it is not compared", file.display())
}

impl Named<'_> {
    fn written(&self) -> Written {
        Written::new(self.text, self.at)
    }
}
