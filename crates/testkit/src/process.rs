//! The program itself as a child: started, signalled, its output followed, its end seen.

use crate::lines::Lines;
use crate::wait::within;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use tokio::sync::watch;

/// Where the program is: `PINTLE_BIN`, else `pintle` in the folder of the build that this test belongs to.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("PINTLE_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("where is this test? {error}"));
    // TARGET/debug/deps/suite-1234 lies two levels under TARGET/debug/pintle.
    let path = test.ancestors().nth(2).unwrap_or(Path::new(".")).join("pintle");
    assert!(path.exists(), "there is no {}: run `cargo build -p pintle`, or set PINTLE_BIN", path.display());
    path
}

fn called(args: &[&str], env: &[(String, String)]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).env("NO_COLOR", "1").envs(env.iter().cloned());
    command
}

/// A started program. It is killed when dropped.
pub(crate) struct Process {
    pid: u32,
    pub(crate) out: Lines,
    pub(crate) err: Lines,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts the program in a folder.
    pub(crate) fn start(folder: &Path, args: &[&str], env: &[(String, String)]) -> Self {
        Self::spawn(called(args, env), folder)
    }

    /// Starts the program in a folder by another one, which gets its path and arguments after its own; none is no other.
    pub(crate) fn start_under(under: &[String], folder: &Path, args: &[&str], env: &[(String, String)]) -> Self {
        let [first, rest @ ..] = under else { return Self::start(folder, args, env) };
        let mut command = Command::new(first);
        command.args(rest).arg(binary()).args(args).env("NO_COLOR", "1").envs(env.iter().cloned());
        Self::spawn(command, folder)
    }

    /// Starts the program in a folder, with these bytes and no more on its stdin.
    pub(crate) fn start_with_input(folder: &Path, args: &[&str], env: &[(String, String)], input: Vec<u8>) -> Self {
        let (reader, mut writer) = std::io::pipe().unwrap_or_else(|error| panic!("no pipe: {error}"));
        // It may read less than it gets, and later than this.
        std::thread::spawn(move || writer.write_all(&input));
        Self::spawn_with(called(args, env), folder, [reader.into(), Stdio::piped(), Stdio::piped()])
    }

    /// Starts the program in a folder with its stdin, stdout and stderr elsewhere.
    pub(crate) fn start_at(folder: &Path, args: &[&str], env: &[(String, String)], at: [Stdio; 3]) -> Self {
        Self::spawn_with(called(args, env), folder, at)
    }

    /// Starts any program in a folder.
    pub(crate) fn spawn(command: Command, folder: &Path) -> Self {
        Self::spawn_with(command, folder, [Stdio::null(), Stdio::piped(), Stdio::piped()])
    }

    fn spawn_with(mut command: Command, folder: &Path, [stdin, stdout, stderr]: [Stdio; 3]) -> Self {
        command.current_dir(folder);
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let out: Box<dyn Read + Send> = match child.stdout.take() {
            Some(out) => Box::new(out),
            None => Box::new(std::io::empty()),
        };
        let err: Box<dyn Read + Send> = match child.stderr.take() {
            Some(err) => Box::new(err),
            None => Box::new(std::io::empty()),
        };
        let pid = child.id();
        let (out, err) = (Lines::follow(out), Lines::follow(err));
        Process { pid, out, err, exit: reap(child) }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // A process that has been reaped may have lent its number to another one.
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let (None, Some(pid)) = (*self.exit.borrow(), pid) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits for the program's end.
    pub(crate) async fn exit(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let what = "the program's end";
        let status = within(what, exit.wait_for(Option::is_some)).await.ok().and_then(|status| *status);
        self.out.ended().await;
        self.err.ended().await;
        status.unwrap_or_else(|| panic!("nobody waits for {what}"))
    }

    /// Whether it runs.
    pub(crate) fn runs(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Whether it is stopped, as by Ctrl-Z.
    pub(crate) fn is_stopped(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && line.contains("(stopped)"))
    }

    /// How much memory it holds, in bytes.
    pub(crate) fn rss(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse::<u64>().ok());
        kib.unwrap_or_else(|| panic!("the program does not run")) * 1024
    }
}

impl Process {
    /// How many files and sockets it has open.
    pub(crate) fn open_files(&self) -> usize {
        let entries = fs::read_dir(format!("/proc/{}/fd", self.pid));
        entries.unwrap_or_else(|error| panic!("the program does not run: {error}")).count()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Waits for the child on a thread, so that its end is seen whatever the test does meanwhile.
fn reap(mut child: Child) -> watch::Receiver<Option<ExitStatus>> {
    let (sender, receiver) = watch::channel(None);
    std::thread::spawn(move || {
        if let Ok(status) = child.wait() {
            let _ = sender.send(Some(status));
        }
    });
    receiver
}

/// A program that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Process {
    pub(crate) async fn finished(&self) -> Finished {
        let code = self.exit().await.code();
        Finished { code, stdout: self.out.text(), stderr: self.err.text() }
    }
}

/// Runs the program in `folder` with these arguments, to its end.
pub async fn pintle(folder: &Path, args: &[&str]) -> Finished {
    Process::start(folder, args, &[]).finished().await
}

/// Runs the program in `folder` with these arguments and variables, and these bytes on its stdin, to its end.
pub async fn pintle_with(folder: &Path, args: &[&str], env: &[(&str, &str)], input: impl Into<Vec<u8>>) -> Finished {
    let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Process::start_with_input(folder, args, &env, input.into()).finished().await
}
