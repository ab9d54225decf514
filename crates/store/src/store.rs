//! A store in use: a task that keeps a connection, and calls that use it while there is one.

use crate::StoreMap;
use crate::link::{Link, Way};
use parking_lot::Mutex;
use pintle_core::secret::Secret;
use redis::{FromRedisValue, ToRedisArgs};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long after a failure it is tried again, at first and at most.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// How often a connection that nobody uses is asked whether it is alive.
const LOOK: Duration = Duration::from_secs(1);

/// What happens to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is a connection, and there was none.
    Up,
    /// There is none any more, or none yet; why.
    Down(String),
    /// A call failed.
    Failed(&'static str),
}

/// Who is told of what happens.
pub type Observer = Box<dyn Fn(Event) + Send + Sync>;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no connection: nothing was asked.
    Down,
    /// No answer within the time for one.
    TimedOut,
    /// The store refused, or the connection broke.
    Broken(String),
}

impl Failure {
    /// A word for it, for metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Failure::Down => "down",
            Failure::TimedOut => "timeout",
            Failure::Broken(_) => "error",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Down => f.write_str("the store is down"),
            Failure::TimedOut => f.write_str("the store gave no answer in time"),
            Failure::Broken(why) => write!(f, "the store failed: {why}"),
        }
    }
}

/// A script in Lua that the store runs as one step. Sent by its digest, and whole where the store does not know it.
pub struct Script(redis::Script);

impl Script {
    /// A script of that text.
    pub fn new(text: &str) -> Self {
        Script(redis::Script::new(text))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", self.0.get_hash())
    }
}

/// A Redis.
pub struct Store {
    settings: StoreMap,
    way: Way,
    link: Mutex<Option<(u64, Link)>>,
    /// Whether there is a connection: asked for each request, by all workers.
    up: AtomicBool,
    lost: Arc<Notify>,
    observer: Observer,
}

impl Store {
    /// The store of a configuration, not connected yet: that is for [`Store::keep`]. Reads files: not for a worker's
    /// thread. The error says what is wrong with the files of TLS.
    pub fn new(settings: StoreMap, password: Option<Secret>, observer: Observer) -> Result<Self, String> {
        let StoreMap { url, username, tls, timeout, .. } = &settings;
        let way = Way::new(url.clone(), username.clone(), password, tls.as_ref(), *timeout)?;
        let (link, up, lost) = (Mutex::new(None), AtomicBool::new(false), Arc::new(Notify::new()));
        Ok(Store { settings, way, link, up, lost, observer })
    }

    /// What it was made of.
    pub fn settings(&self) -> &StoreMap {
        &self.settings
    }

    /// Whether there is a connection.
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// Whether another one is the same: by its settings, its password and what its files held.
    pub fn is_same(&self, other: &Store) -> bool {
        self.settings == other.settings && self.way.is_same(&other.way)
    }

    /// Keeps a connection for as long as somebody holds the store. Runs in one task, on the runtime in which the
    /// connection then lives; calls may come from any.
    pub async fn keep(store: Weak<Store>) {
        let (mut again, mut number) = (AGAIN.0, 0);
        let mut told = false;
        while let Some(strong) = store.upgrade() {
            let limit = strong.settings.timeout.saturating_mul(2);
            let opened = timeout(limit, async {
                let mut link = strong.way.open().await?;
                link.ping().await?;
                Ok::<_, redis::RedisError>(link)
            });
            let lost = Arc::clone(&strong.lost);
            let why = match opened.await {
                Ok(Ok(link)) => {
                    number += 1;
                    *strong.link.lock() = Some((number, link));
                    strong.up.store(true, Ordering::Relaxed);
                    (strong.observer)(Event::Up);
                    told = false;
                    drop(strong);
                    let since = Instant::now();
                    Self::watch(&store, &lost).await;
                    if since.elapsed() >= AGAIN.1 {
                        again = AGAIN.0;
                        continue;
                    }
                    // One that refuses what it is asked takes every connection: they are made no faster for that.
                    None
                }
                Ok(Err(error)) => Some((strong, said(&error))),
                Err(_) => Some((strong, format!("no connection within {limit:?}"))),
            };
            if let Some((strong, why)) = why
                && !told
            {
                (strong.observer)(Event::Down(why));
                told = true;
            }
            // Replicas that lost it together do not come back in step.
            let spread = again.mul_f64(0.75 + f64::from(number_of_now() % 512) / 1024.0);
            let _ = timeout(spread, lost.notified()).await;
            again = (again * 2).min(AGAIN.1);
        }
    }

    /// Until the connection is lost.
    async fn watch(store: &Weak<Store>, lost: &Notify) {
        loop {
            if timeout(LOOK, lost.notified()).await.is_ok() {
                let is_up = store.upgrade().is_some_and(|store| store.is_up());
                if !is_up {
                    return;
                }
                continue;
            }
            let Some(strong) = store.upgrade() else { return };
            let Some((number, mut link)) = strong.current() else { return };
            let asked = timeout(strong.settings.timeout, link.ping()).await;
            match asked {
                Ok(Ok(())) => {}
                Ok(Err(error)) => strong.lose(number, &said(&error)),
                Err(_) => strong.lose(number, "no answer in time"),
            }
        }
    }

    fn current(&self) -> Option<(u64, Link)> {
        self.link.lock().clone()
    }

    /// That connection is no good any more.
    fn lose(&self, number: u64, why: &str) {
        {
            let mut link = self.link.lock();
            if link.as_ref().is_none_or(|(current, _)| *current != number) {
                return;
            }
            *link = None;
            self.up.store(false, Ordering::Relaxed);
        }
        (self.observer)(Event::Down(why.to_owned()));
        self.lost.notify_one();
    }

    /// Runs a script with these keys and arguments, within the time for a call. Keys begin with the store's prefix by
    /// their caller's care. Cancelled by dropping; the store may have done it then, or not.
    pub async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[impl ToRedisArgs],
        arguments: &[impl ToRedisArgs],
    ) -> Result<T, Failure> {
        let outcome = self.try_run(script, keys, arguments).await;
        if let Err(failure) = &outcome {
            (self.observer)(Event::Failed(failure.word()));
        }
        outcome
    }

    async fn try_run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[impl ToRedisArgs],
        arguments: &[impl ToRedisArgs],
    ) -> Result<T, Failure> {
        let (number, mut link) = self.current().ok_or(Failure::Down)?;
        let mut call = script.0.prepare_invoke();
        for key in keys {
            call.key(key);
        }
        for argument in arguments {
            call.arg(argument);
        }
        match timeout(self.settings.timeout, call.invoke_async(&mut link)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                let why = said(&error);
                self.lose(number, &why);
                Err(Failure::Broken(why))
            }
            Err(_) => {
                self.lose(number, "no answer in time");
                Err(Failure::TimedOut)
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.lost.notify_one();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.settings.url)
    }
}

/// What went wrong, in one line.
fn said(error: &redis::RedisError) -> String {
    error.to_string().replace(['\r', '\n'], " ")
}

/// Something that differs from process to process, where no randomness is worth a library.
fn number_of_now() -> u32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.subsec_nanos() ^ std::process::id()
}
