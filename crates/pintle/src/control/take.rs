//! How a configuration comes in force, wherever it is from: checked whole, swapped at once, kept; or refused.

use super::guarding::guard_settings;
use super::{Changing, Controller, Good, Held};
use crate::cause::{Cause, Origin};
use crate::check::report;
use crate::cost::Stopwatch;
use crate::history::{Entry, Kept, Standing};
use crate::inputs::{Inputs, Named};
use crate::needs;
use crate::run::{say, tell_opened};
use crate::status::InForce;
use crate::watch::Watched;
use pintle_admin::Access;
use pintle_config::{Bundle, Checked, Document, Packed, World, assemble_written, load_bundle};
use pintle_engine::Server;
use pintle_telemetry::metrics::Cost;
use sd_notify::NotifyState;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// A configuration that may come in force.
pub(super) struct Taking {
    pub(super) checked: Checked,
    pub(super) by: Cause,
    /// Who asked for it at the admin address.
    pub(super) who: Option<Value>,
    pub(super) origin: Origin,
    /// What the files say, where it is not theirs.
    pub(super) held: Option<Held>,
    /// The version that it is the same as, for one that is gone back to.
    pub(super) copy_of: Option<u64>,
    /// Why what was in force does not stay, where that is told as a refusal.
    pub(super) against: Option<String>,
}

/// All that is wrong, for people and for programs.
pub(super) struct Wrong {
    pub(super) text: String,
    pub(super) messages: Value,
}

/// What is in force once it is.
struct Done {
    version: u64,
    access: Access,
    took_ms: u64,
    cost: Cost,
}

/// The files that a configuration names, and what they were before it read them.
struct Files {
    named: Named,
    inputs: Inputs,
}

impl Taking {
    /// What the files say.
    pub(super) fn files(checked: Checked, by: Cause) -> Self {
        Taking { checked, by, who: None, origin: Origin::Files, held: None, copy_of: None, against: None }
    }
}

impl Wrong {
    /// What a reader found.
    pub(super) fn of(checked: &mut Checked) -> Self {
        let text = report(&mut checked.reader, false);
        let messages = checked.reader.diagnostics.to_json().into();
        Wrong { text, messages }
    }
}

