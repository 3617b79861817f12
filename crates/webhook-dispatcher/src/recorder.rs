//! Writes down what came of tries, many in one transaction.
//!
//! Owns how long a result waits and what happens when the database is away. Refuses to know what the
//! results say.

use std::rc::Rc;

use clankdin_domain::store::{Database, StoreError, StoreResult};
use clankdin_domain::webhook::Recorded;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use crate::dispatcher::Stop;
use crate::settings::DispatcherSettings;
use crate::slots::Slots;

/// How often a database that is away is asked once more after we were told to stop.
const LAST_TRIES: usize = 3;

pub(crate) struct Recorder {
    pub(crate) settings: DispatcherSettings,
    pub(crate) database: Database,
    pub(crate) slots: Rc<Slots>,
    pub(crate) results: mpsc::UnboundedReceiver<Recorded>,
    pub(crate) stop: Stop,
}

impl Recorder {
    /// Ends when nobody is left to report a result, and the last one is recorded.
    pub(crate) async fn run(mut self) {
        while let Some(first) = self.results.recv().await {
            let batch = self.gather(first).await;
            let count = batch.len();
            self.record(batch).await;
            self.slots.release(count);
        }
    }

    async fn gather(&mut self, first: Recorded) -> Vec<Recorded> {
        let deadline = Instant::now() + self.settings.flush_after;
        let mut batch = vec![first];
        while batch.len() < self.settings.flush_at
            && let Ok(Some(result)) = timeout_at(deadline, self.results.recv()).await
        {
            batch.push(result);
        }
        batch
    }

    /// Records a batch for good. While the database is away it waits: a commit whose answer was lost is
    /// no harm, because a lease is recorded once.
    async fn record(&self, batch: Vec<Recorded>) {
        let mut last_tries = 0;
        loop {
            let Err(error) = self.write(batch.clone()).await else { return };
            tracing::warn!(%error, results = batch.len(), "results can't be recorded");
            if !matches!(error, StoreError::Unavailable(_)) {
                return self.record_singly(batch).await;
            }
            if self.stop.is_on() {
                last_tries += 1;
                if last_tries == LAST_TRIES {
                    tracing::error!(
                        results = batch.len(),
                        "results are lost; these deliveries are tried again"
                    );
                    return;
                }
            }
            sleep(self.settings.back_off).await;
        }
    }

    /// One result that can't be written must not take the others down with it.
    async fn record_singly(&self, batch: Vec<Recorded>) {
        for result in batch {
            let (event_id, webhook_id) = (result.event_id, result.webhook_id);
            if let Err(error) = self.write(vec![result]).await {
                tracing::error!(%event_id, %webhook_id, %error, "a result is lost; the delivery is tried again");
            }
        }
    }

    async fn write(&self, batch: Vec<Recorded>) -> StoreResult<()> {
        self.database.write(move |uow| uow.deliveries().record(&batch)).await
    }
}
