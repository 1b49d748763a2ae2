//! Notices that the configuration may have changed.
//!
//! Watches directories, never files: an editor's rename or a ConfigMap's link swap would leave a
//! watch on a file dead. An event only says "look again"; after a quiet time somebody re-reads
//! everything and compares contents. Mere reading produces events too, hence only changes count.
//! The watcher is an accelerator: a slow look without any event, SIGHUP and `backhaul reload`
//! work when it does not (network file systems, exhausted inotify limits).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::configuration::conf_d_of;

/// How long it must be quiet before a change counts as finished.
const QUIET: Duration = Duration::from_millis(300);
/// How long changes may go on before they are looked at all the same.
const QUIET_MAX: Duration = Duration::from_secs(3);
/// How often to look without any event.
const SLOW_LOOK: Duration = Duration::from_secs(60);
/// The same where there is no watcher.
const POLL: Duration = Duration::from_secs(10);

/// Begins to watch a configuration. Each message says that it is worth reading the files again;
/// the task ends when nobody receives any more. Without a watcher it says so once and polls.
pub fn watch(main: &Path) -> mpsc::Receiver<()> {
    let main = std::path::absolute(main).unwrap_or_else(|_| main.to_owned());
    let (look, looks) = mpsc::channel(1);
    let dirty = Arc::new(Notify::new());
    let watcher = watcher(Arc::clone(&dirty));
    let mut watch = Watch {
        main,
        dirty,
        watcher,
        watched: BTreeSet::new(),
    };
    watch.refresh();
    // What changed between the reading of the files and this moment produced no event.
    watch.dirty.notify_one();
    tokio::spawn(async move {
        loop {
            watch.changed().await;
            // Before anybody reads: a change from now on is an event, an earlier one is read.
            watch.refresh();
            if look.send(()).await.is_err() {
                break;
            }
        }
    });
    looks
}

fn watcher(dirty: Arc<Notify>) -> Option<RecommendedWatcher> {
    let complained = AtomicBool::new(false);
    notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
        Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
        Ok(_) => dirty.notify_one(),
        Err(error) => {
            if !complained.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "watching the configuration failed; it is looked at every minute");
            }
            dirty.notify_one();
        }
    })
    .inspect_err(|error| {
        let every = POLL.as_secs();
        tracing::warn!(%error, "the configuration cannot be watched; it is looked at every {every} s");
    })
    .ok()
}

struct Watch {
    main: PathBuf,
    dirty: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

impl Watch {
    /// Adds the watches again: after a change a directory may be another one of the same name.
    fn refresh(&mut self) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for old in std::mem::take(&mut self.watched) {
            // It may be gone already.
            let _ = watcher.unwatch(&old);
        }
        for place in places(&self.main) {
            if watcher.watch(&place, RecursiveMode::NonRecursive).is_ok() {
                self.watched.insert(place);
            }
        }
    }

    /// Waits until it is worth reading the files again.
    async fn changed(&self) {
        let slow = if self.watcher.is_some() {
            SLOW_LOOK
        } else {
            POLL
        };
        tokio::select! {
            () = self.dirty.notified() => {}
            () = tokio::time::sleep(slow) => return,
        }
        let limit = Instant::now() + QUIET_MAX;
        while Instant::now() < limit {
            tokio::select! {
                () = self.dirty.notified() => {}
                () = tokio::time::sleep(QUIET) => return,
            }
        }
    }
}

/// The directories in which a change may concern the configuration: the main file's, the one
/// above (it may be replaced as a whole), `conf.d`, and where links lead.
fn places(main: &Path) -> BTreeSet<PathBuf> {
    let mut places = BTreeSet::new();
    if let Some(parent) = main.parent() {
        places.insert(parent.to_owned());
        places.extend(parent.parent().map(Path::to_owned));
    }
    if let Some(real) = main.canonicalize().ok().as_deref().and_then(Path::parent) {
        places.insert(real.to_owned());
    }
    places.extend(conf_d_of(main).filter(|directory| directory.is_dir()));
    places
}
