//! Whether files have changed since they were read, found without understanding them: the same texts under the same
//! names, and the same files for each pattern of `include`. Reading is all that can be trusted: times have grains, and
//! a file may be put back.

use foldhash::quality::FixedState;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::super::Source;
use super::{Bounds, glob};

/// What was seen when a configuration was read. Holds no text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    files: Vec<(PathBuf, u64)>,
    patterns: Vec<Pattern>,
    /// A file could not be read: it may be at the next look, though nothing else has changed.
    incomplete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    base: PathBuf,
    text: Box<str>,
    /// Of the files that it named, in their order, and of where links among them lead.
    found: u64,
}

impl Survey {
    /// Whether a look finds what was seen.
    pub fn is_same_now(&self) -> bool {
        let same_text = |(path, digest): &(PathBuf, u64)| read(path).is_ok_and(|bytes| of(&bytes) == *digest);
        let same_files = |one: &Pattern| paths(&glob::find(&one.base, &one.text).files) == one.found;
        !self.incomplete
            && !self.files.is_empty()
            && self.patterns.iter().all(same_files)
            && self.files.iter().all(same_text)
    }

    pub(super) fn file(&mut self, path: &Path, text: &str) {
        self.files.push((path.to_path_buf(), of(text.as_bytes())));
    }

    pub(super) fn pattern(&mut self, base: &Path, text: &str, found: &[PathBuf]) {
        self.patterns.push(Pattern { base: base.to_path_buf(), text: text.into(), found: paths(found) });
    }

    pub(super) fn unreadable(&mut self) {
        self.incomplete = true;
    }
}

/// One byte more than a configuration may have differs from any that was taken.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(Bounds::default().bytes + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Source {
    /// A number that differs where the text does.
    pub fn digest(&self) -> u64 {
        of(self.text().as_bytes())
    }
}

fn of(bytes: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

fn paths(files: &[PathBuf]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    for path in files {
        for name in [Some(path.clone()), path.canonicalize().ok()].into_iter().flatten() {
            hasher.write(name.as_os_str().as_encoded_bytes());
            hasher.write(&[0]);
        }
    }
    hasher.finish()
}
