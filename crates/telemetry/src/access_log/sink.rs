//! Where the lines go, and what happens when that fails.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where an access log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sink {
    /// Nowhere.
    None,
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
    /// The end of a file, which is made if need be: readable by its owner and group.
    File(PathBuf),
}

/// How long to wait when somebody made standard output non-blocking and it is full.
const FULL: Duration = Duration::from_millis(5);

/// An open sink.
pub(super) struct Out {
    sink: Sink,
    file: Option<File>,
    /// A failed write left a line without its end.
    torn: bool,
}

/// Lines that could not be written.
pub(super) struct Lost {
    /// How many of them.
    pub(super) lines: u64,
    /// Why.
    pub(super) error: io::Error,
}

impl Out {
    /// Opens a sink.
    pub(super) fn open(sink: &Sink) -> io::Result<Out> {
        let file = match sink {
            Sink::None => None,
            // Past the standard library's buffers and locks: what is written here is whole lines already.
            Sink::Stdout => Some(File::from(io::stdout().as_fd().try_clone_to_owned()?)),
            Sink::Stderr => Some(File::from(io::stderr().as_fd().try_clone_to_owned()?)),
            Sink::File(path) => Some(open(path)?),
        };
        Ok(Out { sink: sink.clone(), file, torn: false })
    }

    /// Opens a file anew under its name; keeps the present one when that fails.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Sink::File(path) = &self.sink {
            self.file = Some(open(path)?);
        }
        Ok(())
    }

    /// Whether it takes lines and does nothing with them.
    pub(super) fn is_none(&self) -> bool {
        self.file.is_none()
    }

    /// What an operator calls it.
    pub(super) fn name(&self) -> String {
        match &self.sink {
            Sink::None => "nowhere".to_owned(),
            Sink::Stdout => "standard output".to_owned(),
            Sink::Stderr => "standard error".to_owned(),
            Sink::File(path) => path.display().to_string(),
        }
    }

    /// Writes whole lines, and waits as long as that takes. After an error the rest of them is lost.
    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Lost> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if self.torn {
            put(file, b"\n").map_err(|(_, error)| lost(lines, error))?;
            self.torn = false;
        }
        put(file, lines).map_err(|(written, error)| {
            self.torn = written > 0 && lines[written - 1] != b'\n';
            lost(&lines[written..], error)
        })
    }
}

fn lost(lines: &[u8], error: io::Error) -> Lost {
    Lost { lines: lines.iter().filter(|&&byte| byte == b'\n').count() as u64, error }
}

/// Writes all of it, or says how much was written.
#[expect(clippy::disallowed_methods, reason = "the log has a thread of its own")]
fn put(file: &mut File, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return Err((written, ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(FULL),
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640);
    // A named pipe opened for writing alone would wait for its reader, and break when the reader goes.
    if path.metadata().is_ok_and(|found| found.file_type().is_fifo()) {
        options.read(true);
    }
    options.open(path)
}
