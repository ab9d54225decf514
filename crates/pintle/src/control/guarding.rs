//! The guard at work: has each change watched, and goes back to what was before one that does harm.

use super::take::Taking;
use super::{Changing, Controller, Good, Held};
use crate::cause::{Cause, Origin};
use crate::cost::Stopwatch;
use crate::guard::{Found, Guard, Settings};
use crate::run::say;
use pintle_config::{Document, load_bundle};
use std::sync::Arc;
use std::time::Instant;

/// How a document wants changes to be watched.
pub(super) fn guard_settings(document: &Document) -> Option<Settings> {
    let guard = document.guard.as_ref()?;
    Some(Settings { time: guard.time, errors: guard.errors.fraction() })
}

impl Controller {
    /// Has a change watched, if it is one that may be taken back.
    pub(super) fn watch_change(&self, by: Cause, same: bool, before: Good, settings: Option<Settings>) {
        let mut guard = self.guard.lock();
        let Some(settings) = settings else {
            *guard = None;
            return;
        };
        let guard = guard.get_or_insert_with(|| Guard::new(settings));
        guard.set(settings);
        match by {
            Cause::Rollback | Cause::Guard | Cause::Start => guard.trust(),
            // The same text again is no change.
            Cause::File | Cause::Signal | Cause::Admin | Cause::Put if same => {}
            Cause::File | Cause::Signal | Cause::Admin | Cause::Put => {
                guard.changed(Instant::now(), self.metrics.outcomes(), before);
            }
        }
        self.guard_changed.notify_one();
    }

    /// Looks after changes for as long as the program runs.
    pub(crate) async fn guard(self: Arc<Self>) {
        loop {
            let pause = self.guard.lock().as_ref().map(Guard::pause);
            let changed = self.guard_changed.notified();
            match pause {
                None => changed.await,
                Some(pause) => {
                    if tokio::time::timeout(pause, changed).await.is_ok() {
                        // Another change, and other settings perhaps: the pause is another.
                        continue;
                    }
                    let controller = Arc::clone(&self);
                    // Adds up what all routes have counted, and may load a configuration.
                    let _ = tokio::task::spawn_blocking(move || controller.look_after()).await;
                }
            }
        }
    }

    fn look_after(&self) {
        // No other change may come between what is found and what is done about it.
        let mut changing = self.changing.lock();
        let outcomes = self.metrics.outcomes();
        let found = self.guard.lock().as_mut().map(|guard| guard.look(Instant::now(), outcomes));
        match found {
            None | Some(Found::Nothing) => {}
            Some(Found::Stood) => say("the guard found no harm in the last change"),
            Some(Found::Harm(why, good)) => self.go_back(&why, &good, &mut changing),
        }
    }

    /// Puts in force what was before a change that does harm.
    fn go_back(&self, why: &str, good: &Good, changing: &mut Changing) {
        let (harmful, digest, watched) = {
            let state = self.state.lock();
            (state.change.version, state.change.digest.clone(), state.watched.clone())
        };
        say(format_args!("configuration {harmful} does harm: {why}; back to what {} was", good.version));
        let Some(bundle) = good.text.unpack() else { return };
        changing.began = Stopwatch::start();
        let checked = load_bundle(&bundle, self.directory());
        // The files are what they were when this was last looked at; what has changed since is news.
        let texts = changing.in_force.texts;
        let held = changing.held.clone().unwrap_or(Held { texts, digest: Some(digest), watched });
        let refused =
            changing.held.as_ref().map_or_else(|| changing.in_force.clone(), |held| changing.in_force.with(held.texts));
        let taking = Taking {
            checked,
            by: Cause::Guard,
            who: None,
            origin: Origin::Guard,
            held: Some(held),
            copy_of: Some(good.version),
            against: Some(format!("configuration {harmful} was taken back: {why}")),
        };
        self.history.lock().take_back(harmful, true);
        if self.take(taking, changing).is_err() {
            self.history.lock().take_back(harmful, false);
            return say(format_args!("what was before {harmful} cannot be had any more: {harmful} stays"));
        }
        self.told.taken_back.inc();
        changing.refused = Some(refused);
    }
}
