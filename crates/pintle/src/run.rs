//! `pintle run`: from a file to a serving gateway, its signals, and its end.

use crate::check::tell;
use crate::control::{Controller, Started};
use crate::needs;
use crate::watch::watch;
use pintle_admin::{Access, Listening};
use pintle_config::{Document, World, assemble, load};
use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_core::worker;
use pintle_engine::socket::{Address, Socket, Sockets};
use pintle_engine::tls::Tls;
use pintle_engine::{Gateway, Server};
use pintle_telemetry::{AccessLog, Metrics, log};
use std::fmt::Display;
use std::io::{self, Write};
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

/// Says something to whoever started the program or reads its journal. Who no longer reads does not end it.
pub(crate) fn say(message: impl Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Runs until a signal ends it.
pub(crate) fn run(path: &Path, around: Around) -> ExitCode {
    let began = Instant::now();
    let mut checked = load(path);
    let started = match checked.document.take() {
        None => Err(None),
        Some(mut document) => {
            around.adjust(&mut document);
            worker::set_count(document.workers.count());
            start(&document, &mut checked.reader).map(|(server, tls, admin)| (document, server, tls, admin))
        }
    };
    tell(&mut checked.reader);
    let (document, server, tls, admin) = match started {
        Ok(started) => started,
        Err(why) => {
            if let Some(why) = why {
                say(format_args!("error: {why}"));
            }
            return ExitCode::FAILURE;
        }
    };
    if let Some(ready) = &around.ready {
        ready(&server);
    }
    let Admin { open, access } = admin;
    let address = document.admin.as_ref().map(|admin| admin.address.value.clone());
    let took_ms = began.elapsed().as_millis() as u64;
    let started = Started { server, tls, admin: address, access, took_ms };
    let controller = Arc::new(Controller::new(path, around, &document, &checked, started));
    // What was written is no longer needed.
    drop((document, checked));
    match tokio::runtime::Builder::new_current_thread().thread_name("pintle-background").enable_all().build() {
        Ok(runtime) => runtime.block_on(live(controller, open)),
        Err(error) => {
            say(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The admin API before it serves.
struct Admin {
    /// The socket, and what takes its file away at the end.
    open: Option<(Socket, Sockets)>,
    access: Access,
}

/// Starts all that a document asks for; an error without a text was reported.
fn start(document: &Document, reader: &mut Reader) -> Result<(Server, Arc<Tls>, Admin), Option<String>> {
    let metrics = Arc::new(Metrics::new(worker::count(), MAX_SERIES));
    let tls = Tls::new();
    let world = World { tls: Arc::clone(&tls), metrics: Arc::clone(&metrics), before: None };
    let runtime = assemble(document, &world, reader);
    let admin = document.admin.as_ref().map(|admin| &admin.address);
    let access = needs::access(document, admin.map(|address| &address.value), reader);
    let (runtime, access) = (runtime.ok_or(None)?, access.ok_or(None)?);
    let opened = needs::log(document, reader).ok_or(None)?;
    let access_log = AccessLog::start(opened, &metrics).map_err(|error| Some(error.to_string()))?;
    let gateway = Gateway::new(runtime, access_log, metrics, pintle_core::instance());
    let server = Server::start(Arc::clone(&gateway)).map_err(|error| Some(error.to_string()))?;
    let open = admin.map(|address| open_admin(address, reader).ok_or(None)).transpose()?;
    let opened = server.open().map_err(|error| {
        needs::report_start(&error, document, reader);
        None
    })?;
    tell_opened(&gateway, &opened);
    if let Some((socket, _)) = &open {
        say(format_args!("admin on {}", local(socket)));
    }
    Ok((server, tls, Admin { open, access }))
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
async fn live(controller: Arc<Controller>, admin: Option<(Socket, Sockets)>) -> ExitCode {
    let signals = (signal(SignalKind::hangup()), signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut hangup), Ok(mut terminate), Ok(mut interrupt)) = signals else {
        say("error: signals cannot be waited for");
        return ExitCode::FAILURE;
    };
    let (socket, _until_the_end) = admin.unzip();
    if let Some(socket) = socket {
        match listening(socket) {
            Ok(listening) => {
                tokio::spawn(pintle_admin::serve(listening, controller.clone()));
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

fn listening(socket: Socket) -> io::Result<Listening> {
    Ok(match socket {
        Socket::Tcp(tcp) => Listening::Tcp(tokio::net::TcpListener::from_std(tcp)?),
        Socket::Unix(unix) => Listening::Unix(tokio::net::UnixListener::from_std(unix)?),
    })
}
