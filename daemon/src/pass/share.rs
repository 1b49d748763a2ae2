//! The same backup in two directories: downloaded once, then taken from the other mirror.
//!
//! A reflink where the file system has them, else a hard link, else a copy; each file is proved
//! against its SHA-256 before the usual commit. A hard link makes both names one file, which is
//! harmless as nothing in a mirror is ever written in place: retention only takes names away, a
//! repair puts new files, and a download never writes into a file with a second name
//! ([`crate::dir::Dir::own_file`]).

use std::fs::File;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;

use super::commit::Complete;
use super::fetch_backup::{self, BackupError, Task};
use super::keys;
use crate::catalog::BackupRecord;
use crate::dir::{Dir, FsError};
use crate::event::Event;
use crate::fetch::FetchError;
use crate::mirror::file_name::{CHECKSUMS, MANIFEST};
use crate::mirror::identity::BackupId;
use crate::mirror::manifest::{FileEntry, Manifest, ManifestError};
use crate::mirror::staging::{Staging, Weight};
use crate::mirror::verify::{Damage, Pace, sha256};
use crate::verification::{self, Finding};

const BUFFER_BYTES: usize = 1 << 20;

/// How files came from one mirror into another; the dearest one speaks for a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Reflink,
    HardLink,
    Copy,
}

