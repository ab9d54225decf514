//! What a configuration was made of, to tell whether it has changed: its texts, and the files that they name.

use pintle_config::{Checked, Document};
use pintle_core::config::{FILE_LIMIT, Survey, read_file};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Numbers that differ where what was read differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inputs {
    pub(crate) texts: u64,
    /// Certificates of listeners, which are renewed by themselves.
    certificates: u64,
    /// All other files that are named.
    others: u64,
}

/// The files that a configuration names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    certificates: Vec<PathBuf>,
    others: Vec<PathBuf>,
}

impl Named {
    pub(crate) fn of(document: Option<&Document>) -> Self {
        let owned = |path: &Path| path.to_owned();
        Named {
            certificates: document.into_iter().flat_map(Document::listener_files).map(|path| owned(path)).collect(),
            others: document.into_iter().flat_map(Document::other_files).map(|path| owned(&path)).collect(),
        }
    }

    /// Each of them.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.certificates.iter().chain(&self.others).map(|path| &**path)
    }

    /// Texts with these files as they are now.
    pub(crate) fn inputs(&self, texts: u64) -> Inputs {
        Inputs { texts, certificates: digest(&self.certificates), others: digest(&self.others) }
    }
}

/// What the files were at a look that read them.
pub(crate) struct Seen {
    survey: Survey,
    named: Named,
    texts: u64,
}

impl Seen {
    pub(crate) fn of(checked: &Checked) -> Self {
        Seen::first(checked, Named::of(checked.document.as_ref()))
    }

    /// The same where the document is elsewhere.
    pub(crate) fn first(checked: &Checked, named: Named) -> Self {
        Seen { survey: checked.survey.clone(), named, texts: checked.digest }
    }

    /// What they are now, if that can be told without reading what they mean: their texts are the same.
    pub(crate) fn now(&self) -> Option<Inputs> {
        self.survey.is_same_now().then(|| self.named.inputs(self.texts))
    }
}

impl Inputs {
    pub(crate) fn of(checked: &Checked, document: Option<&Document>) -> Self {
        Named::of(document).inputs(checked.digest)
    }

    /// The same files with other texts.
    pub(crate) fn with(&self, texts: u64) -> Self {
        Inputs { texts, ..self.clone() }
    }

    /// Whether both are the same but for certificates of listeners.
    pub(crate) fn is_same_configuration(&self, other: &Self) -> bool {
        (self.texts, self.others) == (other.texts, other.others)
    }
}

fn digest(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        read_file(file, FILE_LIMIT).ok().hash(&mut hasher);
    }
    hasher.finish()
}
