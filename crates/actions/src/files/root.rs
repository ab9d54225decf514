//! A folder that files are served from: opened once, looked at again, and never left. What a request names is opened by
//! `openat2` below it, or segment by segment where the system has no such call (`walk.rs`).
//!
//! A deploy may put another folder in the root's place, mostly by turning a link. The path is looked at again after
//! [`LOOK`], and at once where a file is not there: what is asked for next is in the new folder then.

use super::walk;
use parking_lot::Mutex;
use pintle_core::worker;
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat2, stat};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long another folder may stand in the root's place before a request that finds its file sees it.
const LOOK: Duration = Duration::from_secs(1);

/// How to open what is only to be read. A FIFO does not wait for its writer, a terminal does not become ours.
pub(super) const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// How often `openat2` is asked that saw names move meanwhile.
const TRIES: usize = 4;

/// Something open, and what it is.
pub(super) struct Node {
    pub(super) file: File,
    pub(super) stat: Stat,
}

impl Node {
    fn new(fd: OwnedFd) -> Result<Self, Errno> {
        let stat = fstat(&fd)?;
        Ok(Node { file: File::from(fd), stat })
    }

    /// A file that a configuration names.
    pub(super) fn open(path: &[u8]) -> Result<Self, Errno> {
        Node::new(open(path, READ, Mode::empty())?)
    }

    pub(super) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }
}

/// How to stay below a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By `openat2` with RESOLVE_BENEATH.
    System,
    /// Segment by segment.
    Walk,
}

impl Way {
    /// What this system has: `openat2` came with Linux 5.6, and a sandbox may close it.
    pub(super) fn here() -> Self {
        static HERE: OnceLock<Way> = OnceLock::new();
        *HERE.get_or_init(|| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            match openat2(CWD, "/", flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS) {
                Ok(_) => Way::System,
                Err(_) => Way::Walk,
            }
        })
    }
}

/// An open folder below which names are opened.
#[derive(Clone)]
pub(super) struct Folder {
    fd: Arc<OwnedFd>,
    way: Way,
}

impl Folder {
    fn open(path: &Path, way: Way) -> Result<(Self, Id), Errno> {
        let fd = open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let id = Id::of(&fstat(&fd)?);
        Ok((Folder { fd: Arc::new(fd), way }, id))
    }

    /// What has this name below the folder; empty is the folder itself. Links are followed as long as they stay below.
    pub(super) fn node(&self, name: &[u8]) -> Result<Node, Errno> {
        let name = if name.is_empty() { b"." } else { name };
        Node::new(self.open_below(name, READ)?)
    }

    /// What it is, without opening it to be read.
    pub(super) fn look(&self, name: &[u8]) -> Result<Stat, Errno> {
        fstat(self.open_below(name, OFlags::PATH | OFlags::CLOEXEC)?)
    }

    fn open_below(&self, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let tries = if self.way == Way::System { TRIES } else { 0 };
        for _ in 0..tries {
            match openat2(self.fd.as_fd(), name, flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                opened => return opened,
            }
        }
        walk::open(self.fd.as_fd(), name, flags)
    }
}

/// Which folder it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id(u64, u64);

impl Id {
    fn of(stat: &Stat) -> Self {
        Id(stat.st_dev, stat.st_ino)
    }
}

struct Opened {
    folder: Folder,
    id: Id,
    looked: Instant,
}

/// The folder at a path, each time the one that is there.
pub(super) struct Root {
    path: PathBuf,
    way: Way,
    /// One a worker, so that the lock is never waited for.
    opened: Box<[Mutex<Option<Opened>>]>,
}

impl Root {
    pub(super) fn new(path: PathBuf, way: Way) -> Self {
        Root { path, way, opened: (0..worker::count()).map(|_| Mutex::new(None)).collect() }
    }

    /// The folder, and whether it was looked at right now.
    pub(super) fn folder(&self, now: Instant) -> Result<(Folder, bool), Errno> {
        let opened = &mut *self.own().lock();
        match opened {
            Some(known) if now.saturating_duration_since(known.looked) < LOOK => Ok((known.folder.clone(), false)),
            _ => self.look(opened, now).map(|(folder, _)| (folder, true)),
        }
    }

    /// The folder that has come in place of the known one, if one has.
    pub(super) fn another(&self, now: Instant) -> Option<Folder> {
        let (folder, is_new) = self.look(&mut self.own().lock(), now).ok()?;
        is_new.then_some(folder)
    }

    fn own(&self) -> &Mutex<Option<Opened>> {
        &self.opened[worker::index() % self.opened.len()]
    }

    fn look(&self, opened: &mut Option<Opened>, now: Instant) -> Result<(Folder, bool), Errno> {
        if let Some(known) = opened
            && stat(&self.path).is_ok_and(|there| Id::of(&there) == known.id)
        {
            known.looked = now;
            return Ok((known.folder.clone(), false));
        }
        // A root that has gone is not served from any more.
        *opened = None;
        let (folder, id) = Folder::open(&self.path, self.way)?;
        *opened = Some(Opened { folder: folder.clone(), id, looked: now });
        Ok((folder, true))
    }
}

#[cfg(test)]
mod tests;