impl Controller {
    pub(super) fn take(&self, taking: Taking, changing: &mut Changing) -> Result<u64, Wrong> {
        let (started, began) = (Instant::now(), changing.began);
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            let _ = sd_notify::notify(&[NotifyState::Reloading, now]);
        }
        let Taking { mut checked, by, who, origin, held, copy_of, against } = taking;
        let mut document = checked.document.take();
        let named = Named::of(document.as_ref());
        // What the files are before they are read: one that changes meanwhile differs from this, and is read again.
        let files = Files { inputs: named.inputs(checked.digest), named };
        let outcome = document.as_mut().and_then(|document| self.try_take(document, &mut checked));
        let took_ms = started.elapsed().as_millis() as u64;
        let document = document.as_ref();
        let verdict = match outcome {
            Some((version, access)) => {
                let taking = Taking { checked, by, who, origin, held, copy_of, against };
                let done = Done { version, access, took_ms, cost: began.cost() };
                self.taken(taking, document, files, done, changing);
                Ok(version)
            }
            None => {
                self.metrics.reload_failed(began.cost());
                Err(self.refuse(checked, by, files, changing))
            }
        };
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        verdict
    }

    /// A configuration is in force: tells it, keeps it, and has it watched.
    fn taken(&self, taking: Taking, document: Option<&Document>, files: Files, done: Done, changing: &mut Changing) {
        let Taking { mut checked, by, who, origin, held, copy_of, against } = taking;
        let Done { version, access, took_ms, cost } = done;
        let Files { named, inputs } = files;
        let messages = report(&mut checked.reader, false);
        if !messages.is_empty() {
            say(&messages);
        }
        let (mut entry, text) = entry(&checked, version, by, took_ms);
        (entry.who, entry.copy_of) = (who, copy_of);
        let watched = watched(&self.path, &self.server, &checked, &named);
        let standing = Standing { version, origin, files: held.as_ref().and_then(|held| held.digest.clone()) };
        let (before, same) = {
            let mut state = self.state.lock();
            state.watched = match &held {
                // The files stay of interest while something else is in force.
                Some(held) => watched.and(held.watched.clone()),
                None => watched,
            };
            state.access = Arc::new(access);
            let same = state.change.digest == entry.digest;
            let before = Good { version: state.change.version, text: std::mem::replace(&mut state.text, text) };
            state.change = InForce::new(&entry, origin, against.map(|why| (entry.at, why)));
            (before, same)
        };
        let refused = changing.refused.take().filter(|_| by == Cause::Guard);
        let seen = changing.seen.take();
        let began = changing.began;
        *changing = Changing { began, seen, in_force: inputs, named, held, refused, broken: Vec::new() };
        self.metrics.reloaded(version, entry.at, cost);
        self.lasting.reloaded();
        self.told.of_origin(origin);
        self.watch_change(by, same, before, document.and_then(guard_settings));
        self.keep(|history| history.keep(Kept { entry, standing }));
        // Last: who waits for it finds all that it says.
        say(format_args!("configuration {version} in force (by {by})"));
    }

    /// A configuration is not taken: tells all that is wrong with it.
    fn refuse(&self, mut checked: Checked, by: Cause, files: Files, changing: &mut Changing) -> Wrong {
        let wrong = Wrong::of(&mut checked);
        if !wrong.text.is_empty() {
            say(&wrong.text);
        }
        let watched = watched(&self.path, &self.server, &checked, &files.named);
        let mut state = self.state.lock();
        // What somebody sent is answered; what a file says is looked at until it is good.
        if matches!(by, Cause::File | Cause::Signal | Cause::Admin) {
            changing.refused = Some(files.inputs);
            let in_force = Watched::new(changing.named.files(), std::iter::empty());
            state.watched = watched.and(in_force);
        }
        state.change.refused = Some((SystemTime::now(), wrong.text.clone()));
        let version = state.change.version;
        say(format_args!("configuration refused (by {by}): {version} stays, in all its parts"));
        wrong
    }

    /// What is in force once more, because a file that it names has changed.
    pub(super) fn take_again(&self, changing: &mut Changing) {
        let (text, origin) = {
            let state = self.state.lock();
            (state.text.clone(), state.change.origin)
        };
        let Some(bundle) = text.unpack() else { return };
        changing.began = Stopwatch::start();
        let checked = load_bundle(&bundle, self.directory());
        let held = changing.held.clone();
        let _ = self.take(Taking { held, origin, ..Taking::files(checked, Cause::File) }, changing);
    }

    /// All that may fail comes before all that changes something.
    fn try_take(&self, document: &mut Document, checked: &mut Checked) -> Option<(u64, Access)> {
        let gateway = self.server.gateway();
        if gateway.is_draining() {
            // Its sockets would be opened again.
            checked.reader.error("ending", "the gateway is ending: nothing changes any more", checked.root.span());
            return None;
        }
        self.around.adjust(document);
        let (mut runtime, access) = self.assembled(document, checked)?;
        let traces = needs::traces(document, &runtime, &mut checked.reader);
        let push = needs::push(document, &runtime, &mut checked.reader);
        let log = needs::log(document, &runtime, &mut checked.reader);
        let store = needs::store(document, &mut checked.reader);
        let (traces, push, log) = (traces?, push?, log?);
        store?;
        let version = self.history.lock().next();
        runtime.version = version;
        let names = runtime.names.clone();
        let opened = self.server.apply(runtime);
        let opened = opened.map_err(|error| needs::report_start(&error, document, &mut checked.reader)).ok()?;
        gateway.log.go_over(log);
        gateway.why.go_over(&document.telemetry.why, names);
        gateway.traces.go_over(traces);
        gateway.push.go_over(push);
        self.metrics.go_over(&document.telemetry.metrics);
        tell_opened(gateway, &opened);
        self.tell_what_waits(document);
        Some((version, access))
    }

    /// What a document comes to; nothing has changed yet.
    pub(super) fn assembled(
        &self,
        document: &Document,
        checked: &mut Checked,
    ) -> Option<(pintle_engine::Runtime, Access)> {
        let before = Some(self.server.gateway().runtime());
        let world = World {
            tls: Arc::clone(&self.tls),
            metrics: Arc::clone(&self.metrics),
            lasting: Arc::clone(&self.lasting),
            before,
        };
        let runtime = assemble_written(document, &checked.written, &world, &mut checked.reader);
        let tls = runtime.as_ref().and_then(|runtime| runtime.admin_tls.clone());
        let access = needs::access(document, self.admin.as_ref(), tls, &mut checked.reader);
        Some((runtime?, access?))
    }

    /// Where the main file is.
    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// What is kept of a configuration that is in force from now on.
pub(super) fn entry(checked: &Checked, version: u64, by: Cause, took_ms: u64) -> (Entry, Packed) {
    let bundle = Bundle::new(&checked.texts).expect("what is in force was read from a text");
    let text = bundle.pack();
    (Entry::new(version, SystemTime::now(), by, took_ms, &bundle, text.clone()), text)
}

/// The files and directories in which a change matters.
pub(super) fn watched(path: &Path, server: &Server, checked: &Checked, named: &Named) -> Watched {
    let runtime = server.gateway().runtime();
    let in_force: Vec<PathBuf> = runtime.tls().flat_map(|(_, tls)| tls.watched_files()).collect();
    let files = checked.files.iter().chain(&in_force).map(|path| &**path);
    Watched::new(files.chain([path]).chain(named.files()), checked.directories.iter().map(|path| &**path))
}
