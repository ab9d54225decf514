//! How a run begins: with what the files say; with what was put instead of it, while they have not changed since; or, when
//! they are bad, with the last good configuration of the state folder.

use crate::cause::Origin;
use crate::check::{report, tell};
use crate::history::History;
use crate::inputs::{Inputs, Named};
use crate::needs;
use crate::run::{Around, local, say, tell_opened};
use crate::watch::Watched;
use pintle_admin::Access;
use pintle_config::{Bundle, Checked, Document, World, Written, assemble_written, load, load_bundle};
use pintle_core::config::{ConfigPath, Diagnostic, Read, Reader, Spanned};
use pintle_core::lasting::{Lasting, Tasks};
use pintle_core::worker;
use pintle_engine::socket::{Address, Socket, Sockets};
use pintle_engine::tls::Tls;
use pintle_engine::{Gateway, Server};
use pintle_telemetry::metrics::MAX_SERIES;
use pintle_telemetry::{AccessLog, Metrics};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A run that has begun.
pub(crate) struct Begun {
    pub(crate) document: Document,
    pub(crate) checked: Checked,
    pub(crate) serving: Serving,
    pub(crate) history: History,
    /// Whether the command line says where the state folder is.
    pub(crate) state_given: bool,
    pub(crate) origin: Origin,
    pub(crate) files: Files,
    /// What is wrong with the files, if something else had to be taken.
    pub(crate) refused: Option<(Inputs, SystemTime, String)>,
}

/// What serves.
pub(crate) struct Serving {
    pub(crate) server: Server,
    pub(crate) tls: Arc<Tls>,
    pub(crate) lasting: Arc<Lasting>,
    /// What is to be run in the background for what outlives configurations.
    pub(crate) tasks: Tasks,
    pub(crate) access: Access,
    /// What the files that it names were, without its texts.
    pub(crate) inputs: Inputs,
}

/// What the files say.
pub(crate) struct Files {
    pub(crate) texts: u64,
    pub(crate) digest: Option<String>,
    pub(crate) watched: Watched,
}

/// The admin API's socket, and what takes its file away at the end.
pub(crate) type Admin = Option<(Socket, Sockets)>;

/// Why one attempt came to nothing.
enum Fault {
    /// The configuration is bad: what was said.
    Configuration(String),
    /// An address cannot be listened on. That is no fault of the text, so another text is no remedy.
    Address,
}

/// What one attempt came to.
struct Attempt {
    document: Document,
    checked: Checked,
    serving: Serving,
    admin: Admin,
}

/// Begins to serve. None if that cannot be; why was said.
pub(crate) fn begin(path: &Path, state: Option<&Path>, around: &Around) -> Option<(Begun, Admin)> {
    let mut checked = load(path);
    let folder = state.map(Path::to_owned).or_else(|| state_of(&checked));
    let history = match History::open(folder.as_deref()) {
        Ok(history) => history,
        Err(why) => {
            foreign(&why, state.is_some(), &mut checked);
            return None;
        }
    };
    let named = Named::of(checked.document.as_ref());
    let all = checked.files.iter().map(|file| &**file).chain([path]).chain(named.files());
    let watched = Watched::new(all, checked.directories.iter().map(|path| &**path));
    let digest = Bundle::new(&checked.texts).map(|bundle| bundle.digest());
    let inputs = named.inputs(checked.digest);
    let files = Files { texts: checked.digest, digest, watched };
    let (attempt, origin, refused) = choose(path, checked, &inputs, &history, &files, around)?;
    let Attempt { document, checked, serving, admin } = attempt;
    let state_given = state.is_some();
    Some((Begun { document, checked, serving, history, state_given, origin, files, refused }, admin))
}

type Chosen = (Attempt, Origin, Option<(Inputs, SystemTime, String)>);

/// The first that can serve.
fn choose(
    path: &Path,
    checked: Checked,
    inputs: &Inputs,
    history: &History,
    files: &Files,
    around: &Around,
) -> Option<Chosen> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let kept = |version| history.text(version).map(|(_, bundle)| load_bundle(&bundle, directory));
    let shown = path.display();
    let standing = history.standing();
    if standing.origin != Origin::Files && files.digest.is_some() && standing.files == files.digest {
        let (version, origin) = (standing.version, standing.origin);
        match kept(version).map(|checked| attempt(checked, version, around)) {
            Some(Err(Fault::Address)) => return None,
            Some(Ok(attempt)) => {
                say(format_args!(
                    "configuration {version} ({origin}) stays in force: {shown} has not changed since. SIGHUP or \
                     POST /reload takes the file"
                ));
                return Some((attempt, origin, None));
            }
            Some(Err(Fault::Configuration(_))) | None => say(format_args!(
                "configuration {version} ({origin}) was in force in place of {shown}, and cannot be had any more"
            )),
        }
    }
    let in_force = history.in_force().filter(|entry| Some(&entry.digest) == files.digest.as_ref());
    let version = in_force.map_or_else(|| history.next(), |entry| entry.version);
    let messages = match attempt(checked, version, around) {
        Ok(attempt) => return Some((attempt, Origin::Files, None)),
        Err(Fault::Address) => return None,
        Err(Fault::Configuration(messages)) => messages,
    };
    if let (Some(failure), _) = history.failures() {
        say(format_args!("error: {failure}"));
    }
    let folder = history.folder()?;
    let other =
        |version: &u64| history.entry(*version).is_some_and(|entry| Some(&entry.digest) != files.digest.as_ref());
    for version in history.good().filter(other) {
        let Some(Ok(attempt)) = kept(version).map(|checked| attempt(checked, version, around)) else {
            say(format_args!("configuration {version} of {} cannot be had any more", folder.display()));
            continue;
        };
        say(format_args!(
            "error: {shown} is refused: configuration {version} is in force, the last good one of {}, until {shown} is \
             repaired",
            folder.display()
        ));
        return Some((attempt, Origin::State, Some((inputs.clone(), SystemTime::now(), messages))));
    }
    None
}

