//! Watching files: directories are watched, because editors and Kubernetes replace files and links rather than write
//! into them; what has really changed is found by reading. A slow look beside it serves file systems without events.

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// How long nothing must happen before a look, once every file that was opened for writing is closed again.
const QUIET: Duration = Duration::from_millis(10);
/// The same while a file is open, or may be.
const OPEN: Duration = Duration::from_millis(50);
/// A burst of changes is looked at after so long, whatever goes on.
const BURST: Duration = Duration::from_millis(500);
/// How often to look without an event.
const LOOK: Duration = Duration::from_secs(5);
/// How soon to look again at what may have been seen half-written.
const SOON: Duration = Duration::from_millis(500);

/// How many events may wait; they are one burst.
const EVENTS: usize = 64;

/// When to look again if nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Something is not clear yet.
    Soon,
    /// As usual.
    Later,
}

/// What is watched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    /// Files whose content matters, whether they are there or not.
    pub(crate) files: HashSet<PathBuf>,
    /// Directories in which any new file matters.
    pub(crate) directories: HashSet<PathBuf>,
}

impl Watched {
    /// These files and directories, and what their links lead to.
    pub(crate) fn new<'p>(files: impl Iterator<Item = &'p Path>, directories: impl Iterator<Item = &'p Path>) -> Self {
        let all = |path: &Path| [std::path::absolute(path).ok(), path.canonicalize().ok()].into_iter().flatten();
        Watched { files: files.flat_map(all).collect(), directories: directories.flat_map(all).collect() }
    }

    /// What both are about.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.files.extend(other.files);
        self.directories.extend(other.directories);
        self
    }

    /// The directories to get events of.
    fn places(&self) -> HashSet<PathBuf> {
        let parents = self.files.iter().filter_map(|file| file.parent()).map(Path::to_owned);
        parents.chain(self.directories.iter().cloned()).collect()
    }

    /// Whether an event may have to do with what is watched. Reading is none: looking at a file would else lead to the
    /// next look. Nor is what other files beside them get, such as a log.
    fn concerns(&self, event: &Event) -> bool {
        let (written, may_be_new) = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => (true, true),
            EventKind::Access(_) => return false,
            EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => (true, false),
            _ => (false, true),
        };
        event.need_rescan()
            || event.paths.iter().any(|path| {
                let included = || path.parent().is_some_and(|parent| self.directories.contains(parent));
                // A link, or what was one: where it leads to has changed, and with it files that are watched.
                let link = || !path.symlink_metadata().is_ok_and(|there| there.is_file());
                self.files.contains(path) || (may_be_new && included()) || (!written && link())
            })
    }
}

/// The files that somebody is writing: each write tells of them, and then that they were closed.
#[derive(Debug, Default)]
struct Writing(HashSet<PathBuf>);

impl Writing {
    /// How long to wait for more after an event.
    fn pause(&mut self, event: &notify::Result<Event>) -> Duration {
        let Ok(event) = event else { return OPEN };
        for path in &event.paths {
            match event.kind {
                // Not of a link, which nobody closes; it costs the longer pause.
                EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_)) => self.0.insert(path.clone()),
                _ => self.0.remove(path),
            };
        }
        if self.0.is_empty() { QUIET } else { OPEN }
    }
}

/// Waits for the end of a burst: until nothing has happened for the pause that the last event asks for.
async fn settle(mut pause: Duration, more: &mut mpsc::Receiver<Duration>) {
    let end = Instant::now() + BURST;
    while let Ok(Some(next)) = timeout_at((Instant::now() + pause).min(end), more.recv()).await {
        pause = next;
    }
}

