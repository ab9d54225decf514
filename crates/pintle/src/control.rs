//! The configuration's life in the program: what is in force, what is asked of it, and when to look again. How one comes
//! in force is in `take`, what the admin address asks for in `change`, what the guard does in `guarding`.

mod admin;
mod change;
mod explaining;
mod guarding;
mod past;
mod take;
mod told;

use crate::cause::{Cause, Origin};
use crate::cost::Stopwatch;
use crate::gauges::Gauges;
use crate::guard::Guard;
use crate::history::History;
use crate::inputs::{Inputs, Named, Seen};
use crate::run::{Around, say};
use crate::start::{Begun, Serving};
use crate::status::InForce;
use crate::trim::trim;
use crate::watch::{Again, Watched};
use guarding::guard_settings;
use parking_lot::Mutex;
use pintle_admin::Access;
use pintle_config::{Checked, Packed, load_since};
use pintle_core::lasting::{Lasting, Tasks};
use pintle_engine::Server;
use pintle_engine::socket::Address;
use pintle_engine::tls::Tls;
use pintle_telemetry::{Metrics, log};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use take::{Taking, Wrong, entry, watched};
use tokio::sync::Notify;
use told::Told;

/// What reloads.
pub(crate) struct Controller {
    path: PathBuf,
    around: Around,
    pub(crate) server: Server,
    pub(crate) metrics: Arc<Metrics>,
    tls: Arc<Tls>,
    lasting: Arc<Lasting>,
    /// Where the admin API is to listen, until the end of the process.
    admin: Option<Address>,
    /// Where it does.
    admin_local: Option<String>,
    started: SystemTime,
    /// Held from before the files are read until what they say is in force: an older text never comes after a newer.
    changing: Mutex<Changing>,
    state: Mutex<State>,
    history: Mutex<History>,
    /// Whether the command line says where the state folder is.
    state_given: bool,
    guard: Mutex<Option<Guard<Good>>>,
    /// Tells that the guard has to look sooner than it was to.
    guard_changed: Notify,
    /// Whose turn it is to explain.
    explaining: Mutex<()>,
    told: Told,
    /// The same as a moment, from which time is measured.
    began: Instant,
}

/// What was seen so far.
struct Changing {
    /// When the reading of what is to come in force began.
    began: Stopwatch,
    /// What the files were when they were last read.
    seen: Option<Seen>,
    in_force: Inputs,
    /// The files that the configuration in force names.
    named: Named,
    /// What the files say, where something else is in force: that is no news until they change.
    held: Option<Held>,
    /// What was refused last: it is not news until it changes again.
    refused: Option<Inputs>,
    /// What is wrong with certificates' files, and whether it was told. A certificate and its key are two files: what
    /// is wrong between the writing of the one and of the other is not told, so each fault has to be seen twice.
    broken: Vec<(String, bool)>,
}

/// What the files say.
#[derive(Clone)]
struct Held {
    texts: u64,
    /// As it is kept over restarts; none if there is no main file.
    digest: Option<String>,
    /// Where a change of it would be.
    watched: Watched,
}

/// What others may ask for at any time.
struct State {
    change: InForce,
    /// The texts in force.
    text: Packed,
    watched: Watched,
    access: Arc<Access>,
}

/// What a guard goes back to.
#[derive(Clone)]
struct Good {
    version: u64,
    text: Packed,
}

impl Controller {
    pub(crate) fn new(
        path: PathBuf,
        around: Around,
        begun: Begun,
        admin_local: Option<String>,
        began: Stopwatch,
    ) -> (Self, Tasks) {
        let cost = began.cost();
        let took_ms = cost.wall.as_millis() as u64;
        let Begun { document, checked, serving, history, state_given, origin, files, refused } = begun;
        let Serving { server, tls, lasting, tasks, access, inputs } = serving;
        let metrics = Arc::clone(&server.gateway().metrics);
        let version = server.gateway().runtime().version;
        let (entry, text) = entry(&checked, version, Cause::Start, took_ms);
        metrics.reloaded(version, entry.at, cost);
        metrics.look_at(Gauges::of(server.gateway()));
        let named = Named::of(Some(&document));
        let watched = watched(&path, &server, &checked, &named).and(files.watched.clone());
        let digest = files.digest.clone();
        let held = Held { texts: files.texts, digest: files.digest, watched: files.watched };
        let (refused, told) = refused.map(|(inputs, at, messages)| (inputs, (at, messages))).unzip();
        let change = InForce::new(&entry, origin, told);
        let changing = Changing {
            began,
            seen: Some(Seen::first(&checked, named.clone())).filter(|_| origin == Origin::Files),
            in_force: inputs.with(checked.digest),
            named,
            held: Some(held).filter(|_| origin != Origin::Files),
            refused,
            broken: Vec::new(),
        };
        let controller = Controller {
            told: Told::new(&metrics, origin),
            admin: document.admin.as_ref().map(|admin| admin.address.value.clone()),
            admin_local,
            started: SystemTime::now(),
            guard: Mutex::new(guard_settings(&document).map(Guard::new)),
            guard_changed: Notify::new(),
            explaining: Mutex::new(()),
            changing: Mutex::new(changing),
            state: Mutex::new(State { change, text, watched, access: Arc::new(access) }),
            history: Mutex::new(history),
            path,
            around,
            server,
            metrics,
            tls,
            lasting,
            state_given,
            began: Instant::now(),
        };
        controller.keep(|history| history.began(entry, origin, digest));
        (controller, tasks)
    }

