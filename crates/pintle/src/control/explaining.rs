//! Explaining by what is or was in force: where its texts are, and that one is put together at a time.

use super::Controller;
use crate::explainer::Explainer;
use parking_lot::MutexGuard;
use std::ops::Deref;
use std::time::Duration;

/// How long others' turns may take. Who waits longer hears that it is busy.
const TURN: Duration = Duration::from_secs(10);

/// An explainer, and the turn to have one: each takes as much memory as what runs.
pub(crate) struct Explaining<'c> {
    explainer: Explainer,
    _turn: MutexGuard<'c, ()>,
}

impl Deref for Explaining<'_> {
    type Target = Explainer;

    fn deref(&self) -> &Explainer {
        &self.explainer
    }
}

/// Why there is no explainer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unexplained {
    /// Others are being explained to.
    Busy,
    /// The texts of that version are not kept any more.
    NotKept,
    /// What they name is not there any more, so that they mean nothing now.
    Broken,
}

impl Controller {
    /// The version in force.
    pub(crate) fn version(&self) -> u64 {
        self.state.lock().change.version
    }

    /// What explains by the configuration of a version: by the one in force, or by one that the history keeps. Blocks, for
    /// up to some seconds.
    pub(crate) fn explainer(&self, version: u64) -> Result<Explaining<'_>, Unexplained> {
        let turn = self.explaining.try_lock_for(TURN).ok_or(Unexplained::Busy)?;
        let in_force = {
            let state = self.state.lock();
            (state.change.version == version).then(|| state.text.clone())
        };
        let bundle = match in_force {
            Some(text) => text.unpack(),
            None => self.history.lock().text_in_force_as(version),
        };
        let bundle = bundle.ok_or(Unexplained::NotKept)?;
        let explainer = Explainer::new(version, &bundle, self.directory(), &self.around).ok_or(Unexplained::Broken)?;
        Ok(Explaining { explainer, _turn: turn })
    }
}
