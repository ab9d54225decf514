//! The files that policies name, each read once for a configuration: all routes go by the same content, however many name
//! a file and whenever it changes. What is made of content is found again by its digest, so that a change elsewhere does
//! not make it anew.

use parking_lot::Mutex;
use pintle_core::config::{ConfigPath, Diagnostic, FILE_LIMIT, Reader, Spanned, read_file};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The content of a file.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Digest,
}

/// What tells contents apart (SHA-256).
pub(crate) type Digest = [u8; 32];

/// The digest of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    digest
}

/// A digest as the name of something.
pub(crate) fn name(digest: &Digest) -> String {
    use std::fmt::Write;
    let mut name = String::with_capacity(64);
    for byte in digest {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The files of one configuration, as they were when they were first asked for.
#[derive(Debug, Default)]
pub struct Files {
    read: Mutex<HashMap<ConfigPath, Option<Arc<Content>>>>,
    broken: Mutex<HashSet<Digest>>,
}

impl Files {
    /// The content of a file. One that cannot be read is reported, once.
    pub(crate) fn read(&self, path: &Spanned<ConfigPath>, reader: &mut Reader) -> Option<Arc<Content>> {
        let mut files = self.read.lock();
        if let Some(known) = files.get(&path.value) {
            return known.clone();
        }
        let content = match read_file(path, FILE_LIMIT) {
            Ok(bytes) => Some(Arc::new(Content { digest: digest(&bytes), bytes })),
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                let help = "a path is relative to the file that names it";
                reader.report(Diagnostic::error("unreadable", message, &path.span).help(help));
                None
            }
        };
        files.insert(path.value.clone(), content.clone());
        content
    }

    /// Whether content of that digest is wrong, and was reported.
    pub(crate) fn is_broken(&self, digest: &Digest) -> bool {
        self.broken.lock().contains(digest)
    }

    /// Takes note of content that was reported.
    pub(crate) fn broken(&self, digest: Digest) {
        self.broken.lock().insert(digest);
    }
}
