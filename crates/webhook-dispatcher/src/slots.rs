//! How much is under way, to each endpoint and in all.
//!
//! Owns the counting. Refuses to know what a try is, and the time: it is a plain state that is asked
//! and told.

use std::cell::RefCell;
use std::collections::HashMap;

use clankdin_domain::id::WebhookId;
use tokio::sync::Notify;

/// The slots of all endpoints. One thread's own: it is never held over an `await`.
pub(crate) struct Slots {
    taken: RefCell<Taken>,
    freed: Notify,
}

/// Which slots are taken: what they are, or what they would be.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    per_endpoint: usize,
    in_all: usize,
    /// Nothing stands here of an endpoint to which nothing is under way.
    under_way: HashMap<WebhookId, usize>,
    /// Claimed and not yet recorded: under way, or on the way to the database.
    held: usize,
}

impl Slots {
    pub(crate) fn new(per_endpoint: usize, in_all: usize) -> Self {
        let taken = Taken { per_endpoint, in_all, under_way: HashMap::new(), held: 0 };
        Self { taken: RefCell::new(taken), freed: Notify::new() }
    }

    /// How it stands now, to reckon with.
    pub(crate) fn taken(&self) -> Taken {
        self.taken.borrow().clone()
    }

    /// A try of this endpoint begins.
    pub(crate) fn take(&self, endpoint: WebhookId) {
        self.taken.borrow_mut().take(endpoint);
    }

    /// A try of this endpoint has ended. What came of it is still held.
    pub(crate) fn free(&self, endpoint: WebhookId) {
        let mut taken = self.taken.borrow_mut();
        if let Some(under_way) = taken.under_way.get_mut(&endpoint) {
            *under_way = under_way.saturating_sub(1);
            if *under_way == 0 {
                taken.under_way.remove(&endpoint);
            }
        }
        // Where there is no room, it is the next record that makes some.
        if taken.room() > 0 {
            self.freed.notify_one();
        }
    }

    /// So many deliveries are recorded, and held no more.
    pub(crate) fn release(&self, count: usize) {
        let mut taken = self.taken.borrow_mut();
        taken.held = taken.held.saturating_sub(count);
        self.freed.notify_one();
    }

    /// Ready when something was freed since this was last ready.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }
}

impl Taken {
    /// How many deliveries may be claimed.
    pub(crate) fn room(&self) -> usize {
        self.in_all.saturating_sub(self.held)
    }

    /// The endpoints for which nothing more is to be claimed.
    pub(crate) fn full(&self) -> Vec<WebhookId> {
        let full = self.under_way.iter().filter(|(_, under_way)| **under_way >= self.per_endpoint);
        full.map(|(id, _)| *id).collect()
    }

    /// One more to this endpoint.
    pub(crate) fn take(&mut self, endpoint: WebhookId) {
        self.held += 1;
        *self.under_way.entry(endpoint).or_default() += 1;
    }
}

#[cfg(test)]
mod tests;