/// Where the state folder is, also of a file that has mistakes elsewhere.
fn state_of(checked: &Checked) -> Option<PathBuf> {
    let written = checked.root.get("state")?;
    ConfigPath::read(written, &mut Reader::new()).map(|path| path.to_path_buf())
}

/// Says that the state folder is not ours.
fn foreign(why: &str, given: bool, checked: &mut Checked) {
    match checked.root.get("state") {
        Some(state) if !given => checked.reader.error("state", why, state.span()),
        _ => say(format_args!("error: {why}")),
    }
    tell(&mut checked.reader);
}

/// Tries to serve a configuration. What is wrong was said.
fn attempt(mut checked: Checked, version: u64, around: &Around) -> Result<Attempt, Fault> {
    let started = match checked.document.take() {
        None => Err(Stop::Reported),
        Some(mut document) => {
            around.adjust(&mut document);
            worker::set_count(document.workers.count());
            start(&document, &checked.written, version, &mut checked.reader)
                .map(|(serving, admin)| (document, serving, admin))
        }
    };
    tell(&mut checked.reader);
    match started {
        Ok((document, serving, admin)) => Ok(Attempt { document, checked, serving, admin }),
        Err(Stop::Reported) => Err(Fault::Configuration(report(&mut checked.reader, false))),
        Err(Stop::Address) => Err(Fault::Address),
        Err(Stop::System(why)) => {
            say(format_args!("error: {why}"));
            Err(Fault::Configuration(format!("error: {why}")))
        }
    }
}

/// Why a start came to nothing.
enum Stop {
    /// Something was reported.
    Reported,
    /// An address was reported.
    Address,
    /// The system refused something that has no place in the configuration.
    System(String),
}

/// Starts all that a document asks for.
fn start(document: &Document, written: &Written, version: u64, reader: &mut Reader) -> Result<(Serving, Admin), Stop> {
    let metrics = Arc::new(Metrics::new(worker::count(), MAX_SERIES));
    metrics.go_over(&document.telemetry.metrics);
    let tls = Tls::new();
    let (lasting, tasks) = Lasting::new();
    // Before they are read: one that changes meanwhile differs from this.
    let inputs = Named::of(Some(document)).inputs(0);
    let world =
        World { tls: Arc::clone(&tls), metrics: Arc::clone(&metrics), lasting: Arc::clone(&lasting), before: None };
    let runtime = assemble_written(document, written, &world, reader);
    let admin = document.admin.as_ref().map(|admin| &admin.address);
    let tls_of_admin = runtime.as_ref().and_then(|runtime| runtime.admin_tls.clone());
    let access = needs::access(document, admin.map(|address| &address.value), tls_of_admin, reader);
    let (mut runtime, access) = (runtime.ok_or(Stop::Reported)?, access.ok_or(Stop::Reported)?);
    runtime.version = version;
    let traces = needs::traces(document, &runtime, reader);
    let push = needs::push(document, &runtime, reader);
    let opened = needs::log(document, &runtime, reader);
    let store = needs::store(document, reader);
    let (traces, push) = (traces.ok_or(Stop::Reported)?, push.ok_or(Stop::Reported)?);
    store.ok_or(Stop::Reported)?;
    let opened = opened.ok_or(Stop::Reported)?;
    let access_log = AccessLog::start(opened, &metrics).map_err(|error| Stop::System(error.to_string()))?;
    let names = runtime.names.clone();
    let gateway = Gateway::new(runtime, access_log, metrics, pintle_core::instance());
    gateway.why.go_over(&document.telemetry.why, names);
    gateway.traces.go_over(traces);
    gateway.push.go_over(push);
    let server = Server::start(Arc::clone(&gateway)).map_err(|error| Stop::System(error.to_string()))?;
    let open = admin.map(|address| open_admin(address, reader).ok_or(Stop::Address)).transpose()?;
    let opened = server.open().map_err(|error| {
        needs::report_start(&error, document, reader);
        Stop::Address
    })?;
    tell_opened(&gateway, &opened);
    if let Some((socket, _)) = &open {
        say(format_args!("admin on {}", local(socket)));
    }
    Ok((Serving { server, tls, lasting, tasks, access, inputs }, open))
}

fn open_admin(address: &Spanned<Address>, reader: &mut Reader) -> Option<(Socket, Sockets)> {
    let mut sockets = Sockets::new(1);
    let opened = sockets
        .plan(std::slice::from_ref(&address.value))
        .map_err(|errors| errors.first().map_or_else(String::new, ToString::to_string))
        .and_then(|plan| sockets.commit(plan).map_err(|error| error.to_string()));
    match opened {
        Ok(change) => {
            let socket = change.opened.into_iter().next().and_then(|opened| opened.workers.into_iter().next());
            socket.map(|socket| (socket, sockets))
        }
        Err(why) => {
            reader.report(Diagnostic::error("listen", why, &address.span));
            None
        }
    }
}
