//! The content of files as it is asked for: small ones at once, large ones piece by piece, never as a whole in memory.
//! Who waits for what is not in memory is said in `disk.rs`.

use super::disk::{Pace, bring, read};
use bytes::Bytes;
use pintle_core::step::BoxFuture;
use pintle_core::{Body, BodyError, BodySource, Fault, Frame, Stretch};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, ReadWriteFlags, pread, preadv2};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// Content up to this many bytes is read before its head is sent, and goes out with it.
const SMALL: u64 = 64 * 1024;
/// What goes out with the head of larger content.
const FIRST: u64 = 16 * 1024;
/// What is read of it at a time.
const PIECE: u64 = 64 * 1024;
/// What is sent past our buffers at a time, and what is looked for in memory at once.
const AHEAD: u64 = 1024 * 1024;
/// How far apart in it are the bytes that are looked for: a disk's pages come and go by runs.
const STEP: usize = 256 * 1024;
/// What one taker gets before others of the worker have their turn.
const TURN: u64 = 1024 * 1024;

/// A part of content.
#[derive(Debug)]
pub(super) enum Part {
    /// Text of ours between parts of a file.
    Text(Bytes),
    /// From a first to behind a last byte of the file.
    File(Range<u64>),
}

/// The content `range` of a file that is to be sent in one piece, if it is small: read whole. None if the file is shorter.
pub(super) async fn small(file: &Arc<File>, range: Range<u64>, pace: &Pace) -> io::Result<Option<Bytes>> {
    let length = range.end - range.start;
    let mut bytes = vec![0; length as usize];
    let got = match preadv2(file, &mut [IoSliceMut::new(&mut bytes)], range.start, ReadWriteFlags::NOWAIT) {
        Ok(got) => got,
        Err(Errno::AGAIN) => 0,
        Err(Errno::OPNOTSUPP | Errno::NOSYS) if !pace.is_slow() => {
            let start = Instant::now();
            let got = pread(file, &mut bytes[..], range.start)?;
            pace.took(start.elapsed());
            got
        }
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => 0,
        Err(error) => return Err(error.into()),
    };
    // The rest of it is elsewhere, or is not.
    if (got as u64) < length {
        bytes = read(Arc::clone(file), range).await?;
    }
    Ok((bytes.len() as u64 == length).then(|| bytes.into()))
}

/// Whether content is read before its head is sent.
pub(super) const fn is_small(length: u64) -> bool {
    length <= SMALL
}

/// Content made of these parts of a file, to be read as it is taken.
pub(super) fn large(file: Arc<File>, parts: Vec<Part>, pace: Arc<Pace>) -> Body {
    let length = parts.iter().map(|part| match part {
        Part::Text(text) => text.len() as u64,
        Part::File(range) => range.end - range.start,
    });
    let length = length.sum();
    let content =
        Content { file, parts: parts.into(), pace, work: None, there_until: 0, given: None, turn: 0, is_first: true };
    Body::stream(content, Some(length))
}

struct Content {
    file: Arc<File>,
    parts: VecDeque<Part>,
    pace: Arc<Pace>,
    work: Option<Work>,
    /// Up to where the file was found in memory, or brought there.
    there_until: u64,
    /// When a stretch was given of a file system that cannot tell.
    given: Option<Instant>,
    /// What has gone out since others had their turn.
    turn: u64,
    is_first: bool,
}

/// What another thread does.
enum Work {
    /// Reads what comes next.
    Read(BoxFuture<'static, io::Result<Vec<u8>>>),
    /// Has the system read it into memory.
    Bring(BoxFuture<'static, io::Result<()>>),
}

/// Where bytes of the file are.
enum There {
    Memory,
    Disk,
    /// The file system cannot tell.
    Unknown,
}

impl Content {
    /// Where what comes next is, and up to where that is known, `piece` bytes at most.
    fn look(&mut self, piece: u64) -> Option<(Range<u64>, There)> {
        let Some(Part::File(range)) = self.parts.front() else { return None };
        let (at, end) = (range.start, range.end);
        let piece = end.min(at + piece);
        if at < self.there_until {
            return Some((at..piece.min(self.there_until), There::Memory));
        }
        let ahead = end.min(at + AHEAD);
        for byte in (at..ahead).step_by(STEP).chain([ahead - 1]) {
            match preadv2(&*self.file, &mut [IoSliceMut::new(&mut [0])], byte, ReadWriteFlags::NOWAIT) {
                Ok(_) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) if self.pace.is_slow() => return Some((at..piece, There::Disk)),
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Some((at..piece, There::Unknown)),
                // An error shows when it is read.
                Err(_) => return Some((at..piece, There::Disk)),
            }
        }
        self.there_until = ahead;
        Some((at..piece, There::Memory))
    }

    /// Passes over bytes of the first part, which is of the file.
    fn pass(&mut self, bytes: u64) {
        self.is_first = false;
        if let Some(Part::File(range)) = self.parts.front_mut() {
            range.start += bytes;
            if range.is_empty() {
                self.parts.pop_front();
                self.there_until = 0;
            }
        }
    }

    fn frame(&mut self, bytes: Vec<u8>) -> Poll<Option<Result<Frame, BodyError>>> {
        if bytes.is_empty() {
            // It has become shorter: what was promised is not there.
            return Poll::Ready(Some(Err(BodyError::gateway(Fault::Closed))));
        }
        self.turn += bytes.len() as u64;
        self.pass(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::Data(bytes.into()))))
    }

    /// Waits for the other thread; what it has read, if it was to read.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, BodyError>> {
        let done = match &mut self.work {
            None => Ok(None),
            Some(Work::Read(read)) => ready!(read.as_mut().poll(cx)).map(Some),
            Some(Work::Bring(brought)) => ready!(brought.as_mut().poll(cx)).map(|()| None),
        };
        self.work = None;
        Poll::Ready(done.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => BodyError::gateway(Fault::TimedOut),
            _ => BodyError::gateway(Fault::Closed),
        }))
    }
}

