//! Opening a name below a folder where the system cannot promise to stay there: segment by segment, each without following
//! a link, and links resolved here. For Linux before 5.6, and sandboxes that close `openat2`.

use rustix::fs::{FileType, Mode, OFlags, fstat, openat, readlinkat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The most links on the way to one file, as Linux has it.
const MOST_LINKS: usize = 40;

/// How to open a folder on the way.
const PASS: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens `name` below `root`. A link that leads out of it, or names anything from `/` on, is XDEV, as
/// `openat2` has it.
pub(super) fn open(root: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut walk = Walk { root, passed: Vec::new(), links: 0 };
    // What is still to be passed, the next segment last.
    let mut ahead: Vec<Vec<u8>> = Vec::new();
    walk.put(&mut ahead, name);
    while let Some(segment) = ahead.pop() {
        match &*segment {
            b"." => {}
            // Each `..` takes one step back that was made: nothing else leads up, and none above the root.
            b".." => drop(walk.passed.pop().ok_or(Errno::XDEV)?),
            _ => {
                let is_last = ahead.is_empty();
                let how = if is_last { flags | OFlags::NOFOLLOW } else { PASS };
                match openat(walk.here(), &*segment, how, Mode::empty()) {
                    // O_PATH opens the link itself.
                    Ok(fd) if is_last && is_link(&fd)? => walk.follow(&segment, &mut ahead)?,
                    Ok(fd) if is_last => return Ok(fd),
                    Ok(fd) => walk.passed.push(fd),
                    Err(error @ (Errno::LOOP | Errno::NOTDIR)) => {
                        walk.follow(&segment, &mut ahead)
                            .map_err(|why| if why == Errno::INVAL { error } else { why })?;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    openat(walk.here(), ".", flags, Mode::empty())
}

fn is_link(fd: &OwnedFd) -> Result<bool, Errno> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Symlink)
}

struct Walk<'r> {
    root: BorrowedFd<'r>,
    passed: Vec<OwnedFd>,
    links: usize,
}

impl Walk<'_> {
    fn here(&self) -> BorrowedFd<'_> {
        self.passed.last().map_or(self.root, AsFd::as_fd)
    }

    /// Puts where a link leads in its place; INVAL where it is none.
    fn follow(&mut self, segment: &[u8], ahead: &mut Vec<Vec<u8>>) -> Result<(), Errno> {
        let target = readlinkat(self.here(), segment, Vec::new())?;
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Errno::LOOP);
        }
        let target = target.to_bytes();
        if target.starts_with(b"/") {
            return Err(Errno::XDEV);
        }
        self.put(ahead, target);
        Ok(())
    }

    fn put(&self, ahead: &mut Vec<Vec<u8>>, name: &[u8]) {
        // A folder's name may end in a slash.
        if name.ends_with(b"/") {
            ahead.push(b".".to_vec());
        }
        let segments = name.split(|&byte| byte == b'/').filter(|segment| !segment.is_empty());
        ahead.extend(segments.rev().map(<[u8]>::to_vec));
    }
}
