//! A terminal with the program at it: what it shows, what is typed, and whether typing is shown.

use crate::process::{Finished, Process};
use crate::wait::within;
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::sync::watch;

/// The program with its stdin and stderr at a terminal, as a person uses it; its stdout is apart.
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
        let (master, path) = open().unwrap_or_else(|error| panic!("no terminal: {error}"));
        let slave = OpenOptions::new().read(true).write(true).open(&path);
        let slave = slave.unwrap_or_else(|error| panic!("no terminal {}: {error}", path.display()));
        let clone = |file: &File| file.try_clone().unwrap_or_else(|error| panic!("no terminal: {error}"));
        let (stdin, stderr) = (Stdio::from(clone(&slave)), Stdio::from(clone(&slave)));
        let process = Process::start_at(folder, args, stdin, stderr);
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

fn open() -> rustix::io::Result<(File, PathBuf)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let path = ptsname(&master, Vec::new())?;
    Ok((master.into(), PathBuf::from(path.to_string_lossy().into_owned())))
}