impl BodySource for Content {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        loop {
            match ready!(self.poll_work(cx)) {
                Ok(Some(bytes)) => return self.frame(bytes),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            if self.turn >= TURN {
                self.turn = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Some((range, there)) = self.look(if self.is_first { FIRST } else { PIECE }) else {
                let Some(Part::Text(text)) = self.parts.pop_front() else { return Poll::Ready(None) };
                return Poll::Ready(Some(Ok(Frame::Data(text))));
            };
            if matches!(there, There::Disk) {
                self.work = Some(Work::Read(Box::pin(read(Arc::clone(&self.file), range))));
                continue;
            }
            let start = matches!(there, There::Unknown).then(Instant::now);
            let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
            let done = pread(&*self.file, spare_capacity(&mut bytes), range.start);
            if let Some(start) = start {
                self.pace.took(start.elapsed());
            }
            return match done {
                Ok(_) => self.frame(bytes),
                Err(_) => Poll::Ready(Some(Err(BodyError::gateway(Fault::Closed)))),
            };
        }
    }

    fn poll_stretch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Stretch<'_>, BodyError>>> {
        let (range, there) = loop {
            // What is read already comes as a frame.
            if matches!(self.work, Some(Work::Read(_))) {
                return Poll::Ready(None);
            }
            if let Err(error) = ready!(self.poll_work(cx)) {
                return Poll::Ready(Some(Err(error)));
            }
            match self.look(AHEAD) {
                None => return Poll::Ready(None),
                Some((range, There::Disk)) => {
                    self.there_until = range.end;
                    self.work = Some(Work::Bring(Box::pin(bring(Arc::clone(&self.file), range))));
                }
                Some(found) => break found,
            }
        };
        self.given = matches!(there, There::Unknown).then(Instant::now);
        let length = (range.end - range.start) as usize;
        Poll::Ready(Some(Ok(Stretch { file: &self.file, at: range.start, length })))
    }

    fn sent(&mut self, bytes: usize) {
        if let Some(given) = self.given.take() {
            self.pace.took(given.elapsed());
        }
        self.pass(bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_testkit::Folder;
    use std::future::poll_fn;

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at / 251 + at) as u8).collect()
    }

    fn file(folder: &Folder, content: &[u8]) -> Arc<File> {
        Arc::new(File::open(folder.write("a", content)).expect("a file"))
    }

    async fn frames(body: &mut Body) -> Result<Vec<u8>, BodyError> {
        let mut all = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame? {
                Frame::Data(data) => {
                    assert!(!data.is_empty() && data.len() as u64 <= PIECE);
                    all.extend(data);
                }
                Frame::Trailers(_) => panic!("trailers"),
            }
        }
        Ok(all)
    }

    #[tokio::test]
    async fn parts_come_in_order_and_in_pieces() {
        let folder = Folder::new();
        let content = bytes(3 * 1024 * 1024);
        let parts = || {
            vec![
                Part::Text("one".into()),
                Part::File(1_000_000..2_500_000),
                Part::Text("two".into()),
                Part::File(5..6),
                Part::File(0..content.len() as u64),
            ]
        };
        let wanted = [b"one", &content[1_000_000..2_500_000], b"two", &content[5..6], &content].concat();
        let file = file(&folder, &content);
        let mut body = large(Arc::clone(&file), parts(), Pace::new());
        assert_eq!(body.length(), Some(wanted.len() as u64));
        assert!(frames(&mut body).await.expect("all of it") == wanted);
        // The same where a part is sent from the file.
        let mut body = large(file, parts(), Pace::new());
        let mut all = Vec::new();
        loop {
            let sent =
                poll_fn(|cx| body.poll_stretch(cx).map(|next| next.map(|one| one.map(|one| (one.at, one.length)))));
            if let Some(stretch) = sent.await {
                let (at, length) = stretch.expect("a stretch");
                assert!((1..=AHEAD as usize).contains(&length));
                // A taker may send less than it was given.
                let sent = length.div_ceil(2);
                all.extend(&content[at as usize..at as usize + sent]);
                body.sent(sent);
            } else if let Some(frame) = body.frame().await {
                let Ok(Frame::Data(data)) = frame else { panic!("no frame") };
                all.extend(data);
            } else {
                break;
            }
        }
        assert!(all == wanted);
    }

    #[tokio::test]
    async fn a_file_that_becomes_shorter_is_an_error_never_an_end() {
        let folder = Folder::new();
        let content = bytes(200_000);
        let file = file(&folder, &content);
        let mut body = large(Arc::clone(&file), vec![Part::File(0..200_000)], Pace::new());
        assert!(matches!(body.frame().await, Some(Ok(Frame::Data(_)))));
        File::options().write(true).open(folder.at("a")).expect("a file").set_len(50_000).expect("it is shorter");
        assert_eq!(frames(&mut body).await, Err(BodyError::gateway(Fault::Closed)));
        assert!(matches!(small(&file, 0..60_000, &Pace::new()).await, Ok(None)));
        assert!(matches!(small(&file, 0..50_000, &Pace::new()).await, Ok(Some(_))));
    }
}
