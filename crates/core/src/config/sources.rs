//! A configuration's files: the main one, what it includes, and the one tree that they make together.

mod glob;
mod load;
mod merge;

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
