//! The terminal: taken, and given back as it was, whatever ends the program. Owns its modes, its second screen, and the
//! signals that bear on them.

use super::live::Input;
use parking_lot::Mutex;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use rustix::process::{Signal, getpid, getsid, kill_current_process_group, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{self, BufWriter, Stdout};
use std::process::exit;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use std::{panic, thread};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

/// The second screen, cleared, without a cursor (xterm's control sequences, which all terminals know).
const TAKE: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H";
/// The first one, with its cursor, and no colours.
const GIVE_BACK: &[u8] = b"\x1b[0m\x1b[?1049l\x1b[?25h";
const CLEAR: &[u8] = b"\x1b[2J";
/// How long the program may take over its end once a signal has asked for it.
const END: Duration = Duration::from_secs(1);

/// The modes as they were before, while the terminal is taken.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

type Drawn = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// A terminal that is taken. Given back when dropped, and when any thread panics.
pub(super) struct Screen {
    terminal: Drawn,
    size: (u16, u16),
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// To end; the signal's number.
    End(i32),
    /// To stop until SIGCONT.
    Stop,
    /// To go on.
    Continue,
    /// To draw for another size.
    Resized,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn take() -> io::Result<Self> {
        let size = size();
        let terminal = terminal(size)?;
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
            if thread::current().name() != Some("main") {
                // What is left would wait for this thread for ever.
                end(101);
            }
        }));
        take()?;
        Ok(Screen { terminal, size })
    }

    /// Draws, in the size that the terminal has now.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if size() != self.size {
            self.refresh()?;
        }
        self.terminal.draw(draw).map(drop)
    }

    /// Forgets what the terminal shows, so that all is drawn. By a new one: `Terminal::clear` would ask where the cursor
    /// is, and wait for the answer among the keys.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        self.size = size();
        write(CLEAR);
        self.terminal = terminal(self.size)?;
        Ok(())
    }

    /// Stops the program as Ctrl-Z stops any other; comes back when it goes on.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        give_back();
        kill_process(getpid(), Signal::STOP)?;
        self.go_on()
    }

    /// Takes the terminal again, which others may have used.
    pub(super) fn go_on(&mut self) -> io::Result<()> {
        give_back();
        take()?;
        self.refresh()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Ctrl-Z: all of the job stops, and [`Told::Stop`] is this program's part of it. Who leads a session has nobody who
/// would let it go on.
pub(super) fn suspend() {
    if getsid(None).is_ok_and(|leader| leader != getpid()) {
        let _ = kill_current_process_group(Signal::TSTP);
    }
}

/// What draws a screen of this size, which is blank so far.
fn terminal((width, height): (u16, u16)) -> io::Result<Drawn> {
    let backend = CrosstermBackend::new(BufWriter::with_capacity(64 << 10, io::stdout()));
    // Its size is ours to know: crossterm looks for it at another terminal, if there is one.
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    Terminal::with_options(backend, TerminalOptions { viewport })
}

fn take() -> io::Result<()> {
    let modes = tcgetattr(io::stdin())?;
    let mut raw = modes.clone();
    raw.make_raw();
    *BEFORE.lock() = Some(modes);
    tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
    write(TAKE);
    Ok(())
}

/// Does nothing if the terminal is not taken.
fn give_back() {
    if let Some(modes) = BEFORE.lock().take() {
        write(GIVE_BACK);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
    }
}

/// Past what others may be writing: a lock could be held by whoever panics.
fn write(bytes: &[u8]) {
    let _ = rustix::io::write(io::stdout(), bytes);
}

/// Columns and rows; those of the first terminals where it does not know.
fn size() -> (u16, u16) {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

#[expect(clippy::disallowed_methods, reason = "no gateway runs here")]
fn end(code: i32) -> ! {
    exit(code)
}

/// Tells of signals from now on.
pub(super) fn follow(to: SyncSender<Input>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("signals cannot be watched for: {error}"))?;
    let on = |which: SignalKind| {
        let _inside = runtime.enter();
        signal(which).map_err(|error| format!("signals cannot be watched for: {error}"))
    };
    let raw = |signal: Signal| SignalKind::from_raw(signal.as_raw());
    let mut ends = Vec::new();
    for which in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        ends.push((on(raw(which))?, which.as_raw()));
    }
    let others = [
        (on(raw(Signal::TSTP))?, Told::Stop),
        (on(raw(Signal::CONT))?, Told::Continue),
        (on(raw(Signal::WINCH))?, Told::Resized),
    ];
    thread::spawn(move || {
        runtime.block_on(async move {
            for (signals, told) in others {
                tokio::spawn(pass_on(signals, told, to.clone()));
            }
            for (signals, number) in ends {
                tokio::spawn(pass_on(signals, Told::End(number), to.clone()));
            }
            std::future::pending::<()>().await;
        });
    });
    Ok(())
}

async fn pass_on(mut signals: Signals, told: Told, to: SyncSender<Input>) {
    while signals.recv().await.is_some() {
        // Who takes nothing is about to draw, or hangs in it.
        let _ = to.try_send(Input::Told(told));
        if let Told::End(number) = told {
            tokio::time::sleep(END).await;
            // A terminal that takes no more bytes must not keep the program.
            if let Some(modes) = BEFORE.lock().take() {
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
            }
            end(128 + number);
        }
    }
}
