//! What is asked of a person at a terminal: a line, or a secret that must not be seen. Whether to ask at all, the
//! commands decide.

use pintle_core::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, Read, Write};
use std::process::exit;
use std::sync::mpsc;
use tokio::signal::unix::{SignalKind, signal};

/// Longer than any answer that makes sense.
const MOST_BYTES: u64 = 64 << 10;

/// Asks for a line. None at the end of the input.
pub(crate) fn line(prompt: &str) -> io::Result<Option<String>> {
    show(prompt)?;
    let mut text = String::new();
    let count = io::stdin().lock().take(MOST_BYTES).read_line(&mut text)?;
    Ok((count > 0).then(|| text.trim().to_owned()))
}

/// Asks for a secret, which the terminal does not show. Afterwards the terminal is as it was, also after Ctrl-C.
pub(crate) fn secret(prompt: &str) -> io::Result<Secret> {
    let silence = Silence::begin()?;
    let asked = show(prompt).and_then(|()| {
        let mut bytes = Vec::with_capacity(MOST_BYTES as usize);
        io::stdin().lock().take(MOST_BYTES).read_until(b'\n', &mut bytes)?;
        Ok(without_line_end(bytes))
    });
    drop(silence);
    // The line end that was typed was not shown either.
    show("\n")?;
    asked
}

/// All of the standard input as a secret, without one line end; at most `most` bytes and one more are read.
pub(crate) fn piped_secret(most: usize) -> io::Result<Secret> {
    // Room for a line end beyond the bound, and at once: growing would leave copies behind.
    let most = most as u64 + 3;
    let mut bytes = Vec::with_capacity(most as usize);
    io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    Ok(without_line_end(bytes))
}

fn without_line_end(bytes: Vec<u8>) -> Secret {
    let secret = Secret::from(bytes);
    let bytes = secret.expose_bytes();
    let line = bytes.strip_suffix(b"\n").map_or(bytes, |line| line.strip_suffix(b"\r").unwrap_or(line));
    if line.len() == bytes.len() { secret } else { Secret::from(line.to_vec()) }
}

fn show(text: &str) -> io::Result<()> {
    let mut stderr = io::stderr();
    stderr.write_all(text.as_bytes())?;
    stderr.flush()
}

/// A terminal that does not show what is typed, until this is dropped or the program is interrupted.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        restore_on_interrupt(before.clone());
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Silence(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Ctrl-C ends the program without dropping anything, and would leave the terminal silent. Comes back once it is watched
/// for.
#[expect(clippy::disallowed_methods, reason = "no gateway runs here")]
fn restore_on_interrupt(before: Termios) {
    let (watching, watched) = mpsc::channel();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let Ok(mut interrupt) = signal(SignalKind::interrupt()) else { return };
            let _ = watching.send(());
            interrupt.recv().await;
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
            let _ = show("\n");
            // What a shell gives for a program that SIGINT ended.
            exit(130);
        });
    });
    // An error is a thread that ended: then Ctrl-C does what it does to other programs.
    let _ = watched.recv();
}
