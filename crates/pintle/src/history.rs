//! The configurations that were in force: the last ten, in the state folder or else in memory. Owns their numbers, and what
//! is true of each; what their texts mean it does not know.
//!
//! A folder that fails is told and counted, and what could not be written stays in memory until it can.

mod folder;
mod index;

#[cfg(test)]
mod tests;

use crate::cause::{Cause, Origin};
use folder::{Folder, Trouble};
use pintle_config::{Bundle, Packed};
use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

/// How many are kept.
const KEPT: usize = 10;

/// The configurations that were in force.
pub(crate) struct History {
    /// The oldest first.
    entries: VecDeque<Entry>,
    /// The highest number that was ever given.
    last: u64,
    standing: Standing,
    folder: Option<Folder>,
    /// Keeps other gateways away from the folder.
    lock: Option<File>,
    /// What is wrong with the folder.
    failure: Option<String>,
    failures: u64,
    /// Whether the folder lacks something.
    unsaved: bool,
}

/// One configuration that was in force.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) version: u64,
    pub(crate) at: SystemTime,
    pub(crate) by: Cause,
    /// Who asked for it, for one that somebody asked for at the admin address.
    pub(crate) who: Option<serde_json::Value>,
    pub(crate) took_ms: u64,
    pub(crate) digest: String,
    /// Which one it is the same as, for one that was gone back to.
    pub(crate) copy_of: Option<u64>,
    /// Whether the guard took it back.
    pub(crate) taken_back: bool,
    /// The texts; none if the folder has them.
    text: Option<Packed>,
}

/// What the one in force stands on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    pub(crate) version: u64,
    pub(crate) origin: Origin,
    /// The digest of the files in spite of which it is in force; none where it is theirs.
    pub(crate) files: Option<String>,
}

/// What is to be kept of a configuration that came in force.
pub(crate) struct Kept {
    pub(crate) entry: Entry,
    pub(crate) standing: Standing,
}

impl Entry {
    pub(crate) fn new(version: u64, at: SystemTime, by: Cause, took_ms: u64, bundle: &Bundle, text: Packed) -> Self {
        let digest = bundle.digest();
        Entry { version, at, by, who: None, took_ms, digest, copy_of: None, taken_back: false, text: Some(text) }
    }
}