    /// What a watcher looks at.
    pub(crate) fn watched(&self) -> Watched {
        self.state.lock().watched.clone()
    }

    /// Looks whether files have changed, and takes what has: certificates alone, or all of it. Says when to look again
    /// if nothing happens.
    pub(crate) fn look(&self) -> Again {
        let mut changing = self.changing.lock();
        self.server.gateway().bury();
        self.keep(History::try_again);
        let seen = changing.seen.as_ref().filter(|_| changing.held.is_none()).and_then(Seen::now);
        if let Some(now) = seen {
            trim();
            if now.is_same_configuration(&changing.in_force) {
                self.forget_refusal(&mut changing);
                return self.renew_certificates(&mut changing);
            }
            if changing.refused.as_ref() == Some(&now) {
                return Again::Later;
            }
        }
        let checked = self.load(&mut changing);
        let inputs = Inputs::of(&checked, checked.document.as_ref());
        changing.seen = Some(Seen::of(&checked));
        if changing.held.as_ref().is_some_and(|held| held.texts == inputs.texts) {
            return self.look_beside(checked, &inputs, &mut changing);
        }
        if changing.held.is_none() && inputs.is_same_configuration(&changing.in_force) {
            self.forget_refusal(&mut changing);
            return self.renew_certificates(&mut changing);
        }
        if changing.refused.as_ref() != Some(&inputs) {
            let _ = self.take(Taking::files(checked, Cause::File), &mut changing);
        }
        Again::Later
    }

    /// Something else is in force than the files say, and they say what they said.
    fn look_beside(&self, checked: Checked, files: &Inputs, changing: &mut Changing) -> Again {
        let origin = self.state.lock().change.origin;
        if origin == Origin::State && changing.refused.as_ref() != Some(files) {
            // Bad at the start for want of a file that they name.
            let _ = self.take(Taking::files(checked, Cause::File), changing);
            return Again::Later;
        }
        drop(checked);
        let now = changing.named.inputs(changing.in_force.texts);
        if !now.is_same_configuration(&changing.in_force) {
            if changing.refused.as_ref() != Some(&now) {
                self.take_again(changing);
            }
            return Again::Later;
        }
        let still = |refused: &Inputs| changing.held.as_ref().is_some_and(|held| held.texts == refused.texts);
        if !changing.refused.as_ref().is_some_and(still) {
            self.forget_refusal(changing);
        }
        self.renew_certificates(changing)
    }

    fn forget_refusal(&self, changing: &mut Changing) {
        if changing.refused.take().is_some() {
            self.state.lock().change.refused = None;
        }
    }

    /// Reads the configuration again and puts it in force.
    pub(crate) fn reload(&self, by: Cause) {
        let mut changing = self.changing.lock();
        let _ = self.take_files(by, None, &mut changing);
    }

    /// What the files say now, asked for by somebody if by anybody.
    fn take_files(&self, by: Cause, who: Option<Value>, changing: &mut Changing) -> Result<u64, Wrong> {
        let checked = self.load(changing);
        changing.seen = Some(Seen::of(&checked));
        self.take(Taking { who, ..Taking::files(checked, by) }, changing)
    }

    /// What the files say, but for what is in force already.
    fn load(&self, changing: &mut Changing) -> Checked {
        changing.began = Stopwatch::start();
        load_since(&self.path, &self.server.gateway().runtime())
    }

    /// Does something with what is kept, and tells if that fails.
    fn keep<T>(&self, work: impl FnOnce(&mut History) -> T) -> T {
        let mut history = self.history.lock();
        let done = work(&mut history);
        self.told.of_state(history.failures());
        done
    }

    fn renew_certificates(&self, changing: &mut Changing) -> Again {
        let mut broken: Vec<(String, bool)> = Vec::new();
        for (name, tls) in self.server.gateway().runtime().tls() {
            let renewal = tls.renew();
            if renewal.changed {
                say(format_args!("certificates of {name} renewed"));
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
}
