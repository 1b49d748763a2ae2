//! One connection, from the front of the file to its end.

use super::checkpoint::Checkpoints;
use super::sink::Sink;
use super::{Answer, FetchError, Fetcher, FileTask};
use crate::mirror::staging::{Progress, Staging};

/// Takes the body in, piece by piece, with checkpoints.
pub(super) async fn stream(
    fetcher: &Fetcher,
    task: &FileTask<'_>,
    staging: &mut Staging,
    mut answer: Answer,
    sink: &mut Sink,
    progress: &mut Progress,
) -> Result<(), FetchError> {
    let mut checkpoints = Checkpoints::of(sink.handle(), sink.path());
    let taken = take(
        fetcher,
        task,
        staging,
        &mut answer,
        sink,
        progress,
        &mut checkpoints,
    )
    .await;
    let last = checkpoints.finish(&task.file.id, progress, staging).await;
    taken.and(last)
}

async fn take(
    fetcher: &Fetcher,
    task: &FileTask<'_>,
    staging: &mut Staging,
    answer: &mut Answer,
    sink: &mut Sink,
    progress: &mut Progress,
    checkpoints: &mut Checkpoints,
) -> Result<(), FetchError> {
    let mut speed = fetcher.limits.speed();
    loop {
        let at = sink.length();
        let piece = fetcher
            .piece(task, &mut answer.body, at, &mut speed)
            .await?;
        let Some(piece) = piece else { break };
        if let Some(expected) = progress
            .total_bytes
            .filter(|total| at + piece.len() as u64 > *total)
        {
            return Err(FetchError::TooLong { expected });
        }
        sink.write(&piece)?;
        (task.on_bytes)(piece.len() as u64);
        checkpoints
            .pass(sink.length(), &task.file.id, progress, staging)
            .await?;
    }
    match progress.total_bytes {
        Some(expected) if sink.length() < expected => Err(FetchError::Truncated {
            got: sink.length(),
            expected,
        }),
        _ => Ok(()),
    }
}
