//! The workers: threads with a runtime each, that accept on their own sockets and never wait for each other.

use crate::connection;
use crate::gateway::Gateway;
use crate::runtime::Runtime;
use crate::socket::{Address, BindError, Socket, Sockets};
use crate::stream;
use parking_lot::Mutex;
use pintle_core::worker;
use pintle_telemetry::log;
use pintle_upstream::Checks;
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc, oneshot};

/// How often a worker closes upstream connections that were idle for too long.
const SWEEP: Duration = Duration::from_secs(5);
/// How long what is ended may take to say so, and how long workers may take to end after they were told.
const GRACE: Duration = Duration::from_secs(1);
/// How long accepting rests when there are no descriptors left.
const REST: Duration = Duration::from_millis(50);

/// The workers of a gateway and the sockets that they accept on.
pub struct Server {
    gateway: Arc<Gateway>,
    sockets: Mutex<Sockets>,
    workers: Vec<Worker>,
    checks: Checks,
}

struct Worker {
    commands: mpsc::UnboundedSender<Command>,
    thread: JoinHandle<()>,
}

enum Command {
    Listen(Arc<Address>, Socket),
    Stop(Address),
    End,
}

/// Why sockets could not be opened.
#[derive(Debug)]
pub enum StartError {
    /// Addresses that cannot be had.
    Bind(Vec<BindError>),
    /// The system has no more descriptors or threads.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Bind(errors) => {
                for (index, error) in errors.iter().enumerate() {
                    let between = if index > 0 { "\n" } else { "" };
                    write!(f, "{between}{error}")?;
                }
                Ok(())
            }
            StartError::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl Server {
    /// Starts the workers, as many as `worker::count()`, with nothing to listen on yet.
    pub fn start(gateway: Arc<Gateway>) -> io::Result<Self> {
        let count = worker::count();
        let mut workers = Vec::with_capacity(count);
        for index in 0..count {
            #[expect(clippy::disallowed_methods, reason = "bounded by the addresses that changes open and close")]
            let (commands, received) = mpsc::unbounded_channel();
            let gateway = Arc::clone(&gateway);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let thread = std::thread::Builder::new().name(format!("pintle-{index}")).spawn(move || {
                worker::enter(index);
                runtime.block_on(work(gateway, received));
                // What is left is cut; draining has waited for it before.
                runtime.shutdown_background();
            })?;
            workers.push(Worker { commands, thread });
        }
        Ok(Server { gateway, sockets: Mutex::new(Sockets::new(count)), workers, checks: Checks::default() })
    }

    /// Opens the sockets of the configuration that the gateway began with. Gives the addresses that were opened, as
    /// asked for and as they are.
    pub fn open(&self) -> Result<Vec<(Address, Address)>, StartError> {
        self.change(&self.gateway.runtime(), || {})
    }

    /// Puts a configuration in force, sockets included: all of it or, on an error, nothing. Gives the addresses that
    /// were opened.
    pub fn apply(&self, runtime: Runtime) -> Result<Vec<(Address, Address)>, StartError> {
        let runtime = Arc::new(runtime);
        self.change(&runtime, || self.gateway.swap(Arc::clone(&runtime)))
    }

    fn change(&self, runtime: &Runtime, swap: impl FnOnce()) -> Result<Vec<(Address, Address)>, StartError> {
        let wanted: Vec<Address> = runtime.listeners.iter().flat_map(|l| l.addresses.iter().cloned()).collect();
        let mut sockets = self.sockets.lock();
        let plan = sockets.plan(&wanted).map_err(StartError::Bind)?;
        let change = sockets.commit(plan).map_err(StartError::System)?;
        // Before the first connection of a new address, after the last thing that can fail.
        swap();
        if let Err(error) = self.checks.follow(&runtime.upstreams) {
            log::error(format_args!("health checks cannot be made: {error}"));
        }
        let mut opened = Vec::with_capacity(change.opened.len());
        for group in change.opened {
            let address = Arc::new(group.address);
            for (worker, socket) in self.workers.iter().zip(group.workers) {
                let _ = worker.commands.send(Command::Listen(Arc::clone(&address), socket));
            }
            opened.push(((*address).clone(), group.local));
        }
        for address in change.removed {
            self.stop(&address);
        }
        Ok(opened)
    }

    fn stop(&self, address: &Address) {
        for worker in &self.workers {
            let _ = worker.commands.send(Command::Stop(address.clone()));
        }
    }

    /// Every open address as asked for, and as it is.
    pub fn addresses(&self) -> Vec<(Address, Address)> {
        self.sockets.lock().addresses().map(|(asked, is)| (asked.clone(), is.clone())).collect()
    }

    /// The gateway that the workers serve.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Stops accepting, lets what is under way end within `limit`, and ends the workers. True if nothing was cut.
    pub async fn drain(&self, limit: Duration) -> bool {
        for (address, _) in self.addresses() {
            self.stop(&address);
        }
        // What sockets have queued is still accepted; then they close with this.
        *self.sockets.lock() = Sockets::new(self.workers.len());
        self.gateway.drain();
        let mut deadline = Instant::now() + limit;
        self.emptied(deadline).await;
        let quiet = self.gateway.connections() == 0;
        if !quiet {
            self.gateway.end();
            deadline = Instant::now() + GRACE;
            self.emptied(deadline).await;
        }
        for worker in &self.workers {
            let _ = worker.commands.send(Command::End);
        }
        while self.workers.iter().any(|worker| !worker.thread.is_finished()) && Instant::now() < deadline + GRACE {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        quiet
    }
}

impl Server {
    /// Waits until no connection is open, or until `deadline`.
    async fn emptied(&self, deadline: Instant) {
        let mut pause = Duration::from_millis(1);
        while self.gateway.connections() > 0 && Instant::now() < deadline {
            tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

async fn work(gateway: Arc<Gateway>, mut commands: mpsc::UnboundedReceiver<Command>) {
    let mut stops: HashMap<Address, oneshot::Sender<()>> = HashMap::new();
    tokio::spawn(sweep(Arc::clone(&gateway)));
    while let Some(command) = commands.recv().await {
        match command {
            Command::Listen(address, socket) => {
                let (stop, stopped) = oneshot::channel();
                stops.insert((*address).clone(), stop);
                tokio::spawn(accept(Arc::clone(&gateway), socket, address, stopped));
            }
            Command::Stop(address) => drop(stops.remove(&address)),
            Command::End => return,
        }
    }
}

async fn sweep(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let runtime = gateway.runtime();
        let now = Instant::now();
        for upstream in &runtime.upstreams {
            upstream.sweep(now);
        }
    }
}

enum Accepting {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Accepting {
    fn new(socket: Socket) -> io::Result<Self> {
        Ok(match socket {
            Socket::Tcp(tcp) => Accepting::Tcp(TcpListener::from_std(tcp)?),
            Socket::Unix(unix) => Accepting::Unix(UnixListener::from_std(unix)?),
        })
    }

    fn poll_accept(&self, cx: &mut std::task::Context<'_>) -> Poll<io::Result<stream::Socket>> {
        match self {
            Accepting::Tcp(tcp) => tcp.poll_accept(cx).map_ok(|(tcp, _)| stream::Socket::Tcp(tcp)),
            Accepting::Unix(unix) => unix.poll_accept(cx).map_ok(|(unix, _)| stream::Socket::Unix(unix)),
        }
    }
}

/// Accepts until told to stop, and then what has already been queued: closing a socket would reset that.
async fn accept(gateway: Arc<Gateway>, socket: Socket, address: Arc<Address>, mut stopped: oneshot::Receiver<()>) {
    let listening = match Accepting::new(socket) {
        Ok(listening) => listening,
        Err(error) => return log::error(format_args!("{address} cannot be accepted on: {error}")),
    };
    let mut stopping = false;
    loop {
        let accepted = poll_fn(|cx| {
            if !stopping && std::pin::Pin::new(&mut stopped).poll(cx).is_ready() {
                stopping = true;
            }
            match listening.poll_accept(cx) {
                Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                Poll::Pending if stopping => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        match accepted {
            None => return,
            Some(Ok(socket)) => {
                tokio::spawn(connection::serve(Arc::clone(&gateway), socket, Arc::clone(&address)));
            }
            Some(Err(error)) => {
                log::limited("accept", log::Level::Warn, format_args!("{address}: no connection accepted: {error}"));
                tokio::time::sleep(REST).await;
            }
        }
    }
}
