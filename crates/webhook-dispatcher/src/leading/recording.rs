//! Writes down what was done, as long as the lead is held.

use std::sync::Arc;

use clankdin_domain::store::{Database, StoreError, StoreResult};
use clankdin_domain::webhook::{Lead, NextStep, Progress};
use tokio::time::Instant;

use super::{Done, Leading};

/// How many times as long as others those results wait that gain from it: a page that many of them go to is written once
/// for all that are written down together.
const PATIENCE: u32 = 5;

impl Leading {
    pub(super) fn record(&mut self, now: Instant) {
        let mut machine = self.machine.borrow_mut();
        let waiting = machine.unrecorded();
        if waiting == 0 && !machine.is_ahead() {
            self.flush_at = None;
            return;
        }
        let flush_at = if waiting > 0 {
            let since = *self.unrecorded_since.get_or_insert(now);
            since + self.settings.flush_after * if machine.gathers() { PATIENCE } else { 1 }
        } else {
            self.mark_at
        };
        self.flush_at = Some(flush_at);
        if self.recording > 0 || (now < flush_at && waiting < self.settings.flush_at && !self.stop.is_on()) {
            return;
        }
        self.recording = 1;
        self.flush_at = None;
        self.unrecorded_since = None;
        // That all is handled up to somewhere only saves time, and whoever moves the log's end writes to that row.
        let with_mark = now >= self.mark_at || self.stop.is_on();
        if with_mark {
            self.mark_at = now + self.settings.poll;
        }
        let progress = machine.take_progress(self.settings.flush_at, with_mark);
        self.work.push(Box::pin(record(self.database.clone(), self.lead, progress)));
    }

    pub(super) fn recorded(&mut self, progress: Progress, recorded: StoreResult<bool>) {
        self.recording -= 1;
        match recorded {
            Ok(true) => {
                self.last_tries = 0;
                self.look_now |= std::mem::take(&mut self.has_passed_over);
                let retries = progress.results.iter().filter_map(|result| match result.next {
                    NextStep::RetryAt(at) => Some(at),
                    NextStep::Delivered | NextStep::GiveUp => None,
                });
                self.retry_at = retries.chain(self.retry_at).min();
                self.machine.borrow_mut().recorded(progress);
            }
            Ok(false) => self.is_lost = true,
            Err(error) => {
                let results = progress.results.len();
                tracing::warn!(%error, results, "results can't be recorded");
                if matches!(error, StoreError::Unavailable(_)) {
                    self.machine.borrow_mut().put_back(progress);
                    self.last_tries += usize::from(self.stop.is_on());
                    self.rest();
                } else {
                    self.record_singly(progress);
                }
            }
        }
    }

    /// One result that can't be written must not take the others down with it.
    fn record_singly(&mut self, progress: Progress) {
        let mut machine = self.machine.borrow_mut();
        if progress.results.len() + progress.deferred.len() <= 1 {
            tracing::error!("a result is lost; the delivery is tried again after the next start");
            return machine.lost(&progress);
        }
        let handled = progress.handled;
        let singles = progress.results.into_iter().map(|result| Progress {
            results: vec![result],
            deferred: Vec::new(),
            handled,
        });
        let deferred = progress.deferred.into_iter().map(|deferred| Progress {
            results: Vec::new(),
            deferred: vec![deferred],
            handled,
        });
        for single in singles.chain(deferred) {
            self.recording += 1;
            self.work.push(Box::pin(record(self.database.clone(), self.lead, single)));
        }
    }
}

async fn record(database: Database, lead: Lead, progress: Progress) -> Done {
    let progress = Arc::new(progress);
    let written = Arc::clone(&progress);
    let recorded = database.write(move |uow| uow.deliveries().record(lead, &written)).await;
    Done::Recorded(Arc::unwrap_or_clone(progress), recorded)
}
