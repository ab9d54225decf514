//! The real program, run with a configuration of the test's.
//!
//! What it counts on: on stderr the program writes one line for each address of its listeners, in the order of the
//! configuration, `listening on 127.0.0.1:43211 (http)` or `(https)`; `admin on 127.0.0.1:PORT` if there is one; then
//! `ready`. For each change of the configuration, and for each SIGHUP, it writes `configuration N in force (by CAUSE)`
//! or, after all that is wrong, `configuration refused (by CAUSE)`, where the cause is `file`, `signal`, `admin`, `put`,
//! `rollback` or `guard`. On stdout is the access log, a JSON object a line.

pub(crate) mod setup;

use crate::ask::Ask;
use crate::folder::Folder;
use crate::gateway::setup::Setup;
use crate::h1::H1Client;
use crate::h2::client::H2Client;
use crate::h2::raw::RawH2;
use crate::message::Answer;
use crate::process::Process;
use crate::wait::until;
use crate::wire::Wire;
use rustix::process::Signal;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The name of the configuration's file.
const FILE: &str = "pintle.yaml";

/// A running gateway. It is killed when dropped; when its test fails, what it wrote is shown.
pub struct Gateway {
    process: Process,
    folder: Folder,
    listeners: Vec<(SocketAddr, bool)>,
    admin: Option<SocketAddr>,
    /// From which line of stderr on the next verdict over a configuration is awaited.
    mark: AtomicUsize,
}

/// What became of a changed configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// It is in force.
    InForce,
    /// It is not, and this was said about it.
    Refused(String),
}

impl Gateway {
    /// A gateway with this configuration, to add files to before it starts.
    pub fn with(config: impl AsRef<str>) -> Setup {
        Setup { folder: Folder::new(), env: Vec::new(), arguments: Vec::new(), under: Vec::new() }
            .file(FILE, config.as_ref())
    }

    /// Starts a gateway with this configuration.
    pub async fn start(config: impl AsRef<str>) -> Self {
        Self::with(config).start().await
    }

    /// Starts a gateway with one plain listener; `rest` is the configuration without it.
    pub async fn plain(rest: impl AsRef<str>) -> Self {
        Self::start(format!("listeners: [{{address: 127.0.0.1:0}}]\n{}", rest.as_ref())).await
    }

    /// Starts a gateway that sends all it gets to one service.
    pub async fn to(url: impl AsRef<str>) -> Self {
        Self::plain(format!("routes: [{{match: /**, proxy: \"{}\"}}]", url.as_ref())).await
    }

    /// The address of the listener at this place of the configuration (each address counts).
    pub fn address(&self, place: usize) -> SocketAddr {
        let listener = self.listeners.get(place);
        listener.unwrap_or_else(|| panic!("there are {} listeners:\n{}", self.listeners.len(), self.stderr())).0
    }

    /// All addresses, and whether each is TLS.
    pub fn listeners(&self) -> &[(SocketAddr, bool)] {
        &self.listeners
    }

    /// The admin API's address.
    pub fn admin(&self) -> SocketAddr {
        self.admin.unwrap_or_else(|| panic!("no `admin on` in:\n{}", self.stderr()))
    }

    /// A connection to the first listener.
    pub async fn wire(&self) -> Wire {
        Wire::tcp(self.address(0)).await
    }

    /// An HTTP/1.1 client of the first listener.
    pub async fn h1(&self) -> H1Client {
        H1Client::tcp(self.address(0)).await
    }

    /// An HTTP/2 client of the first listener, with prior knowledge.
    pub async fn h2(&self) -> H2Client {
        H2Client::tcp(self.address(0)).await
    }

    /// An HTTP/2 connection to the first listener, by hand.
    pub async fn raw_h2(&self) -> RawH2 {
        RawH2::tcp(self.address(0)).await
    }

    /// Sends a request on a connection of its own.
    pub async fn ask(&self, ask: Ask) -> Answer {
        self.h1().await.ask(ask).await
    }

    /// Sends a GET on a connection of its own.
    pub async fn get(&self, target: &str) -> Answer {
        self.ask(Ask::get(target)).await
    }

    /// Asks the admin API.
    pub async fn ask_admin(&self, ask: Ask) -> Answer {
        let host = self.admin().to_string();
        H1Client::tcp(self.admin()).await.ask(ask.host(&host)).await
    }

    /// The folder of the configuration.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Writes the configuration anew. The gateway sees it by itself: wait by [`Gateway::verdict`], or do not wait for
    /// that and [`Gateway::reload`].
    pub fn rewrite(&self, config: impl AsRef<str>) {
        self.file(FILE, config.as_ref());
    }

