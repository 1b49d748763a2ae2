//! A counted right to do something, handed out fairly.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backhaul_config::JobName;
use tokio::sync::oneshot;

/// So many may pass at a time. Whoever waits is let in job by job in turn, so that a job with
/// thousands of files does not keep another one's single file waiting.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    most: Option<u32>,
    inside: u32,
    /// Jobs that wait, the next one first; none without anybody waiting.
    waiting: VecDeque<(JobName, VecDeque<oneshot::Sender<Pass>>)>,
}

/// The right to be inside, given back when dropped.
#[derive(Debug)]
pub(super) struct Pass(Gate);

impl Gate {
    /// A gate for so many; absent, for everybody.
    pub(super) fn new(most: Option<u32>) -> Self {
        Self(Arc::new(Mutex::new(State {
            most,
            inside: 0,
            waiting: VecDeque::new(),
        })))
    }

    /// Changes how many may pass. Whoever is inside stays.
    pub(super) fn resize(&self, most: Option<u32>) {
        self.state().most = most;
        self.admit();
    }

    /// Waits for its turn. Dropping the future gives the place up.
    pub(super) async fn enter(&self, job: &JobName) -> Pass {
        let turn = {
            let mut state = self.state();
            if state.waiting.is_empty() && state.has_room() {
                state.inside += 1;
                return Pass(self.clone());
            }
            let (call, turn) = oneshot::channel();
            match state.waiting.iter_mut().find(|(of, _)| of == job) {
                Some((_, queue)) => queue.push_back(call),
                None => state
                    .waiting
                    .push_back((job.clone(), VecDeque::from([call]))),
            }
            turn
        };
        // A call is never dropped unanswered as long as the gate is there, and `self` keeps it.
        match turn.await {
            Ok(pass) => pass,
            Err(_) => std::future::pending().await,
        }
    }

    /// Enters if nobody has to wait.
    pub(super) fn try_enter(&self) -> Option<Pass> {
        let mut state = self.state();
        if !state.waiting.is_empty() || !state.has_room() {
            return None;
        }
        state.inside += 1;
        Some(Pass(self.clone()))
    }

    /// Calls in whom there is room for.
    fn admit(&self) {
        let called = self.state().call();
        for call in called {
            // Somebody who went away lets the pass drop, which calls the next.
            let _ = call.send(Pass(self.clone()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self) -> bool {
        self.most.is_none_or(|most| self.inside < most)
    }

    /// Takes those out of the queues who may enter now.
    fn call(&mut self) -> Vec<oneshot::Sender<Pass>> {
        let mut called = Vec::new();
        while self.has_room()
            && let Some((job, mut queue)) = self.waiting.pop_front()
        {
            let next = std::iter::from_fn(|| queue.pop_front()).find(|call| !call.is_closed());
            if let Some(call) = next {
                self.inside += 1;
                called.push(call);
            }
            if !queue.is_empty() {
                self.waiting.push_back((job, queue));
            }
        }
        called
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.admit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str) -> JobName {
        name.parse().unwrap()
    }

    /// Lets `names` queue up in that order before a gate for one, and tells the order they enter.
    async fn order(names: &[&str]) -> Vec<String> {
        let gate = Gate::new(Some(1));
        let first = gate.enter(&job("first")).await;
        let entered = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for name in names {
            let (gate, job, entered) = (gate.clone(), job(name), Arc::clone(&entered));
            waiting.push(tokio::spawn(async move {
                let _pass = gate.enter(&job).await;
                entered.lock().unwrap().push(job.to_string());
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for one in waiting {
            one.await.unwrap();
        }
        Arc::try_unwrap(entered).unwrap().into_inner().unwrap()
    }

    #[tokio::test]
    async fn jobs_take_turns() {
        assert_eq!(
            order(&["a", "a", "a", "b", "c", "b"]).await,
            ["a", "b", "c", "a", "b", "a"]
        );
    }

    #[tokio::test]
    async fn who_gives_up_does_not_block_the_others() {
        let gate = Gate::new(Some(1));
        let first = gate.enter(&job("a")).await;
        let impatient = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter(&job("a")).await }
        });
        let patient = tokio::spawn({
            let gate = gate.clone();
            async move { drop(gate.enter(&job("b")).await) }
        });
        tokio::task::yield_now().await;
        impatient.abort();
        let _ = impatient.await;
        drop(first);
        patient.await.unwrap();
        assert!(gate.try_enter().is_some(), "nobody is left inside");
    }

    #[tokio::test]
    async fn a_wider_gate_lets_more_in_at_once_and_a_narrower_one_none_until_enough_have_left() {
        let gate = Gate::new(Some(1));
        let first = gate.enter(&job("a")).await;
        assert!(gate.try_enter().is_none());
        gate.resize(Some(2));
        let second = gate.try_enter().unwrap();
        gate.resize(Some(1));
        drop(first);
        assert!(gate.try_enter().is_none());
        drop(second);
        assert!(gate.try_enter().is_some());
        gate.resize(None);
        let all: Vec<_> = (0..100).filter_map(|_| gate.try_enter()).collect();
        assert_eq!(all.len(), 100);
    }
}
