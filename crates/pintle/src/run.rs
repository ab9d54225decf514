//! `pintle run`: from a file to a serving gateway, its signals, and its end.

use crate::cause::Cause;
use crate::control::Controller;
use crate::cost::Stopwatch;
use crate::start::begin;
use crate::watch::watch;
use pintle_admin::Listening;
use pintle_config::Document;
use pintle_core::lasting::Tasks;
use pintle_engine::socket::{Address, Socket, Sockets};
use pintle_engine::{Gateway, ListenerProtocol, Server};
use pintle_telemetry::log;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How far the reading of configurations stands behind the workers where both want a core.
const NICE: i32 = 10;
/// How long the last log lines, and the last spans, may take at the end.
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

/// Runs until a signal ends it. `state` is the state folder of the command line.
pub(crate) fn run(path: &Path, state: Option<&Path>, around: Around) -> ExitCode {
    let began = Stopwatch::start();
    let Some((begun, open)) = begin(path, state, &around) else { return ExitCode::FAILURE };
    if let Some(ready) = &around.ready {
        ready(&begun.serving.server);
    }
    let admin = open.as_ref().map(|(socket, _)| local(socket));
    let (controller, tasks) = Controller::new(path.to_owned(), around, begun, admin, began);
    let controller = Arc::new(controller);
    let mut background = tokio::runtime::Builder::new_current_thread();
    // Its other threads read configurations, which may wait; the workers may not. What a thread starts inherits it.
    let step_back = || {
        // Where it is not allowed, they compete.
        let _ = rustix::process::nice(NICE);
    };
    background.thread_name("pintle-background").on_thread_start(step_back).enable_all();
    match background.build() {
        Ok(runtime) => runtime.block_on(live(controller, tasks, open)),
        Err(error) => {
            say(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says where the gateway listens now.
pub(crate) fn tell_opened(gateway: &Gateway, opened: &[(Address, Address)]) {
    let runtime = gateway.runtime();
    for listener in &runtime.listeners {
        for address in &listener.addresses {
            if let Some((_, local)) = opened.iter().find(|(asked, _)| asked == address) {
                let scheme = match (listener.protocol, listener.tls.is_some()) {
                    (ListenerProtocol::Http, false) => "http",
                    (ListenerProtocol::Http, true) => "https",
                    (ListenerProtocol::Tcp, false) => "tcp",
                    (ListenerProtocol::Tcp, true) => "tcp under TLS",
                };
                say(format_args!("listening on {local} ({scheme})"));
            }
        }
    }
}

pub(crate) fn local(socket: &Socket) -> String {
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
async fn live(controller: Arc<Controller>, tasks: Tasks, admin: Option<(Socket, Sockets)>) -> ExitCode {
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
    tokio::spawn(tasks.run());
    let (watched, looks) = (Arc::clone(&controller), Arc::clone(&controller));
    let watching = tokio::spawn(watch(move || watched.watched(), move || looks.look()));
    let guarding = tokio::spawn(Arc::clone(&controller).guard());
    let traces = Arc::clone(&controller.server.gateway().traces);
    tokio::spawn(async move { traces.run().await });
    let push = Arc::clone(&controller.server.gateway().push);
    tokio::spawn(async move { push.run().await });
    let _ = log::detach();
    say("ready");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                controller.server.gateway().log.reopen();
                let reloading = Arc::clone(&controller);
                let _ = tokio::task::spawn_blocking(move || reloading.reload(Cause::Signal)).await;
            }
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    watching.abort();
    guarding.abort();
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let limit = controller.server.gateway().runtime().limits.drain_timeout;
    say(format_args!("draining, for at most {limit:?}"));
    let quiet = tokio::select! {
        quiet = controller.server.drain(limit) => quiet,
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
    };
    let gateway = controller.server.gateway();
    tokio::join!(gateway.traces.flush(FLUSH), gateway.push.flush(FLUSH));
    gateway.log.flush(FLUSH);
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
