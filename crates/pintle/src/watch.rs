//! Watching files: directories are watched, because editors and Kubernetes replace files and links rather than write
//! into them; what has really changed is found by reading. A slow look beside it serves file systems without events.

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long to wait for the rest of a burst of changes.
const BURST: Duration = Duration::from_millis(50);
/// How often to look without an event.
const LOOK: Duration = Duration::from_secs(5);

/// Calls `look` whenever something in `watched()` may have changed; never returns.
pub(crate) async fn watch(watched: impl Fn() -> Vec<PathBuf>, look: impl Fn() + Clone + Send + 'static) {
    let (events, mut received) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |_| {
        // One that waits already is enough.
        let _ = events.try_send(());
    })
    .ok();
    let mut directories = HashSet::new();
    loop {
        follow(watcher.as_mut(), &mut directories, &watched());
        if tokio::time::timeout(LOOK, received.recv()).await.is_ok() {
            tokio::time::sleep(BURST).await;
            let _ = received.try_recv();
        }
        let _ = tokio::task::spawn_blocking(look.clone()).await;
    }
}

/// Watches the directories of all files, and those that links lead to.
fn follow(watcher: Option<&mut RecommendedWatcher>, directories: &mut HashSet<PathBuf>, files: &[PathBuf]) {
    let Some(watcher) = watcher else { return };
    let mut wanted = HashSet::new();
    for file in files {
        for path in [Some(file.clone()), file.canonicalize().ok()].into_iter().flatten() {
            let directory = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
            let directory = directory.map(|d| if d.as_os_str().is_empty() { Path::new(".") } else { d });
            wanted.extend(directory.map(Path::to_owned));
        }
    }
    for gone in directories.difference(&wanted) {
        let _ = watcher.unwatch(gone);
    }
    for new in wanted.difference(directories) {
        let _ = watcher.watch(new, RecursiveMode::NonRecursive);
    }
    *directories = wanted;
}
