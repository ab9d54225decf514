//! A folder of the test's own, gone with it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, io};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A folder for temporary files, removed with all in it when dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes an empty folder.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn new() -> Self {
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            // Short, because a unix socket's path has 107 bytes at most.
            let path = std::env::temp_dir().join(format!("pintle-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Folder { path },
                // A leftover of a killed run that had the same process id.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("no folder {}: {error}", path.display()),
            }
        }
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in the folder, whether it is there or not.
    pub fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, and the folders on its way. It appears whole: written beside, then renamed, as editors and
    /// certificate tools do.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        let beside = self.at(&format!("{name}.new"));
        let written = fs::create_dir_all(path.parent().unwrap_or(&self.path))
            .and_then(|()| fs::write(&beside, text))
            .and_then(|()| fs::rename(&beside, &path));
        written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    /// Removes a file.
    ///
    /// # Panics
    /// When it can't be removed.
    pub fn remove(&self, name: &str) {
        let path = self.at(name);
        fs::remove_file(&path).unwrap_or_else(|error| panic!("cannot remove {}: {error}", path.display()));
    }
}

impl Default for Folder {
    fn default() -> Self {
        Folder::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_files_and_goes_with_its_owner() {
        let folder = Folder::new();
        let file = folder.write("deep/down/a.yaml", "a: 1");
        assert_eq!(fs::read_to_string(&file).expect("it was written"), "a: 1");
        drop(folder);
        assert!(!file.exists());
    }
}