/// Calls `look` whenever something of `watched()` may have changed; never returns.
pub(crate) async fn watch(watched: impl Fn() -> Watched, look: impl Fn() -> Again + Clone + Send + 'static) {
    let (events, mut received) = mpsc::channel(EVENTS);
    let now = Arc::new(Mutex::new((Watched::default(), Writing::default())));
    let concerned = Arc::clone(&now);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        let (watched, writing) = &mut *concerned.lock();
        if event.as_ref().is_ok_and(|event| !watched.concerns(event)) {
            return;
        }
        // Those that wait already are enough.
        let _ = events.try_send(writing.pause(&event));
    })
    .ok();
    let (mut places, mut again) = (HashSet::new(), Again::Later);
    loop {
        let wanted = watched();
        let new = follow(watcher.as_mut(), &mut places, &wanted.places());
        // A file that stays open is none that waiting helps.
        *now.lock() = (wanted, Writing::default());
        // What changed between its reading and now had nobody to see it.
        let wait = match (new, again) {
            (true, _) => Duration::ZERO,
            (false, Again::Soon) => SOON,
            (false, Again::Later) => LOOK,
        };
        if let Ok(Some(pause)) = timeout(wait, received.recv()).await {
            settle(pause, &mut received).await;
        }
        again = tokio::task::spawn_blocking(look.clone()).await.unwrap_or(Again::Later);
    }
}

/// Watches `wanted` instead of `places`; says whether something is watched that was not before.
fn follow(watcher: Option<&mut RecommendedWatcher>, places: &mut HashSet<PathBuf>, wanted: &HashSet<PathBuf>) -> bool {
    let Some(watcher) = watcher else { return false };
    for gone in places.difference(wanted) {
        let _ = watcher.unwatch(gone);
    }
    let mut watching: HashSet<PathBuf> = places.intersection(wanted).cloned().collect();
    let before = watching.len();
    for new in wanted.difference(places) {
        // What is not there yet is tried again at the next look.
        if watcher.watch(new, RecursiveMode::NonRecursive).is_ok() {
            watching.insert(new.clone());
        }
    }
    *places = watching;
    places.len() > before
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, DataChange, RemoveKind, RenameMode};

    #[test]
    fn a_file_that_is_still_written_is_waited_for() {
        let mut writing = Writing::default();
        let mut pause = |kind, name: &str| writing.pause(&Ok(Event::new(kind).add_path(name.into())));
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let renamed = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        assert_eq!(pause(renamed, "a"), QUIET);
        assert_eq!(pause(EventKind::Create(CreateKind::File), "a"), OPEN);
        assert_eq!(pause(written, "a"), OPEN);
        assert_eq!(pause(written, "b"), OPEN);
        assert_eq!(pause(closed, "a"), OPEN, "b is not closed");
        assert_eq!(pause(closed, "b"), QUIET);
        assert_eq!(pause(written, "b"), OPEN);
        assert_eq!(pause(EventKind::Remove(RemoveKind::File), "b"), QUIET);
    }

    #[test]
    fn only_what_may_matter_leads_to_a_look() {
        let folder = std::env::temp_dir().join(format!("pintle-watch-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("routes.d")).expect("a folder");
        for name in ["pintle.yaml", "access.log", "routes.d/access.log"] {
            std::fs::write(folder.join(name), "").expect("a file");
        }
        let watched = Watched::new([&*folder.join("pintle.yaml")].into_iter(), [&*folder.join("routes.d")].into_iter());
        let concerns = |kind, name| watched.concerns(&Event::new(kind).add_path(folder.join(name)));
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let (created, closed) =
            (EventKind::Create(CreateKind::File), EventKind::Access(AccessKind::Close(AccessMode::Write)));
        assert!(concerns(written, "pintle.yaml"));
        assert!(concerns(closed, "pintle.yaml"));
        assert!(concerns(EventKind::Remove(RemoveKind::File), "pintle.yaml"));
        assert!(concerns(created, "routes.d/new.yaml"));
        assert!(concerns(closed, "routes.d/new.yaml"));
        assert!(concerns(created, "..data"), "a link beside is replaced");
        assert!(!concerns(EventKind::Access(AccessKind::Open(AccessMode::Any)), "pintle.yaml"));
        assert!(!concerns(written, "access.log"));
        assert!(!concerns(created, "access.log"));
        assert!(!concerns(written, "routes.d/access.log"));
        let _ = std::fs::remove_dir_all(folder);
    }
}
