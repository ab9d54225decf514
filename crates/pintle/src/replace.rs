//! Files written whole: beside their place, then moved there in one step, so that a reader sees the old text or the new
//! one, and a full disk leaves the old.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// Replaces what is in an existing file. It keeps its permissions and, where that is allowed, its owner; a symlink stays
/// one, and what it leads to is replaced.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = fs::canonicalize(path)?;
    let before = fs::metadata(&place)?;
    if !before.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if before.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    put(&place, bytes, |file| {
        // Only root may give a file to another; who cannot has it as their own, as with any editor.
        let _ = fchown(file, Some(before.uid()), Some(before.gid()));
        // After the owner, because a change of owner takes bits away.
        file.set_permissions(before.permissions())
    })
}

fn put(place: &Path, bytes: &[u8], prepare: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let beside = beside(place);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o666).open(&beside).and_then(|mut file| {
        prepare(&file)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, place)
    });
    if written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A name in the same folder, so that the move stays within one file system. It begins with a dot and ends in no
/// configuration's ending, so that no `include` takes it.
fn beside(place: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(place.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    place.with_file_name(name)
}