    /// Writes a file beside the configuration, whose change the gateway sees by itself too.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        self.mark.store(self.process.err.count(), Ordering::Relaxed);
        self.folder.write(name, text);
    }

    /// Asks by SIGHUP to read the configuration again, and waits for the verdict.
    pub async fn reload(&self) -> Reloaded {
        self.signal(Signal::HUP);
        // A change may have been seen before, or be seen meanwhile: this one was read after the signal.
        self.verdict_by("(by signal)").await
    }

    /// Waits for what becomes of a change.
    pub async fn verdict(&self) -> Reloaded {
        self.verdict_by("(by ").await
    }

    async fn verdict_by(&self, cause: &str) -> Reloaded {
        let start = self.mark.load(Ordering::Relaxed);
        let verdict = |line: &str| {
            let rest = line.trim().strip_prefix("configuration ").filter(|rest| rest.contains(cause))?;
            let in_force = rest.contains(" in force (by ");
            (in_force || rest.starts_with("refused")).then_some(in_force)
        };
        let (in_force, end) = self.process.err.find(start, "a verdict over the configuration", verdict).await;
        self.mark.store(end + 1, Ordering::Relaxed);
        if in_force {
            return Reloaded::InForce;
        }
        let said = self.process.err.from(start);
        Reloaded::Refused(said.get(..=end - start).unwrap_or(&said).join("\n"))
    }

    /// Writes the configuration anew, asks to read it, and takes no refusal.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn change(&self, config: impl AsRef<str>) {
        self.rewrite(config);
        assert_eq!(self.reload().await, Reloaded::InForce);
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Asks to end by SIGTERM, and does not wait.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for the end; gives the exit code, none when a signal ended it.
    pub async fn ended(&self) -> Option<i32> {
        self.process.exit().await.code()
    }

    /// Asks to end by SIGTERM and waits; gives the exit code.
    pub async fn stop(&self) -> Option<i32> {
        self.terminate();
        self.ended().await
    }

    /// Ends it at once, as a crash would, and waits for that.
    pub async fn kill(&self) {
        self.signal(Signal::KILL);
        self.ended().await;
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.process.runs()
    }

    /// Closes the reading end of its stderr, as a journal that restarts.
    pub async fn close_stderr(&self) {
        self.process.err.close_after_next();
        self.signal(Signal::HUP);
        self.process.err.ended().await;
    }

    /// What it wrote to stderr so far.
    pub fn stderr(&self) -> String {
        self.process.err.text()
    }

    /// Waits for a line on stderr that holds `part`, and gives it.
    pub async fn wait_stderr(&self, part: &str) -> String {
        let pick = |line: &str| line.contains(part).then(|| line.to_owned());
        self.process.err.find(0, format!("{part:?} on stderr"), pick).await.0
    }

    /// The access log so far.
    pub fn log_lines(&self) -> Vec<Value> {
        let lines = self.process.out.from(0);
        let parse = |line: &String| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        lines.iter().map(parse).collect()
    }

    /// Waits for a line of the access log, and gives it.
    pub async fn wait_log(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let pick = |line: &str| serde_json::from_str(line).ok().filter(|line| wanted(line));
        self.process.out.find(0, "a line of the access log", pick).await.0
    }

    /// Waits until the log has a line for this request (`x-request-id`), and gives it.
    pub async fn log_of(&self, answer: &Answer) -> Value {
        let id = answer.get("x-request-id").unwrap_or_else(|| panic!("no x-request-id in {answer:?}")).to_owned();
        self.wait_log(|line| line["pintle.request_id"] == *id).await
    }

    /// Waits until a sample of the metrics has this value or more; `series` is its name, or its name and labels, as
    /// they stand in the text.
    pub async fn wait_metric(&self, series: &str, at_least: f64) {
        until(format!("{series} to be {at_least}"), async || {
            let metrics = self.ask_admin(Ask::get("/metrics")).await.text();
            let values = metrics.lines().filter_map(|line| {
                let (name, value) = line.rsplit_once(' ')?;
                let rest = name.strip_prefix(series)?;
                (rest.is_empty() || rest.starts_with('{')).then(|| value.parse::<f64>().ok()).flatten()
            });
            (values.sum::<f64>() >= at_least).then_some(())
        })
        .await;
    }

    /// How much memory it holds, in bytes.
    pub fn rss(&self) -> u64 {
        self.process.rss()
    }

    /// How many files and sockets it has open.
    pub fn open_files(&self) -> usize {
        self.process.open_files()
    }
}

impl Drop for Gateway {
    #[expect(clippy::print_stderr, reason = "a failed test shows what the gateway said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let config = std::fs::read_to_string(self.folder.at(FILE)).unwrap_or_default();
            eprintln!("--- the configuration\n{config}\n--- stderr of the gateway\n{}", self.stderr());
        }
    }
}
