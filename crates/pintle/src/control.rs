//! The configuration's life in the program: read, checked whole, put in force or refused.

use crate::check::report;
use crate::inputs::Inputs;
use crate::needs;
use crate::run::{Around, say, tell_opened};
use crate::status::{self, Change};
use crate::watch::{Again, Watched};
use parking_lot::Mutex;
use pintle_admin::{Access, Control};
use pintle_config::{Checked, Document, World, assemble, load};
use pintle_core::worker;
use pintle_engine::Server;
use pintle_engine::socket::Address;
use pintle_engine::tls::Tls;
use pintle_telemetry::{Metrics, log};
use sd_notify::NotifyState;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// What reloads.
pub(crate) struct Controller {
    path: PathBuf,
    around: Around,
    pub(crate) server: Server,
    pub(crate) metrics: Arc<Metrics>,
    tls: Arc<Tls>,
    /// Where the admin API listens, until the end of the process.
    admin: Option<Address>,
    /// Held from before the files are read until what they say is in force: an older text never comes after a newer.
    changing: Mutex<Changing>,
    state: Mutex<State>,
}

/// What was seen so far.
struct Changing {
    in_force: Inputs,
    /// What was refused last: it is not news until it changes again.
    refused: Option<Inputs>,
    /// What is wrong with certificates' files, and whether it was told. A certificate and its key are two files: what
    /// is wrong between the writing of the one and of the other is not told, so each fault has to be seen twice.
    broken: Vec<(String, bool)>,
}

/// What others may ask for at any time.
struct State {
    change: Change,
    watched: Watched,
    access: Arc<Access>,
}

/// What a controller begins with.
pub(crate) struct Started {
    pub(crate) server: Server,
    pub(crate) tls: Arc<Tls>,
    pub(crate) admin: Option<Address>,
    pub(crate) access: Access,
    pub(crate) took_ms: u64,
}

impl Controller {
    pub(crate) fn new(path: &Path, around: Around, document: &Document, checked: &Checked, started: Started) -> Self {
        let Started { server, tls, admin, access, took_ms } = started;
        let metrics = Arc::clone(&server.gateway().metrics);
        metrics.reloaded("1", SystemTime::now());
        let change = Change { version: 1, at: SystemTime::now(), by: "start", took_ms, refused: None };
        let in_force = Inputs::of(checked, Some(document));
        let watched = watched(path, checked, Some(document), &server);
        Controller {
            path: path.to_owned(),
            around,
            server,
            metrics,
            tls,
            admin,
            changing: Mutex::new(Changing { in_force, refused: None, broken: Vec::new() }),
            state: Mutex::new(State { change, watched, access: Arc::new(access) }),
        }
    }

    /// What a watcher looks at.
    pub(crate) fn watched(&self) -> Watched {
        self.state.lock().watched.clone()
    }

    /// Looks whether files have changed, and takes what has: certificates alone, or all of it. Says when to look again
    /// if nothing happens.
    pub(crate) fn look(&self) -> Again {
        let mut changing = self.changing.lock();
        let checked = load(&self.path);
        let inputs = Inputs::of(&checked, checked.document.as_ref());
        if inputs.is_same_configuration(&changing.in_force) {
            if changing.refused.take().is_some() {
                self.state.lock().change.refused = None;
            }
            return self.renew_certificates(&mut changing);
        }
        if changing.refused.as_ref() != Some(&inputs) {
            let _ = self.take(checked, "file", &mut changing);
        }
        Again::Later
    }

    /// Reads the configuration again and puts it in force.
    pub(crate) fn reload(&self, by: &'static str) -> Result<u64, String> {
        let mut changing = self.changing.lock();
        self.take(load(&self.path), by, &mut changing)
    }

    fn renew_certificates(&self, changing: &mut Changing) -> Again {
        let mut broken: Vec<(String, bool)> = Vec::new();
        for listener in &self.server.gateway().runtime().listeners {
            let Some(tls) = &listener.tls else { continue };
            let renewal = tls.renew();
            if renewal.changed {
                say(format_args!("certificates of {} renewed", listener.name));
            }
            for fault in renewal.faults {
                // Several listeners may have the same certificate.
                if broken.iter().any(|(message, _)| *message == fault.message) {
                    continue;
                }
                let before = changing.broken.iter().find(|(message, _)| *message == fault.message);
                if before.is_some_and(|(_, told)| !told) {
                    log::error(format_args!("{fault}; what it held before goes on"));
                }
                broken.push((fault.message, before.is_some()));
            }
        }
        changing.broken = broken;
        if changing.broken.iter().all(|(_, told)| *told) { Again::Later } else { Again::Soon }
    }