/// Why a backup cannot be taken from another mirror. It is fetched then.
#[derive(Debug, thiserror::Error)]
enum ShareError {
    #[error("stopped")]
    Stopped,
    #[error(transparent)]
    File(#[from] FsError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("it is damaged there: {0}")]
    Damaged(Damage),
    #[error("what lies there is another backup")]
    Another,
    #[error(transparent)]
    NoRoom(#[from] FetchError),
    #[error("its keys: {0}")]
    Keys(BackupError),
    #[error("it was cut off: {0}")]
    CutOff(#[from] tokio::task::JoinError),
}

/// Takes a backup from another job's mirror, if it lies there. None when it has to be fetched.
///
/// # Errors
/// When the pass was told to stop, or the job's own directory or the catalog fails.
pub(super) async fn take(task: &Task<'_>) -> Result<Option<Complete>, BackupError> {
    let Task {
        context,
        job,
        wanted,
        ..
    } = *task;
    let id = wanted.identity.id();
    for copy in context.catalog.find(&id)? {
        let elsewhere = copy.directory != job.directory && copy.identity == wanted.identity;
        if !elsewhere || !copy.damage.is_empty() {
            continue;
        }
        match take_from(task, &copy).await {
            Ok(complete) => return Ok(Some(complete)),
            Err(ShareError::Stopped | ShareError::Keys(BackupError::Stopped)) => {
                return Err(BackupError::Stopped);
            }
            Err(error) => {
                let from = copy.directory.join(&copy.path);
                tracing::warn!(
                    job = %job.name, backup = %id, from = %from.display(), %error,
                    "the backup cannot be taken from the mirror of another job; it is fetched"
                );
                if let ShareError::Damaged(damage) = error {
                    let finding = Finding::of(&copy, context.now(), vec![damage]);
                    verification::record(&context.catalog, &context.decisions, &finding)?;
                }
            }
        }
    }
    Ok(None)
}

async fn take_from(task: &Task<'_>, copy: &BackupRecord) -> Result<Complete, ShareError> {
    let Task {
        context,
        job,
        wanted,
        vendor,
        directory,
        ..
    } = *task;
    let id = wanted.identity.id();
    let cancel = vendor.cancel();
    let source = Dir::open(&copy.directory)?.dir(&copy.path)?;
    let copied = source.file_system()? != directory.file_system()?;
    // What cannot be linked takes room like a download.
    let reserve = context.limits.reserve_bytes();
    let _room = copied
        .then(|| context.space.reserve(directory, copy.size_bytes, reserve))
        .transpose()?;
    let weight = fetch_backup::weight(&wanted.backup);
    let staging = Staging::open(task.staging, &wanted.identity, &context.boot, weight)?;
    let kept = keys::keep(context, vendor, wanted).await;
    kept.map_err(ShareError::Keys)?;
    context.events.tell(Event::FetchStarted {
        job: job.name.clone(),
        id: id.clone(),
        name: wanted.label().to_owned(),
        bytes: Some(copy.size_bytes),
    });
    let (expected, stop) = (id.clone(), cancel.clone());
    let work = tokio::task::spawn_blocking(move || {
        let mut staging = staging;
        match fill(&mut staging, &source, &expected, &stop) {
            Ok((entries, how)) => Ok((staging, entries, how)),
            Err(error) => {
                // Nothing half done stays behind; a download begins anew.
                staging.restart()?;
                Err(error)
            }
        }
    });
    let (staging, entries, how) = work.await??;
    task.shared.fetch_add(1, Ordering::Relaxed);
    tracing::info!(
        job = %job.name, backup = %id, ?how, from = %copy.directory.join(&copy.path).display(),
        "taken from the mirror of another job, not fetched"
    );
    Ok(Complete {
        staging,
        manifest: fetch_backup::manifest(task, entries),
        replaces: wanted.replaces.clone(),
        taken_from: Some(copy.directory.join(&copy.path)),
    })
}

/// Brings all files of a mirrored backup into staging, durable unless it is light.
fn fill(
    staging: &mut Staging,
    source: &Dir,
    id: &BackupId,
    cancel: &CancellationToken,
) -> Result<(Vec<FileEntry>, How), ShareError> {
    let manifest = Manifest::read(source)?;
    let papers = |entry: &FileEntry| [MANIFEST, CHECKSUMS].contains(&entry.name.as_str());
    if manifest.id != *id || manifest.files.iter().any(papers) {
        return Err(ShareError::Another);
    }
    staging.restart()?;
    let mut how = How::Reflink;
    for entry in &manifest.files {
        how = how.max(bring(source, staging.data(), entry, cancel)?);
    }
    if staging.weight() == Weight::Heavy {
        staging.sync_files()?;
    }
    Ok((manifest.files, how))
}

/// Brings one file, and proves that it is what its manifest says.
fn bring(
    source: &Dir,
    data: &Dir,
    entry: &FileEntry,
    cancel: &CancellationToken,
) -> Result<How, ShareError> {
    let name = entry.name.as_str();
    let damaged = |what: &str| ShareError::Damaged(Damage::of(name, what));
    let read = |error| source.error("read", name.as_ref(), error);
    let mut pace = |_: &[u8]| match cancel.is_cancelled() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let from = source.open_file(name)?;
    if from.metadata().map_err(read)?.len() != entry.size_bytes {
        return Err(damaged("its length is another one"));
    }
    let to = data.create(name)?;
    let (to, how) = if rustix::fs::ioctl_ficlone(&to, &from).is_ok() {
        (to, How::Reflink)
    } else {
        data.remove_file(name)?;
        match data.link_new(name, source, name) {
            Ok(()) => (data.open_file(name)?, How::HardLink),
            // Another file system, or one without hard links.
            Err(_) => {
                let to = data.create(name)?;
                copy(&from, &to, &mut pace)
                    .map_err(|error| data.error("write", name.as_ref(), error))?;
                (data.open_file(name)?, How::Copy)
            }
        }
    };
    match sha256(&to, &mut pace).map_err(read)? {
        ControlFlow::Break(()) => Err(ShareError::Stopped),
        ControlFlow::Continue(sha256) if sha256 == entry.sha256 => Ok(how),
        ControlFlow::Continue(_) => Err(damaged("its SHA-256 is another one")),
    }
}

/// Copies the bytes of a file, durably: what is proved afterwards shall be what is on the disk.
fn copy(mut from: &File, mut to: &File, pace: Pace<'_>) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = from.read(&mut buffer)?;
        // The proof says why it is not whole.
        if count == 0 || pace(&buffer[..count]).is_break() {
            return to.sync_all();
        }
        to.write_all(&buffer[..count])?;
    }
}

#[cfg(test)]
mod tests;
