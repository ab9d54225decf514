//! A terminal with the program at it: what it shows, what is typed, and whether typing is shown.

mod screen;

use crate::process::{Finished, Process};
use crate::wait::{LIMIT, within};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
pub use screen::Screen;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::sync::watch;

/// The program with its stdin and stderr at a terminal, as a person uses it; its stdout is apart, or at the terminal too.
pub struct Terminal {
    process: Process,
    master: File,
    shown: watch::Sender<Vec<u8>>,
    /// Held open, so that what was shown is not lost when the program ends.
    slave: File,
}

impl Terminal {
    /// Starts the program in `folder` with these arguments.
    ///
    /// # Panics
    /// When there is no terminal to be had.
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        Self::begin(folder, args, &[], |_| Stdio::piped())
    }

    /// The same with its stdout at the terminal, which has so many columns and rows, and with these variables.
    pub fn start_on_screen(folder: &Path, args: &[&str], env: &[(&str, &str)], size: (u16, u16)) -> Self {
        Self::begin(folder, args, env, |slave| {
            resize(slave, size);
            Stdio::from(clone(slave))
        })
    }

    fn begin(folder: &Path, args: &[&str], env: &[(&str, &str)], stdout: impl FnOnce(&File) -> Stdio) -> Self {
        let (master, path) = open().unwrap_or_else(|error| panic!("no terminal: {error}"));
        let slave = OpenOptions::new().read(true).write(true).open(&path);
        let slave = slave.unwrap_or_else(|error| panic!("no terminal {}: {error}", path.display()));
        let at = [Stdio::from(clone(&slave)), stdout(&slave), Stdio::from(clone(&slave))];
        let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let process = Process::start_at(folder, args, &env, at);
        let shown = watch::Sender::new(Vec::new());
        let (writer, mut reader) = (shown.clone(), clone(&master));
        std::thread::spawn(move || {
            let mut piece = [0; 1024];
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                writer.send_modify(|shown| shown.extend_from_slice(&piece[..count]));
            }
        });
        Terminal { process, master, shown, slave }
    }

    /// What is on the screen now.
    pub fn screen(&self) -> Screen {
        Screen::of(&self.shown.borrow())
    }

    /// Waits until the screen is so; gives it.
    ///
    /// # Panics
    /// When it is not so in time, with what is on it.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Screen) -> bool) -> Screen {
        let mut shown = self.shown.subscribe();
        let seen = shown.wait_for(|shown| is_so(&Screen::of(shown)));
        // What was waited for is lent, and nothing more is shown until it is given back.
        let in_time = tokio::time::timeout(LIMIT, seen).await.is_ok();
        assert!(in_time, "waited {LIMIT:?} for {what} on the screen:\n{}", self.screen());
        self.screen()
    }

    /// Gives the terminal another size, and tells the program as a terminal does.
    pub fn resize(&self, size: (u16, u16)) {
        resize(&self.slave, size);
        self.signal(Signal::WINCH);
    }

    /// Whether the program is stopped.
    pub fn is_stopped(&self) -> bool {
        self.process.is_stopped()
    }

    /// All that was shown so far, with what the terminal itself shows of what is typed.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.borrow()).into_owned()
    }

    /// Waits until this is shown `times` times.
    pub async fn shows(&self, part: &str, times: usize) {
        let mut shown = self.shown.subscribe();
        let seen = shown.wait_for(|shown| String::from_utf8_lossy(shown).matches(part).count() >= times);
        let _ = within(format!("{part:?} on the terminal"), seen).await;
    }

    /// Types.
    ///
    /// # Panics
    /// When the terminal takes nothing.
    pub fn types(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap_or_else(|error| panic!("cannot type: {error}"));
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        tcgetattr(&self.slave).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ECHO))
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for the program's end. What it wrote to stderr was shown on the terminal.
    pub async fn ended(&self) -> Finished {
        self.process.finished().await
    }
}

fn clone(file: &File) -> File {
    file.try_clone().unwrap_or_else(|error| panic!("no terminal: {error}"))
}

fn resize(file: &File, (columns, rows): (u16, u16)) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(file, size).unwrap_or_else(|error| panic!("no size of a terminal: {error}"));
}

fn open() -> rustix::io::Result<(File, PathBuf)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let path = ptsname(&master, Vec::new())?;
    Ok((master.into(), PathBuf::from(path.to_string_lossy().into_owned())))
}
