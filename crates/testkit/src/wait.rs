//! Waiting with a limit and a telling end. No test waits in any other way.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

/// How long a test waits for anything before it fails: far over what a loaded machine needs.
pub const LIMIT: Duration = Duration::from_secs(10);

/// Waits for `future`, [`LIMIT`] at most.
///
/// # Panics
/// When the limit is over, with `what` in the message.
pub async fn within<T>(what: impl Display, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, Box::pin(future)).await {
        Ok(value) => value,
        Err(_) => panic!("waited {LIMIT:?} for {what}"),
    }
}

/// Asks again and again until there is an answer, [`LIMIT`] at most: for what has no event to wait for, such as a
/// counter in the metrics.
///
/// # Panics
/// When the limit is over, with `what` in the message.
pub async fn until<T>(what: impl Display, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within(what, asking).await
}
