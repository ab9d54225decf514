//! The program's end, for a task that exports in the background: told that it is near, it sends what there is, and says
//! that it has.

use super::Exporter;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How far the program is with its end.
pub(crate) struct Ending(watch::Sender<Stage>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    No,
    Begun,
    Done,
}

impl Ending {
    /// It is far.
    pub(crate) fn new() -> Self {
        Ending(watch::Sender::new(Stage::No))
    }

    /// Waits until it is near.
    pub(crate) async fn begun(&self) {
        // The sender is `self`: it cannot be gone.
        let _ = self.0.subscribe().wait_for(|stage| *stage != Stage::No).await;
    }

    /// All is sent that can be.
    pub(crate) fn done(&self) {
        self.0.send_replace(Stage::Done);
    }

    /// Says that it is near, and waits until all is sent, at most `limit`; after that the exporter tries nothing again.
    pub(crate) async fn flush(&self, exporter: Option<&Exporter>, limit: Duration) {
        let until = Instant::now() + limit;
        if let Some(exporter) = exporter {
            exporter.end(until);
        }
        let mut stage = self.0.subscribe();
        self.0.send_replace(Stage::Begun);
        let done = stage.wait_for(|stage| *stage == Stage::Done);
        let _ = tokio::time::timeout_at(until.into(), done).await;
    }
}
