//! A file: it grows at its end, may be moved away and opened anew, removed, and its disk may be full for a while.

use super::{Progress, lines, open};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often is looked whether the file is still there, and whether one that could not be opened can.
const LOOK: Duration = Duration::from_secs(1);

/// A log file. What stands in it are whole lines: one that a full disk cut is finished before another begins.
pub(super) struct LogFile {
    /// None for standard output that leads to a file: it has no name to be opened by.
    path: Option<PathBuf>,
    /// None while there is no place to write to.
    file: Option<File>,
    /// The rest of a line that was begun.
    rest: Vec<u8>,
    looked: Option<Instant>,
    /// It is to be opened anew, and that failed so far.
    wanted: bool,
}

impl LogFile {
    pub(super) fn new(file: File, path: Option<&Path>) -> Self {
        LogFile { path: path.map(Path::to_owned), file: Some(file), rest: Vec::new(), looked: None, wanted: false }
    }

    /// Opens the file anew under its name; where that fails it is tried again once a second.
    pub(super) fn reopen(&mut self, now: Instant) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        self.looked = Some(now);
        self.wanted = true;
        let file = open(path)?;
        // The end of the last line belongs into the file that has its beginning.
        if let Some(old) = &mut self.file {
            let _ = put(old, &self.rest);
        }
        self.rest.clear();
        self.file = Some(file);
        self.wanted = false;
        Ok(())
    }

    pub(super) fn write(&mut self, records: &[u8], now: Instant) -> Progress {
        let mut error = None;
        if self.path.is_some() && self.looked.is_none_or(|looked| now.saturating_duration_since(looked) >= LOOK) {
            error = self.look(now).err().map(|error| format!("it cannot be opened anew: {error}"));
        }
        let Some(file) = &mut self.file else {
            let why = error.unwrap_or_else(|| "there is no such file any more".to_owned());
            return Progress { taken: records.len(), lost: lines(records), error: Some(why), waits: false };
        };
        let failed = match put(file, &self.rest) {
            Ok(()) => {
                self.rest.clear();
                put(file, records).err().map(|(written, why)| {
                    let begun = written > 0 && records[written - 1] != b'\n';
                    let end = records[written..].iter().position(|&byte| byte == b'\n');
                    let end = end.filter(|_| begun).map_or(written, |end| written + end + 1);
                    self.rest.extend_from_slice(&records[written..end]);
                    (end, why)
                })
            }
            Err((written, why)) => {
                self.rest.drain(..written);
                Some((0, why))
            }
        };
        let lost = failed.as_ref().map_or(0, |(from, _)| lines(&records[*from..]));
        let error = failed.map(|(_, why)| why.to_string()).or(error);
        Progress { taken: records.len(), lost, error, waits: false }
    }

    /// Sees whether somebody removed the file, in which nobody would find what is written to it, and makes it anew.
    fn look(&mut self, now: Instant) -> io::Result<()> {
        self.looked = Some(now);
        let is_gone = self.file.as_ref().is_none_or(|file| file.metadata().is_ok_and(|found| found.nlink() == 0));
        if !is_gone && !self.wanted {
            return Ok(());
        }
        let reopened = self.reopen(now);
        if reopened.is_err() && is_gone {
            self.file = None;
            self.rest.clear();
        }
        reopened
    }
}

/// Writes all of it, or says how much was written.
fn put(file: &mut File, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return Err((written, ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}
