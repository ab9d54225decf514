//! Active health checks: one prober a process for each distinct question, however many upstreams, workers and routes have the
//! endpoint in common. They run on a thread of their own, which is there once a configuration asks for checks.
//!
//! An upstream in force is followed by a task: it keeps names looked up and sees that each endpoint has its prober. A prober
//! lives as long as one of its endpoints.

mod ask;

use crate::clock;
use crate::endpoint::Endpoint;
use crate::event::Event;
use crate::settings::CheckConfig;
use crate::standing::Health;
use crate::upstream::Upstream;
use ask::{Question, ask};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// How often an upstream's endpoints are looked through for new ones, at most.
const LOOK: Duration = Duration::from_secs(1);
/// Within which time a new prober asks for the first time.
const FIRST: Duration = Duration::from_millis(500);

/// The checks of a process.
#[derive(Default)]
pub struct Checks {
    thread: Mutex<Option<Commands>>,
    probes: Probes,
    /// Those that are seen to.
    followed: Mutex<Vec<Weak<Upstream>>>,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Commands = mpsc::UnboundedSender<Task>;

/// Probers by what they ask.
type Probes = Arc<Mutex<HashMap<Question, Weak<Probe>>>>;

/// A prober: it asks as long as it is held, and tells those that listen.
#[derive(Debug)]
pub(crate) struct Probe {
    question: Question,
    listeners: Mutex<Vec<Listener>>,
    task: Mutex<Option<AbortHandle>>,
}

#[derive(Clone, Debug)]
struct Listener {
    upstream: Weak<Upstream>,
    endpoint: Weak<Endpoint>,
}

impl Checks {
    /// Sees to the checks of these upstreams from now on, and of no others: those of a configuration before may live on with
    /// their streams, and have no say any more.
    pub fn follow(&self, upstreams: &[Arc<Upstream>]) -> io::Result<()> {
        let mut followed = self.followed.lock();
        let is_in_force = |one: &Arc<Upstream>| upstreams.iter().any(|upstream| Arc::ptr_eq(upstream, one));
        for before in followed.drain(..).filter_map(|one| one.upgrade()).filter(|one| !is_in_force(one)) {
            before.is_followed.store(false, Ordering::Relaxed);
        }
        for upstream in upstreams {
            if upstream.config.health.check.is_none() {
                upstream.endpoints().iter().for_each(|endpoint| endpoint.unchecked());
                continue;
            }
            followed.push(Arc::downgrade(upstream));
            if !upstream.is_followed.swap(true, Ordering::Relaxed) {
                self.spawn(Box::pin(follow(Arc::downgrade(upstream), Arc::clone(&self.probes))))?;
            }
        }
        Ok(())
    }

    fn spawn(&self, task: Task) -> io::Result<()> {
        let mut thread = self.thread.lock();
        let commands = match &*thread {
            Some(commands) => commands,
            None => thread.insert(start()?),
        };
        // The thread ends with the sender alone.
        let _ = commands.send(task);
        Ok(())
    }
}

impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checks").finish_non_exhaustive()
    }
}

/// Starts the thread, which runs what it is sent until nobody can send more.
fn start() -> io::Result<Commands> {
    #[expect(clippy::disallowed_methods, reason = "bounded by the upstreams of configurations")]
    let (commands, mut received) = mpsc::unbounded_channel::<Task>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("pintle-checks".into()).spawn(move || {
        runtime.block_on(async {
            while let Some(task) = received.recv().await {
                tokio::spawn(task);
            }
        });
        runtime.shutdown_background();
    })?;
    Ok(commands)
}

/// Sees to one upstream as long as somebody holds it.
async fn follow(upstream: Weak<Upstream>, probes: Probes) {
    loop {
        let pause = {
            let Some(upstream) = upstream.upgrade() else { return };
            let Some(check) =
                upstream.config.health.check.as_ref().filter(|_| upstream.is_followed.load(Ordering::Relaxed))
            else {
                return;
            };
            let now = clock::millis(Instant::now());
            if upstream.discovery.is_due(now) {
                let look_up = upstream.discovery.look_up(&upstream.members);
                let _ = tokio::time::timeout(upstream.config.timeout.connect, look_up).await;
            }
            for endpoint in upstream.endpoints() {
                attach(&upstream, &endpoint, check, &probes);
            }
            LOOK.min(check.every)
        };
        tokio::time::sleep(pause).await;
    }
}

/// Has the endpoint listen to the prober that asks its question.
fn attach(upstream: &Arc<Upstream>, endpoint: &Arc<Endpoint>, check: &CheckConfig, probes: &Probes) {
    let question = Question::new(upstream, endpoint, check);
    let mut held = endpoint.probe.lock();
    if held.as_ref().is_some_and(|probe| probe.question == question && probe.hears(upstream)) {
        return;
    }
    let listener = Listener { upstream: Arc::downgrade(upstream), endpoint: Arc::downgrade(endpoint) };
    let mut all = probes.lock();
    let probe = all.get(&question).and_then(Weak::upgrade).unwrap_or_else(|| {
        all.retain(|_, probe| probe.strong_count() > 0);
        let probe = Arc::new(Probe { question: question.clone(), listeners: Mutex::default(), task: Mutex::default() });
        all.insert(question, Arc::downgrade(&probe));
        let task = tokio::spawn(run(Arc::downgrade(&probe), endpoint.connector.clone()));
        *probe.task.lock() = Some(task.abort_handle());
        probe
    });
    {
        let mut listeners = probe.listeners.lock();
        // An upstream that another took the place of has no say any more.
        listeners.retain(|one| one.upstream.strong_count() > 0 && !one.endpoint.ptr_eq(&listener.endpoint));
        listeners.push(listener);
    }
    *held = Some(probe);
}

impl Probe {
    fn hears(&self, upstream: &Arc<Upstream>) -> bool {
        let upstream = Arc::downgrade(upstream);
        self.listeners.lock().iter().any(|listener| listener.upstream.ptr_eq(&upstream))
    }

    /// Tells everyone who has the endpoint in common.
    fn tell(&self, answer: &Result<(), String>) {
        let listeners = self.listeners.lock().clone();
        let now = clock::millis(Instant::now());
        for listener in listeners {
            let (Some(upstream), Some(endpoint)) = (listener.upstream.upgrade(), listener.endpoint.upgrade()) else {
                continue;
            };
            let Some(check) = &upstream.config.health.check else { continue };
            upstream.tell(Event::Checked { good: answer.is_ok() });
            let wrong = answer.as_ref().err().map(String::as_str);
            if endpoint.standing.checked(answer.is_ok(), check, now) != Health::Same {
                upstream.tell(Event::Health { endpoint: &endpoint.name, wrong });
                upstream.members.look(now, &*upstream.observer);
            }
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut() {
            task.abort();
        }
    }
}

/// Asks again and again. The first question comes soon, at a moment that differs from prober to prober.
async fn run(probe: Weak<Probe>, connector: crate::connect::Connector) {
    let every = {
        let Some(probe) = probe.upgrade() else { return };
        probe.question.check().every
    };
    let mut pause = every.min(FIRST).mul_f64(fastrand::f64());
    loop {
        tokio::time::sleep(pause).await;
        let began = Instant::now();
        let question = {
            let Some(probe) = probe.upgrade() else { return };
            probe.question.clone()
        };
        let answer = ask(&question, &connector).await;
        match probe.upgrade() {
            Some(probe) => probe.tell(&answer),
            None => return,
        }
        let jittered = every.mul_f64(0.9 + 0.2 * fastrand::f64());
        pause = jittered.saturating_sub(began.elapsed());
    }
}
