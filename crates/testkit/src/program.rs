//! Real programs around the gateway, to hold it against readers that nobody here wrote: nginx, Node.

use crate::folder::Folder;
use crate::process::Process;
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::Command;

/// A running program that is not ours. It is killed, by its own process id, when dropped.
pub struct Program {
    name: &'static str,
    process: Process,
}

impl Program {
    /// Starts `name` in `folder`. Nothing where the program is not installed and `PINTLE_SKIP_MISSING` is set.
    ///
    /// # Panics
    /// When it is not installed, with the Debian package that has it.
    pub fn start(name: &'static str, package: &str, args: &[&str], folder: &Folder) -> Option<Self> {
        let mut command = Command::new(installed(name, package)?);
        command.args(args);
        Some(Program { name, process: Process::spawn(command, folder.path()) })
    }

    /// Runs a script by the Python that `make needs` has put beside the build, with its packages. Nothing where that could
    /// not be installed: the test passes over itself, and says so.
    #[expect(clippy::print_stderr, reason = "what a test leaves out must be seen")]
    pub fn python(script: &str, args: &[&str], folder: &Folder) -> Option<Self> {
        let test = std::env::current_exe().unwrap_or_default();
        let Some(python) = test.ancestors().map(|path| path.join("venv/bin/python")).find(|path| path.exists()) else {
            eprintln!("SKIPPED: there is no Python with its packages beside the build: run `make needs`");
            return None;
        };
        let script = folder.write("script.py", script);
        let mut command = Command::new(python);
        command.arg(script).args(args);
        Some(Program { name: "python", process: Process::spawn(command, folder.path()) })
    }

    /// Runs a script by Node with the packages of npm that `make needs` has put beside the build; their folder is its first
    /// argument. Nothing where they, or Node, could not be installed: the test passes over itself, and says so.
    #[expect(clippy::print_stderr, reason = "what a test leaves out must be seen")]
    pub fn node(script: &str, args: &[&str], folder: &Folder) -> Option<Self> {
        let test = std::env::current_exe().unwrap_or_default();
        let Some(npm) = test.ancestors().map(|path| path.join("npm")).find(|path| path.join("node_modules").exists())
        else {
            eprintln!("SKIPPED: there are no packages of npm beside the build: run `make needs`");
            return None;
        };
        let script = folder.write("script.mjs", script);
        let mut command = Command::new(installed("node", "nodejs")?);
        command.arg(script).arg(npm).args(args);
        Some(Program { name: "node", process: Process::spawn(command, folder.path()) })
    }

    /// Waits for the first line on stdout of which `pick` makes something.
    pub async fn told<T>(&self, what: &str, pick: impl FnMut(&str) -> Option<T>) -> T {
        self.process.out.find(0, format!("{what} from {}", self.name), pick).await.0
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for the end; gives what it wrote to stderr.
    pub async fn ended(&self) -> String {
        self.process.exit().await;
        self.process.err.text()
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.process.runs()
    }

    /// What it wrote to stderr so far.
    pub fn stderr(&self) -> String {
        self.process.err.text()
    }
}

/// Where a program is. Nothing where it is not installed and `PINTLE_SKIP_MISSING` is set; else panics.
#[expect(clippy::print_stderr, reason = "what a test leaves out must be seen")]
pub(crate) fn installed(name: &str, package: &str) -> Option<PathBuf> {
    let path = find(name);
    if path.is_none() {
        let remedy = format!("`{name}` is not installed: run `apt-get install {package}`");
        assert!(std::env::var_os("PINTLE_SKIP_MISSING").is_some(), "{remedy}, or set PINTLE_SKIP_MISSING");
        eprintln!("SKIPPED: {remedy}");
    }
    path
}

/// The program on the search path, or where a system's services lie.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    all.map(|folder| folder.join(name)).find(|path| path.is_file())
}
