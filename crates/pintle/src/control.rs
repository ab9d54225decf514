//! The configuration's life in the program: read, checked whole, put in force or refused.

use crate::run::Around;
use crate::status::{self, Change};
use parking_lot::Mutex;
use pintle_admin::Control;
use pintle_config::{Checked, World, assemble, load};
use pintle_core::config::Severity;
use pintle_engine::Server;
use pintle_engine::tls::Tls;
use pintle_telemetry::Metrics;
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
    state: Mutex<State>,
}

struct State {
    change: Change,
    /// Of the files in force.
    digest: u64,
    /// Of files that were refused: their change is not news until they change again.
    refused: Option<u64>,
    /// Files and directories to watch.
    watched: Vec<PathBuf>,
}

impl Controller {
    pub(crate) fn new(
        path: &Path,
        around: Around,
        server: Server,
        tls: Arc<Tls>,
        checked: &Checked,
        took_ms: u64,
    ) -> Self {
        let metrics = Arc::clone(&server.gateway().metrics);
        metrics.reloaded("1", SystemTime::now());
        let change = Change { version: 1, at: SystemTime::now(), by: "start", took_ms, refused: None };
        let state = State { change, digest: checked.digest, refused: None, watched: watched(checked, &server) };
        Controller { path: path.to_owned(), around, server, metrics, tls, state: Mutex::new(state) }
    }

    /// What a watcher looks at.
    pub(crate) fn watched(&self) -> Vec<PathBuf> {
        self.state.lock().watched.clone()
    }

    /// Looks whether files have changed, and takes what has: certificates alone, or all of it.
    pub(crate) fn look(&self) {
        let checked = load(&self.path);
        let (digest, refused) = {
            let state = self.state.lock();
            (state.digest, state.refused)
        };
        if checked.digest != digest && Some(checked.digest) != refused {
            let _ = self.take(checked, "file");
        } else if checked.digest == digest {
            self.renew_certificates();
        }
    }

    /// Reads the configuration again and puts it in force.
    pub(crate) fn reload(&self, by: &'static str) -> Result<u64, String> {
        self.take(load(&self.path), by)
    }

    fn renew_certificates(&self) {
        for listener in &self.server.gateway().runtime().listeners {
            let Some(tls) = &listener.tls else { continue };
            let renewal = tls.renew();
            if renewal.changed {
                crate::run::say(format_args!("certificates of {} renewed", listener.name));
            }
            for fault in renewal.faults {
                let message = format_args!("{fault}; what it held before goes on");
                pintle_telemetry::log::limited("certificate", pintle_telemetry::log::Level::Error, message);
            }
        }
    }

    fn take(&self, mut checked: Checked, by: &'static str) -> Result<u64, String> {
        // One change at a time.
        let mut state = self.state.lock();
        let started = Instant::now();
        let outcome = self.try_take(&mut checked);
        state.watched = watched(&checked, &self.server);
        match outcome {
            Ok(version) => {
                let took_ms = started.elapsed().as_millis() as u64;
                state.digest = checked.digest;
                state.refused = None;
                state.change = Change { version, at: SystemTime::now(), by, took_ms, refused: None };
                self.metrics.reloaded(&version.to_string(), SystemTime::now());
                crate::run::say(format_args!("configuration {version} in force"));
                Ok(version)
            }
            Err(messages) => {
                state.refused = Some(checked.digest);
                state.change.refused = Some((SystemTime::now(), messages.clone()));
                self.metrics.reload_failed();
                crate::run::say(format_args!("{messages}"));
                let version = state.change.version;
                crate::run::say(format_args!("configuration refused: {version} stays, in all its parts"));
                Err(messages)
            }
        }
    }

    fn try_take(&self, checked: &mut Checked) -> Result<u64, String> {
        let gateway = self.server.gateway();
        let before = Some(gateway.runtime());
        let world = World { tls: Arc::clone(&self.tls), metrics: Arc::clone(&self.metrics), before };
        let mut runtime = None;
        if let Some(document) = &mut checked.document {
            self.around.adjust(document);
            runtime = assemble(document, &world, &mut checked.reader);
        }
        checked.reader.diagnostics.sort();
        let (Some(runtime), Some(document)) = (runtime, &checked.document) else {
            return Err(checked.reader.diagnostics.render(false));
        };
        for warning in checked.reader.diagnostics.iter().filter(|one| one.severity == Severity::Warning) {
            pintle_telemetry::log::warn(&warning.message);
        }
        let version = runtime.version;
        let (sink, format) = document.telemetry.access_log.parts();
        gateway.log.reconfigure(sink, format).map_err(|error| format!("the access log cannot be opened: {error}"))?;
        let opened = self.server.apply(runtime).map_err(|error| error.to_string())?;
        crate::run::tell_opened(gateway, &opened);
        Ok(version)
    }
}

fn watched(checked: &Checked, server: &Server) -> Vec<PathBuf> {
    let runtime = server.gateway().runtime();
    let certificates = runtime.listeners.iter().filter_map(|l| l.tls.as_ref()).flat_map(|tls| tls.watched_files());
    checked.files.iter().chain(&checked.directories).cloned().chain(certificates).collect()
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
}
