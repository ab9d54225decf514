//! Hashing beside the workers: few at a time, as each takes a core and up to 128 MiB, and not many more that wait. Whoever
//! asks beyond that is told so at once, instead of waiting behind what others made up.

use super::PasswordHash;
use pintle_core::secret::Secret;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// So many are looked at at once, on machines that have more cores than twice that.
const MOST_AT_ONCE: usize = 4;
/// So many wait for each that is looked at: some seconds of work.
const WAITING_FOR_EACH: usize = 32;
/// Nobody waits longer for a password to be looked at.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where passwords are looked at; one for the process.
pub(super) struct Hasher {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// Too many wait, or it took too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Hasher {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with((cores / 2).clamp(1, MOST_AT_ONCE), WAITING_FOR_EACH)
    }

    fn with(at_once: usize, waiting_for_each: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once));
        Hasher { places, waiting: AtomicUsize::new(0), most_waiting: at_once * waiting_for_each }
    }

    /// Whether this is the password; `known` is asked once there is room, as another request may have found out meanwhile.
    /// Dropping it gives the place in the queue away; what is being hashed is hashed to its end, in its place.
    pub(super) async fn verifies(
        &self,
        hash: &PasswordHash,
        password: &Secret,
        known: impl Fn() -> bool,
        deadline: Option<Instant>,
    ) -> Result<bool, Busy> {
        let end = deadline.into_iter().chain(Instant::now().checked_add(PATIENCE)).min();
        let work = async {
            let place = {
                let _waits = Waits::new(&self.waiting, self.most_waiting).ok_or(Busy)?;
                Arc::clone(&self.places).acquire_owned().await.map_err(|_| Busy)?
            };
            if known() {
                return Ok(true);
            }
            let (hash, password) = (hash.clone(), password.clone());
            let hashing = tokio::task::spawn_blocking(move || {
                let _place = place;
                hash.verifies(password.expose_bytes())
            });
            hashing.await.map_err(|_| Busy)
        };
        match end {
            Some(end) => tokio::time::timeout_at(end.into(), work).await.unwrap_or(Err(Busy)),
            None => work.await,
        }
    }
}

/// A place among those that wait.
struct Waits<'h>(&'h AtomicUsize);

impl<'h> Waits<'h> {
    fn new(waiting: &'h AtomicUsize, most: usize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let place = Waits(waiting);
        (before < most).then_some(place)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{now, read};
    use std::task::{Context, Waker};

    fn cheap() -> PasswordHash {
        read("{bcrypt: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'}")
    }

    #[tokio::test]
    async fn few_are_looked_at_and_not_many_wait() {
        let hasher = Hasher::with(1, 2);
        let taken = Arc::clone(&hasher.places).acquire_owned().await.expect("a place");
        let (hash, password) = (cheap(), Secret::new("U*U".into()));
        let ask = || Box::pin(hasher.verifies(&hash, &password, || false, None));
        let mut waiting = [ask(), ask()];
        for one in &mut waiting {
            assert!(one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!(ask().await, Err(Busy));
        let [first, second] = waiting;
        // Somebody hung up: the place is free.
        drop(first);
        let mut third = ask();
        assert!(third.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(taken);
        assert_eq!((second.await, third.await), (Ok(true), Ok(true)));
        assert_eq!(hasher.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_another_request_found_out_is_not_hashed_and_time_is_bounded() {
        let hasher = Hasher::with(1, 2);
        let (hash, password) = (cheap(), Secret::new("wrong".into()));
        assert_eq!(now(hasher.verifies(&hash, &password, || true, None)), Ok(true));
        assert_eq!(hasher.verifies(&hash, &password, || false, None).await, Ok(false));
        let _taken = Arc::clone(&hasher.places).acquire_owned().await.expect("a place");
        assert_eq!(hasher.verifies(&hash, &password, || false, Some(Instant::now())).await, Err(Busy));
    }
}
