//! A configuration's files: the main one, what it includes, and the one tree that they make together.

mod glob;
mod load;
mod merge;
mod survey;

pub use survey::Survey;

use std::path::PathBuf;

use super::{Node, Source};

/// The files of a configuration, read and joined.
#[derive(Debug)]
pub struct Sources {
    /// The joined tree, for one `Document::read`. Its parts keep the places in their own files. `include` is not in it.
    pub root: Node,
    /// Every file that was read, the main one first.
    pub files: Vec<Source>,
    /// The directories in which a new file would be included: what a watcher watches besides the files.
    pub directories: Vec<PathBuf>,
    /// Those of the files that have one key at their top and include nothing, with that key.
    pub of_one_key: Vec<(Source, Box<str>)>,
    /// Those of the files that were left unread, as the caller knows already what they say.
    pub unread: Vec<Source>,
    /// By what a change of any file can be seen.
    pub survey: Survey,
}

/// How much a configuration may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many files.
    pub files: usize,
    /// How many bytes, all files together.
    pub bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { files: 10_000, bytes: 64 << 20 }
    }
}
