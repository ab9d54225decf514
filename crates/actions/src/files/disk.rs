//! Reading what is not in memory.
//!
//! What the system has in memory a worker reads itself, which takes microseconds. What must come from a disk is read by
//! another thread (RWF_NOWAIT tells the two apart), of which there are [`READERS`] at most: a disk that hangs holds up those
//! who asked for its files, for [`LONGEST`], and nobody else. Some file systems cannot tell; of them pieces are read on the
//! worker until one takes longer than memory does, and by the other threads for a while then.

use rustix::buffer::spare_capacity;
use rustix::io::pread;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// The most threads that wait for disks.
const READERS: usize = 64;
static READING: Semaphore = Semaphore::const_new(READERS);
/// The longest that a piece may take to be read, waiting for a thread included.
const LONGEST: Duration = Duration::from_secs(30);

/// What is read at a time only to have it in memory.
const SCRAP: usize = 64 * 1024;

/// What a read from memory never takes.
const SLOW: Duration = Duration::from_millis(2);
/// How long a file system that cannot tell counts as slow after it was.
const DOUBT: u64 = 1000;

/// Whether the file system of an action's files has been slow lately.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    /// Until when it counts as slow, in milliseconds since the start.
    slow_until: AtomicU64,
}

impl Pace {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Pace { start: Instant::now(), slow_until: AtomicU64::new(0) })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Whether reads may be of a slow disk.
    pub(super) fn is_slow(&self) -> bool {
        let until = self.slow_until.load(Ordering::Relaxed);
        until > 0 && self.now() < until
    }

    /// Says how long a read took that was not known to be of memory.
    pub(super) fn took(&self, time: Duration) {
        if time > SLOW {
            self.slow_until.store(self.now() + DOUBT, Ordering::Relaxed);
        }
    }
}

/// Reads by another thread; shorter if the file is.
pub(super) async fn read(file: Arc<File>, range: Range<u64>) -> io::Result<Vec<u8>> {
    elsewhere(move || {
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        while bytes.len() < bytes.capacity() {
            let at = range.start + bytes.len() as u64;
            if pread(&*file, spare_capacity(&mut bytes), at)? == 0 {
                break;
            }
        }
        Ok(bytes)
    })
    .await
}

/// Has a part of a file in memory, by another thread.
pub(super) async fn bring(file: Arc<File>, range: Range<u64>) -> io::Result<()> {
    elsewhere(move || {
        let (mut at, mut scrap) = (range.start, vec![0; SCRAP]);
        while at < range.end {
            match pread(&*file, &mut scrap[..], at)? {
                0 => break,
                read => at += read as u64,
            }
        }
        Ok(())
    })
    .await
}

/// Does what may wait for a disk. A result that nobody waits for any more is thrown away.
pub(super) async fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = async {
        let permit = READING.acquire().await.map_err(io::Error::other)?;
        let worked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        worked.await.map_err(io::Error::other)?
    };
    let late = || io::Error::new(io::ErrorKind::TimedOut, "the disk took too long");
    tokio::time::timeout(LONGEST, done).await.map_err(|_| late())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_testkit::Folder;

    #[tokio::test]
    async fn what_is_slow_is_read_by_another_thread() {
        let folder = Folder::new();
        let content: Vec<u8> = (0..400_000).map(|at| (at % 251) as u8).collect();
        let file = Arc::new(File::open(folder.write("a", &content)).expect("a file"));
        assert!(read(Arc::clone(&file), 7..400_000).await.expect("all of it") == content[7..]);
        assert!(read(Arc::clone(&file), 399_999..500_000).await.expect("what is there") == content[399_999..]);
        bring(file, 0..500_000).await.expect("it ends where the file does");
        let pace = Pace::new();
        pace.took(SLOW);
        assert!(!pace.is_slow());
        pace.took(2 * SLOW);
        assert!(pace.is_slow());
    }
}
