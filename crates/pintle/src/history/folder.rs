//! The state folder on the disk: an index, and a file for each configuration. Each file is written beside, brought to the
//! disk, and renamed; the index comes last, so that it never names what is not there.

use super::index::{self, Index, Unread};
use pintle_config::Packed;
use serde_json::Value;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// Held as long as the process lives: two gateways that write one folder would serve each other's configurations.
const LOCK: &str = ".lock";
const INDEX: &str = "pintle-state.json";
/// Where an index that cannot be read is put, for whoever wants to know why.
const BROKEN: &str = "pintle-state.json.broken";
/// Ten entries take some KiB.
const INDEX_SIZE: u64 = 1 << 20;
/// As large as a configuration may be, if it could not be made smaller at all.
const TEXT_SIZE: u64 = 128 << 20;

/// How long the disk may take. One that hangs is one that fails.
const LIMIT: Duration = Duration::from_secs(5);

/// A state folder.
#[derive(Clone)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether something of it is under way.
    busy: Arc<AtomicBool>,
}

/// Why a folder is of no use.
pub(super) enum Trouble {
    /// It is not ours.
    Foreign(String),
    /// It fails.
    Broken(String),
}

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Folder { path: path.to_owned(), busy: Arc::default() }
    }

    /// Does something on the disk beside, so that one that hangs holds nobody up; one thing at a time, so that no more than
    /// one thread hangs with it.
    fn beside<T: Send + 'static>(&self, work: impl FnOnce(&Folder) -> T + Send + 'static) -> Option<T> {
        if self.busy.swap(true, Ordering::Acquire) {
            return None;
        }
        let (done, result) = mpsc::sync_channel(1);
        let folder = self.clone();
        let run = move || {
            let value = work(&folder);
            folder.busy.store(false, Ordering::Release);
            let _ = done.send(value);
        };
        if thread::Builder::new().name("pintle-state".into()).spawn(run).is_err() {
            self.busy.store(false, Ordering::Release);
            return None;
        }
        result.recv_timeout(LIMIT).ok()
    }

    fn hangs(&self) -> String {
        format!("the state folder {} does not answer within {LIMIT:?}", self.path.display())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Locks the folder and reads the index; none if there is none yet. The lock holds although the index fails.
    pub(super) fn open(&self) -> (Option<File>, Result<Option<Index>, Trouble>) {
        let opened = self.beside(|folder| {
            let index = folder.index();
            match (folder.lock(), index) {
                (_, Err(Trouble::Foreign(why))) | (Err(Trouble::Foreign(why)), _) => (None, Err(Trouble::Foreign(why))),
                (Ok(lock), index) => (Some(lock), index),
                (Err(_), Err(index)) => (None, Err(index)),
                (Err(lock), Ok(_)) => (None, Err(lock)),
            }
        });
        opened.unwrap_or_else(|| (None, Err(Trouble::Broken(self.hangs()))))
    }

    /// Keeps others away from the folder until the file is dropped.
    fn lock(&self) -> Result<File, Trouble> {
        let broken = |error: io::Error| Trouble::Broken(self.said("cannot be locked", &error));
        self.make().map_err(broken)?;
        let options = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).clone();
        let file = options.open(self.path.join(LOCK)).map_err(broken)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                let folder = self.path.display();
                Err(Trouble::Foreign(format!("{folder} is used by another gateway, and is for one alone")))
            }
            Err(TryLockError::Error(error)) => Err(broken(error)),
        }
    }

    fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)
    }

    fn index(&self) -> Result<Option<Index>, Trouble> {
        let broken = |error: io::Error| Trouble::Broken(self.said("cannot be read", &error));
        let mut text = Vec::new();
        match File::open(self.path.join(INDEX)) {
            Ok(file) => file.take(INDEX_SIZE).read_to_end(&mut text).map_err(broken)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return self.unused().map(|()| None),
            Err(error) => return Err(broken(error)),
        };
        match index::read(&text) {
            Ok(index) => Ok(Some(index)),
            Err(Unread::Foreign(why)) => Err(Trouble::Foreign(format!("{} is not used: {why}", self.path.display()))),
            Err(Unread::Broken) => {
                // Out of the way, or the next start would stand before it again.
                let _ = fs::rename(self.path.join(INDEX), self.path.join(BROKEN));
                Err(Trouble::Broken(format!("the index of {} was damaged, and is begun anew", self.path.display())))
            }
        }
    }

    /// A folder without an index must be empty: what is there else belongs to somebody.
    fn unused(&self) -> Result<(), Trouble> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Trouble::Broken(self.said("cannot be read", &error))),
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // What mounts put there, and what a start left that was cut off.
            if !(name.starts_with('.')
                || name == "lost+found"
                || name == "quota.redb"
                || name == BROKEN
                || version_of(&name).is_some())
            {
                let folder = self.path.display();
                return Err(Trouble::Foreign(format!(
                    "{folder} holds `{name}` and nothing of Pintle's: give the state a folder of its own"
                )));
            }
        }
        Ok(())
    }

    /// The texts of a version.
    pub(super) fn text(&self, version: u64) -> Option<Packed> {
        let read = move |folder: &Folder| {
            let mut bytes = Vec::new();
            File::open(folder.path.join(name_of(version))).ok()?.take(TEXT_SIZE).read_to_end(&mut bytes).ok()?;
            Some(Packed::from_bytes(bytes))
        };
        self.beside(read).flatten()
    }

    /// Writes texts and the index, and removes the texts of versions that are not to `stay`.
    pub(super) fn save(&self, index: Value, texts: Vec<(u64, Packed)>, stay: Vec<u64>) -> Result<(), String> {
        let save = move |folder: &Folder| {
            folder.try_save(&index, &texts).map_err(|error| folder.said("cannot be written", &error))?;
            for entry in fs::read_dir(&folder.path).into_iter().flatten().flatten() {
                let version = entry.file_name().to_str().and_then(version_of);
                if version.is_some_and(|version| !stay.contains(&version)) {
                    let _ = fs::remove_file(entry.path());
                }
            }
            Ok(())
        };
        self.beside(save).unwrap_or_else(|| Err(self.hangs()))
    }

    fn try_save(&self, index: &Value, texts: &[(u64, Packed)]) -> io::Result<()> {
        self.make()?;
        for (version, text) in texts {
            self.write(&name_of(*version), text.bytes())?;
        }
        self.write(INDEX, format!("{index:#}\n").as_bytes())?;
        // The names as well as what they lead to.
        File::open(&self.path)?.sync_all()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let beside = self.path.join(format!(".{name}.new"));
        // What a start left that was cut off. What is there after that is none of ours, a link perhaps.
        let _ = fs::remove_file(&beside);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&beside, self.path.join(name)));
        if written.is_err() {
            // On a full disk it would keep what little there is.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn said(&self, what: &str, error: &io::Error) -> String {
        format!("the state folder {} {what}: {error}", self.path.display())
    }
}

fn name_of(version: u64) -> String {
    format!("configuration-{version}.zz")
}

fn version_of(name: &str) -> Option<u64> {
    name.strip_prefix("configuration-")?.strip_suffix(".zz")?.parse().ok()
}
