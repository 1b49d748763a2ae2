//! Gates hold downloads at a chosen byte until a test lets them pass, without any sleeping.

use std::sync::Arc;

use tokio::sync::watch;

/// Holds every download of an object that comes to an offset, until released.
#[derive(Debug, Clone)]
pub struct Gate(Arc<GateState>);

#[derive(Debug)]
struct GateState {
    object: Option<String>,
    offset: u64,
    held: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// A closed gate before the byte at `offset` of the object so named, or of any object.
    pub fn new(object: Option<&str>, offset: u64) -> Self {
        Self(Arc::new(GateState {
            object: object.map(str::to_owned),
            offset,
            held: watch::Sender::new(0),
            open: watch::Sender::new(false),
        }))
    }

    /// Waits until at least one download stands at the gate, with all bytes before it sent.
    pub async fn wait_until_held(&self) {
        self.wait_until_holding(1).await;
    }

    /// Waits until at least `downloads` of them stand at the gate.
    pub async fn wait_until_holding(&self, downloads: usize) {
        // Ends with an error only when the sender is gone, and that is in `self`.
        let _ = self
            .0
            .held
            .subscribe()
            .wait_for(|held| *held >= downloads)
            .await;
    }

    /// How many downloads stand at the gate now.
    pub fn held(&self) -> usize {
        *self.0.held.borrow()
    }

    /// Opens the gate for good.
    pub fn release(&self) {
        self.0.open.send_replace(true);
    }

    /// Whether it was released.
    pub fn is_open(&self) -> bool {
        *self.0.open.borrow()
    }

    /// The offset in the object.
    pub(super) fn offset(&self) -> u64 {
        self.0.offset
    }

    /// Whether this gate stands in the way of an object known by these names.
    pub(super) fn concerns(&self, names: [&str; 2]) -> bool {
        self.0
            .object
            .as_deref()
            .is_none_or(|object| names.contains(&object))
    }

    /// Stands at the gate until it opens; a download that is given up stops counting.
    pub(super) async fn pass(&self) {
        struct Standing<'a>(&'a watch::Sender<usize>);
        impl Drop for Standing<'_> {
            fn drop(&mut self) {
                self.0.send_modify(|held| *held -= 1);
            }
        }
        let mut open = self.0.open.subscribe();
        self.0.held.send_modify(|held| *held += 1);
        let _standing = Standing(&self.0.held);
        let _ = open.wait_for(|open| *open).await;
    }
}
