//! How much is under way, to each endpoint and in all.
//!
//! Owns the counting and the queue in front of an endpoint that is busy. Refuses to know what a try
//! is, and the time: it is a plain state that is asked and told.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

use clankdin_domain::id::WebhookId;
use clankdin_domain::webhook::Claimed;
use tokio::sync::Notify;

/// The slots of all endpoints. One thread's own: it is never held over an `await`.
pub(crate) struct Slots {
    per_endpoint: usize,
    in_all: usize,
    state: RefCell<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    lanes: HashMap<WebhookId, Lane>,
    /// Claimed and not yet recorded: waiting, under way, or on the way to the database.
    held: usize,
}

/// One endpoint. There is none where nothing is under way.
#[derive(Default)]
struct Lane {
    under_way: usize,
    waiting: VecDeque<Claimed>,
}

impl Slots {
    pub(crate) fn new(per_endpoint: usize, in_all: usize) -> Self {
        Self { per_endpoint, in_all, state: RefCell::default(), freed: Notify::new() }
    }

    /// How many deliveries may be claimed now.
    pub(crate) fn room(&self) -> usize {
        self.in_all.saturating_sub(self.state.borrow().held)
    }

    /// The endpoints for which nothing more is to be claimed now.
    pub(crate) fn saturated(&self) -> Vec<WebhookId> {
        let state = self.state.borrow();
        let full = |lane: &Lane| lane.under_way >= self.per_endpoint || !lane.waiting.is_empty();
        state.lanes.iter().filter(|(_, lane)| full(lane)).map(|(id, _)| *id).collect()
    }

    /// Takes in a claimed delivery: answers it back where it may start at once, and lets it wait for
    /// its endpoint otherwise.
    pub(crate) fn admit(&self, claimed: Claimed) -> Option<Claimed> {
        let mut state = self.state.borrow_mut();
        state.held += 1;
        let lane = state.lanes.entry(claimed.webhook_id).or_default();
        if lane.under_way >= self.per_endpoint {
            lane.waiting.push_back(claimed);
            return None;
        }
        lane.under_way += 1;
        Some(claimed)
    }

    /// A try of this endpoint has ended: hands its slot to what waits for it, or frees it.
    pub(crate) fn next(&self, endpoint: WebhookId) -> Option<Claimed> {
        let mut state = self.state.borrow_mut();
        let lane = state.lanes.get_mut(&endpoint)?;
        let next = lane.waiting.pop_front();
        if next.is_none() {
            lane.under_way = lane.under_way.saturating_sub(1);
            if lane.under_way == 0 {
                state.lanes.remove(&endpoint);
            }
            if state.held < self.in_all {
                self.freed.notify_one();
            }
        }
        next
    }

    /// What waits and won't be tried here after all.
    pub(crate) fn give_up_waiting(&self) -> Vec<Claimed> {
        let mut state = self.state.borrow_mut();
        state.lanes.values_mut().flat_map(|lane| lane.waiting.drain(..)).collect()
    }

    /// So many deliveries are recorded, and held no more.
    pub(crate) fn release(&self, count: usize) {
        let mut state = self.state.borrow_mut();
        state.held = state.held.saturating_sub(count);
        self.freed.notify_one();
    }

    /// Ready when something was freed since this was last ready.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }
}

#[cfg(test)]
mod tests;
