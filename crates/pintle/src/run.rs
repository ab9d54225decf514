//! `pintle run`: from a file to a serving gateway, its signals, and its end.

use crate::check::tell;
use crate::control::Controller;
use crate::watch::watch;
use pintle_admin::{Access, Listening};
use pintle_config::{Checked, Document, Workers, World, assemble, load};
use pintle_core::worker;
use pintle_engine::socket::{Address, Socket, Sockets};
use pintle_engine::tls::Tls;
use pintle_engine::{Gateway, Server};
use pintle_telemetry::{AccessLog, Metrics, log};
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// How many series the metrics may have.
const MAX_SERIES: usize = 500_000;
/// How long the last log lines may take at the end.
const FLUSH: Duration = Duration::from_secs(2);

/// What a caller puts around a run; nothing, but for the demo.
#[derive(Default)]
pub(crate) struct Around {
    /// Changes a document before it is assembled.
    pub(crate) adjust: Option<Box<dyn Fn(&mut Document) + Send + Sync>>,
    /// Called once when the gateway serves.
    pub(crate) ready: Option<Box<dyn Fn(&Server) + Send + Sync>>,
}

impl Around {
    pub(crate) fn adjust(&self, document: &mut Document) {
        if let Some(adjust) = &self.adjust {
            adjust(document);
        }
    }
}

/// Says something to whoever started the program or reads its journal.
pub(crate) fn say(message: impl Display) {
    eprintln!("{message}");
}

