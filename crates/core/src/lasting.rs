//! What outlives a configuration: counters of limits, key sets, parsed lists. It is found again by what it is and by name, as
//! long as somebody holds it; and what must be done for it beside requests runs in the program's background. Knows nothing
//! of what is kept.

use crate::step::BoxFuture;
use parking_lot::Mutex;
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Weak};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// What outlives configurations, one for the process. For what serves nobody (`check`, `explain`) there is one that runs
/// nothing.
pub struct Lasting {
    held: Mutex<HashMap<(&'static str, Box<str>), Weak<dyn Any + Send + Sync>>>,
    tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    serves: bool,
    /// How many times an operator had the configuration read again.
    reloads: watch::Sender<u64>,
}

/// The tasks of a [`Lasting`], to be run in the background.
pub struct Tasks(mpsc::UnboundedReceiver<BoxFuture<'static, ()>>);

impl Lasting {
    /// One that serves, and its tasks.
    pub fn new() -> (Arc<Self>, Tasks) {
        #[expect(clippy::disallowed_methods, reason = "bounded by what configurations hold: each has a task or two")]
        let (tasks, received) = mpsc::unbounded_channel();
        let reloads = watch::Sender::new(0);
        (Arc::new(Lasting { held: Mutex::default(), tasks, serves: true, reloads }), Tasks(received))
    }

    /// One whose tasks nobody runs.
    pub fn idle() -> Arc<Self> {
        // Nobody receives, so nothing is kept.
        #[expect(clippy::disallowed_methods, reason = "what is sent is dropped")]
        let tasks = mpsc::unbounded_channel().0;
        let reloads = watch::Sender::new(0);
        Arc::new(Lasting { held: Mutex::default(), tasks, serves: false, reloads })
    }

    /// Whether what is built with it is to serve somebody. Where it is not, what the machine lacks (a secret in a variable)
    /// is no mistake.
    pub fn serves(&self) -> bool {
        self.serves
    }

    /// What is held under this kind and name, if it is good enough; else what `make` makes. Two kinds have two names, so
    /// that one has one type. Nothing else is found or made meanwhile: `make` does not call.
    pub fn find<T: Any + Send + Sync>(
        &self,
        kind: &'static str,
        name: &str,
        fits: impl FnOnce(&T) -> bool,
        make: impl FnOnce() -> Arc<T>,
    ) -> Arc<T> {
        let mut held = self.held.lock();
        let key = (kind, Box::from(name));
        let known = held.get(&key).and_then(Weak::upgrade).and_then(|known| known.downcast::<T>().ok());
        if let Some(known) = known.filter(|known| fits(known)) {
            return known;
        }
        held.retain(|_, value| value.strong_count() > 0);
        let made = make();
        let weak: Weak<T> = Arc::downgrade(&made);
        held.insert(key, weak);
        made
    }

    /// Says that a configuration was read and is in force: what was fetched from elsewhere is to be fetched anew.
    pub fn reloaded(&self) {
        self.reloads.send_modify(|reloads| *reloads += 1);
    }

    /// Tells of each [`Lasting::reloaded`].
    pub fn reloads(&self) -> watch::Receiver<u64> {
        self.reloads.subscribe()
    }

    /// Runs a task in the background, beside all others. It should hold what it serves by a [`Weak`], and end when that is gone.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Nobody runs them in a `check`, or at the program's end.
        let _ = self.tasks.send(Box::pin(task));
    }
}

impl Tasks {
    /// Runs the tasks, each on its own; ends when the [`Lasting`] is gone. Cancelled by dropping, tasks and all.
    pub async fn run(mut self) {
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                task = self.0.recv() => match task {
                    Some(task) => drop(running.spawn(task)),
                    None => return,
                },
                // A panic in one ends that one.
                Some(_) = running.join_next() => {}
            }
        }
    }
}

impl fmt::Debug for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lasting({} held)", self.held.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_for_as_long_as_somebody_holds_it() {
        let lasting = Lasting::idle();
        let find = |name: &str, value: u32| lasting.find("number", name, |_| true, || Arc::new(value));
        let first = find("a", 1);
        assert_eq!((*find("a", 2), *find("b", 3)), (1, 3));
        assert_eq!(*lasting.find("number", "a", |_: &u32| false, || Arc::new(4)), 4, "it did not fit");
        assert_eq!(*lasting.find("text", "a", |_| true, || Arc::new("t")), "t", "another kind");
        drop(first);
        assert_eq!(*find("a", 5), 5, "nobody held it");
    }

    #[tokio::test]
    async fn its_tasks_run() {
        let (lasting, tasks) = Lasting::new();
        assert!(lasting.serves() && !Lasting::idle().serves());
        let reloads = lasting.reloads();
        lasting.reloaded();
        assert!(reloads.has_changed().expect("it is there"));
        let running = tokio::spawn(tasks.run());
        let (done, mut told) = mpsc::channel(2);
        for number in [1, 2] {
            let done = done.clone();
            lasting.spawn(async move { done.send(number).await.expect("somebody waits") });
        }
        assert_eq!(told.recv().await.zip(told.recv().await).map(|(a, b)| a + b), Some(3));
        drop(lasting);
        running.await.expect("it ends");
    }
}
