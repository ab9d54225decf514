//! Reading a configuration: from its files, from a text in place of the main file's, or from texts kept before.

use crate::written::{Written, known};
use crate::{Bundle, Document};
use pintle_core::config::{Node, Read, Reader, Source, Sources, Survey};
use pintle_core::template::with_large_stack;
use pintle_engine::Runtime;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

/// Files that were read, and what they say.
#[derive(Debug)]
pub struct Checked {
    /// The document, if all of it could be read.
    pub document: Option<Document>,
    /// The tree that all files make together.
    pub root: Node,
    /// What was found.
    pub reader: Reader,
    /// The texts that were read, the main one first.
    pub texts: Vec<Source>,
    /// Every file that was read, the main one first.
    pub files: Vec<PathBuf>,
    /// Directories in which a new file would be included.
    pub directories: Vec<PathBuf>,
    /// A number that differs where any file's name or text does.
    pub digest: u64,
    /// By what a change of any file can be seen.
    pub survey: Survey,
    /// Which files there are, and which of them were left unread.
    pub written: Written,
}

/// Reads a configuration and the files that it includes.
pub fn load(path: &Path) -> Checked {
    with_large_stack(|| {
        let mut reader = Reader::new();
        let sources = Sources::load(path, &mut reader);
        read(sources, None, reader)
    })
}

/// The same, but files of routes that have not changed since a configuration was assembled are left unread: their
/// routes are in none of `document` and `root`, and [`crate::assemble_written`] takes them over from it.
pub fn load_since(path: &Path, before: &Runtime) -> Checked {
    if before.origin.files.is_empty() {
        return load(path);
    }
    let checked = with_large_stack(|| {
        let mut reader = Reader::new();
        let files = known(before);
        let is_known = |source: &Source| files.get(source.name()).is_some_and(|file| file.digest == source.digest());
        let sources = Sources::load_unknown(path, &is_known, &mut reader);
        read(sources, Some(before.version), reader)
    });
    if checked.written.surroundings == before.origin.surroundings { checked } else { load(path) }
}

/// Reads a text as if it stood in the file: its paths and includes are relative to that.
pub fn load_text(path: &Path, text: String) -> Checked {
    with_large_stack(|| {
        let mut reader = Reader::new();
        let sources = Sources::load_text(path, text, &mut reader);
        read(sources, None, reader)
    })
}

/// Reads texts that were kept, as if they stood in files of this directory.
pub fn load_bundle(bundle: &Bundle, directory: &Path) -> Checked {
    with_large_stack(|| {
        let mut reader = Reader::new();
        let sources = Sources::from_texts(bundle.sources(directory), &mut reader);
        read(sources, None, reader)
    })
}

fn read(sources: Sources, since: Option<u64>, mut reader: Reader) -> Checked {
    let mut hasher = foldhash::quality::FixedState::default().build_hasher();
    for file in &sources.files {
        hasher.write(file.name().as_bytes());
        hasher.write(&[0xff]);
        hasher.write(file.text().as_bytes());
        hasher.write(&[0xff]);
    }
    // What could not be read is part of it too: a set of files with one that is broken is not the set without it.
    for one in reader.diagnostics.iter().filter(|one| one.code == "unreadable") {
        hasher.write(one.message.as_bytes());
        hasher.write(&[0xff]);
    }
    let document = Document::read(&sources.root, &mut reader);
    Checked {
        written: Written::new(&sources, document.as_ref(), since),
        document,
        root: sources.root,
        reader,
        files: sources.files.iter().map(|file| PathBuf::from(file.name())).collect(),
        survey: sources.survey,
        texts: sources.files,
        directories: sources.directories,
        digest: hasher.finish(),
    }
}
