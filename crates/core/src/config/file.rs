//! Reading the files that a configuration names: files alone, so that a pipe holds nobody up, and never more than is
//! asked for, so that a device without an end takes no memory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What no certificate, key, page or list of a configuration needs.
pub const FILE_LIMIT: u64 = 64 << 20;

/// Opens a file; what is none is an error at once.
pub fn open_file(path: &Path) -> io::Result<File> {
    // Without it, opening a pipe waits for who writes into it.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    Ok(file)
}

/// The whole of a file of at most `most` bytes.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {} KiB", most / 1024)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_or_too_large_is_refused_at_once() {
        assert!(read_file(Path::new("/dev/zero"), 10).is_err_and(|error| error.to_string().contains("not a file")));
        let here = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        assert!(read_file(here, 10).is_err_and(|error| error.to_string().contains("larger")));
        assert!(read_file(here, FILE_LIMIT).is_ok_and(|bytes| bytes.starts_with(b"[package]")));
        let pipe = std::env::temp_dir().join(format!("pintle-pipe-{}", std::process::id()));
        let name = std::ffi::CString::new(pipe.as_os_str().as_encoded_bytes()).expect("a name");
        let made = std::process::Command::new("mkfifo").arg(name.to_str().expect("a text")).status();
        if made.is_ok_and(|status| status.success()) {
            assert!(read_file(&pipe, 10).is_err_and(|error| error.to_string().contains("not a file")));
            let _ = std::fs::remove_file(&pipe);
        }
    }
}
