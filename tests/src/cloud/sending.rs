//! The body of a download: bytes of the object, with gates and faults where they were put.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use chrono::{DateTime, Utc};
use futures_util::stream;

use super::content::CHUNK_BYTES;
use super::delivery::Download;
use super::fault::{InjectedFault, ObjectFault};
use super::gate::Gate;
use super::object::{Address, ObjectStore, StoredObject};
use super::wire::Connection;

/// Whether a fault strikes in the body and not in the head of an answer.
pub(super) fn is_of_body(fault: &ObjectFault) -> bool {
    position(fault).is_some()
}

/// A body on its way.
pub(super) struct Sending {
    store: Arc<ObjectStore>,
    object: Arc<StoredObject>,
    address: Address,
    link: String,
    connection: Connection,
    now: DateTime<Utc>,
    position: u64,
    end: u64,
    stops: VecDeque<(u64, Stop)>,
    flips: Vec<u64>,
    pace: Option<u64>,
}

/// What happens when all bytes before an offset are sent.
enum Stop {
    Hold(Gate),
    Stall(InjectedFault),
    Reset,
    End,
    ExpireLink,
    Change,
}

impl Sending {
    /// Plans the bytes from `start` to before `end`, which counts as a download from now on.
    pub(super) fn new(
        store: &Arc<ObjectStore>,
        download: &Download<'_>,
        start: u64,
        end: u64,
        pace: Option<u64>,
    ) -> Self {
        let object = &download.object;
        let mut stops = Vec::new();
        let mut flips = Vec::new();
        for gate in store.gates(object) {
            if (start..end).contains(&gate.offset()) {
                stops.push((gate.offset(), Stop::Hold(gate)));
            }
        }
        let at = |fault: &ObjectFault| match position(fault)? {
            Position::InBody(bytes) => start.checked_add(bytes).filter(|at| *at < end),
            Position::InObject(offset) => Some(offset).filter(|at| (start..end).contains(at)),
        };
        let faults = store
            .faults
            .strike_object(object.names(), |fault| at(fault).is_some());
        for (fault, injected) in faults {
            let Some(at) = at(&fault) else { continue };
            let stop = match fault {
                ObjectFault::ResetAfter(_) => Stop::Reset,
                ObjectFault::StallAfter(_) => Stop::Stall(injected),
                ObjectFault::TruncateAfter(_) => Stop::End,
                ObjectFault::ExpireLinkAfter(_) => Stop::ExpireLink,
                ObjectFault::ObjectChangesAfter(_) => Stop::Change,
                _ => {
                    flips.push(at);
                    continue;
                }
            };
            stops.push((at, stop));
        }
        stops.sort_by_key(|(at, _)| *at);
        store.traffic.download_started();
        if start == end {
            store.traffic.completed(&object.identity);
        }
        Self {
            store: Arc::clone(store),
            object: Arc::clone(object),
            address: download.address.clone(),
            link: download.link.to_owned(),
            connection: download.connection.clone(),
            now: download.now,
            position: start,
            end,
            stops: stops.into(),
            flips,
            pace,
        }
    }

    /// The body; what happens to it happens as it is polled.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut sending| async {
            let chunk = sending.next().await?;
            Some((chunk, sending))
        }))
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        while self
            .stops
            .front()
            .is_some_and(|(at, _)| *at == self.position)
        {
            let (_, stop) = self.stops.pop_front()?;
            // Only what has really left counts as sent before the fault.
            self.connection.flushed().await;
            match stop {
                Stop::Hold(gate) => gate.pass().await,
                Stop::Stall(fault) => fault.released().await,
                Stop::End => return None,
                Stop::Reset => {
                    self.connection.reset_when_closed();
                    return Some(Err(io::ErrorKind::ConnectionReset.into()));
                }
                Stop::ExpireLink => {
                    self.store.kill_link(&self.link);
                    return Some(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                Stop::Change => {
                    self.store.change(&self.address, self.now);
                    return Some(Err(io::ErrorKind::ConnectionAborted.into()));
                }
            }
        }
        if self.position == self.end {
            // Asked for more than declared only when the declared length is a lie: the library then
            // drops the connection, and with it what has not left.
            self.connection.flushed().await;
            return None;
        }
        let until = self.stops.front().map_or(self.end, |(at, _)| *at);
        let limit = self.pace.map_or(CHUNK_BYTES, |rate| rate.div_ceil(10));
        let chunk = match self
            .object
            .content
            .chunk(self.position, limit.min(until - self.position))
        {
            Ok(chunk) => self.flipped(chunk),
            Err(error) => return Some(Err(error)),
        };
        let bytes = chunk.len() as u64;
        if let Some(rate) = self.pace {
            tokio::time::sleep(Duration::from_nanos(bytes * 1_000_000_000 / rate)).await;
        }
        self.position += bytes;
        self.store.traffic.sent(&self.object.identity, bytes);
        if self.position == self.end {
            self.store.traffic.completed(&self.object.identity);
        }
        Some(Ok(chunk))
    }

    fn flipped(&self, chunk: Bytes) -> Bytes {
        let here = self.position..self.position + chunk.len() as u64;
        if !self.flips.iter().any(|flip| here.contains(flip)) {
            return chunk;
        }
        let mut bytes = chunk.to_vec();
        for flip in self.flips.iter().filter(|flip| here.contains(flip)) {
            if let Some(byte) = usize::try_from(flip - here.start)
                .ok()
                .and_then(|index| bytes.get_mut(index))
            {
                *byte ^= 1;
            }
        }
        bytes.into()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.store.traffic.download_ended();
    }
}

/// A position in a faulty body.
enum Position {
    /// Counted from the first byte of the body.
    InBody(u64),
    /// Counted from the first byte of the object.
    InObject(u64),
}

/// Where in the body a fault strikes; nothing for a fault of the head.
fn position(fault: &ObjectFault) -> Option<Position> {
    match fault {
        ObjectFault::ResetAfter(bytes)
        | ObjectFault::StallAfter(bytes)
        | ObjectFault::TruncateAfter(bytes)
        | ObjectFault::ExpireLinkAfter(bytes)
        | ObjectFault::ObjectChangesAfter(bytes) => Some(Position::InBody(*bytes)),
        ObjectFault::FlipBit(offset) => Some(Position::InObject(*offset)),
        _ => None,
    }
}
