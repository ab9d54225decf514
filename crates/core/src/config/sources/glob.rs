//! The patterns of `include`: `*` and `?` within one part of a path.

use std::path::{Component, Path, PathBuf};

/// The files that a pattern names, ordered by name, and the directories that were looked through.
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    pub(super) directories: Vec<PathBuf>,
}

/// Finds the files for a pattern that is relative to `base`. A directory that cannot be read holds nothing.
pub(super) fn find(base: &Path, pattern: &str) -> Found {
    let mut found = Found { files: vec![base.to_path_buf()], directories: Vec::new() };
    let parts: Vec<Component<'_>> = Path::new(pattern).components().collect();
    for part in parts {
        let name = part.as_os_str().to_string_lossy();
        if !name.contains(['*', '?']) {
            for path in &mut found.files {
                path.push(part);
            }
            continue;
        }
        let mut next = Vec::new();
        for directory in std::mem::take(&mut found.files) {
            next.extend(matching(&directory, &name));
            found.directories.push(directory);
        }
        found.files = next;
    }
    if found.directories.is_empty() {
        let parents = found.files.iter().filter_map(|path| path.parent());
        found.directories = parents.map(Path::to_path_buf).collect();
    }
    // A link to nothing is meant all the same: that it cannot be read is said, and not that it is not there.
    found.files.retain(|path| path.is_file() || (path.is_symlink() && !path.exists()));
    found
}

fn matching(directory: &Path, pattern: &str) -> Vec<PathBuf> {
    // The empty path is the current directory, but only to us.
    let place = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).filter(|name| fits(name, pattern)).collect();
    names.sort();
    names.into_iter().map(|name| directory.join(name)).collect()
}

fn fits(name: &std::ffi::OsStr, pattern: &str) -> bool {
    let Some(name) = name.to_str() else { return false };
    // As in a shell: what an editor or a deployment hides is not meant.
    (!name.starts_with('.') || pattern.starts_with('.')) && matches(name.as_bytes(), pattern.as_bytes())
}

/// Whether a name fits a pattern. Looks back to the last `*` alone, so the time is bounded by the product of lengths.
pub(super) fn matches(name: &[u8], pattern: &[u8]) -> bool {
    let (mut n, mut p) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((n, p));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => {
                n += 1;
                p += 1;
            }
            _ => {
                let Some((from, at)) = star else { return false };
                star = Some((from + 1, at));
                n = from + 1;
                p = at + 1;
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}