/// Runs until a signal ends it.
pub(crate) fn run(path: &Path, around: Around) -> ExitCode {
    let started = Instant::now();
    let mut checked = load(path);
    let Some(mut document) = checked.document.take() else {
        tell(&mut checked.reader);
        return ExitCode::FAILURE;
    };
    around.adjust(&mut document);
    worker::set_count(match document.workers {
        Workers::Auto => std::thread::available_parallelism().map_or(1, usize::from),
        Workers::Count(count) => count,
    });
    let started = start(&document, &mut checked, path, around, started);
    tell(&mut checked.reader);
    let (controller, admin) = match started {
        Ok(started) => started,
        Err(None) => return ExitCode::FAILURE,
        Err(Some(why)) => {
            say(format_args!("error: {why}"));
            return ExitCode::FAILURE;
        }
    };
    match tokio::runtime::Builder::new_current_thread().thread_name("pintle-background").enable_all().build() {
        Ok(runtime) => runtime.block_on(live(controller, admin)),
        Err(error) => {
            say(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

type Admin = Option<(Socket, Access)>;

/// Starts all that a document asks for; an error without a text was reported in `checked`.
fn start(
    document: &Document,
    checked: &mut Checked,
    path: &Path,
    around: Around,
    started: Instant,
) -> Result<(Arc<Controller>, Admin), Option<String>> {
    let metrics = Arc::new(Metrics::new(worker::count(), MAX_SERIES));
    let tls = Tls::new();
    let world = World { tls: Arc::clone(&tls), metrics: Arc::clone(&metrics), before: None };
    let runtime = assemble(document, &world, &mut checked.reader).ok_or(None)?;
    let access = access(document).map_err(Some)?;
    let (sink, format) = document.telemetry.access_log.parts();
    let access_log = AccessLog::start(sink, format, &metrics)
        .map_err(|error| Some(format!("the access log cannot be opened: {error}")))?;
    let gateway = Gateway::new(runtime, access_log, metrics, pintle_core::instance());
    let server = Server::start(Arc::clone(&gateway)).map_err(|error| Some(error.to_string()))?;
    let admin = match &document.admin {
        Some(admin) => Some((open_admin(&admin.address).map_err(Some)?, access)),
        None => None,
    };
    let opened = server.open().map_err(|error| Some(error.to_string()))?;
    tell_opened(&gateway, &opened);
    if let Some((socket, _)) = &admin {
        say(format_args!("admin on {}", local(socket)));
    }
    if let Some(ready) = &around.ready {
        ready(&server);
    }
    let took = started.elapsed().as_millis() as u64;
    Ok((Arc::new(Controller::new(path, around, server, tls, checked, took)), admin))
}

/// Says where the gateway listens now.
pub(crate) fn tell_opened(gateway: &Gateway, opened: &[(Address, Address)]) {
    let runtime = gateway.runtime();
    for listener in &runtime.listeners {
        for address in &listener.addresses {
            if let Some((_, local)) = opened.iter().find(|(asked, _)| asked == address) {
                let scheme = if listener.tls.is_some() { "https" } else { "http" };
                say(format_args!("listening on {local} ({scheme})"));
            }
        }
    }
}

fn access(document: &Document) -> Result<Access, String> {
    let Some(admin) = &document.admin else { return Ok(Access::default()) };
    let token = admin.token.as_ref().map(|token| token.resolve()).transpose()?;
    let is_unix = matches!(admin.address.value, Address::Unix(_));
    let open = admin.address.tcp().is_some_and(|tcp| tcp.ip().is_loopback());
    Ok(Access { token, is_unix, open })
}

fn open_admin(address: &Address) -> Result<Socket, String> {
    let mut sockets = Sockets::new(1);
    let plan = sockets.plan(std::slice::from_ref(address)).map_err(|errors| {
        errors.first().map_or_else(String::new, |error| format!("admin.address {}: {}", error.address, error.message))
    })?;
    let change = sockets.commit(plan).map_err(|error| format!("admin.address: {error}"))?;
    let opened = change.opened.into_iter().next().and_then(|opened| opened.workers.into_iter().next());
    // The set may go: the descriptor that is left keeps the socket.
    opened.ok_or_else(|| format!("admin.address: {address} could not be opened"))
}

fn local(socket: &Socket) -> String {
    match socket {
        Socket::Tcp(tcp) => tcp.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string()),
        Socket::Unix(unix) => unix
            .local_addr()
            .ok()
            .and_then(|address| address.as_pathname().map(|path| format!("unix:{}", path.display())))
            .unwrap_or_default(),
    }
}

/// What the program does beside its workers, until its end.
async fn live(controller: Arc<Controller>, admin: Admin) -> ExitCode {
    let signals = (signal(SignalKind::hangup()), signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut hangup), Ok(mut terminate), Ok(mut interrupt)) = signals else {
        say("error: signals cannot be waited for");
        return ExitCode::FAILURE;
    };
    if let Some((socket, access)) = admin {
        match listening(socket) {
            Ok(listening) => {
                tokio::spawn(pintle_admin::serve(listening, controller.clone(), access));
            }
            Err(error) => log::error(format_args!("the admin address cannot be served: {error}")),
        }
    }
    let (watched, looks) = (Arc::clone(&controller), Arc::clone(&controller));
    let watching = tokio::spawn(watch(move || watched.watched(), move || looks.look()));
    let _ = log::detach();
    say("ready");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                controller.server.gateway().log.reopen();
                let reloading = Arc::clone(&controller);
                let _ = tokio::task::spawn_blocking(move || reloading.reload("signal")).await;
            }
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    watching.abort();
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let limit = controller.server.gateway().runtime().limits.drain_timeout;
    say(format_args!("draining, for at most {limit:?}"));
    let quiet = tokio::select! {
        quiet = controller.server.drain(limit) => quiet,
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
    };
    controller.server.gateway().log.flush(FLUSH);
    log::flush(FLUSH);
    say(if quiet { "ended" } else { "ended; what was still under way was cut" });
    ExitCode::SUCCESS
}

fn listening(socket: Socket) -> std::io::Result<Listening> {
    Ok(match socket {
        Socket::Tcp(tcp) => Listening::Tcp(tokio::net::TcpListener::from_std(tcp)?),
        Socket::Unix(unix) => Listening::Unix(tokio::net::UnixListener::from_std(unix)?),
    })
}
