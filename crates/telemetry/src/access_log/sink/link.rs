//! The way to a syslog. Names are looked up and connections made by a thread that ends with that, so that the log's own
//! thread stays at hand; what is to be sent waits meanwhile, within the log's bound. Records come as messages behind their
//! lengths ([`messages`]).

mod connect;

use super::super::syslog::Address;
use super::Progress;
use connect::{Socket, connect};
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

/// How long to leave a syslog alone that could not be reached: the first time, and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A connection that takes nothing for so long is given up.
const STALLED: Duration = Duration::from_secs(10);
/// How often the name of a syslog over UDP is looked up again: nothing else would tell that it has moved.
const RENEW: Duration = Duration::from_secs(60);
/// About how much is sent at once over a connection.
const BATCH: usize = 64 * 1024;
/// Before each message stands its length.
const LENGTH: usize = 4;

/// The messages in the log's buffer.
pub(super) fn messages(mut records: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = records.split_first_chunk::<LENGTH>()?;
        let (message, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        records = rest;
        Some(message)
    })
}

/// The way to a syslog.
pub(super) struct Link {
    to: Address,
    socket: Option<Socket>,
    /// Another socket is being made.
    making: Option<Receiver<io::Result<Socket>>>,
    /// Not to be tried again before.
    not_before: Option<Instant>,
    pause: Duration,
    /// When the socket was made, or last took something.
    moved: Instant,
    made: Instant,
    /// Messages as they go over a connection, from the first that has not gone whole.
    batch: Vec<u8>,
    /// How much of it has gone.
    gone: usize,
    /// How long each of them is in it.
    parts: Vec<usize>,
}

impl Link {
    pub(super) fn new(to: Address) -> Self {
        let now = Instant::now();
        Link {
            to,
            socket: None,
            making: None,
            not_before: None,
            pause: PAUSE,
            moved: now,
            made: now,
            batch: Vec::new(),
            gone: 0,
            parts: Vec::new(),
        }
    }

    /// What to wait for where it takes no more.
    pub(super) fn full(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(Socket::as_fd)
    }

    /// Gives up what was begun; how many messages that loses.
    pub(super) fn abandon(&mut self) -> u64 {
        self.batch.clear();
        self.gone = 0;
        self.parts.drain(..).count() as u64
    }

    pub(super) fn write(&mut self, records: &[u8], now: Instant) -> Progress {
        let mut progress = Progress::default();
        if let Err(error) = self.look(now) {
            progress.error = Some(format!("{error}; records wait for it"));
        }
        match &self.socket {
            None => {}
            Some(socket) if socket.is_connection() => self.stream(records, now, &mut progress),
            Some(_) => self.datagrams(records, now, &mut progress),
        }
        progress.waits = !self.batch.is_empty();
        progress
    }

    /// Takes a socket that is made, and has one made where there is none or where it is time for another.
    fn look(&mut self, now: Instant) -> io::Result<()> {
        match self.making.as_ref().map(Receiver::try_recv) {
            Some(Ok(Ok(socket))) => {
                self.making = None;
                self.socket = Some(socket);
                (self.moved, self.made, self.pause) = (now, now, PAUSE);
            }
            Some(Ok(Err(error))) => {
                self.making = None;
                self.pause(now);
                return Err(error);
            }
            Some(Err(TryRecvError::Disconnected)) => self.making = None,
            Some(Err(TryRecvError::Empty)) | None => {}
        }
        let wants = match &self.socket {
            None => true,
            Some(_) => self.to.may_move() && now.saturating_duration_since(self.made) >= RENEW,
        };
        if wants && self.making.is_none() && self.not_before.is_none_or(|then| now >= then) {
            self.making = Some(connect(self.to.clone())?);
        }
        Ok(())
    }

    /// Leaves it alone for a while, each time for longer.
    fn pause(&mut self, now: Instant) {
        self.not_before = now.checked_add(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// The connection is no good any more: what has not gone whole goes over the next one.
    fn broken(&mut self, now: Instant) {
        self.socket = None;
        self.gone = 0;
        self.pause(now);
    }

    fn datagrams(&mut self, records: &[u8], now: Instant, progress: &mut Progress) {
        let Some(socket) = &self.socket else { return };
        for message in messages(records) {
            let mut sent = socket.send(message);
            if let Err(error) = &sent
                && error.kind() == ErrorKind::ConnectionRefused
                && matches!(self.to, Address::Udp(..))
            {
                // Told of a message before this one, which found nobody.
                progress.lost += 1;
                progress.error = Some("nobody takes datagrams there".to_owned());
                sent = socket.send(message);
            }
            match sent {
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return,
                Err(error) if is_of_message(&error) => {
                    progress.lost += 1;
                    progress.error = Some(error.to_string());
                }
                Err(error) => {
                    progress.error = Some(format!("{error}; records wait for it"));
                    return self.broken(now);
                }
            }
            progress.taken += LENGTH + message.len();
        }
    }

    fn stream(&mut self, records: &[u8], now: Instant, progress: &mut Progress) {
        loop {
            if self.gone == self.batch.len() {
                self.batch.clear();
                self.parts.clear();
                self.gone = 0;
                progress.taken += self.fill(&records[progress.taken..]);
                if self.batch.is_empty() {
                    return;
                }
            }
            let Some(socket) = &self.socket else { return };
            let sent = match socket.is_closed() {
                true => Err(ErrorKind::ConnectionAborted.into()),
                false => socket.send(&self.batch[self.gone..]),
            };
            match sent {
                Ok(more) => {
                    self.moved = now;
                    self.went(more);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if now.saturating_duration_since(self.moved) < STALLED {
                        return;
                    }
                    progress.error = Some(format!("it takes nothing for {STALLED:?}; records wait for it"));
                    return self.broken(now);
                }
                Err(error) => {
                    progress.error = Some(format!("{error}; records wait for it"));
                    return self.broken(now);
                }
            }
        }
    }

    /// Takes messages into the batch; says how many bytes of the records they are.
    fn fill(&mut self, records: &[u8]) -> usize {
        let counts = matches!(self.to, Address::Tcp(..));
        let mut taken = 0;
        for message in messages(records) {
            if self.batch.len() >= BATCH {
                break;
            }
            let before = self.batch.len();
            if counts {
                self.batch.extend_from_slice(itoa::Buffer::new().format(message.len()).as_bytes());
                self.batch.push(b' ');
            }
            self.batch.extend_from_slice(message);
            if !counts {
                // A stream of this machine has no lengths (RFC 6587 3.4.2).
                self.batch.push(b'\n');
            }
            self.parts.push(self.batch.len() - before);
            taken += LENGTH + message.len();
        }
        taken
    }

    /// So many bytes more have gone: forgets the messages that have gone whole.
    fn went(&mut self, more: usize) {
        self.gone += more;
        let mut whole = 0;
        let done = self.parts.iter().take_while(|&&part| {
            let fits = whole + part <= self.gone;
            whole += if fits { part } else { 0 };
            fits
        });
        let done = done.count();
        self.parts.drain(..done);
        self.batch.drain(..whole);
        self.gone -= whole;
    }
}

/// Whether an error is about one message, and the next may well be sent.
fn is_of_message(error: &io::Error) -> bool {
    let code = rustix::io::Errno::from_io_error(error);
    matches!(code, Some(rustix::io::Errno::MSGSIZE | rustix::io::Errno::NOBUFS | rustix::io::Errno::PERM))
}
