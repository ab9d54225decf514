//! What may be full: a pipe, a terminal, the socket that systemd gives as standard output. Somebody else may write to it
//! as well, so it keeps its mode, and is only written to where there is room.

use super::{Progress, lines, takes_more};
use rustix::net::{SendFlags, send};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// What a pipe takes at once where it takes anything (`PIPE_BUF`); what others write to it comes before or after, not within.
const PIECE: usize = 4096;

/// A pipe, a terminal or a socket.
pub(super) struct Stream {
    file: File,
    is_socket: bool,
    /// How much of the first line is written.
    begun: usize,
}

impl Stream {
    pub(super) fn new(file: File, is_socket: bool) -> Self {
        Stream { file, is_socket, begun: 0 }
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    pub(super) fn write(&mut self, records: &[u8]) -> Progress {
        let mut written = self.begun.min(records.len());
        while written < records.len() && takes_more(self.file.as_fd(), Duration::ZERO) {
            match self.put(piece(&records[written..])) {
                Ok(0) => break,
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.begun = 0;
                    let lost = lines(&records[written..]);
                    return Progress { taken: records.len(), lost, error: Some(error.to_string()), waits: false };
                }
            }
        }
        let whole = records[..written].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        self.begun = written - whole;
        Progress { taken: whole, ..Progress::default() }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.is_socket {
            true => Ok(send(&self.file, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?),
            false => self.file.write(bytes),
        }
    }
}

/// As many whole lines as make a piece; of a line that is longer, a piece.
fn piece(records: &[u8]) -> &[u8] {
    let most = &records[..records.len().min(PIECE)];
    let whole = most.iter().rposition(|&byte| byte == b'\n').map_or(most.len(), |end| end + 1);
    &most[..whole]
}
