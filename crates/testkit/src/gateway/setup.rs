//! A gateway before its start: files beside the configuration, variables of the environment.

use crate::folder::Folder;
use crate::gateway::{FILE, Gateway};
use crate::process::{Finished, Process};
use crate::program::installed;
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;

/// A gateway before its start.
pub struct Setup {
    pub(crate) folder: Folder,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) arguments: Vec<String>,
    pub(crate) under: Vec<String>,
}

impl Setup {
    /// Adds a file beside the configuration.
    pub fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        self.folder.write(name, text);
        self
    }

    /// Sets a variable of the program's environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an argument of the command line.
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts it by another program, which gets these arguments, the gateway's path and its arguments. Nothing where that
    /// one is not installed and `PINTLE_SKIP_MISSING` is set.
    pub fn under(mut self, name: &str, package: &str, arguments: &[&str]) -> Option<Self> {
        let path = installed(name, package)?;
        self.under =
            [path.display().to_string()].into_iter().chain(arguments.iter().map(|one| (*one).to_owned())).collect();
        Some(self)
    }

    fn spawn(&self) -> Process {
        let arguments = ["run", "-c", FILE].into_iter().chain(self.arguments.iter().map(|argument| &**argument));
        Process::start_under(&self.under, self.folder.path(), &arguments.collect::<Vec<_>>(), &self.env)
    }

    /// Starts the gateway and waits until it is ready.
    ///
    /// # Panics
    /// When it ends instead, with what it wrote.
    pub async fn start(self) -> Gateway {
        let process = self.spawn();
        self.ready(process).await
    }

    async fn ready(self, process: Process) -> Gateway {
        let ((), end) = process.err.find(0, "`ready`", |line| (line.trim() == "ready").then_some(())).await;
        let said = process.err.from(0);
        let listeners = said.iter().filter_map(|line| listening(line)).collect();
        let admin = said.iter().find_map(|line| line.strip_prefix("admin on ")?.trim().parse().ok());
        Gateway { process, folder: self.folder, listeners, admin, mark: AtomicUsize::new(end + 1) }
    }

    /// Starts the gateway and waits for its end, for what must not start.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn fails(self) -> Finished {
        self.spawn().finished().await
    }
}

/// Reads `listening on ADDRESS (http)`.
fn listening(line: &str) -> Option<(SocketAddr, bool)> {
    let (address, scheme) = line.trim().strip_prefix("listening on ")?.split_once(' ')?;
    Some((address.parse().ok()?, scheme == "(https)"))
}

#[cfg(test)]
mod tests;
