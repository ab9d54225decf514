//! The repository's files as the checks see them: those that git tracks, and new ones that it does not ignore.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files by their paths, sorted.
pub(super) struct Tree {
    pub(super) root: PathBuf,
    pub(super) files: Vec<File>,
}

/// One file.
pub(super) struct File {
    /// From the root, with `/`.
    pub(super) path: String,
    /// Empty if it is no UTF-8.
    pub(super) text: String,
}

impl File {
    /// Its lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Its name without folders and extension.
    pub(super) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.split('.').next().unwrap_or(name)
    }

    /// Whether it is a source file that only tests use.
    pub(super) fn is_test(&self) -> bool {
        let mut folders = self.path.split('/');
        self.path.ends_with("/tests.rs") || folders.any(|part| matches!(part, "tests" | "benches" | "fuzz" | "testkit"))
    }
}

impl Tree {
    /// Reads the repository at `root`.
    pub(super) fn tracked(root: &Path) -> Result<Self, String> {
        let listed = Command::new("git")
            .current_dir(root)
            // In a container the checkout often belongs to another user than the one who builds.
            .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()
            .map_err(|error| format!("cannot run git: {error}"))?;
        if !listed.status.success() {
            let said = String::from_utf8_lossy(&listed.stderr);
            return Err(format!("the checks need a git checkout: {}", said.trim()));
        }
        let mut paths: Vec<String> = String::from_utf8_lossy(&listed.stdout)
            .split('\0')
            // A file that was removed but not yet from the index is no file.
            .filter(|path| !path.is_empty() && root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        paths.sort();
        paths.dedup();
        let read = |path: String| File { text: fs::read_to_string(root.join(&path)).unwrap_or_default(), path };
        Ok(Tree { root: root.to_owned(), files: paths.into_iter().map(read).collect() })
    }

    /// A tree of these files, for the checks' own tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Tree { root: PathBuf::new(), files: files.iter().map(file).collect() }
    }

    /// The file at a path.
    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether a path is a file, or a folder with files.
    pub(super) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty()
            || self
                .files
                .iter()
                .any(|file| file.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    /// Whether git is told to leave a path alone; patterns with a place (`/bench/out`) only.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let below = |pattern: &str| {
            let rest = pattern.strip_prefix('/').and_then(|folder| path.strip_prefix(folder.trim_end_matches('/')));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.get(".gitignore").is_some_and(|file| file.text.lines().any(below))
    }

    /// The files below a folder (`"crates/"`) whose names end so.
    pub(super) fn below(&self, folder: &str, end: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.path.starts_with(folder) && file.path.ends_with(end))
    }
}
