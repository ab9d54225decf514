//! The program's own messages (starts, reloads, warnings): one line each on stderr, with time and level.
//!
//! Until [`detach`] a message is written at once, so that the reason of a start that fails is never lost. From then on
//! it passes through a small queue to a thread: no worker waits for a stderr that nobody reads, and what does not fit
//! into the queue is dropped.

use crate::stamp::Stamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something is broken.
    Error,
    /// Something will break, or is not as it was meant.
    Warn,
    /// Something happened that was meant to.
    Info,
    /// For whoever looks for a fault.
    Debug,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn ",
            Level::Info => "info ",
            Level::Debug => "debug",
        }
    }
}

/// How often the same complaint may be made.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How many messages of workers may wait.
const QUEUE: usize = 256;

static SENDER: OnceLock<SyncSender<Order>> = OnceLock::new();
static LEVEL: AtomicU8 = AtomicU8::new(Level::Info as u8);
static LIMITED: Mutex<BTreeMap<&'static str, Repeat>> = Mutex::new(BTreeMap::new());

enum Order {
    Write(String),
    /// Answer when all before it is written.
    Flush(SyncSender<()>),
}

struct Repeat {
    told: Instant,
    since: u64,
}

/// Tells messages up to this level from now on; at first `Info`.
pub fn set_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// From now on messages are written by a thread, and whoever has one never waits. Before the program ends it then has
/// to call [`flush`].
pub fn detach() -> io::Result<()> {
    let (sender, orders) = sync_channel(QUEUE);
    let run = move || {
        for order in orders {
            match order {
                Order::Write(line) => write(&line),
                Order::Flush(done) => drop(done.try_send(())),
            }
        }
    };
    std::thread::Builder::new().name("log".into()).spawn(run)?;
    // A second call's thread ends with its sender.
    let _ = SENDER.set(sender);
    Ok(())
}

/// Waits until all messages are written, at most `limit`.
pub fn flush(limit: Duration) {
    let Some(sender) = SENDER.get() else { return };
    let (done, is_done) = sync_channel(1);
    if sender.try_send(Order::Flush(done)).is_ok() {
        let _ = is_done.recv_timeout(limit);
    }
}

/// Says that something is broken.
pub fn error(message: impl Display) {
    tell(Level::Error, message);
}

/// Says that something is not as it was meant.
pub fn warn(message: impl Display) {
    tell(Level::Warn, message);
}

/// Says that something happened.
pub fn info(message: impl Display) {
    tell(Level::Info, message);
}

/// Says something for whoever looks for a fault.
pub fn debug(message: impl Display) {
    tell(Level::Debug, message);
}

/// Writes one line. Bytes that would break it (newlines, terminal controls) are escaped.
pub fn tell(level: Level, message: impl Display) {
    if level as u8 <= LEVEL.load(Ordering::Relaxed) {
        put(line(level, SystemTime::now(), message));
    }
}

/// As [`tell`], but at most once a minute for each `key`; the next line says how many were left out.
pub fn limited(key: &'static str, level: Level, message: impl Display) {
    match admit(&mut LIMITED.lock(), key, Instant::now()) {
        None => {}
        Some(0) => tell(level, message),
        Some(more) => tell(level, format_args!("{message} (and {more} more like it)")),
    }
}

/// How many messages of this key were left out since the last one, if one may be told now.
fn admit(limited: &mut BTreeMap<&'static str, Repeat>, key: &'static str, now: Instant) -> Option<u64> {
    let Some(repeat) = limited.get_mut(key) else {
        limited.insert(key, Repeat { told: now, since: 0 });
        return Some(0);
    };
    if now.saturating_duration_since(repeat.told) < AGAIN_AFTER {
        repeat.since += 1;
        return None;
    }
    repeat.told = now;
    Some(std::mem::take(&mut repeat.since))
}

fn line(level: Level, time: SystemTime, message: impl Display) -> String {
    let mut stamp = Stamp::new();
    let time = String::from_utf8_lossy(stamp.rfc3339(time));
    let text = message.to_string();
    let mut line = String::with_capacity(text.len() + 40);
    let _ = write!(line, "{time} {} ", level.as_str());
    for c in text.chars() {
        match c {
            '\t' => line.push(c),
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

fn put(line: String) {
    match SENDER.get() {
        // A full queue: the line is lost.
        Some(sender) => drop(sender.try_send(Order::Write(line))),
        None => write(&line),
    }
}

fn write(line: &str) {
    // There is nobody left to tell that stderr is closed.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_whatever_the_message_holds() {
        let text = line(Level::Warn, SystemTime::UNIX_EPOCH, "a\nb\u{1b}[31m\tc\u{9b}ü");
        assert_eq!(text, "1970-01-01T00:00:00.000Z warn  a\\nb\\u{1b}[31m\tc\\u{9b}ü\n");
    }

    #[test]
    fn repeated_messages_are_told_once_a_minute_and_counted() {
        let mut limited = BTreeMap::new();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(admit(&mut limited, "a", at(0)), Some(0));
        assert_eq!(admit(&mut limited, "a", at(1)), None);
        assert_eq!(admit(&mut limited, "b", at(1)), Some(0));
        assert_eq!(admit(&mut limited, "a", at(59)), None);
        assert_eq!(admit(&mut limited, "a", at(60)), Some(2));
        assert_eq!(admit(&mut limited, "a", at(119)), None);
        assert_eq!(admit(&mut limited, "a", at(120)), Some(1));
    }
}
