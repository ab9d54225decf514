//! Where records go. Nothing in here waits: what a sink does not take now it takes later, or says that it never will.

mod file;
mod link;
mod stream;

use super::syslog::Syslog;
use file::LogFile;
use link::Link;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use stream::Stream;

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
    /// A syslog.
    Syslog(Box<Syslog>),
}

/// An open sink.
pub(super) struct Out {
    sink: Sink,
    to: To,
}

enum To {
    Nowhere,
    /// What always takes what it is given, or fails.
    File(LogFile),
    /// A pipe, a terminal, a socket: what may be full.
    Stream(Stream),
    Syslog(Box<Link>),
}

/// What became of records that a sink was given.
#[derive(Default)]
pub(super) struct Progress {
    /// So many bytes are dealt with, always whole records. Fewer than there are: the sink takes no more for now.
    pub(super) taken: usize,
    /// So many records are lost.
    pub(super) lost: u64,
    /// Why, or why nothing is taken.
    pub(super) error: Option<String>,
    /// Some of what is taken has not gone yet.
    pub(super) waits: bool,
}

impl Sink {
    /// What an operator calls it.
    pub(super) fn name(&self) -> String {
        match self {
            Sink::None => "nowhere".to_owned(),
            Sink::Stdout => "standard output".to_owned(),
            Sink::Stderr => "standard error".to_owned(),
            Sink::File(path) => path.display().to_string(),
            Sink::Syslog(syslog) => syslog.address.to_string(),
        }
    }
}

impl Out {
    /// Opens a sink. A syslog is always open: whether it is there is found with the first record.
    pub(super) fn open(sink: &Sink) -> io::Result<Out> {
        let to = match sink {
            Sink::None => To::Nowhere,
            // Past the standard library's buffers and locks: what is written here is whole lines already.
            Sink::Stdout => To::of(File::from(io::stdout().as_fd().try_clone_to_owned()?), None)?,
            Sink::Stderr => To::of(File::from(io::stderr().as_fd().try_clone_to_owned()?), None)?,
            Sink::File(path) => To::of(open(path)?, Some(path))?,
            Sink::Syslog(syslog) => To::Syslog(Box::new(Link::new(syslog.address.clone()))),
        };
        Ok(Out { sink: sink.clone(), to })
    }

    /// Opens a file anew under its name, now or as soon as that can be done; until then the present one stays in use.
    pub(super) fn reopen(&mut self, now: Instant) -> io::Result<()> {
        match (&mut self.to, &self.sink) {
            (To::File(file), _) => file.reopen(now),
            (To::Stream(_), Sink::File(path)) => {
                self.to = To::of(open(path)?, Some(path))?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What an operator calls it.
    pub(super) fn name(&self) -> String {
        self.sink.name()
    }

    /// Takes as many of the records as it can without waiting.
    pub(super) fn write(&mut self, records: &[u8], now: Instant) -> Progress {
        match &mut self.to {
            To::Nowhere => Progress { taken: records.len(), ..Progress::default() },
            To::File(file) => file.write(records, now),
            To::Stream(stream) => stream.write(records),
            To::Syslog(link) => link.write(records, now),
        }
    }

    /// Waits until it may take more, at most `limit`, or until the thread is woken.
    pub(super) fn wait(&self, limit: Duration) {
        let full = match &self.to {
            To::Stream(stream) => Some(stream.as_fd()),
            To::Syslog(link) => link.full(),
            To::Nowhere | To::File(_) => None,
        };
        match full {
            Some(fd) => drop(takes_more(fd, limit)),
            None => thread::park_timeout(limit),
        }
    }

    /// How many records are in these bytes.
    pub(super) fn count(&self, records: &[u8]) -> u64 {
        count(records, matches!(self.to, To::Syslog(_)))
    }

    /// Gives up what was begun: how many records that loses.
    pub(super) fn abandon(&mut self) -> u64 {
        match &mut self.to {
            To::Syslog(link) => link.abandon(),
            _ => 0,
        }
    }
}

impl To {
    fn of(file: File, path: Option<&Path>) -> io::Result<To> {
        let kind = file.metadata()?.file_type();
        let is_stream = kind.is_fifo() || kind.is_socket() || kind.is_char_device();
        Ok(match is_stream {
            true => To::Stream(Stream::new(file, kind.is_socket())),
            false => To::File(LogFile::new(file, path)),
        })
    }
}

/// How many records these are: messages behind their lengths, or lines.
pub(super) fn count(records: &[u8], are_messages: bool) -> u64 {
    if are_messages { link::messages(records).count() as u64 } else { lines(records) }
}

fn lines(records: &[u8]) -> u64 {
    records.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Whether there is room, or an error to be told of; waits for it at most `limit`.
fn takes_more(fd: BorrowedFd<'_>, limit: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let limit = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], Some(&limit)).is_ok_and(|ready| ready > 0)
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