    fn take(&self, mut checked: Checked, by: &'static str, changing: &mut Changing) -> Result<u64, String> {
        let started = Instant::now();
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            let _ = sd_notify::notify(&[NotifyState::Reloading, now]);
        }
        let mut document = checked.document.take();
        let outcome = document.as_mut().and_then(|document| self.try_take(document, &mut checked));
        let inputs = Inputs::of(&checked, document.as_ref());
        let watched = watched(&self.path, &checked, document.as_ref(), &self.server);
        let messages = report(&mut checked.reader, false);
        if !messages.is_empty() {
            say(&messages);
        }
        let mut state = self.state.lock();
        state.watched = watched;
        let verdict = match outcome {
            Some((version, access)) => {
                let took_ms = started.elapsed().as_millis() as u64;
                *changing = Changing { in_force: inputs, refused: None, broken: Vec::new() };
                state.access = Arc::new(access);
                state.change = Change { version, at: SystemTime::now(), by, took_ms, refused: None };
                self.metrics.reloaded(&version.to_string(), SystemTime::now());
                say(format_args!("configuration {version} in force (by {by})"));
                Ok(version)
            }
            None => {
                changing.refused = Some(inputs);
                state.change.refused = Some((SystemTime::now(), messages.clone()));
                self.metrics.reload_failed();
                let version = state.change.version;
                say(format_args!("configuration refused (by {by}): {version} stays, in all its parts"));
                Err(messages)
            }
        };
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        verdict
    }

    /// All that may fail comes before all that changes something.
    fn try_take(&self, document: &mut Document, checked: &mut Checked) -> Option<(u64, Access)> {
        let gateway = self.server.gateway();
        let before = Some(gateway.runtime());
        let world = World { tls: Arc::clone(&self.tls), metrics: Arc::clone(&self.metrics), before };
        self.around.adjust(document);
        let runtime = assemble(document, &world, &mut checked.reader);
        let access = needs::access(document, self.admin.as_ref(), &mut checked.reader);
        let (runtime, access) = (runtime?, access?);
        let log = needs::log(document, &mut checked.reader)?;
        let version = runtime.version;
        let opened = self.server.apply(runtime);
        let opened = opened.map_err(|error| needs::report_start(&error, document, &mut checked.reader)).ok()?;
        gateway.log.go_over(log);
        tell_opened(gateway, &opened);
        self.tell_what_waits(document);
        Some((version, access))
    }

    /// Says what of a configuration is in force only after the next start.
    fn tell_what_waits(&self, document: &Document) {
        let (asked, runs) = (document.workers.count(), worker::count());
        if asked != runs {
            log::warn(format_args!("workers: {asked} are asked for and {runs} run until the next start"));
        }
        let asked = document.admin.as_ref().map(|admin| &admin.address.value);
        if asked != self.admin.as_ref() {
            let told = |address: Option<&Address>| address.map_or_else(|| "none".to_owned(), ToString::to_string);
            let (asked, runs) = (told(asked), told(self.admin.as_ref()));
            log::warn(format_args!("admin.address: {asked} is asked for and {runs} serves until the next start"));
        }
    }
}

fn watched(path: &Path, checked: &Checked, document: Option<&Document>, server: &Server) -> Watched {
    let runtime = server.gateway().runtime();
    let in_force: Vec<PathBuf> =
        runtime.listeners.iter().filter_map(|l| l.tls.as_ref()).flat_map(|tls| tls.watched_files()).collect();
    let named = document.into_iter().flat_map(|d| d.listener_files().chain(d.other_files())).map(|path| &**path);
    let files = checked.files.iter().chain(&in_force).map(|path| &**path).chain([path]).chain(named);
    Watched::new(files, checked.directories.iter().map(|path| &**path))
}

impl Control for Controller {
    fn is_ready(&self) -> bool {
        !self.server.gateway().is_draining()
    }

    fn status(&self) -> String {
        let change = self.state.lock().change.clone();
        status::render(&self.server, &change)
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        self.metrics.render(&mut text);
        text
    }

    fn reload(&self) -> Result<u64, String> {
        Controller::reload(self, "admin")
    }

    fn access(&self) -> Arc<Access> {
        Arc::clone(&self.state.lock().access)
    }
}
