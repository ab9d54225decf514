//! Reading a configuration: from its files, from a text in place of the main file's, or from texts kept before.

use crate::{Bundle, Document};
use pintle_core::config::{Node, Read, Reader, Source, Sources};
use pintle_core::template::with_large_stack;
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
}

/// Reads a configuration and the files that it includes.
pub fn load(path: &Path) -> Checked {
    with_large_stack(|| {
        let mut reader = Reader::new();
        let sources = Sources::load(path, &mut reader);
        read(sources, reader)
    })
}

/// Reads a text as if it stood in the file: its paths and includes are relative to that.
pub fn load_text(path: &Path, text: String) -> Checked {
    with_large_stack(|| {
        let mut reader = Reader::new();
        let sources = Sources::load_text(path, text, &mut reader);
        read(sources, reader)
    })
}

/// Reads texts that were kept, as if they stood in files of this directory.
pub fn load_bundle(bundle: &Bundle, directory: &Path) -> Checked {
    with_large_stack(|| {
        let mut reader = Reader::new();
        let sources = Sources::from_texts(bundle.sources(directory), &mut reader);
        read(sources, reader)
    })
}

fn read(sources: Sources, mut reader: Reader) -> Checked {
    let mut hasher = foldhash::quality::FixedState::default().build_hasher();
    for file in &sources.files {
        hasher.write(file.name().as_bytes());
        hasher.write(&[0xff]);
        hasher.write(file.text().as_bytes());
        hasher.write(&[0xff]);
    }
    let document = Document::read(&sources.root, &mut reader);
    Checked {
        document,
        root: sources.root,
        reader,
        files: sources.files.iter().map(|file| PathBuf::from(file.name())).collect(),
        texts: sources.files,
        directories: sources.directories,
        digest: hasher.finish(),
    }
}