impl History {
    /// What a folder holds, or nothing yet. An error is a folder that is not ours: nothing is written there.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, String> {
        let standing = Standing { version: 0, origin: Origin::Files, files: None };
        let mut history = History {
            entries: VecDeque::new(),
            last: 0,
            standing,
            folder: folder.map(Folder::new),
            lock: None,
            failure: None,
            failures: 0,
            unsaved: false,
        };
        let Some((lock, index)) = history.folder.as_ref().map(Folder::open) else { return Ok(history) };
        history.lock = lock;
        match index {
            Ok(None) => {}
            Ok(Some(index)) => {
                history.entries = index.entries.into();
                history.last = index.last;
                history.standing = index.standing;
            }
            Err(Trouble::Foreign(why)) => return Err(why),
            Err(Trouble::Broken(why)) => history.failed(why),
        }
        Ok(history)
    }

    /// The number of the next configuration.
    pub(crate) fn next(&self) -> u64 {
        self.last + 1
    }

    /// What the one in force stands on; of a folder, what the last one in force there did.
    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The entry of a version.
    pub(crate) fn entry(&self, version: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.version == version)
    }

    /// The entry that is in force, or was when the folder was written.
    pub(crate) fn in_force(&self) -> Option<&Entry> {
        self.entry(self.standing.version)
    }

    /// Versions that did no harm, the newest first.
    pub(crate) fn good(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().rev().filter(|entry| !entry.taken_back).map(|entry| entry.version)
    }

    /// The one before the one in force: before what that is a copy of, so that going back again goes further back.
    pub(crate) fn before(&self) -> Option<u64> {
        let now = self.in_force()?;
        let base = now.copy_of.unwrap_or(now.version);
        self.good().find(|version| *version < base && self.entry(*version).is_some_and(|e| e.digest != now.digest))
    }

    /// The texts of a version, if they are there and whole.
    pub(crate) fn text(&self, version: u64) -> Option<(Packed, Bundle)> {
        let entry = self.entry(version)?;
        let packed = match (&entry.text, &self.folder) {
            (Some(text), _) => text.clone(),
            (None, Some(folder)) => folder.text(version)?,
            (None, None) => return None,
        };
        let bundle = packed.unpack().filter(|bundle| bundle.digest() == entry.digest)?;
        Some((packed, bundle))
    }

    /// The texts that were in force as a version, also where the same text came again and its entry has a later number:
    /// versions that follow each other without an entry of their own are the next entry's text.
    pub(crate) fn text_in_force_as(&self, version: u64) -> Option<Bundle> {
        let at = self.entries.iter().position(|entry| entry.version >= version)?;
        let entry = self.entries.get(at)?;
        // What is older than the oldest entry may have been another one, that had to go.
        let known = entry.version == version || at > 0 || (version > 0 && self.entries.len() < KEPT);
        self.text(entry.version).filter(|_| known).map(|(_, bundle)| bundle)
    }

    /// Keeps a configuration that came in force. The same text again takes the place of the entry before.
    pub(crate) fn keep(&mut self, kept: Kept) {
        let Kept { entry, standing } = kept;
        self.last = self.last.max(entry.version);
        self.standing = standing;
        match self.entries.back_mut().filter(|newest| newest.digest == entry.digest && !newest.taken_back) {
            // A start with what was in force before.
            Some(newest) if newest.version == entry.version => {}
            Some(newest) => {
                let copy_of = entry.copy_of.or(newest.copy_of);
                *newest = Entry { copy_of, ..entry };
            }
            None => self.entries.push_back(entry),
        }
        while self.entries.len() > KEPT {
            self.entries.pop_front();
        }
        self.save();
    }

    /// A start with this one. The last good one in place of bad files leaves what is kept as it was: it would hide at the
    /// next start that the files are bad.
    pub(crate) fn began(&mut self, entry: Entry, origin: Origin, files: Option<String>) {
        match origin {
            Origin::State => self.standing = Standing { version: entry.version, origin, files },
            Origin::Files => {
                let standing = Standing { version: entry.version, origin, files: None };
                self.keep(Kept { entry, standing });
            }
            Origin::Put | Origin::Rollback | Origin::Guard => {}
        }
    }

    /// Marks a version as one that does harm, or that has to stay after all.
    pub(crate) fn take_back(&mut self, version: u64, taken_back: bool) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.version == version) {
            entry.taken_back = taken_back;
        }
    }

    /// Writes again what could not be written.
    pub(crate) fn try_again(&mut self) {
        if self.unsaved {
            self.save();
        }
    }

    fn save(&mut self) {
        let Some(folder) = &self.folder else { return };
        let index = index::write(self.last, &self.standing, &self.entries);
        let texts = self.entries.iter().filter_map(|entry| Some((entry.version, entry.text.clone()?))).collect();
        let stay = self.entries.iter().map(|entry| entry.version).collect();
        match folder.save(index, texts, stay) {
            Ok(()) => {
                for entry in &mut self.entries {
                    entry.text = None;
                }
                self.unsaved = false;
                self.failure = None;
            }
            Err(why) => {
                self.unsaved = true;
                self.failed(why);
            }
        }
    }

    fn failed(&mut self, why: String) {
        self.failures += 1;
        self.failure = Some(why);
    }

    /// What is wrong with the folder, and how often something was.
    pub(crate) fn failures(&self) -> (Option<&str>, u64) {
        (self.failure.as_deref(), self.failures)
    }

    /// Where it is kept.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(Folder::path)
    }

    /// All entries, the newest first, as `/config/history` shows them.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        index::show(&self.standing, &self.entries)
    }
}
