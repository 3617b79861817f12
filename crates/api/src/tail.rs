//! The end of the log, watched for everyone who waits for what comes next.
//!
//! Owns how often the database is asked, however many wait: one of them asks for all. Refuses to know what
//! the events are and who reads them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use clankdin_domain::event::Sequence;
use clankdin_domain::id::AgentId;
use clankdin_domain::store::{Database, StoreError};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// How often the end of the log is looked for while somebody waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many of an agent's requests may wait at once.
const WAITING_PER_AGENT: usize = 8;

/// The end of the log, and those who wait for it to move.
pub(crate) struct Tail {
    head: watch::Sender<Sequence>,
    /// Held by the one who asks.
    asking: Mutex<()>,
    closing: watch::Sender<bool>,
    waiting: Arc<SyncMutex<HashMap<AgentId, usize>>>,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            head: watch::Sender::new(Sequence::default()),
            asking: Mutex::default(),
            closing: watch::Sender::new(false),
            waiting: Arc::default(),
        }
    }
}

impl Tail {
    /// Ready when the log has moved beyond that place, or time is up, or nobody is to wait any more.
    pub(crate) async fn beyond(
        &self,
        place: Sequence,
        until: Instant,
        database: &Database,
    ) -> Result<(), StoreError> {
        self.lower(place);
        let (mut head, mut closing) = (self.head.subscribe(), self.closing.subscribe());
        loop {
            if *head.borrow_and_update() > place {
                return Ok(());
            }
            tokio::select! {
                () = sleep_until(until) => return Ok(()),
                _ = closing.wait_for(|closing| *closing) => return Ok(()),
                _ = head.changed() => {}
                // Dropped by whoever leaves; then the next one asks.
                asked = self.ask(place, database) => return asked,
            }
        }
    }

    /// Forgets an end beyond the one that a reader has just found: the database may have lost commits since
    /// it was seen, as in a failover, and by it nobody would ever wait. Nobody is woken.
    fn lower(&self, found: Sequence) {
        self.head.send_if_modified(|head| {
            *head = (*head).min(found);
            false
        });
    }

    /// Asks until the log has moved beyond that place.
    async fn ask(&self, place: Sequence, database: &Database) -> Result<(), StoreError> {
        let _asking = self.asking.lock().await;
        loop {
            let now = database.read(|uow| Ok::<_, StoreError>(uow.log().ends()?.head)).await?;
            self.head.send_if_modified(|head| {
                let moved = *head != now;
                *head = now;
                moved
            });
            if now > place {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Lets nobody wait any more: the server is about to stop.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether nobody is to wait any more.
    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Counts one more request of that agent that waits; `None` where it has as many as it may.
    pub(crate) fn admit(&self, agent: AgentId) -> Option<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.entry(agent).or_default();
        if *count >= WAITING_PER_AGENT {
            return None;
        }
        *count += 1;
        Some(Waiting { agent, all: Arc::clone(&self.waiting) })
    }
}

/// One request that waits, counted until this is dropped.
pub(crate) struct Waiting {
    agent: AgentId,
    all: Arc<SyncMutex<HashMap<AgentId, usize>>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.agent) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.agent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_end_that_is_remembered_beyond_where_a_reader_found_it_does_not_end_its_wait() {
        let tail = Tail::default();
        tail.head.send_replace(Sequence::new(9));
        tail.lower(Sequence::new(4));
        assert_eq!(*tail.head.borrow(), Sequence::new(4));
        tail.lower(Sequence::new(7));
        assert_eq!(*tail.head.borrow(), Sequence::new(4));
    }

    #[test]
    fn a_request_that_has_ended_makes_room_for_another() {
        let (tail, agent) = (Tail::default(), Uuid::from_u128(1).into());
        let mut waiting: Vec<_> = (0..WAITING_PER_AGENT).map(|_| tail.admit(agent).unwrap()).collect();
        assert!(tail.admit(agent).is_none());
        assert!(tail.admit(Uuid::from_u128(2).into()).is_some());
        waiting.pop();
        assert!(tail.admit(agent).is_some());
    }
}
