//! What a configuration was made of, to tell whether it has changed: its texts, and the files that they name.

use pintle_config::{Checked, Document};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// Numbers that differ where what was read differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inputs {
    texts: u64,
    /// Certificates of listeners, which are renewed by themselves.
    certificates: u64,
    /// All other files that are named.
    others: u64,
}

impl Inputs {
    pub(crate) fn of(checked: &Checked, document: Option<&Document>) -> Self {
        Inputs {
            texts: checked.digest,
            certificates: digest(document.into_iter().flat_map(Document::listener_files).map(|path| &**path)),
            others: digest(document.into_iter().flat_map(Document::other_files).map(|path| &**path)),
        }
    }

    /// Whether both are the same but for certificates of listeners.
    pub(crate) fn is_same_configuration(&self, other: &Self) -> bool {
        (self.texts, self.others) == (other.texts, other.others)
    }
}

fn digest<'p>(files: impl Iterator<Item = &'p Path>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).ok().hash(&mut hasher);
    }
    hasher.finish()
}
